"""Stored artefacts are whole, checked, and named by their content."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from radiogenomics.exceptions import IntegrityError, NotMaterialisedError
from radiogenomics.storage import ArtefactStore
from radiogenomics.storage.artefacts import KEPT_VERSIONS

KEY = ("a_cohort", "manifest")


@pytest.fixture
def store(tmp_path):
    return ArtefactStore(tmp_path / "artefacts")


@pytest.fixture
def table():
    return pd.DataFrame({"patient_id": ["p1", "p2"], "age": [61.0, float("nan")], "sex": ["F", None]})


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"x": [1, 2]}),
        {"values": pd.DataFrame({"x": [1.5]}), "quarantine": pd.DataFrame({"reason": ["why"]})},
        "<html></html>",
        {"model_id": "late-weighted-1", "n": 3},
    ],
    ids=["table", "tables", "text", "json"],
)
def test_what_is_written_is_read_back(store, value):
    store.write(KEY, value)
    found = store.read(KEY)
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value)
    elif isinstance(value, dict) and "values" in value:
        assert found.keys() == value.keys()
        for name in value:
            pd.testing.assert_frame_equal(found[name], value[name])
    else:
        assert found == value


def test_equal_content_has_an_equal_digest_and_other_content_another(store, table):
    first = store.write(KEY, table).digest
    assert store.write(("b", "manifest"), table.copy()).digest == first
    assert store.write(KEY, table.assign(age=[61.0, 62.0])).digest != first


def test_an_altered_file_is_refused_with_its_name(store, table):
    record = store.write(KEY, table)
    file = store.content(KEY, record) / "table.parquet"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(IntegrityError, match=r"table\.parquet: altered"):
        store.read(KEY)


def test_a_missing_file_is_refused_and_not_reused(store, table):
    record = store.write(KEY, table, fingerprint="f")
    (store.content(KEY, record) / "table.parquet").unlink()
    assert store.current(KEY, "f") is None
    with pytest.raises(IntegrityError, match="not there"):
        store.read(KEY)


def test_an_artefact_is_current_only_for_the_fingerprint_it_was_made_from(store, table):
    store.write(KEY, table, fingerprint="code 1")
    assert store.current(KEY, "code 1") is not None
    assert store.current(KEY, "code 2") is None
    assert store.current(("other", "manifest"), "code 1") is None


def test_writing_again_after_damage_mends_the_content(store, table):
    record = store.write(KEY, table)
    (store.content(KEY, record) / "table.parquet").write_bytes(b"")
    store.write(KEY, table)
    pd.testing.assert_frame_equal(store.read(KEY), table)


def test_a_write_that_fails_leaves_the_old_content(store, table):
    store.write(KEY, table)
    with pytest.raises(ValueError, match="JSON compliant"):
        store.write(KEY, {"auc": float("nan")})
    pd.testing.assert_frame_equal(store.read(KEY), table)
    assert not list(store.folder.rglob(".tmp-*"))


def test_old_contents_are_removed_and_the_newest_stay(store, table):
    for age in range(6):
        store.write(KEY, table.assign(age=float(age)))
    folders = [p for p in (store.folder / "a_cohort" / "manifest").iterdir() if p.is_dir()]
    assert len(folders) == KEPT_VERSIONS
    assert store.read(KEY)["age"].tolist() == [5.0, 5.0]


def test_reading_what_was_never_written_says_what_to_do(store):
    with pytest.raises(NotMaterialisedError, match="radiogenomics run"):
        store.read(KEY)


def test_a_record_of_a_later_format_is_refused(store, table):
    store.write(KEY, table)
    path = store.folder / "a_cohort" / "manifest" / "record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"format": 99}))
    with pytest.raises(IntegrityError, match="format 99"):
        store.read(KEY)


def test_keys_are_listed_below_a_prefix(store, table):
    for key in (KEY, ("a_cohort", "egfr_status", "evaluation"), ("b", "manifest")):
        store.write(key, table)
    assert store.keys("a_cohort") == [("a_cohort", "egfr_status", "evaluation"), KEY]
    assert len(store.keys()) == 3
