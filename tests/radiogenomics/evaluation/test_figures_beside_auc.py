"""Average precision, parts of the Brier score, operating points and net benefit: against scikit-learn, formulas and truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import t as student
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix

from radiogenomics.cohort.configuration import Scrutiny
from radiogenomics.cohort.schemas import FIGURES
from radiogenomics.evaluation.average_precision import average_precision, average_precision_interval
from radiogenomics.evaluation.brier_decomposition import brier_decomposition, recalibrate
from radiogenomics.evaluation.calibration import calibration_intervals
from radiogenomics.evaluation.figures import figures_table
from radiogenomics.evaluation.operating_points import calls_at_sensitivity, net_benefit, operating_point
from radiogenomics.evaluation.populations import Scores
from radiogenomics.evaluation.proportions import weighted_difference_interval, wilson_interval


def predicted(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_odds = np.round(rng.normal(size=n), 1) - 0.8  # rounded: ties
    return expit(log_odds), (rng.random(n) < expit(log_odds)).astype(int)


def test_average_precision_is_that_of_scikit_learn_ties_included() -> None:
    probability, target = predicted()
    assert average_precision(probability, target)[0] == pytest.approx(average_precision_score(target, probability))


def test_influence_on_average_precision_is_the_derivative_with_respect_to_a_patients_weight() -> None:
    probability, target = predicted()
    _, influence = average_precision(probability, target)
    step, measured = 1e-5, np.empty(len(target))
    for patient in range(len(target)):
        up, down = np.ones(len(target)), np.ones(len(target))
        up[patient], down[patient] = 1 + step, 1 - step
        measured[patient] = (
            average_precision_score(target, probability, sample_weight=up)
            - average_precision_score(target, probability, sample_weight=down)
        ) / (2 * step)
    for value in (0, 1):
        members = target == value
        centred = measured[members] - measured[members].mean()
        np.testing.assert_allclose(influence[members], members.sum() * centred, atol=1e-6)


def test_repeats_do_not_shorten_the_interval_of_average_precision() -> None:
    probability, target = predicted()
    once = average_precision_interval(probability[:, None], target, 5)
    np.testing.assert_allclose(once, average_precision_interval(np.repeat(probability[:, None], 9, axis=1), target, 5))
    assert 0 < once.lower < once.estimate < once.upper < 1


def test_parts_of_the_brier_score_add_up_to_it() -> None:
    probability, target = predicted()
    parts = brier_decomposition(probability[:, None], target)
    total = parts.miscalibration.estimate - parts.discrimination.estimate + parts.uncertainty.estimate
    assert total == pytest.approx(brier_score_loss(target, probability))
    assert parts.uncertainty.estimate == pytest.approx(target.mean() * (1 - target.mean()))


def test_recalibration_is_scikit_learns_isotonic_regression() -> None:
    probability, target = predicted()
    np.testing.assert_allclose(
        recalibrate(probability, target), IsotonicRegression().fit(probability, target).predict(probability)
    )


def test_probabilities_that_are_right_have_little_miscalibration_and_wrong_ones_have_much() -> None:
    probability, target = predicted(20000)
    wrong = expit(3 * np.log(probability / (1 - probability)))
    assert brier_decomposition(probability[:, None], target).miscalibration.estimate < 0.002
    assert brier_decomposition(wrong[:, None], target).miscalibration.estimate > 0.025
    right, other = (brier_decomposition(p[:, None], target).discrimination.estimate for p in (probability, wrong))
    assert right == pytest.approx(other)  # the ranking is the same


def test_calibration_intervals_shrink_with_the_square_root_of_n_and_hold_the_truth() -> None:
    small, large = (calibration_intervals(p[:, None], y)[1] for p, y in (predicted(500, 3), predicted(8000, 3)))
    assert small.lower < 1 < small.upper
    assert large.lower < 1 < large.upper
    assert (small.upper - small.lower) / (large.upper - large.lower) == pytest.approx(4, rel=0.2)


def test_wilson_interval_is_the_published_one() -> None:
    """Newcombe, Stat. Med. 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29 (method 3)."""
    lower, upper = wilson_interval([81, 15, 0, 1], [263, 148, 20, 29])
    np.testing.assert_allclose(lower, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(upper, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_operating_point_counts_like_scikit_learns_confusion_matrix() -> None:
    probability, target = predicted()
    called = probability >= 0.3
    tn, fp, fn, tp = confusion_matrix(target, called).ravel()
    point = operating_point(called[:, None], target)
    assert [share.estimate for share in point] == pytest.approx(
        [tp / (tp + fn), tn / (tn + fp), tp / (tp + fp), tn / (tn + fn)]
    )
    np.testing.assert_allclose(point.sensitivity[1:], np.ravel(wilson_interval(tp, tp + fn)))


def test_where_nobody_is_called_there_is_no_positive_predictive_value() -> None:
    target = np.array([0, 1, 0, 1])
    point = operating_point(np.zeros((4, 2), dtype=bool), target)
    assert np.isnan(point.ppv).all()
    assert point.sensitivity.estimate == 0
    assert point.sensitivity.upper > 0


def test_the_threshold_for_a_target_sensitivity_never_sees_the_patient_it_is_applied_to() -> None:
    probability, target = predicted(120)
    fold = (np.arange(120) % 4)[:, None]
    _, thresholds = calls_at_sensitivity(probability[:, None], target, fold, 0.8)
    inside = fold[:, 0] == 2
    flipped = np.where(inside, 1 - target, target)
    _, again = calls_at_sensitivity(probability[:, None], flipped, fold, 0.8)
    np.testing.assert_array_equal(thresholds[inside], again[inside])
    others = probability[~inside & (target == 1)]
    assert (others >= thresholds[inside][0, 0]).mean() >= 0.8
    assert (others > thresholds[inside][0, 0]).mean() < 0.8


def test_net_benefit_is_vickers_formula_and_its_gain_is_over_the_better_default() -> None:
    probability, target = predicted()
    benefit, gain = net_benefit(probability[:, None], target, 0.2)
    tn, fp, fn, tp = confusion_matrix(target, probability >= 0.2).ravel()
    n = tn + fp + fn + tp
    assert benefit.estimate == pytest.approx(tp / n - fp / n * 0.25)
    everyone = target.mean() - (1 - target.mean()) * 0.25
    assert gain.estimate == pytest.approx(benefit.estimate - max(everyone, 0))


def test_the_long_table_holds_every_declared_threshold_and_follows_its_schema() -> None:
    probability, target = predicted(120)
    scores = {
        "late/weighted": Scores(probability[:, None], (np.arange(120) % 5)[:, None]),
        "ct/elastic_net": Scores(np.where(np.arange(120) == 7, np.nan, probability)[:, None], np.zeros((120, 1), int)),
    }
    table = figures_table(
        scores, target, {"all": np.ones(120, dtype=bool)}, "clinical", Scrutiny(thresholds=(0.15, 0.4))
    )
    FIGURES.validate(table)
    assert set(table["model"]) == {"late/weighted"}  # the other abstains on a patient of this population
    assert set(table.loc[table["figure"] == "net_benefit", "at"]) == {0.15, 0.4}
    known = table.dropna(subset=["estimate", "lower", "upper"])
    assert ((known["lower"] <= known["estimate"]) & (known["estimate"] <= known["upper"])).all()
    assert not table.duplicated(["model", "population", "figure", "at"]).any()
    assert isinstance(table, pd.DataFrame)


def test_an_interval_of_net_benefit_is_wilsons_where_nobody_is_called_in_vain_and_has_width_where_nobody_is_called() -> (
    None
):
    lower, upper = weighted_difference_interval(0.2, 0.0, 0.0, 50)
    assert (lower, upper) == pytest.approx(tuple(float(v) for v in wilson_interval(10, 50)))
    target = np.tile([0, 0, 0, 1], 20)
    benefit, gain = net_benefit(np.full((80, 3), 0.05), target, 0.2)
    assert benefit.estimate == 0
    assert benefit.lower < -0.005
    assert benefit.upper > 0.02
    assert gain.estimate < 0  # acting on all would do better


def test_predictive_values_carry_the_overlap_of_training_sets_and_sensitivity_does_not() -> None:
    rng = np.random.default_rng(5)
    target, called = rng.integers(0, 2, 60), rng.random((60, 2)) < 0.5
    plain, crossed = operating_point(called, target), operating_point(called, target, folds=5)
    assert crossed.sensitivity == plain.sensitivity
    for wide, narrow in ((crossed.ppv, plain.ppv), (crossed.npv, plain.npv)):
        assert wide.lower < narrow.lower < narrow.estimate < narrow.upper < wide.upper


def test_the_slope_of_a_model_that_learned_nothing_is_said_to_be_unknown() -> None:
    """A Wald interval of 1.96 standard errors would pretend to know it."""
    rng = np.random.default_rng(1)
    target = (np.arange(60) % 3 == 0).astype(int)
    flat = 1 / (1 + np.exp(-(-0.7 + 0.01 * rng.normal(size=(60, 2)))))
    slope = calibration_intervals(flat, target, 5)[1]
    assert slope.lower < 0 < slope.upper
    assert slope.upper - slope.lower > 50


def test_score_limits_are_those_where_the_robust_test_turns() -> None:
    p, y = predicted(300, 3)
    slope = calibration_intervals(p[:, None], y)[1]
    z = np.log(p / (1 - p))
    for limit in slope[1:]:
        shift = minimize_scalar(lambda a, b=limit: -(y * (a + b * z) - np.log1p(np.exp(a + b * z))).sum()).x
        fitted = 1 / (1 + np.exp(-(shift + limit * z)))
        weight = fitted * (1 - fitted)
        own = (z - weight @ z / weight.sum()) * (y - fitted)
        statistic = own.sum() ** 2 / (own**2).sum() * 299 / 300
        assert statistic == pytest.approx(student.ppf(0.975, min(y.sum(), 300 - y.sum()) - 1) ** 2, rel=1e-2)
