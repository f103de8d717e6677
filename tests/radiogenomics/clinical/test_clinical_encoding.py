"""Declared variables to numbers, and what does not fit set aside."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.clinical import clinical_features
from radiogenomics.cohort import read_inputs
from radiogenomics.exceptions import TableError

TEXT = (
    "id,sex,stage,histology,weight (lbs),age,smoked\n"
    "P1,Male,I,LUAD,200,60,40\n"
    "P2,Female,III,LUSC,Not Collected,>89,\n"
    "P3,female,IV,other,20,abc,NA\n"
    "P4,,II,NA,150,61,1e1\n"
)
VARIABLES = {
    "sex": {"column": "sex", "type": "category", "categories": ["Male", "Female"]},
    "stage": {"column": "stage", "type": "ordered", "categories": ["I", "II", "III", "IV"]},
    "histology": {"column": "histology", "type": "category", "categories": ["LUAD", "LUSC", "NOS"]},
    "weight": {
        "column": "weight (lbs)",
        "type": "number",
        "unit": "kg",
        "scale": 0.45359237,
        "minimum": 30,
        "maximum": 250,
    },
    "age": {"column": " age ", "type": "number", "unit": "years", "codes": {">89": 90}},
    "smoked": {"column": "smoked", "type": "number", "codes": {"": 0}, "recorded": "follow_up"},
}


@pytest.fixture
def features(write_cohort_files):
    clinical = {"tables": {"main": {"file": "clinical.csv", "patient_id": "id"}}, "variables": VARIABLES}
    cohort = write_cohort_files({"clinical.csv": TEXT}, clinical=clinical)
    return clinical_features(cohort, read_inputs(cohort).manifest)


def same(values, expected) -> bool:
    return np.array_equal(np.asarray(values, dtype=float), np.asarray(expected, dtype=float), equal_nan=True)


def test_two_categories_give_one_column_named_by_the_second_and_an_undeclared_one_is_missing(features):
    assert same(features.values["sex=Female"], [0, 1, np.nan, np.nan])
    assert "sex=Male" not in features.values.columns


def test_three_categories_give_a_column_for_each_declared_one_even_where_nobody_has_it(features):
    assert same(features.values["histology=LUAD"], [1, 0, np.nan, np.nan])
    assert same(features.values["histology=NOS"], [0, 0, np.nan, np.nan])


def test_ordered_categories_are_their_position(features):
    assert same(features.values["stage"], [0, 2, 3, 1])


def test_numbers_are_scaled_to_their_unit_and_impossible_ones_are_missing(features):
    assert features.values["weight"].iloc[0] == pytest.approx(90.718474)
    assert same(features.values["weight"].isna(), [False, True, True, False])


def test_codes_stand_for_numbers_even_where_the_code_is_blank(features):
    assert same(features.values["age"], [60, 90, np.nan, 61])
    assert same(features.values["smoked"], [40, 0, np.nan, 10])


def test_what_was_left_out_is_recorded_by_line_and_rule_and_codes_for_missing_are_not(features):
    found = {(int(q["row"]), q["rule"]) for q in features.quarantine.to_dict("records")}
    assert found == {(4, "undeclared_category"), (4, "out_of_range"), (4, "not_a_number")}
    assert sum(features.quarantine["rule"] == "undeclared_category") == 2
    assert set(features.quarantine["level"]) == {"value"}


def test_each_feature_says_its_column_unit_and_when_it_was_recorded(features):
    entry = features.dictionary.set_index("feature")
    assert entry.loc["sex=Female", "derived_from"] == "clinical/main:sex"
    assert entry.loc["weight", "unit"] == "kg"
    assert entry.loc["smoked", "recorded"] == "follow_up"


def test_samples_that_disagree_are_missing_and_recorded(write_cohort_files):
    clinical = {
        "tables": {
            "main": {"file": "clinical.csv", "patient_id": "id"},
            "samples": {"file": "samples.csv", "patient_id": "id", "one_row_per": "sample", "sample_id": "sample"},
        },
        "variables": {"purity": {"table": "samples", "column": "purity", "type": "number"}},
    }
    files = {
        "clinical.csv": "id\nP1\nP2\nP3\n",
        "samples.csv": "id,sample,purity\nP1,A,0.5\nP1,B,0.6\nP2,C,0.7\nP2,D,NA\n",
    }
    cohort = write_cohort_files(files, clinical=clinical)
    features = clinical_features(cohort, read_inputs(cohort).manifest)
    assert same(features.values["purity"], [np.nan, 0.7, np.nan])
    assert features.quarantine["rule"].tolist() == ["samples_disagree"]


def test_a_variable_of_a_column_that_is_not_there_suggests_the_nearest(write_cohort_files):
    clinical = {
        "tables": {"main": {"file": "c.csv", "patient_id": "id"}},
        "variables": {"age": {"column": "Age", "type": "number"}},
    }
    cohort = write_cohort_files({"c.csv": "id,age_years\nP1,60\n"}, clinical=clinical)
    with pytest.raises(TableError, match="no column 'Age'; did you mean 'age_years'"):
        clinical_features(cohort, read_inputs(cohort).manifest)


def test_a_variable_of_a_column_whose_name_the_manifest_uses_is_an_error_not_line_numbers(write_cohort_files):
    clinical = {
        "tables": {"main": {"file": "c.csv", "patient_id": "id"}},
        "variables": {"seat": {"column": "row", "type": "number"}},
    }
    cohort = write_cohort_files({"c.csv": "id,row\nP1,60\n"}, clinical=clinical)
    with pytest.raises(TableError, match="rename it"):
        clinical_features(cohort, read_inputs(cohort).manifest)
