"""SHAP values are exact: they add up, and equal those of the shap library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shap
import xgboost

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.cohort.schemas import EXPLANATIONS
from radiogenomics.exceptions import TableError
from radiogenomics.explanation import explain, modality_contributions
from radiogenomics.fusion import fit_final


def cohort(n: int = 80) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(5)
    index = [f"P{i:02d}" for i in range(n)]
    y = pd.Series((np.arange(n) % 3 == 0).astype(int), index=index)
    columns = {f"clinical:v{i}": rng.normal(size=n) + 1.2 * y.to_numpy() * (i == 0) for i in range(4)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) + 0.9 * y.to_numpy() * (i < 3) for i in range(25)}
    X = pd.DataFrame(columns, index=index)
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    X.loc[X.index[1::9], "clinical:v0"] = np.nan
    dictionary = pd.DataFrame(
        [(c.split(":")[1], c.split(":")[0], "mm" if c.startswith("radiomics") else "years") for c in X.columns],
        columns=["feature", "modality", "unit"],
    )
    return X, y, dictionary


NAMES = [
    "clinical/elastic_net",
    "radiomics_ct/xgboost",
    "early/elastic_net",
    "early/xgboost",
    "late/mean",
    "late/weighted",
]


@pytest.mark.parametrize("name", NAMES)
def test_base_and_shap_values_sum_to_the_log_odds_of_each_patient(name: str) -> None:
    X, y, dictionary = cohort()
    model = fit_final(X, y, name, Models(), Resampling())
    table = explain(model, X, dictionary)
    EXPLANATIONS.validate(table)
    assert set(table["model"]) == {name}
    by_patient = table.groupby("patient_id")
    total = by_patient["base_value"].first() + by_patient["shap_value"].sum()
    log_odds = pd.Series(model.decision_function(X), index=X.index).dropna()
    np.testing.assert_allclose(total.reindex(log_odds.index), log_odds, atol=1e-6)
    assert len(total) == len(log_odds)  # no row for a patient on whom the model abstains


def test_linear_values_equal_those_of_the_shap_library() -> None:
    X, y, _ = cohort()
    model = fit_final(X, y, "clinical/elastic_net", Models(), Resampling())
    values = X.to_numpy()
    design = model.design_.transform(values)
    slope = model.calibration_[1]
    masker = shap.maskers.Independent(design, max_samples=len(design))
    reference = shap.LinearExplainer((slope * model.coef_, 0.0), masker)(design).values
    expected = np.zeros((len(X), len(model.contribution_names())))
    for column, owner in enumerate(model.design_.owners):
        expected[:, owner] += reference[:, column]
    np.testing.assert_allclose(model.contributions(X)[0], expected, atol=1e-9)


def test_tree_values_equal_those_of_the_shap_library() -> None:
    X, y, _ = cohort()
    model = fit_final(X, y, "radiomics_ct/xgboost", Models(), Resampling())
    known = X[X.filter(like="radiomics_ct:").notna().any(axis=1)]
    booster = xgboost.Booster()
    booster.load_model(bytearray(model.booster_))
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    reference = explainer.shap_values(known.to_numpy()[:, model.selected_])
    found = model.contributions(known)[0][:, model.selected_]
    np.testing.assert_allclose(found, model.calibration_[1] * reference, atol=1e-5)
    assert np.abs(found).max() > 0.05


def test_a_patient_without_imaging_is_explained_without_imaging() -> None:
    X, y, dictionary = cohort()
    model = fit_final(X, y, "late/mean", Models(), Resampling())
    table = explain(model, X.iloc[[0]], dictionary)
    assert (table.loc[table["modality"] == "radiomics_ct", "shap_value"] == 0).all()
    assert (table.loc[table["modality"] == "clinical", "shap_value"] != 0).any()


def test_the_absence_of_a_modality_is_a_feature_of_early_fusion() -> None:
    X, y, dictionary = cohort()
    X.loc[y == 0, X.columns.str.startswith("radiomics_ct:")] = np.nan  # here absence tells the class
    X.loc[X.index[4], X.columns.str.startswith("radiomics_ct:")] = 0.5
    X.loc[X.index[[1, 2, 5]], X.columns.str.startswith("radiomics_ct:")] = 0.1
    model = fit_final(X, y, "early/elastic_net", Models(), Resampling())
    table = explain(model, X, dictionary).query("feature == '(modality absent)'")
    assert set(table["modality"]) == {"radiomics_ct"}
    assert (table.loc[table["value"] == 1, "shap_value"] < 0).all()


def test_rows_carry_value_and_unit_and_unused_features_have_none() -> None:
    X, y, dictionary = cohort()
    model = fit_final(X, y, "clinical/elastic_net", Models(), Resampling())
    table = explain(model, X, dictionary, name="mine")
    assert set(table["modality"]) == {"clinical"}
    assert set(table["unit"]) == {"years"}
    assert set(table["model"]) == {"mine"}
    row = table.query("patient_id == 'P02' and feature == 'v1'")
    if len(row):
        assert row["value"].item() == X.loc["P02", "clinical:v1"]
    first = table.query("patient_id == 'P02' and feature == 'v0'")
    assert first["value"].item() == X.loc["P02", "clinical:v0"]


def test_columns_may_come_in_any_order_but_none_may_be_missing() -> None:
    X, y, dictionary = cohort()
    model = fit_final(X, y, "late/weighted", Models(), Resampling())
    pd.testing.assert_frame_equal(explain(model, X, dictionary), explain(model, X[X.columns[::-1]], dictionary))
    with pytest.raises(TableError, match="lacks column 'clinical:v2'"):
        explain(model, X.drop(columns="clinical:v2"), dictionary)


def test_modality_contributions_keep_the_sum_and_their_shares_sum_to_one() -> None:
    X, y, dictionary = cohort()
    model = fit_final(X, y, "late/mean", Models(), Resampling())
    table = explain(model, X, dictionary)
    sums = modality_contributions(table)
    np.testing.assert_allclose(
        sums.groupby("patient_id")["shap_value"].sum(), table.groupby("patient_id")["shap_value"].sum()
    )
    np.testing.assert_allclose(sums.groupby("patient_id")["share"].sum(), 1.0)
