"""A small version of the study of the evaluation: known truth, bias, coverage, the classic mistake."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.evaluation.study.linear import Linear, Setting, fit, one_cohort, true_auc
from radiogenomics.evaluation.study.run import coverage_table

SMALL = Setting("small", 100, 0.3, 4, 20, 1.2, 0.0, repeats=2)
RUNS = 120


@pytest.fixture(scope="module")
def counted():
    return coverage_table("small", [one_cohort(SMALL, seed) for seed in range(RUNS)]).set_index("figure")


def test_true_figures_agree_with_a_million_simulated_patients() -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    from radiogenomics.evaluation.study.linear import THRESHOLD, _truth, _truth_of_pooled, _with_predictive_values

    rng = np.random.default_rng(0)
    delta = np.array([0.8, 0.5, 0.0])
    y = (rng.random(400_000) < 0.3).astype(int)
    X = rng.normal(size=(len(y), 3)) + y[:, None] * delta
    model = fit(X[:80], y[:80])
    log_odds = X @ model.weights + model.constant
    probability = 1 / (1 + np.exp(-log_odds))
    truth = _with_predictive_values(_truth(model, delta, 0.3), 0.3) | _truth_of_pooled([[model]], delta, 0.3)
    assert truth["auc"] == pytest.approx(roc_auc_score(y, log_odds), abs=0.003)
    assert truth["average_precision"] == pytest.approx(average_precision_score(y, log_odds), abs=0.004)
    assert truth["brier"] == pytest.approx(((probability - y) ** 2).mean(), abs=0.001)
    called = probability >= THRESHOLD
    assert truth["sensitivity"] == pytest.approx(called[y == 1].mean(), abs=0.004)
    assert truth["ppv"] == pytest.approx(y[called].mean(), abs=0.004)
    assert truth["net_benefit"] == pytest.approx((called * np.where(y == 1, 1, -3 / 7)).mean(), abs=0.002)


def test_a_model_of_noise_has_a_true_auc_of_one_half() -> None:
    assert true_auc(Linear(np.array([1.0, -2.0]), 0.0), np.zeros(2)) == 0.5


def test_the_auc_is_nearly_unbiased_and_its_interval_holds_the_truth(counted) -> None:
    row = counted.loc["auc"]
    assert abs(row["bias"]) < 0.025  # 0.01, and the error of 120 cohorts
    assert row["coverage"] >= 0.90
    assert counted.loc["auc_difference", "coverage"] >= 0.88
    assert counted.loc["brier", "coverage"] >= 0.88
    assert counted.loc["sensitivity", "coverage"] >= 0.88


def test_treating_folds_as_independent_is_seen_to_be_a_mistake(counted) -> None:
    """The control: a study that cannot tell a bad interval from a good one would prove nothing."""
    assert counted.loc["auc, t over folds (the classic mistake)", "coverage"] < 0.85
