"""Brier score and calibration, on predictions whose calibration is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss

from radiogenomics.evaluation.calibration import brier_interval, calibration


def truth(n: int = 20000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=n) - 0.5
    return log_odds, (rng.random(n) < expit(log_odds)).astype(int)


def test_true_probabilities_have_intercept_0_and_slope_1() -> None:
    log_odds, target = truth()
    found = calibration(expit(log_odds)[:, None], target)
    assert found.intercept == pytest.approx(0, abs=0.05)
    assert found.slope == pytest.approx(1, abs=0.05)


def test_probabilities_twice_too_extreme_have_slope_one_half() -> None:
    log_odds, target = truth()
    assert calibration(expit(2 * log_odds)[:, None], target).slope == pytest.approx(0.5, abs=0.03)


def test_probabilities_too_high_by_a_constant_have_that_constant_as_negative_intercept() -> None:
    log_odds, target = truth()
    assert calibration(expit(log_odds + 0.7)[:, None], target).intercept == pytest.approx(-0.7, abs=0.05)


@pytest.mark.parametrize(
    ("probability", "target"),
    [
        (np.full((6, 1), 0.3), np.array([0, 1, 0, 1, 0, 0])),  # constant
        (np.array([[0.1], [0.2], [0.8], [0.9]]), np.array([0, 0, 1, 1])),  # separated
        (np.array([[0.1], [0.2]]), np.array([1, 1])),  # one class
    ],
)
def test_where_no_slope_exists_it_is_nan(probability: np.ndarray, target: np.ndarray) -> None:
    assert np.isnan(calibration(probability, target).slope)


def test_brier_is_that_of_scikit_learn_and_repeats_do_not_shorten_its_interval() -> None:
    log_odds, target = truth(200)
    probability = expit(log_odds)[:, None]
    once, many = brier_interval(probability, target), brier_interval(np.repeat(probability, 9, axis=1), target)
    assert once.estimate == pytest.approx(brier_score_loss(target, probability[:, 0]))
    np.testing.assert_allclose(once, many)
    assert once.lower < once.estimate < once.upper
