"""Drift is found where it is, and not where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from radiogenomics.cohort import schemas
from radiogenomics.monitoring.drift import drift, in_words


def cohort(n: int, random_state: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(random_state)
    values = rng.normal(size=(n, 40))
    values[:, 0] += shift
    X = pd.DataFrame(values, columns=[f"radiomics_ct:f{i}" for i in range(39)] + ["clinical:age"])
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    return X


def test_a_shifted_feature_is_found_with_its_size_and_the_others_are_left_alone() -> None:
    table = drift(cohort(120, 1), cohort(60, 2, shift=2.0), rate=0.001)
    schemas.DRIFT.validate(table)
    found = table[table["drifted"]]
    assert list(found["feature"]) == ["f0"]
    row = found.iloc[0]
    assert row["larger_lower"] > 0.8
    assert (row["n_training"], row["n_new"]) == (90, 45)
    training, new = cohort(120, 1)["radiomics_ct:f0"].dropna(), cohort(60, 2, shift=2.0)["radiomics_ct:f0"].dropna()
    assert row["statistic"] == pytest.approx(ks_2samp(new, training).statistic)
    greater = (new.to_numpy()[:, None] > training.to_numpy()[None, :]).mean()
    assert row["larger"] == pytest.approx(greater)


def test_patients_of_the_same_kind_are_not_said_to_drift_more_often_than_declared() -> None:
    alarms = [drift(cohort(80, 10 + i), cohort(40, 200 + i))["drifted"].any() for i in range(20)]
    assert np.mean(alarms) <= 0.2  # at a false discovery rate of 0.05, any alarm at all is as rare


def test_a_modality_that_new_patients_lack_is_found() -> None:
    new = cohort(40, 3)
    new.loc[:, new.columns.str.startswith("radiomics_ct:")] = np.nan
    table = drift(cohort(120, 1), new).set_index(["modality", "feature"])
    row = table.loc[("radiomics_ct", "(modality present)")]
    assert row["drifted"]
    assert row["statistic"] == pytest.approx(-0.75)
    assert table.loc[("radiomics_ct", "f0"), "reason"].startswith("fewer than 5 patients")


def test_none_to_compare_is_said() -> None:
    nobody = cohort(120, 1).iloc[:0]
    table = drift(cohort(120, 1), nobody)
    assert not table["drifted"].any()
    assert table["p_value"].isna().all()
    assert in_words(table, 0).startswith("None to compare: there are no patients")
    few = drift(cohort(120, 1), cohort(3, 4))
    assert in_words(few, 3) == "None to compare: 3 new patients are too few for a test."
    assert in_words(drift(cohort(120, 1), cohort(60, 2, shift=2.0), rate=0.001), 60).startswith(
        "1 of 42 predictors and modalities of 60"
    )


def test_a_column_that_new_patients_do_not_have_is_named_not_guessed() -> None:
    table = drift(cohort(50, 1), cohort(30, 2).drop(columns="clinical:age")).set_index("feature")
    assert table.loc["age", "n_new"] == 0
    assert table.loc["age", "reason"]
    assert np.isnan(table.loc["age", "p_value"])
