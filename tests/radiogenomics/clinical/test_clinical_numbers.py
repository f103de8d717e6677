"""Numbers with text, units, and values dated after the index date."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiogenomics.clinical import clinical_features
from radiogenomics.clinical.numbers import parse_number
from radiogenomics.cohort import read_inputs
from radiogenomics.exceptions import ConfigurationError


@pytest.mark.parametrize(
    ("text", "rule", "unit", "value"),
    [
        ("70", "refuse", "1", 70), (">70", "bound", "1", 70), ("≥ 70", "bound", "1", 70), ("70+", "bound", "1", 70), ("<1", "bound", "%", 1),
        ("1-49", "bound", "%", 25), ("1 - 49%", "midpoint", "%", 25), ("1 to 49", "midpoint", "1", 25), ("12 %", "bound", "%", 12),
        (">70", "midpoint", "1", None), (">70", "refuse", "1", None), ("12 %", "bound", "kg", None), ("49-1", "bound", "1", None),
        ("nan", "bound", "1", None), ("1_000", "bound", "1", None),
    ],
)  # fmt: skip
def test_text_around_a_number_is_read_as_declared(text, rule, unit, value):
    assert parse_number(text, rule, unit).value == value


@given(st.text(max_size=12))
def test_any_text_is_a_finite_number_or_none_and_never_an_error(text):
    value = parse_number(text, "bound", "%").value
    assert value is None or np.isfinite(value)


def values_of(write_cohort_files, table, variable, **clinical):
    cohort = write_cohort_files(
        {"clinical.csv": table},
        clinical={
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {"x": variable},
            **clinical,
        },
    )
    features = clinical_features(cohort, read_inputs(cohort).manifest)
    return features.values["x"].tolist(), features.quarantine


def test_pounds_become_kilograms_and_an_unknown_unit_is_an_error(write_cohort_files):
    number = {"column": "w", "type": "number", "unit": "kg", "column_unit": "lbs"}
    assert values_of(write_cohort_files, "id,w\nP1,100\n", number)[0] == [pytest.approx(45.359237)]
    with pytest.raises(ConfigurationError, match="no conversion from 'stones' to 'kg'"):
        values_of(write_cohort_files, "id,w\nP1,100\n", {**number, "column_unit": "stones"})


def test_per_cent_years_and_pack_years_have_a_range_even_where_none_is_declared(write_cohort_files):
    for unit, wrong in (("%", "101"), ("years", "121"), ("pack-years", "301")):
        values, aside = values_of(
            write_cohort_files, f"id,w\nP1,{wrong}\n", {"column": "w", "type": "number", "unit": unit}
        )
        assert np.isnan(values[0])  # not clipped
        assert aside["rule"].tolist() == ["out_of_range"]


def test_a_code_for_missing_is_missing_and_a_declared_category_is_never_one(write_cohort_files):
    values, aside = values_of(
        write_cohort_files, "id,w\nP1,-9\nP2,NE\n", {"column": "w", "type": "number", "missing": ["-9", "NE"]}
    )
    assert np.isnan(values).all()
    assert aside.empty
    values, _ = values_of(
        write_cohort_files,
        "id,w\nP1,None\nP2,Some\n",
        {"column": "w", "type": "ordered", "categories": ["None", "Some"]},
    )
    assert values == [0.0, 1.0]


def test_a_value_dated_after_the_index_date_or_not_dated_is_not_known(write_cohort_files):
    table = "id,w,on,start\nP1,1,2020-01-01,2020-01-01\nP2,2,2020-01-02,2020-01-01\nP3,3,,2020-01-01\n"
    variable = {"column": "w", "type": "number", "recorded_on": "on"}
    values, aside = values_of(write_cohort_files, table, variable, index_date={"column": "start"})
    assert values[0] == 1
    assert np.isnan(values[1:]).all()
    assert dict(zip(aside["patient_id"], aside["rule"], strict=True)) == {
        "P2": "after_index_date",
        "P3": "date_not_known",
    }
    with pytest.raises(ConfigurationError, match=r"recorded_on needs `clinical.index_date`"):
        values_of(write_cohort_files, table, variable)
