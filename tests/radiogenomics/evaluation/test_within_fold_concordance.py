"""AUC, its interval and paired differences: against scikit-learn, DeLong's formula and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from radiogenomics.evaluation.concordance import auc_difference, auc_interval, placements


def scored(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = (np.arange(n) % 3 == 0).astype(int)
    scores = np.round(rng.normal(size=(n, 1)) + target[:, None], 1)  # rounded: ties
    return scores, target, np.zeros((n, 1), dtype=int)


def test_in_one_fold_the_auc_is_that_of_scikit_learn_ties_included() -> None:
    scores, target, fold = scored()
    assert auc_interval(scores, target, fold).estimate == pytest.approx(roc_auc_score(target, scores[:, 0]), abs=1e-12)


def test_in_one_fold_the_variance_is_delongs() -> None:
    scores, target, fold = scored()
    positive, negative = scores[target == 1, 0], scores[target == 0, 0]
    order = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    delong = order.mean(axis=1).var(ddof=1) / len(positive) + order.mean(axis=0).var(ddof=1) / len(negative)
    found = auc_difference(scores, np.zeros_like(scores), target, fold)  # against chance, whose placements are constant
    reach = student.ppf(0.975, len(positive) - 1) * np.sqrt(delong)
    assert found.upper - found.estimate == pytest.approx(reach, rel=1e-9)


def test_patients_of_different_folds_are_not_compared() -> None:
    scores, target, _ = scored()
    fold = (np.arange(60) % 2)[:, None]
    shifted = scores + 100.0 * fold  # the model of the second fold has another intercept
    assert auc_interval(shifted, target, fold).estimate == auc_interval(scores, target, fold).estimate
    halves = [roc_auc_score(target[fold[:, 0] == k], scores[fold[:, 0] == k, 0]) for k in (0, 1)]
    assert min(halves) <= auc_interval(scores, target, fold).estimate <= max(halves)


def test_repeating_the_same_predictions_does_not_shorten_the_interval() -> None:
    scores, target, _ = scored()
    fold = (np.arange(60) % 4)[:, None]
    once = auc_interval(scores, target, fold)
    many = auc_interval(np.repeat(scores, 20, axis=1), target, np.repeat(fold, 20, axis=1))
    np.testing.assert_allclose(once, many, atol=1e-12)


def test_any_monotone_change_of_the_scores_changes_nothing() -> None:
    scores, target, fold = scored()
    np.testing.assert_array_equal(auc_interval(scores, target, fold), auc_interval(np.exp(scores), target, fold))


def test_the_interval_stays_between_0_and_1_for_perfect_predictions() -> None:
    target = np.array([0] * 10 + [1] * 10)
    found = auc_interval(target[:, None].astype(float), target, np.zeros((20, 1), dtype=int))
    assert found.estimate == 1.0
    assert 0 <= found.lower <= found.upper <= 1


def test_without_a_fold_that_holds_both_classes_there_is_no_auc() -> None:
    target = np.array([0, 0, 1, 1])
    found = auc_interval(np.zeros((4, 1)), target, target[:, None])
    assert np.isnan(found).all()


def test_a_model_against_itself_differs_by_nothing() -> None:
    scores, target, fold = scored()
    assert auc_difference(scores, scores, target, fold) == (0.0, 0.0, 0.0, 1.0)


def test_swapping_two_models_turns_the_sign_of_their_difference() -> None:
    scores, target, fold = scored()
    other = scored(seed=1)[0]
    there, back = auc_difference(scores, other, target, fold), auc_difference(other, scores, target, fold)
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.lower == pytest.approx(-back.upper)
    assert there.p_value == pytest.approx(back.p_value)


def test_influences_have_mean_zero_in_each_class() -> None:
    scores, target, _ = scored()
    influence = placements(scores, target, (np.arange(60) % 5)[:, None])[1]
    assert influence[target == 1].mean() == pytest.approx(0, abs=1e-12)
    assert influence[target == 0].mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("features", "shift"), [(8, 1.0), (150, 0.0)])
def test_intervals_of_cross_validated_models_hold_the_true_auc_as_often_as_they_say(
    features: int, shift: float
) -> None:
    """Linear discriminants whose true AUC has a closed form; also where there are more features than patients."""
    n, repeats, runs = 80, 3, 80
    rng = np.random.default_rng(11)
    direction = np.zeros(features)
    direction[:4] = shift / 2
    target = (np.arange(n) % 4 == 0).astype(int)
    intervals, truths = [], []
    for _ in range(runs):
        X = rng.normal(size=(n, features)) + target[:, None] * direction
        scores, fold = np.empty((n, repeats)), np.empty((n, repeats), dtype=int)
        for repeat in range(repeats):
            for k, (train, test) in enumerate(StratifiedKFold(5, shuffle=True, random_state=repeat).split(X, target)):
                weights = X[train][target[train] == 1].mean(axis=0) - X[train][target[train] == 0].mean(axis=0)
                scores[test, repeat], fold[test, repeat] = X[test] @ weights, k
                truths.append(norm.cdf(weights @ direction / np.sqrt(2 * weights @ weights)))
        intervals.append(auc_interval(scores, target, fold))
    truth = np.mean(truths)
    covered = np.mean([found.lower <= truth <= found.upper for found in intervals])
    assert covered >= 0.90  # 95 % less the error of 80 runs
    assert np.mean([found.estimate for found in intervals]) == pytest.approx(truth, abs=0.025)
