"""Sets and intervals of new patients hold, in simulation, what they promise: each class, and the true share of events."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from radiogenomics.evaluation.calibrated_interval import calibrated_interval, firth
from radiogenomics.evaluation.conformal import class_p_values, prediction_sets

BETA = np.array([0.8, 0.8, 0.8, 0, 0, 0])
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


def study(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, LogisticRegression]:
    """Out-of-fold scores and labels of one cohort, and the model fitted on all of it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(BETA)))
    y = (rng.random(n) < expit(-0.8 + X @ BETA)).astype(int)
    scores = np.empty(n)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
        scores[test] = LogisticRegression().fit(X[train], y[train]).decision_function(X[test])
    return scores, y, LogisticRegression().fit(X, y)


def test_the_interval_holds_the_true_share_of_events_among_patients_with_the_score() -> None:
    inside = []
    for seed in range(60):
        scores, y, model = study(100, seed)
        weights = model.coef_[0]
        size = np.sqrt(weights @ weights)
        along = BETA @ weights / size
        across = np.sqrt(BETA @ BETA - along**2)
        z = np.linspace(-1.5, 1.5, 7)  # positions along the model's direction
        truth = (expit(-0.8 + along * z[:, None] + across * NODES) * WEIGHTS / WEIGHTS.sum()).sum(axis=1)
        lower, upper = calibrated_interval(model.intercept_[0] + size * z, scores, y, folds=5)
        inside.append((lower <= truth) & (truth <= upper))
    assert 0.90 <= np.mean(inside) <= 0.985


def test_each_class_is_kept_where_it_is_the_true_one_in_the_declared_share() -> None:
    kept: dict[int, list[float]] = {0: [], 1: []}
    for seed in range(60):
        scores, y, model = study(100, seed)
        rng = np.random.default_rng(1000 + seed)
        X = rng.normal(size=(500, len(BETA)))
        label = (rng.random(500) < expit(-0.8 + X @ BETA)).astype(int)
        sets = prediction_sets(class_p_values(model.decision_function(X), scores, y), 0.9)
        for value in (0, 1):
            kept[value].append(np.mean([str(value) in s for s, true in zip(sets, label, strict=True) if true == value]))
    for value in (0, 1):
        assert 0.88 <= np.mean(kept[value]) <= 0.96


def test_p_values_are_ranks_within_the_class_and_a_silent_model_has_none() -> None:
    reference, labels = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([0, 0, 0, 1, 1])
    found = class_p_values(np.array([1.5, np.nan]), reference, labels)
    assert found[0].tolist() == [1 / 4, 2 / 3]
    assert np.isnan(found[1]).all()
    assert prediction_sets(found, 0.7) == ["{1}", ""]
    assert prediction_sets(found, 0.9) == ["{0,1}", ""]  # so few patients can rule out nothing


def test_the_interval_is_finite_where_the_classes_are_separated_and_missing_where_there_are_too_few() -> None:
    scores = np.linspace(-2, 2, 20)
    lower, upper = calibrated_interval(np.array([-3.0, 0.0, 3.0, np.nan]), scores, (scores > 0).astype(int), folds=5)
    assert ((lower > 0) & (upper < 1) & (lower < upper))[:3].all()
    assert np.isnan(lower[3])
    few = calibrated_interval(np.array([0.0]), scores, (scores > 1.7).astype(int), folds=5)
    assert np.isnan(few).all()


def test_the_jeffreys_prior_gives_the_known_estimate_of_a_proportion() -> None:
    """With an intercept alone the estimate is (events + 1/2) / (n + 1)."""
    beta, _ = firth(np.ones((9, 1)), np.array([1, 1, 0, 0, 0, 0, 0, 0, 0]))
    assert expit(beta[0]) == pytest.approx(2.5 / 10, abs=1e-6)
