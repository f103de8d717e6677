"""Average precision of cross-validated predictions, with its interval."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE, NOTHING, Interval, standard_error

METHOD = "logit interval (Boyd 2013), or the influence of patients x K/(K-1) where that is wider"


def average_precision(scores: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Step-wise average precision of one set of scores, and each patient's influence on it.

    Parameters
    ----------
    scores : (n,), higher means likelier positive. target : (n,) of 0/1, both classes present.

    Returns
    -------
    area : mean over events of the precision at that event's score; equal scores share one threshold.
    influence : (n,), centred within each class. The derivative of the area with respect to a patient's weight, times the
        size of the class: its variance over a class divided by the class's size adds up to the variance of the area
        (infinitesimal jackknife; the share of events is held fixed, because precision is only defined for one).
    """
    positive = target == 1
    at_least = scores[None, :] >= scores[positive][:, None]  # event i, patient j at or above it
    called = at_least.sum(axis=1).astype(float)
    true = (at_least & positive[None, :]).sum(axis=1).astype(float)
    precision = true / called
    area = float(precision.mean())
    number = int(positive.sum())
    derivative = np.where(
        positive,
        (at_least * ((called - true) / called**2)[:, None]).sum(axis=0),
        -(at_least * (true / called**2)[:, None]).sum(axis=0),
    )
    derivative[positive] += precision - area
    derivative /= number
    influence = np.empty(len(scores))
    for members in (positive, ~positive):
        influence[members] = members.sum() * (derivative[members] - derivative[members].mean())
    return area, influence


def average_precision_interval(scores: np.ndarray, target: np.ndarray, folds: int) -> Interval:
    """Average precision, mean over repeats, with its 95 % interval on the logit scale [1]_.

    The standard error is the larger of that of [1]_, which treats the area as a proportion of the events, and that of the
    patients' influence: alone, the influence is too small where few events stand at the top of the ranking (83 to 97 %
    coverage; see docs/study_evaluation.md for what is reached).

    Precision needs one ranking of all patients, so the folds of a repeat are pooled: unlike the AUC it is lowered where
    the models of different folds are not on one scale, never raised.

    Parameters
    ----------
    scores : (n, r), each patient in each of r repeats. target : (n,) of 0/1.
    folds : number of outer folds K; the variance is multiplied by K / (K - 1) as for the AUC.

    References
    ----------
    .. [1] Boyd, Eng, Page: Area under the precision-recall curve: point estimates and confidence intervals, ECML 2013.
    """
    if len(target) == 0 or target.min() == target.max():
        return NOTHING
    found = [average_precision(column, target) for column in scores.T]
    area = float(np.mean([value for value, _ in found]))
    error, freedom = standard_error(np.column_stack([influence for _, influence in found]), target)
    if not np.isfinite(error):
        return Interval(area, np.nan, np.nan)
    error *= np.sqrt(folds / (folds - 1)) if folds > 1 else 1.0
    inner = float(np.clip(area, 1e-3, 1 - 1e-3))
    error = max(error, float(np.sqrt(inner * (1 - inner) / target.sum())))
    reach = student.ppf(0.5 + CONFIDENCE / 2, freedom) * error / (inner * (1 - inner))
    lower, upper = expit(logit(inner) - reach), expit(logit(inner) + reach)
    return Interval(area, float(min(lower, area)), float(max(upper, area)))
