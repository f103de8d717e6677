"""One MuData a cohort, one frame an endpoint."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Harmonisation, Models
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import LABELS, QUARANTINE, conform, empty
from radiogenomics.exceptions import (
    ComputationError,
    ConfigurationError,
    IntegrityError,
    LeakageError,
    NotMaterialisedError,
    TableError,
)
from radiogenomics.multimodal import availability, endpoint_frame, join_cohort, patient_frame, read_cohort, write_cohort
from radiogenomics.multimodal.sites import site_code

PATIENTS = ["P1", "P2", "P3", "P4", "P5"]


def table(modality: str, values: dict[str, list[float]], patients: list[str], derived_from: str = "x:y") -> Features:
    dictionary = pd.DataFrame({"feature": list(values)}).assign(
        modality=modality, family="x", unit="1", derived_from=derived_from, recorded="baseline", description="x"
    )
    return Features(pd.DataFrame({"patient_id": patients, **values}), dictionary, empty(QUARANTINE))


def parts() -> dict[str, Features]:
    nan = np.nan
    return {
        "clinical": table("clinical", {"age": [60, 61, nan, nan, 64], "stage/T": [1, nan, nan, nan, 2]}, PATIENTS),
        "mutations": table("mutations", {"EGFR": [1, 0, 1], "KRAS": [0, nan, 1]}, ["P3", "P2", "P5"], "mutations:EGFR"),
    }


def label_table(values: list[float | None]) -> pd.DataFrame:
    labels = pd.DataFrame(
        {"patient_id": PATIENTS, "label": pd.array([pd.NA if v is None else v for v in values], dtype="Int8")}
    )
    labels = labels.assign(
        endpoint="egfr", reason=["not known" if v is None else "code" for v in values], rule="column_codes"
    )
    return conform(labels.assign(rule_version="1", source_rows=None), LABELS)


LABELLED = label_table([1, 0, None, 1, 0])
CONFOUNDERS = pd.DataFrame(
    {"site:hospital/ward": ["A", "B", None, "A", "B"], "size:volume": [1.5, np.nan, 2.0, 3.0, 4.0]},
    index=pd.Index(PATIENTS, name="patient_id"),
).astype({"site:hospital/ward": object})


@pytest.fixture
def cohort_of(write_cohort_files):
    def make(**endpoint):
        return write_cohort_files(
            {"clinical.csv": "id,age\nP1,60\n"},
            clinical={
                "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
                "variables": {"age": {"column": "age", "type": "number"}},
            },
            mutations={"maf": "m.maf"},
            endpoints={
                "egfr": {
                    "label": {"column": "EGFR", "positive": ["1"], "negative": ["0"]},
                    "modalities": ["mutations", "clinical"],
                    **endpoint,
                }
            },
        )

    return make


def test_a_patient_with_no_value_in_a_modality_lacks_it_and_labels_are_not_among_features(cohort_of):
    joined = join_cohort(cohort_of(), parts(), LABELLED, CONFOUNDERS)
    expected = pd.DataFrame(
        {"mutations": [False, True, True, True], "clinical": [True, True, False, True]},
        index=pd.Index(["P1", "P2", "P3", "P5"], name="patient_id"),
    )
    pd.testing.assert_frame_equal(availability(joined), expected)
    assert joined.obs.loc["P1", "label__egfr"] == 1.0
    assert np.isnan(joined.obs.loc["P3", "label__egfr"])
    assert not [name for name in joined.var_names if "label" in name or "site" in name]


def test_the_frame_has_labelled_patients_with_any_modality_and_says_who_is_not_in_it_and_why(cohort_of):
    cohort = cohort_of()
    frame = endpoint_frame(cohort, join_cohort(cohort, parts(), LABELLED, CONFOUNDERS), "egfr")
    assert frame.X.index.tolist() == ["P1", "P2", "P5"]
    assert frame.y.tolist() == [1, 0, 0]
    assert frame.X.columns.tolist() == ["mutations:EGFR", "mutations:KRAS", "clinical:age", "clinical:stage/T"]
    assert frame.X.loc["P1", ["mutations:EGFR", "mutations:KRAS"]].isna().all()
    assert dict(frame.excluded.to_numpy().tolist()) == {
        "P3": "not known",
        "P4": "has none of the modalities mutations, clinical",
    }
    assert frame.confounders["site:hospital/ward"].tolist() == ["A", "B", "B"]
    assert frame.confounders["size:volume"].dtype == float
    assert (frame.dictionary["modality"] + ":" + frame.dictionary["feature"]).tolist() == frame.X.columns.tolist()


def test_a_cohort_joined_before_features_had_ibsi_codes_still_gives_its_frame(cohort_of):
    cohort = cohort_of()
    joined = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS)
    for part in joined.mod.values():
        del part.var["ibsi_code"]
    assert set(endpoint_frame(cohort, joined, "egfr").dictionary["ibsi_code"]) == {""}


def test_where_harmonisation_is_declared_the_site_stands_beside_the_predictors_and_is_none_of_them(cohort_of):
    declared = Models(harmonisation=Harmonisation(site="site", modalities=("clinical",)))
    cohort = cohort_of().model_copy(update={"models": declared})
    joined = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS)
    frame = endpoint_frame(cohort, joined, "egfr")
    assert frame.X.columns[-1] == "site:site"
    assert frame.X["site:site"].tolist() == [site_code("A"), site_code("B"), site_code("B")]
    assert len(frame.dictionary) == frame.X.shape[1] - 1
    assert patient_frame(cohort, joined, "egfr").columns.tolist() == frame.X.columns.tolist()


def test_every_patient_with_a_modality_can_be_predicted_labelled_or_not(cohort_of):
    cohort = cohort_of()
    joined = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS)
    everyone = patient_frame(cohort, joined, "egfr")
    assert everyone.index.tolist() == ["P1", "P2", "P3", "P5"]
    pd.testing.assert_frame_equal(everyone.loc[["P1", "P2", "P5"]], endpoint_frame(cohort, joined, "egfr").X)


def test_refused_and_excluded_features_are_not_in_the_frame_and_are_listed(cohort_of):
    cohort = cohort_of(concerns=["mutations:EGFR"], exclude=["clinical:stage*"])
    frame = endpoint_frame(cohort, join_cohort(cohort, parts(), LABELLED, CONFOUNDERS), "egfr")
    assert frame.X.columns.tolist() == ["clinical:age"]
    assert dict(zip(frame.refused["feature"], frame.refused["rule"], strict=True)) == {
        "EGFR": "label_source",
        "KRAS": "label_source",
        "stage/T": "excluded",
    }
    assert "P5" in frame.X.index
    assert "P3" not in frame.X.index


def test_include_narrows_its_own_modality_only(cohort_of):
    cohort = cohort_of(include=["mutations:K*"])
    frame = endpoint_frame(cohort, join_cohort(cohort, parts(), LABELLED, CONFOUNDERS), "egfr")
    assert frame.X.columns.tolist() == ["mutations:KRAS", "clinical:age", "clinical:stage/T"]
    assert frame.refused["rule"].tolist() == ["not_included"]


@pytest.mark.parametrize(
    ("endpoint", "error", "message"),
    [
        ({"include": ["clinical:agee"]}, ConfigurationError, "did you mean 'clinical:age'"),
        ({"exclude": ["radiomic:age"]}, ConfigurationError, "is not modality:feature"),
        ({"exclude": ["*"]}, ConfigurationError, "no feature is left"),
        ({"concerns": ["mutations:EGFR"], "include": ["mutations:EGFR"]}, LeakageError, "may not predict"),
    ],
)
def test_a_wrong_selection_of_features_is_an_error(cohort_of, endpoint, error, message):
    cohort = cohort_of(**endpoint)
    joined = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS)
    with pytest.raises(error, match=message):
        endpoint_frame(cohort, joined, "egfr")


def test_the_snapshot_is_the_same_for_any_order_and_another_for_any_change(cohort_of):
    cohort = cohort_of()
    first = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS).uns["snapshot_id"]
    shuffled = {
        name: Features(part.values.sample(frac=1, random_state=1), part.dictionary.iloc[::-1], part.quarantine)
        for name, part in reversed(parts().items())
    }
    assert join_cohort(cohort, shuffled, LABELLED.iloc[::-1], CONFOUNDERS.iloc[::-1, ::-1]).uns["snapshot_id"] == first
    changed = parts()
    changed["clinical"].values.loc[0, "age"] = 60.5
    assert join_cohort(cohort, changed, LABELLED, CONFOUNDERS).uns["snapshot_id"] != first
    assert join_cohort(cohort, parts(), label_table([0, 0, None, 1, 0]), CONFOUNDERS).uns["snapshot_id"] != first
    assert (
        join_cohort(cohort, parts(), LABELLED, CONFOUNDERS.assign(**{"size:volume": 1.0})).uns["snapshot_id"] != first
    )


def test_a_written_cohort_comes_back_the_same_without_a_warning_and_byte_for_byte_each_time(cohort_of, tmp_path):
    cohort = cohort_of()
    joined = join_cohort(cohort, parts(), LABELLED, CONFOUNDERS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_cohort(joined, tmp_path / "a.h5mu")
        write_cohort(joined, tmp_path / "b.h5mu")
        back = read_cohort(tmp_path / "a.h5mu")
    assert (tmp_path / "a.h5mu").read_bytes() == (tmp_path / "b.h5mu").read_bytes()
    assert back.uns["snapshot_id"] == joined.uns["snapshot_id"]
    assert back.uns["cohort"] == "small"
    assert not back.uns["simulated"]
    pd.testing.assert_frame_equal(availability(back), availability(joined))
    before, after = endpoint_frame(cohort, joined, "egfr"), endpoint_frame(cohort, back, "egfr")
    pd.testing.assert_frame_equal(before.X, after.X)
    pd.testing.assert_series_equal(before.y, after.y)
    pd.testing.assert_frame_equal(before.confounders, after.confounders)
    pd.testing.assert_frame_equal(before.excluded, after.excluded)


def test_a_missing_or_damaged_file_is_an_error_of_ours(tmp_path, cohort_of):
    with pytest.raises(NotMaterialisedError):
        read_cohort(tmp_path / "gone.h5mu")
    write_cohort(join_cohort(cohort_of(), parts(), LABELLED, CONFOUNDERS), tmp_path / "a.h5mu")
    content = (tmp_path / "a.h5mu").read_bytes()
    (tmp_path / "a.h5mu").write_bytes(content[: len(content) // 2])
    with pytest.raises(IntegrityError, match=r"a\.h5mu"):
        read_cohort(tmp_path / "a.h5mu")


def test_an_endpoint_that_nobody_can_be_learned_from_is_an_error(cohort_of):
    cohort = cohort_of()
    with pytest.raises(ComputationError, match="no labelled patient"):
        endpoint_frame(cohort, join_cohort(cohort, parts(), label_table([None] * 5), CONFOUNDERS), "egfr")


def test_patients_twice_or_unknown_and_features_without_dictionary_are_errors(cohort_of):
    cohort = cohort_of()
    twice = {"clinical": table("clinical", {"age": [1, 2]}, ["P1", "P1"])}
    with pytest.raises(TableError, match="'P1' stands more than once"):
        join_cohort(cohort, twice, LABELLED, CONFOUNDERS)
    stranger = {"clinical": table("clinical", {"age": [1.0]}, ["P9"])}
    with pytest.raises(TableError, match="'P9' is not a patient of the cohort"):
        join_cohort(cohort, stranger, LABELLED, CONFOUNDERS)
    bare = parts()["clinical"]
    with pytest.raises(TableError, match="dictionary differ"):
        join_cohort(cohort, {"clinical": bare._replace(dictionary=bare.dictionary.iloc[:1])}, LABELLED, CONFOUNDERS)


def test_a_cohort_without_endpoints_can_be_joined_and_kept(write_cohort_files, tmp_path):
    cohort = write_cohort_files({"clinical.csv": "id\nP1\n"})
    joined = join_cohort(
        cohort, {"clinical": parts()["clinical"]}, empty(LABELS), pd.DataFrame(index=pd.Index(PATIENTS))
    )
    write_cohort(joined, tmp_path / "a.h5mu")
    assert read_cohort(tmp_path / "a.h5mu").uns["snapshot_id"] == joined.uns["snapshot_id"]
