"""Repeated contours: the intraclass correlation of published examples, and which features are left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.reliability import intraclass_correlation, unreliable_features


def test_the_example_of_shrout_and_fleiss_gives_their_value_and_interval() -> None:
    """Shrout, Fleiss 1979, table 2: six targets, four judges; ICC(2,1) = 0.29, interval as R's psych::ICC has it."""
    judges = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    found = intraclass_correlation(judges)
    assert found.icc == pytest.approx(0.29, abs=0.005)
    assert found.lower == pytest.approx(0.019, abs=0.001)
    assert found.upper == pytest.approx(0.761, abs=0.001)


def test_readings_that_agree_exactly_have_one_and_a_constant_shift_between_readers_costs() -> None:
    rng = np.random.default_rng(0)
    lesion = rng.normal(size=20)
    assert intraclass_correlation(np.column_stack([lesion, lesion])).icc == pytest.approx(1.0)
    assert intraclass_correlation(np.column_stack([lesion, lesion + 2])).icc < 0.5


def repeats() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    size, texture = rng.normal(size=30), rng.normal(size=30)
    tables = [
        pd.DataFrame(
            {
                "lesion_id": [f"L{i}" for i in range(30)],
                "reading": reading,
                "size": size + 0.1 * rng.normal(size=30),
                "texture": texture + 2.0 * rng.normal(size=30),
                "constant": 1.0,
            }
        )
        for reading in ("first", "second")
    ]
    return pd.concat(tables, ignore_index=True)


def test_features_that_a_second_contour_changes_or_that_never_vary_are_named() -> None:
    assert unreliable_features(repeats(), "radiomics_ct") == ("radiomics_ct:texture", "radiomics_ct:constant")
    assert unreliable_features(repeats(), "radiomics_ct", minimum=-1.0) == ("radiomics_ct:constant",)


def test_a_lesion_read_twice_under_one_name_or_once_in_all_is_an_error() -> None:
    table = repeats()
    with pytest.raises(TableError, match="'L0' stands twice under reading 'first'"):
        unreliable_features(pd.concat([table, table.iloc[[0]]]), "radiomics_ct")
    with pytest.raises(TableError, match="at least 2 lesions with 2 readings each"):
        unreliable_features(table[table["reading"] == "first"], "radiomics_ct")
    with pytest.raises(TableError, match="no column 'lesion_id'"):
        unreliable_features(table.rename(columns={"lesion_id": "l"}), "radiomics_ct")
