"""The solver and the recalibration, against scikit-learn and against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from radiogenomics.fusion.logistic import penalised_logistic, recalibration, recalibration_by_part


def problem(n: int, q: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    design = rng.normal(size=(n, q)) + rng.normal(size=(n, 1))  # correlated, as radiomics are
    design -= design.mean(axis=0)
    return design, (rng.random(n) < expit(design[:, 0] - 0.7 * design[:, 1] - 0.5)).astype(int)


@pytest.mark.parametrize(("n", "q"), [(90, 6), (40, 70)])
def test_each_penalty_gives_the_solution_that_scikit_learn_finds(n: int, q: int) -> None:
    design, target = problem(n, q)
    penalties, ratios = np.array([0.2, 0.05, 1.0, 0.1]), np.array([0.5, 0.5, 0.05, 0.0])
    intercepts, coefficients = penalised_logistic(
        design, target, penalties, ratios, tolerance=1e-9, maximum_iterations=20000
    )
    for index, (penalty, ratio) in enumerate(zip(penalties, ratios, strict=True)):
        reference = LogisticRegression(
            C=1 / (penalty * n), l1_ratio=ratio, solver="saga", tol=1e-9, max_iter=100000, random_state=0
        ).fit(design, target)
        np.testing.assert_allclose(coefficients[:, index], reference.coef_[0], atol=2e-5)
        np.testing.assert_allclose(intercepts[index], reference.intercept_[0], atol=2e-5)


def test_the_tolerance_used_in_fits_moves_no_prediction_by_more_than_a_thousandth() -> None:
    design, target = problem(80, 60)
    settings = (np.array([0.05, 0.1]), np.array([0.5, 0.05]))
    rough = penalised_logistic(design, target, *settings)
    exact = penalised_logistic(design, target, *settings, tolerance=1e-10, maximum_iterations=50000)
    np.testing.assert_allclose(expit(rough[0] + design @ rough[1]), expit(exact[0] + design @ exact[1]), atol=1e-3)


def test_without_any_column_the_prevalence_is_predicted() -> None:
    target = np.array([1, 0, 0, 0])
    intercepts, _ = penalised_logistic(np.zeros((4, 0)), target, np.array([1.0]), np.array([0.5]))
    assert expit(intercepts[0]) == pytest.approx(0.25)


def test_recalibration_finds_the_true_slope_of_overconfident_predictions() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=4000)
    target = (rng.random(4000) < expit(0.4 + truth)).astype(int)
    intercept, slope = recalibration(2.5 * truth[:, None], target)
    assert slope == pytest.approx(0.4, abs=0.03)
    assert intercept == pytest.approx(0.4, abs=0.1)


def test_predictions_that_point_the_wrong_way_are_silenced_not_turned_round() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=300)
    target = (rng.random(300) < expit(1.5 * truth)).astype(int)
    _, slope = recalibration(-truth[:, None], target)
    assert slope == 0.0


def test_repeats_of_the_same_predictions_count_once() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(60, 1))
    target = (rng.random(60) < expit(truth[:, 0])).astype(int)
    once, thrice = recalibration(truth, target), recalibration(np.repeat(truth, 3, axis=1), target)
    np.testing.assert_allclose(once, thrice, atol=1e-4)


def test_recalibration_by_part_silences_the_part_that_tells_nothing_and_keeps_the_one_that_does() -> None:
    rng = np.random.default_rng(4)
    parts = rng.normal(size=(2000, 1, 2))
    target = (rng.random(2000) < expit(0.3 + 1.2 * parts[:, 0, 0])).astype(int)
    intercept, slopes = recalibration_by_part(parts, target)
    assert intercept == pytest.approx(0.3, abs=0.12)
    assert slopes[0] == pytest.approx(1.2, abs=0.12)
    assert slopes[1] < 0.1


def test_with_one_part_it_is_the_plain_recalibration() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(size=(300, 2))
    target = (rng.random(300) < expit(0.6 * truth[:, 0])).astype(int)
    intercept, slopes = recalibration_by_part(truth[:, :, None], target)
    plain = recalibration(truth, target)
    np.testing.assert_allclose((intercept, slopes[0]), plain, atol=1e-3)
