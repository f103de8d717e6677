"""Late fusion: weights that can be read, patients who lack a modality, and no loss of what one modality has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.late import LateFusion


def cohort(n: int, effects: dict[str, float], seed: int = 0, features: int = 8) -> tuple[pd.DataFrame, pd.Series]:
    """Independent modalities; each effect is the shift of the first feature between the classes, in SD."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    columns = {
        f"{name}:f{i}": rng.normal(size=n) + effect * y * (i == 0)
        for name, effect in effects.items()
        for i in range(features)
    }
    index = [f"P{i:03d}" for i in range(n)]
    return pd.DataFrame(columns, index=index), pd.Series(y, index=index)


def members(*names: str) -> list[tuple[str, ElasticNet]]:
    return [(f"{name}/elastic_net", ElasticNet((name,), inner_repeats=2)) for name in names]


def test_fitting_only_the_combination_over_fitted_members_equals_fitting_everything() -> None:
    X, y = cohort(80, {"a": 1.0, "b": 0.8})
    whole = LateFusion(members("a", "b")).fit(X, y)
    fitted = {name: model.fit(X, y) for name, model in members("a", "b")}
    shared = LateFusion(members("a", "b")).fit_combination(X, y, fitted)
    np.testing.assert_array_equal(whole.predict_proba(X), shared.predict_proba(X))


def test_without_members_every_modality_of_the_table_has_an_elastic_net() -> None:
    X, y = cohort(80, {"a": 1.0, "b": 0.8})
    declared = LateFusion([(f"{name}/elastic_net", ElasticNet((name,))) for name in ("a", "b")]).fit(X, y)
    np.testing.assert_array_equal(LateFusion().fit(X, y).predict_proba(X), declared.predict_proba(X))


def test_members_fitted_on_other_patients_are_refused() -> None:
    X, y = cohort(80, {"a": 1.0, "b": 0.8})
    fitted = {name: model.fit(X.iloc[:60], y.iloc[:60]) for name, model in members("a", "b")}
    with pytest.raises(TableError, match="fitted on 60 rows, not on these 80"):
        LateFusion(members("a", "b")).fit_combination(X, y, fitted)


def test_weights_are_shares_and_a_modality_of_noise_gets_less_than_one_of_signal() -> None:
    X, y = cohort(120, {"signal": 1.8, "noise": 0.0}, seed=1)
    model = LateFusion(members("signal", "noise")).fit(X, y)
    weights = dict(zip(model.modalities_, model.weights_, strict=True))
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    assert weights["signal"] > 0.7


def test_a_modality_whose_inner_predictions_are_worse_than_the_prevalence_gets_weight_zero() -> None:
    model = LateFusion()
    model.prior_log_odds_ = 0.0
    target = np.tile([0, 1], 30)
    good = np.where(target == 1, 1.0, -1.0) * np.tile([1, 1, 1, 1, -1, -1], 10)
    evidence = np.stack([good, -np.where(target == 1, 1.0, -1.0)], axis=-1)[:, None, :]
    model._learn(evidence, target)
    assert model.weights_.tolist() == [1.0, 0.0]


def test_a_patient_with_one_modality_gets_that_modalitys_own_evidence() -> None:
    X, y = cohort(90, {"a": 1.2, "b": 1.0})
    model = LateFusion(members("a", "b")).fit(X, y)
    only = X.copy()
    only.loc[:, only.columns.str.startswith("b:")] = np.nan
    own = model.members_["a/elastic_net"]
    expected = model.prior_log_odds_ + own.decision_function(only) - own.prior_log_odds_
    np.testing.assert_allclose(model.decision_function(only), expected, atol=1e-12)
    assert set(model.used(only)) == {("a",)}


def test_fusion_of_independent_modalities_beats_each_of_them_on_new_patients() -> None:
    X, y = cohort(400, {"a": 1.0, "b": 1.0, "c": 1.0}, seed=4)
    new, truth = cohort(600, {"a": 1.0, "b": 1.0, "c": 1.0}, seed=5)
    model = LateFusion(members("a", "b", "c")).fit(X, y)
    alone = [roc_auc_score(truth, part.decision_function(new)) for part in model.members_.values()]
    together = roc_auc_score(truth, model.decision_function(new))
    assert together > max(alone) + 0.03
    assert np.mean(expit(model.decision_function(new))) == pytest.approx(truth.mean(), abs=0.04)


def test_three_useless_modalities_hardly_drag_down_a_good_one() -> None:
    effects = {"good": 1.6, "u1": 0.0, "u2": 0.0, "u3": 0.0}
    lost = []
    for seed in range(6):
        X, y = cohort(90, effects, seed=10 + seed)
        new, truth = cohort(900, effects, seed=50 + seed)
        model = LateFusion(members(*effects)).fit(X, y)
        best = roc_auc_score(truth, model.members_["good/elastic_net"].decision_function(new))
        lost.append(best - roc_auc_score(truth, model.decision_function(new)))
    assert np.mean(lost) < 0.025


def test_weights_do_not_depend_on_how_modalities_are_named() -> None:
    X, y = cohort(80, {"a": 1.0, "b": 0.6})
    renamed = X.rename(columns=lambda c: c.replace("a:", "zz:"))
    first = LateFusion(members("a", "b")).fit(X, y)
    second = LateFusion(members("zz", "b")).fit(renamed, y)
    np.testing.assert_array_equal(first.weights_, second.weights_)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(renamed))


def test_an_unknown_weighting_is_named() -> None:
    X, y = cohort(40, {"a": 1.0})
    with pytest.raises(ValueError, match="'mean' or 'learned', found 'vote'"):
        LateFusion(members("a"), weighting="vote").fit(X, y)
