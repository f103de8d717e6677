"""The predictions table is append-only and readable while it grows."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.schemas import PREDICTIONS, conform
from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.storage import PredictionStore


def rows(model_id="late-weighted-1", created="2026-03-01", kind="out_of_fold", patients=4, model="late/weighted"):
    rng = np.random.default_rng(0)
    return conform(
        pd.DataFrame(
            {
                "patient_id": [f"p{i}" for i in range(patients)],
                "endpoint": "egfr_status",
                "model_id": model_id,
                "snapshot_id": "s",
                "kind": kind,
                "repeat": 0,
                "fold": range(patients),
                "probability": rng.uniform(size=patients),
                "lower": 0.1,
                "upper": 0.9,
                "label": [0, 1] * (patients // 2),
                "modalities_used": "clinical",
                "abstained": False,
                "created_at": pd.Timestamp(created, tz="UTC"),
                "code_version": "0",
                "cohort": "a_cohort",
                "model": model,
                "simulated": True,
            }
        ),
        PREDICTIONS,
    )


@pytest.fixture
def store(tmp_path):
    return PredictionStore(tmp_path / "predictions")


def test_what_is_appended_is_found_again(store):
    store.append(rows())
    found = store.query("a_cohort", "egfr_status")
    assert len(found) == 4
    assert list(found.columns) == list(PREDICTIONS.columns)
    np.testing.assert_array_equal(found["probability"], rows()["probability"])


def test_the_same_predictions_are_not_appended_twice(store):
    first = store.append(rows(created="2026-03-01"))
    second = store.append(rows(created="2026-04-01"))
    assert first == second
    assert len(store.query("a_cohort", "egfr_status", every_run=True)) == 4


def test_a_superseded_row_stays_and_is_shown_on_request(store):
    store.append(rows("old-1", "2026-03-01"))
    store.append(rows("new-1", "2026-04-01"))
    assert set(store.query("a_cohort", "egfr_status")["model_id"]) == {"new-1"}
    assert set(store.query("a_cohort", "egfr_status", every_run=True)["model_id"]) == {"old-1", "new-1"}


def test_kinds_and_models_are_filtered(store):
    store.append(pd.concat([rows(), rows(kind="prospective"), rows("clinical-1", model="clinical/elastic_net")]))
    assert set(store.query("a_cohort", "egfr_status", kind="prospective")["kind"]) == {"prospective"}
    by_name = store.query("a_cohort", "egfr_status", model="clinical/elastic_net")
    by_id = store.query("a_cohort", "egfr_status", model="clinical-1")
    assert len(by_name) == 4
    pd.testing.assert_frame_equal(by_name, by_id)


def test_asking_for_what_is_not_there_names_what_is(store):
    with pytest.raises(NotMaterialisedError, match="none were written yet"):
        store.query("a_cohort", "egfr_status")
    store.append(rows())
    with pytest.raises(NotMaterialisedError, match="a_cohort/egfr_status"):
        store.query("a_cohort", "survival")
    with pytest.raises(NotMaterialisedError, match="late-weighted-1"):
        store.query("a_cohort", "egfr_status", model="nothing")


def test_a_half_written_part_is_never_seen_by_a_reader(store):
    part = store.append(rows())
    (part.parent / ".tmp-half.part").write_bytes(b"PAR1 half")
    assert len(store.query("a_cohort", "egfr_status")) == 4


def test_duckdb_and_pandas_read_the_folder_as_documented(store):
    part = store.append(rows())
    pattern = str(store.folder / "*" / "*" / "*.parquet")
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{pattern}')").fetchall() == [(4,)]
    assert len(pd.read_parquet(part.parent)) == 4


def test_one_append_holds_one_cohort_and_endpoint(store):
    with pytest.raises(ValueError, match="one cohort and endpoint"):
        store.append(pd.concat([rows(), rows().assign(endpoint="survival")]))
