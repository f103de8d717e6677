"""Both stores of predictions, Parquet files and PostgreSQL, keep the same promises."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from radiogenomics.cohort.schemas import PREDICTIONS, conform
from radiogenomics.exceptions import InputError, NotMaterialisedError
from radiogenomics.storage import PredictionStore
from radiogenomics.storage.predictions_postgres import PostgresPredictions
from radiogenomics.storage.pseudonyms import Pseudonyms
from tests.postgres_server import new_database, running_server
from tests.radiogenomics.storage.prediction_rows import rows

_NUMBER = itertools.count()


@pytest.fixture(scope="module")
def server():
    with running_server() as url:
        yield url


@pytest.fixture(params=["parquet", "postgresql"])
def store(request, tmp_path):
    if request.param == "parquet":
        yield PredictionStore(tmp_path / "predictions")
    else:
        with new_database(request.getfixturevalue("server"), f"contract_{next(_NUMBER)}") as url:
            yield PostgresPredictions(url)


def models(found):
    return set(found["model_id"])


def test_what_is_appended_is_found_again_to_the_bit_and_by_the_schema(store):
    given = rows(
        abstention_reason="", prediction_set="{0,1}", set_level=0.9, in_domain=pd.array([True, False, pd.NA, True])
    )
    given.loc[2, ["probability", "lower", "upper"]] = float("nan")
    given.loc[2, "abstained"], given.loc[2, "modalities_used"] = True, ""
    store.append(given)
    pd.testing.assert_frame_equal(store.query("a_cohort", "egfr_status"), given)
    pd.testing.assert_frame_equal(conform(store.query("a_cohort"), PREDICTIONS), given)


def test_the_same_predictions_are_not_appended_twice(store):
    store.append(rows(created="2026-03-01"))
    store.append(rows(created="2026-04-01"))
    found = store.query("a_cohort", "egfr_status", every_run=True)
    assert len(found) == 4
    assert found["created_at"].max() == pd.Timestamp("2026-03-01", tz="UTC")


def test_predictions_that_come_back_after_others_are_the_current_ones_again(store):
    store.append(rows("a-1", "2026-03-01"))
    store.append(rows("b-1", "2026-03-02"))
    store.append(rows("a-1", "2026-03-03"))
    assert models(store.query("a_cohort")) == {"a-1"}
    assert len(store.query("a_cohort", every_run=True)) == 12


def test_the_same_model_under_a_new_version_of_the_code_does_not_double_its_rows(store):
    store.append(rows(created="2026-03-01"))
    store.append(rows(created="2026-03-02", code_version="1"))
    assert len(store.query("a_cohort")) == 4


def test_a_superseded_row_stays_and_says_when_it_was_superseded(store):
    store.append(rows("old-1", "2026-03-01"))
    store.append(rows("new-1", "2026-04-01"))
    assert models(store.query("a_cohort")) == {"new-1"}
    marked = store.query("a_cohort", every_run=True, marked=True)
    by_model = marked.groupby("model_id")["superseded_at"].first()
    assert by_model["old-1"] == pd.Timestamp("2026-04-01", tz="UTC")
    assert marked.loc[marked["model_id"] == "new-1", "superseded_at"].isna().all()


def test_the_table_as_of_a_day_is_what_it_was_at_the_end_of_that_day(store):
    store.append(rows("old-1", "2026-03-01T12:00"))
    store.append(rows("new-1", "2026-04-01"))
    assert models(store.query("a_cohort", as_of="2026-03-01")) == {"old-1"}
    assert models(store.query("a_cohort", as_of="2026-03-31")) == {"old-1"}
    assert models(store.query("a_cohort", as_of="2026-04-01")) == {"new-1"}
    assert models(store.query("a_cohort", as_of="2026-04-01", every_run=True)) == {"old-1", "new-1"}
    then = store.query("a_cohort", as_of="2026-03-31", every_run=True, marked=True)
    assert then["superseded_at"].isna().all()
    with pytest.raises(NotMaterialisedError, match=r"as of 2026-03-01 11:59:00 UTC.*created from 2026-03-01 12:00"):
        store.query("a_cohort", as_of="2026-03-01T11:59")
    with pytest.raises(InputError, match="'March' is not a date"):
        store.query("a_cohort", as_of="March")


def test_a_prospective_prediction_is_superseded_for_its_own_patient_only(store):
    store.append(rows(created="2026-03-01", kind="prospective", patients=4))
    store.append(rows("late-weighted-2", "2026-04-01", kind="prospective", patients=2, seed=1))
    found = store.query("a_cohort", kind="prospective").set_index("patient_id")["model_id"]
    assert found.to_dict() == {
        "p0": "late-weighted-2", "p1": "late-weighted-2", "p2": "late-weighted-1", "p3": "late-weighted-1"
    }  # fmt: skip


def test_rows_are_filtered_by_endpoint_kind_model_and_date(store):
    store.append(pd.concat([rows(), rows(kind="prospective"), rows("clinical-1", model="clinical/elastic_net")]))
    store.append(rows("response-1", "2026-05-01", endpoint="response"))
    assert set(store.query("a_cohort")["endpoint"]) == {"egfr_status", "response"}
    assert set(store.query("a_cohort", "response")["endpoint"]) == {"response"}
    assert set(store.query("a_cohort", "egfr_status", kind="prospective")["kind"]) == {"prospective"}
    assert len(store.query("a_cohort", "egfr_status", kind=["prospective", "out_of_fold"])) == 12
    by_name = store.query("a_cohort", model="clinical/elastic_net")
    pd.testing.assert_frame_equal(by_name, store.query("a_cohort", model="clinical-1"))
    assert models(store.query("a_cohort", model=["clinical-1", "response-1"])) == {"clinical-1", "response-1"}
    assert models(store.query("a_cohort", since="2026-04-01")) == {"response-1"}
    assert "response-1" not in models(store.query("a_cohort", until="2026-04-01"))


def test_what_is_not_there_is_named_with_what_is(store):
    with pytest.raises(NotMaterialisedError, match="none were written yet"):
        store.query("a_cohort", "egfr_status")
    store.append(rows())
    with pytest.raises(NotMaterialisedError, match="endpoint 'survival'; there are: a_cohort/egfr_status"):
        store.query("a_cohort", ["egfr_status", "survival"])
    with pytest.raises(NotMaterialisedError, match="late-weighted-1"):
        store.query("a_cohort", model=["late/weighted", "typo"])
    with pytest.raises(NotMaterialisedError, match="no predictions for cohort 'another'"):
        store.query("another")


def test_pseudonyms_replace_identifiers_and_their_order(store):
    store.append(rows(patients=8))
    key = Pseudonyms(b"0123456789abcdef0123456789abcdef")
    found = store.query("a_cohort", pseudonyms=key)
    assert list(found["patient_id"]) == sorted(key.of(f"p{i}") for i in range(8))
    plain = store.query("a_cohort").set_index("patient_id")["probability"].rename(key.of)
    pd.testing.assert_series_equal(found.set_index("patient_id")["probability"].sort_index(), plain.sort_index())
