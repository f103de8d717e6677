"""Imaging features that somebody else computed."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.cohort import account, read_inputs
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.imaging.ready_made import imaging_table_features

TEXT = "pid,lesion,original_shape_VoxelVolume,original_glcm_Contrast,version,label\nP2,a,100,inf,3.0.1,1\nP1,a,200,,3.0.1,1\nP1,b,300,2e-3,3.0.1,1\n"


def features_of(write_cohort_files, **table):
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\nP2\n", "r.csv": TEXT},
        imaging_tables={"radiomics": {"file": "r.csv", "patient_id": "pid", **table}},
    )
    inputs = read_inputs(cohort)
    assert account(inputs)["balanced"].all()
    return imaging_table_features(cohort, inputs.manifest, "radiomics")


def test_numeric_columns_are_features_and_a_text_column_is_left_out_with_a_note(write_cohort_files):
    features = features_of(write_cohort_files, lesion_id="lesion", exclude=["label"])
    assert list(features.dictionary["feature"]) == ["original_shape_VoxelVolume", "original_glcm_Contrast"]
    assert list(features.dictionary["family"]) == ["shape", "glcm"]
    assert list(features.dictionary["ibsi_code"]) == ["YEKZ", "ACUI"]  # by their names in pyradiomics
    assert features.values[["patient_id", "lesion_id"]].to_numpy().tolist() == [["P1", "a"], ["P1", "b"], ["P2", "a"]]
    np.testing.assert_array_equal(features.values["original_glcm_Contrast"], [np.nan, 0.002, np.nan])
    assert set(features.quarantine["rule"]) == {"not_finite", "column_not_numeric"}


def test_without_a_lesion_column_rows_of_one_patient_conflict_and_none_is_used(write_cohort_files):
    values = features_of(write_cohort_files).values
    assert values["patient_id"].tolist() == ["P2"]


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ({"include": ["original_glcm_Contrats"]}, ConfigurationError, "did you mean 'original_glcm_Contrast'"),
        ({"include": ["version"]}, TableError, "column 'version' holds text"),
        ({"volume": "original_shape_Volume"}, ConfigurationError, "did you mean 'original_shape_VoxelVolume'"),
        ({"exclude": ["*"]}, ConfigurationError, "no numeric column"),
    ],
)
def test_a_declaration_that_does_not_fit_the_table_says_what_to_mend(write_cohort_files, table, error, message):
    with pytest.raises(error, match=message):
        features_of(write_cohort_files, lesion_id="lesion", **table)
