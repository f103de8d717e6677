"""Stacked late fusion: weights that cannot turn round, evidence that adds up, and absence that may tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.stacked import StackedFusion
from tests.radiogenomics.fusion.test_late_fusion import cohort, members


def test_evidence_of_independent_modalities_adds_up_and_beats_each_of_them_on_new_patients() -> None:
    effects = {"a": 1.0, "b": 1.0, "c": 1.0}
    X, y = cohort(400, effects, seed=4)
    new, truth = cohort(600, effects, seed=5)
    model = StackedFusion(members(*effects)).fit(X, y)
    alone = [roc_auc_score(truth, part.decision_function(new)) for part in model.members_.values()]
    assert roc_auc_score(truth, model.decision_function(new)) > max(alone) + 0.03
    assert model.sum_weight_ > 0.3  # calibrated and independent: the log-odds are their sum
    probability = model.predict_proba(new)[:, 1]
    assert probability.mean() == pytest.approx(truth.mean(), abs=0.04)


def test_no_weight_is_negative_and_a_modality_of_noise_counts_less() -> None:
    X, y = cohort(120, {"signal": 1.8, "noise": 0.0}, seed=1)
    model = StackedFusion(members("signal", "noise")).fit(X, y)
    assert min(model.mean_weight_, model.sum_weight_, *model.own_weights_) >= 0
    own = dict(zip(model.modalities_, model.own_weights_, strict=True))
    assert own["signal"] > own["noise"]


def test_evidence_that_speaks_against_itself_is_silenced_not_turned_round() -> None:
    target = np.tile([0, 1], 30)
    wrong = -np.where(target == 1, 1.0, -1.0)[:, None, None]
    model = StackedFusion()
    model._learn(wrong, target)
    assert model._factors(wrong[:, 0]).max() == 0


def test_a_modality_whose_absence_tells_is_heard_and_elsewhere_absence_adds_nothing() -> None:
    def told(seed: int, n: int, chance: float) -> tuple[pd.DataFrame, pd.Series]:
        X, y = cohort(n, {"a": 0.8, "b": 0.8}, seed=seed)
        gone = np.random.default_rng(seed).random(n) < np.where(y == 1, chance, 0.2)
        X.loc[gone, X.columns.str.startswith("b:")] = np.nan
        return X, y

    gained = {}
    for chance in (0.8, 0.2):
        (X, y), (new, truth) = told(1, 300, chance), told(2, 900, chance)
        scores = [
            roc_auc_score(truth, kind(members("a", "b")).fit(X, y).decision_function(new))
            for kind in (StackedFusion, LateFusion)
        ]
        gained[chance] = scores[0] - scores[1]
    assert gained[0.8] > 0.05
    assert abs(gained[0.2]) < 0.02


def test_what_the_absence_adds_stands_among_the_contributions_under_its_name() -> None:
    X, y = cohort(120, {"a": 1.0, "b": 0.5})
    X.loc[y[y == 1].index[:25], X.columns.str.startswith("b:")] = np.nan
    model = StackedFusion(members("a", "b")).fit(X, y)
    shap, base = model.contributions(X)
    column = model.contribution_names().index("b:(modality absent)")
    here, gone = X["b:f0"].notna().to_numpy(), X["b:f0"].isna().to_numpy()
    assert shap[gone, column].min() > 0 > shap[here, column].max()
    np.testing.assert_allclose(base + shap.sum(axis=1), model.decision_function(X), atol=1e-9)
    assert {names for names, absent in zip(model.used(X), gone, strict=True) if absent} == {("a",)}


def test_where_no_modality_tells_everyone_is_near_the_prevalence() -> None:
    X, y = cohort(150, {"a": 0.0, "b": 0.0}, seed=3)
    new, _ = cohort(200, {"a": 0.0, "b": 0.0}, seed=9)
    probability = StackedFusion(members("a", "b")).fit(X, y).predict_proba(new)[:, 1]
    assert np.abs(probability - y.mean()).max() < 0.12
