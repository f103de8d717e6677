"""Pulling predictions as a person does: exports, pseudonyms, PostgreSQL by one setting."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2
import pyreadstat
import pytest
import yaml

from pipelines.cli import main
from pipelines.discovery import read_cohort_file
from pipelines.running import run_cohort
from radiogenomics.storage import ArtefactStore, Home, PredictionStore
from radiogenomics.storage.predictions_postgres import VARIABLE
from tests.conftest import REPOSITORY
from tests.postgres_server import running_server

KEY = "a key of more than thirty-two bytes, for tests"


def write_cohort(folder: Path, **more: object) -> Path:
    """60 patients, 50 of them labelled, with one telling variable."""
    rng = np.random.default_rng(0)
    label = np.arange(60) % 3 == 0
    answer = np.where(label, "YES", "NO")
    pd.DataFrame(
        {
            "id": [f"P{i:03d}" for i in range(60)],
            "age": (60 + 10 * rng.normal(size=60)).round(1),
            "marker": (rng.normal(size=60) + 1.3 * label).round(3),
            "response": np.where(np.arange(60) < 50, answer, "NA"),
        }
    ).to_csv(folder / "clinical.csv", index=False)
    settings = {
        "name": "small",
        "clinical": {
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {name: {"column": name, "type": "number"} for name in ("age", "marker")},
        },
        "endpoints": {
            "response": {
                "label": {"column": "response", "positive": ["YES"], "negative": ["NO"]},
                "modalities": ["clinical"],
                "final_model": "late/mean",
            }
        },
        "models": {"unimodal": ["elastic_net"], "fusion": ["late/mean"]},
        "resampling": {"outer_folds": 2, "inner_folds": 2, "repeats": 1},
        "compute": {"workers": 1},
        **more,
    }
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    home = Home(folder / "home")
    file = write_cohort(folder)
    patch = pytest.MonkeyPatch()
    patch.delenv(VARIABLE, raising=False)
    assert run_cohort(read_cohort_file(file, home), "all", home).failures == {}
    patch.undo()
    return file, home


@pytest.fixture(autouse=True)
def state(done, monkeypatch):
    file, home = done
    write_cohort(file.parent)
    monkeypatch.setenv("RADIOGENOMICS_HOME", str(home.folder))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("STUDY_KEY", raising=False)


def call(capsys, *arguments):
    code = 0
    try:
        main(["predictions", *arguments])
    except SystemExit as stopped:
        code = stopped.code or 0
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, " ".join(captured.err.split())


def test_every_row_says_which_model_labels_and_settings_made_it(done):
    _, home = done
    rows = PredictionStore(home.predictions).query("small")
    assert rows.groupby("kind")["patient_id"].nunique().to_dict() == {"out_of_fold": 50, "prospective": 10}
    for name in ("model_hash", "labels_id", "settings_id"):
        assert rows[name].str.fullmatch("[0-9a-f]{64}").all()
    assert rows["labels_id"].nunique() == rows["settings_id"].nunique() == 1
    known = rows[rows["kind"] == "out_of_fold"].drop_duplicates("patient_id").sort_values("patient_id")
    lines = "".join(f"{patient}\t{label}\n" for patient, label in zip(known["patient_id"], known["label"], strict=True))
    assert rows["labels_id"].iloc[0] == hashlib.sha256(lines.encode()).hexdigest()
    record = ArtefactStore(home.artefacts).read(["small", "response", "model"])
    stored = home.models / "small" / "response" / record["model_id"] / "model.skops"
    new = rows[rows["kind"] == "prospective"]
    assert set(new["model_hash"]) == {hashlib.sha256(stored.read_bytes()).hexdigest()}


def test_the_form_of_an_export_follows_the_ending_of_its_file(done, capsys, tmp_path):
    for name in ("p.csv", "p.parquet", "p.xpt"):
        code, _, err = call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / name))
        assert (code, err) == (0, f"{tmp_path / name}: 110 predictions")
    found, _ = pyreadstat.read_xport(str(tmp_path / "p.xpt"))
    assert len(found) == len(pd.read_csv(tmp_path / "p.csv")) == len(pd.read_parquet(tmp_path / "p.parquet")) == 110
    described = json.loads((tmp_path / "datapackage.json").read_text())
    assert [resource["path"] for resource in described["resources"]] == ["p.csv", "p.parquet", "p.xpt"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--output", "p.doc"], 2, "the ending '.doc' says none of .csv, .parquet, .xpt"),
        (["--output", "p.csv", "--as-of", "spring"], 2, "as of: 'spring' is not a date"),
        (["--output", "p.csv", "--as-of", "2001-01-01"], 1, "matches as of 2001-01-01 23:59:59 UTC"),
        (["--output", "p.csv", "--model", "late/typo"], 1, "matches model=late/typo; there are: "),
        (["--output", "p.csv", "--endpoint", "typo"], 1, "there are: small/response"),
    ],
)
def test_a_wrong_request_is_one_message_and_writes_nothing(capsys, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    found, _, err = call(capsys, "export", "--cohort", "small", *arguments)
    assert found == code
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_figures_are_written_as_analysis_results(capsys, tmp_path):
    code, _, err = call(capsys, "ard", "--cohort", "small", "--output", str(tmp_path / "figures.csv"))
    assert code == 0, err
    found = pd.read_csv(tmp_path / "figures.csv")
    assert {"metrics", "figures", "subgroups", "comparisons"} & set(found["context"]) >= {"metrics", "figures"}
    code, _, err = call(capsys, "ard", "--cohort", "small", "--output", str(tmp_path / "figures.doc"))
    assert (code, "ends in .csv, .parquet, .json" in err) == (2, True)


def test_sql_sees_the_table_and_the_view_and_reaches_nothing_else(done, capsys, tmp_path):
    code, out, _ = call(
        capsys, "sql", "--cohort", "small", "SELECT kind, count(*) AS n FROM current_predictions GROUP BY 1 ORDER BY 1"
    )
    assert code == 0
    assert pd.read_csv(io.StringIO(out)).to_dict("list") == {"kind": ["out_of_fold", "prospective"], "n": [100, 10]}
    for attempt in (
        "SELECT * FROM read_csv('/etc/hosts')",
        f"COPY predictions TO '{tmp_path / 'stolen.csv'}'",
        "SET enable_external_access = true",
        "SELEC 1",
    ):
        code, out, err = call(capsys, "sql", "--cohort", "small", attempt)
        assert (code, out) == (2, "")
        assert err.startswith("error: query:")
    assert list(tmp_path.iterdir()) == []
    assert len(PredictionStore(done[1].predictions).query("small")) == 110


# -------------------------------------------------------------------------------------------- pseudonyms
def test_the_configuration_of_the_page_is_valid(done):
    (block,) = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "predictions.md").read_text(), flags=re.DOTALL)
    file, home = done
    cohort = read_cohort_file(write_cohort(file.parent, **yaml.safe_load(block)), home)
    assert cohort.predictions.pseudonyms.key_env == "STUDY_KEY"


def expected(key: str) -> set[str]:
    return {hmac.new(key.encode(), f"P{i:03d}".encode(), "sha256").hexdigest() for i in range(60)}


def test_declared_pseudonyms_stand_in_every_form_of_export(done, capsys, tmp_path, monkeypatch):
    write_cohort(done[0].parent, predictions={"pseudonyms": {"key_env": "STUDY_KEY"}})
    monkeypatch.setenv("STUDY_KEY", KEY)
    for name, form, column in (
        ("p.csv", "csv", "patient_id"), ("p.parquet", "parquet", "patient_id"), ("p.xpt", "xpt", "USUBJID"), ("a.csv", "adam", "USUBJID")
    ):  # fmt: skip
        code, _, err = call(capsys, "export", "--cohort", "small", "--format", form, "--output", str(tmp_path / name))
        assert code == 0, err
        read = {
            "csv": pd.read_csv,
            "adam": pd.read_csv,
            "parquet": pd.read_parquet,
            "xpt": lambda f: pyreadstat.read_xport(str(f))[0],
        }
        assert set(read[form](tmp_path / name)[column]) == expected(KEY)
    _, out, _ = call(capsys, "sql", "--cohort", "small", "SELECT DISTINCT patient_id FROM predictions")
    assert set(out.split()[1:]) == expected(KEY)
    for file in tmp_path.iterdir():
        assert b"P001" not in file.read_bytes()
        assert KEY.encode() not in file.read_bytes()


def test_a_key_in_a_file_gives_the_same_pseudonyms(done, capsys, tmp_path):
    secret = tmp_path / "study.key"
    secret.write_text(KEY + "\n")
    write_cohort(done[0].parent, predictions={"pseudonyms": {"key_file": str(secret)}})
    assert call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "p.csv"))[0] == 0
    assert set(pd.read_csv(tmp_path / "p.csv")["patient_id"]) == expected(KEY)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            {"key_env": "STUDY_KEY"},
            "predictions.pseudonyms.key_env: environment variable STUDY_KEY is not set or empty",
        ),
        ({"key_file": "no.key"}, "no.key cannot be read (No such file or directory)"),
        ({"key_env": "STUDY_KEY", "key_file": "no.key"}, "give exactly one of `key_env` and `key_file`"),
        ({}, "give exactly one of `key_env` and `key_file`"),
    ],
)
def test_without_its_key_nothing_is_exported(done, capsys, tmp_path, declared, words):
    write_cohort(done[0].parent, predictions={"pseudonyms": declared})
    code, _, err = call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "p.csv"))
    assert code == 2
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_short_key_gives_a_warning_that_does_not_tell_it(done, capsys, tmp_path, monkeypatch):
    write_cohort(done[0].parent, predictions={"pseudonyms": {"key_env": "STUDY_KEY"}})
    monkeypatch.setenv("STUDY_KEY", "sesame")
    code, _, err = call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "p.csv"))
    assert code == 0
    assert "warning: " in err
    assert "the key in environment variable STUDY_KEY has 6 bytes" in err
    assert "sesame" not in err


def test_a_cohort_whose_file_is_not_known_is_not_exported(done, capsys, tmp_path):
    file, _ = done
    text = file.read_text()
    file.write_text("name: [")
    try:
        code, _, err = call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "p.csv"))
    finally:
        file.write_text(text)
    assert code == 2
    assert "its cohort.yaml is needed, to see whether patient identifiers may leave" in err
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------------------------------- PostgreSQL
def test_one_setting_moves_the_table_to_postgresql_under_pseudonyms(done, capsys, tmp_path, monkeypatch):
    """The run that follows appends the same predictions there; nothing else is computed anew."""
    file, home = done
    write_cohort(file.parent, predictions={"pseudonyms": {"key_env": "STUDY_KEY"}})
    monkeypatch.setenv("STUDY_KEY", KEY)
    with running_server() as url:
        monkeypatch.setenv(VARIABLE, url)
        before = ArtefactStore(home.artefacts).record(["small", "response", "evaluation"]).created_at
        assert run_cohort(read_cohort_file(file, home), "all", home).failures == {}
        assert ArtefactStore(home.artefacts).record(["small", "response", "evaluation"]).created_at == before
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT patient_id, count(*) FROM current_predictions GROUP BY 1")
            assert {patient for patient, _ in cursor.fetchall()} == expected(KEY)
        assert call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "new.csv"))[0] == 0
        password = url.split("@")[0].rsplit(":", 1)[1]
        written = [p for p in home.folder.rglob("*") if p.is_file()]
        assert not [p for p in written if password.encode() in p.read_bytes() or KEY.encode() in p.read_bytes()]
    code, _, err = call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "gone.csv"))
    assert code == 1
    assert "Connection refused" in err
    assert password not in err
    monkeypatch.delenv(VARIABLE)
    assert call(capsys, "export", "--cohort", "small", "--output", str(tmp_path / "old.csv"))[0] == 0
    columns = ["patient_id", "model_id", "kind", "repeat", "probability", "label"]
    old, new = (pd.read_csv(tmp_path / f"{n}.csv")[columns] for n in ("old", "new"))
    pd.testing.assert_frame_equal(old, new)
