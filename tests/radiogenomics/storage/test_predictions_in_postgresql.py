"""PostgreSQL as the store of predictions: whole or nothing, two writers, checks, migration, and no password in sight."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time

import psycopg2
import pytest

from radiogenomics.exceptions import ConfigurationError, StoreError
from radiogenomics.storage import predictions_schema as schema
from radiogenomics.storage.prediction_columns import NAMES
from radiogenomics.storage.predictions_postgres import PostgresPredictions, shown_url
from radiogenomics.storage.pseudonyms import Pseudonyms
from tests.conftest import REPOSITORY
from tests.postgres_server import new_database, running_server
from tests.radiogenomics.storage.prediction_rows import rows

_NUMBER = itertools.count()
KEY = Pseudonyms(b"0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="module")
def server():
    with running_server() as url:
        yield url


@pytest.fixture
def url(server):
    with new_database(server, f"predictions_{next(_NUMBER)}") as address:
        yield address


def ask(url, query):
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def test_the_view_holds_the_current_rows_in_the_columns_of_the_table(url):
    store = PostgresPredictions(url)
    store.append(rows("old-1", "2026-03-01"))
    store.append(rows("new-1", "2026-04-01"))
    assert ask(url, "SELECT DISTINCT model_id, count(*) OVER () FROM current_predictions") == [("new-1", 4)]
    listed = ask(
        url,
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'current_predictions' ORDER BY ordinal_position",
    )
    assert [name for (name,) in listed] == list(NAMES)


def test_the_sql_of_the_page_gives_the_table_as_of_a_moment(url):
    page = (REPOSITORY / "docs" / "predictions.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, flags=re.DOTALL)
    assert "2026-03-01 23:59:59+00" in query
    store = PostgresPredictions(url)
    for model_id, created in (("a-1", "2026-02-01"), ("b-1", "2026-03-01T12:00"), ("c-1", "2026-03-02")):
        store.append(rows(model_id, created))
    named = ask(url, f"SELECT DISTINCT model_id FROM ({query}) AS found")
    assert named == [("b-1",)]
    assert set(store.query("a_cohort", as_of="2026-03-01")["model_id"]) == {"b-1"}


def test_every_column_has_its_meaning_as_a_comment_and_the_table_its_key(url):
    PostgresPredictions(url).append(rows())
    comments = dict(
        ask(
            url,
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute "
            "WHERE attrelid = 'predictions'::regclass AND attnum > 0",
        )
    )
    assert all(comments[name] for name in (*NAMES, schema.PATIENT_KEY))
    assert "calibrated probability" in comments["probability"]
    kinds = {kind for (kind,) in ask(url, "SELECT contype FROM pg_constraint WHERE conrelid = 'predictions'::regclass")}
    assert {"p", "c", "f"} <= {kind if isinstance(kind, str) else kind.decode() for kind in kinds}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE predictions SET label = 1",
        "DELETE FROM predictions",
        "TRUNCATE predictions",
        "DELETE FROM prediction_batches",
    ],
)
def test_nobody_changes_or_removes_a_row(url, statement):
    PostgresPredictions(url).append(rows())
    with pytest.raises(psycopg2.Error, match="append-only"):
        ask(url, statement)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ({"probability": 1.5}, "probability"),
        ({"kind": "guess"}, "kind"),
        ({"lower": 0.95}, "check"),
        ({"label": 2}, "label"),
    ],
)
def test_rows_that_break_a_rule_are_refused_whole(url, broken, check):
    store = PostgresPredictions(url)
    store.append(rows())
    with pytest.raises(StoreError, match=check):
        store.append(rows("bad-1").assign(**broken))
    assert ask(url, "SELECT count(*) FROM predictions") == [(4,)]
    assert ask(url, "SELECT count(*) FROM prediction_batches") == [(1,)]


def test_two_writers_at_once_append_each_batch_once_and_a_reader_sees_whole_batches(url):
    batches = [rows(f"model-{i}", f"2026-03-{i + 1:02d}", patients=300, model=f"late/{i}", seed=i) for i in range(4)]
    seen, failures, done = [], [], threading.Event()

    def write():
        try:
            for batch in batches:
                PostgresPredictions(url).append(batch)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    def read():
        while not done.is_set():
            if ask(url, "SELECT to_regclass('predictions')") != [(None,)]:
                seen.append(ask(url, "SELECT count(*) FROM predictions")[0][0])
            time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=write) for _ in range(2)]  # both also create the table
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert failures == []
    assert ask(url, "SELECT count(*), count(DISTINCT batch_id) FROM predictions") == [(1200, 4)]
    assert {count % 300 for count in seen} == {0}


def test_a_writer_killed_in_the_middle_leaves_nothing(url):
    PostgresPredictions(url).append(rows())
    script = (
        "import os, signal, psycopg2.extras as extras\n"
        "from radiogenomics.storage.predictions_postgres import PostgresPredictions\n"
        "from tests.radiogenomics.storage.prediction_rows import rows\n"
        "insert = extras.execute_values\n"
        "def half(cursor, text, values, **more):\n"
        "    insert(cursor, text, values[: len(values) // 2])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "extras.execute_values = half\n"
        "PostgresPredictions(os.environ['PREDICTIONS_URL']).append(rows('new-1', '2026-04-01', patients=50))\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, "PREDICTIONS_URL": url, "PYTHONPATH": str(REPOSITORY)},
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ask(url, "SELECT DISTINCT model_id FROM predictions") == [("late-weighted-1",)]
    assert ask(url, "SELECT count(*) FROM prediction_batches") == [(1,)]
    PostgresPredictions(url).append(rows("new-1", "2026-04-01", patients=50))  # and holds nobody up
    assert ask(url, "SELECT count(*) FROM predictions") == [(54,)]


def test_a_table_of_an_older_version_is_brought_forward_with_its_rows_and_readers(url):
    store = PostgresPredictions(url)
    store.append(rows("old-1", "2026-03-01"))
    ask(url, "DROP VIEW current_predictions")
    for name in ("settings_id", "in_domain", "prediction_set"):
        ask(url, f"ALTER TABLE predictions DROP COLUMN {name}")
    ask(url, "ALTER TABLE predictions DROP CONSTRAINT predictions_kind_check")
    ask(
        url, "ALTER TABLE predictions ADD CONSTRAINT predictions_kind_check CHECK (kind = 'out_of_fold')"
    )  # fewer kinds then
    ask(url, "UPDATE prediction_schema SET version = 'older'")
    store.append(rows("late-weighted-1", kind="prospective", endpoint="response"))
    store.append(rows("new-1", "2026-04-01", settings_id="abc", in_domain=True, prediction_set="{1}"))
    found = store.query("a_cohort", "egfr_status", every_run=True).groupby("model_id").first()
    assert found.loc["old-1", ["settings_id", "prediction_set"]].tolist() == ["", ""]
    assert found.loc["new-1", ["settings_id", "prediction_set", "in_domain"]].tolist() == ["abc", "{1}", True]
    assert ask(url, "SELECT count(settings_id) FROM current_predictions WHERE endpoint = 'egfr_status'") == [(4,)]


def test_identifiers_are_pseudonyms_before_they_reach_the_database(url):
    store = PostgresPredictions(url, lambda: KEY)
    store.append(rows())
    store.append(rows())
    assert {p for (p,) in ask(url, "SELECT patient_id FROM predictions")} == {KEY.of(f"p{i}") for i in range(4)}
    assert ask(url, "SELECT DISTINCT patient_key FROM predictions") == [(KEY.fingerprint,)]
    assert set(store.query("a_cohort", pseudonyms=KEY)["patient_id"]) == {KEY.of(f"p{i}") for i in range(4)}
    assert ask(url, "SELECT count(*) FROM predictions") == [(4,)]


def test_without_the_key_nothing_is_written(url):
    def missing():
        raise ConfigurationError("no key", rule="pseudonym_key")

    with pytest.raises(ConfigurationError, match="no key"):
        PostgresPredictions(url, missing).append(rows())
    assert ask(url, "SELECT to_regclass('predictions')") == [(None,)]


def test_no_message_tells_the_password(url):
    wrong = url.replace("://owner:", "://owner:s3cret%40word")
    for address in (
        wrong,
        wrong.replace("127.0.0.1", "no.such.host.invalid"),
        wrong.replace("/predictions", "/no_such"),
    ):
        store = PostgresPredictions(address)
        with pytest.raises(StoreError) as caught:
            store.query("a_cohort")
        for text in (str(caught.value), repr(store), store.name):
            assert "s3cret" not in text
        assert caught.value.__cause__ is None
        assert "postgresql://owner@" in str(caught.value)


@pytest.mark.parametrize(
    "address", ["mysql://a:s3cret@h/d", "s3cret", "postgresql://u:s3cret@h:port/d", "postgresql://u:s3cret@h"]
)
def test_an_address_of_another_form_is_refused_without_repeating_it(address):
    with pytest.raises(ConfigurationError, match="not of the form postgresql://") as caught:
        shown_url(address)
    assert "s3cret" not in str(caught.value)


def test_a_password_among_the_options_is_hidden_too(url):
    plain, password = url.replace(url.split("@")[0], "postgresql://owner"), url.split("@")[0].rsplit(":", 1)[1]
    store = PostgresPredictions(f"{plain}?password={password}wrong")
    with pytest.raises(StoreError) as caught:
        store.append(rows())
    assert password not in str(caught.value) + repr(store)
