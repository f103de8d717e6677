"""AUC of cross-validated predictions with its interval, and paired differences.

The point estimate is concordance *within* folds: a pair of patients counts only where one model scored both. Scores of
different folds come from different models with different intercepts; pooling them compares what is not comparable, and is
biased downwards (a fold with more events is predicted by models that saw fewer) [1]_. Concordant pairs are counted over
the folds of a repeat and divided by the number of pairs; repeats are averaged.

The interval rests on each patient's placement value (the share of opposite patients in its fold it is rightly ordered
against): DeLong's variance [2]_, which for cross-validated AUC is the influence-curve variance of LeDell et al. [3]_, is
taken within each repeat and averaged over repeats. Repeats are not new patients: they steady the estimate and do not
shrink the interval. (Averaging a patient's placement values over repeats first gives intervals that are too short where
models are unstable: 78 % coverage instead of 95 % with 300 features and 100 patients.) The variance
is multiplied by K / (K - 1), the allowance for training sets that overlap between K folds after Nadeau and Bengio [4]_, for
a single AUC and for paired differences (without it differences between unstable models are covered in 90 % only). What
this reaches against known truth is in docs/study_evaluation.md, with the command that measures it.

References
----------
.. [1] Airola et al.: An experimental comparison of cross-validation techniques for estimating the area under the ROC
   curve, Comput. Stat. Data Anal. 2011.
.. [2] DeLong, DeLong, Clarke-Pearson: Comparing the areas under two or more correlated ROC curves, Biometrics 1988.
.. [3] LeDell, Petersen, van der Laan: Computationally efficient confidence intervals for cross-validated AUC estimates,
   Electron. J. Stat. 2015.
.. [4] Nadeau, Bengio: Inference for the generalization error, Machine Learning 2003.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

CONFIDENCE = 0.95
INTERVAL_METHOD = (
    "placement values within folds (DeLong 1988; LeDell 2015), mean over repeats, x K/(K-1), t, logit scale"
)


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    estimate: float
    lower: float
    upper: float


class Difference(NamedTuple):
    """A paired difference of AUC with its 95 % interval and two-sided p value."""

    estimate: float
    lower: float
    upper: float
    p_value: float


NOTHING = Interval(np.nan, np.nan, np.nan)


def placements(scores: np.ndarray, target: np.ndarray, fold: np.ndarray) -> tuple[float, np.ndarray]:
    """Within-fold AUC of one model, and each patient's influence on it.

    Parameters
    ----------
    scores : (n, r), the score of each patient in each of r repeats; higher means likelier positive.
    target : (n,) of 0/1.
    fold : (n, r), the fold in which the patient was scored.

    Returns
    -------
    auc : mean over repeats; NaN where no fold holds both classes.
    influence : (n, r). Its mean is 0 within each class; its variance over the positives divided by their number, plus the
        same for the negatives, is the variance of the AUC of that repeat. NaN where no fold holds both classes.
    """
    n, repeats = scores.shape
    influence = np.zeros((n, repeats))
    aucs = []
    for repeat in range(repeats):
        share = np.full(n, np.nan)
        opponents = np.zeros(n)
        for number in np.unique(fold[:, repeat]):
            inside = fold[:, repeat] == number
            positive, negative = np.flatnonzero(inside & (target == 1)), np.flatnonzero(inside & (target == 0))
            if len(positive) == 0 or len(negative) == 0:
                continue
            gap = scores[positive, repeat][:, None] - scores[negative, repeat][None, :]
            right = (gap > 0) + 0.5 * (gap == 0)
            share[positive], share[negative] = right.mean(axis=1), right.mean(axis=0)
            opponents[positive], opponents[negative] = len(negative), len(positive)
        met = opponents > 0
        if not met.any():
            continue
        events = met & (target == 1)
        auc = float(np.average(share[events], weights=opponents[events]))
        aucs.append(auc)
        for group in (events, met & (target == 0)):
            influence[group, repeat] = opponents[group] * (share[group] - auc) / opponents[group].mean()
    if not aucs:
        return np.nan, np.full((n, repeats), np.nan)
    return float(np.mean(aucs)), influence


def standard_error(influence: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Standard error and degrees of freedom from the influence (n, r) of each patient in each repeat."""
    variance = 0.0
    for value in (0, 1):
        own = influence[target == value]
        if len(own) < 2:
            return np.nan, np.nan
        variance += float(own.var(axis=0, ddof=1).mean()) / len(own)
    rarer = min(int(target.sum()), int((target == 0).sum()))
    return float(np.sqrt(variance)), float(rarer - 1)


def _overlap(fold: np.ndarray) -> float:
    """Factor on a standard error for the overlap of training sets; 1 where there is one fold."""
    folds = len(np.unique(fold[:, 0]))
    return float(np.sqrt(folds / (folds - 1))) if folds > 1 else 1.0


def auc_interval(scores: np.ndarray, target: np.ndarray, fold: np.ndarray) -> Interval:
    """AUC with its interval on the logit scale, so that it stays within 0 and 1. Shapes as in `placements`."""
    auc, influence = placements(scores, target, fold)
    error, freedom = standard_error(influence, target)
    if not np.isfinite(auc) or not np.isfinite(error):
        return Interval(auc, np.nan, np.nan)
    error *= _overlap(fold)
    inner = float(np.clip(auc, 1e-3, 1 - 1e-3))
    reach = student.ppf(0.5 + CONFIDENCE / 2, freedom) * error / (inner * (1 - inner))
    centre = np.log(inner / (1 - inner))
    lower, upper = 1 / (1 + np.exp(-(centre - reach))), 1 / (1 + np.exp(-(centre + reach)))
    return Interval(auc, float(min(lower, auc)), float(max(upper, auc)))


def auc_difference(
    first: np.ndarray,
    second: np.ndarray,
    target: np.ndarray,
    fold: np.ndarray,
    second_fold: np.ndarray | None = None,
) -> Difference:
    """AUC of the first model minus that of the second, on the same patients. Shapes as in `placements`.

    `second_fold`: the folds of the second model, where they are not those of the first.
    """
    auc1, influence1 = placements(first, target, fold)
    auc2, influence2 = placements(second, target, fold if second_fold is None else second_fold)
    difference = auc1 - auc2
    error, freedom = standard_error(influence1 - influence2, target)
    if not np.isfinite(difference) or not np.isfinite(error):
        return Difference(difference, np.nan, np.nan, np.nan)
    error *= _overlap(fold)
    if error < 1e-12:
        return Difference(difference, difference, difference, 1.0 if abs(difference) < 1e-12 else 0.0)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, freedom) * error)
    p = float(2 * student.sf(abs(difference) / error, freedom))
    return Difference(difference, difference - reach, difference + reach, p)
