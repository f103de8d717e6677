"""Are the probabilities right? Brier score, calibration in the large, calibration slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE, NOTHING, Interval
from radiogenomics.evaluation.contributions import mean_interval

LIMIT = 1e-6
"""Probabilities are kept this far from 0 and 1 before their log-odds are taken."""
UNBELIEVABLE = 50.0
"""A slope or intercept beyond this means that the classes are separated: there is no finite estimate."""


class Calibration(NamedTuple):
    """Intercept (0 is right; slope held at 1) and slope (1 is right; below 1 too extreme)."""

    intercept: float
    slope: float


def brier_interval(probabilities: np.ndarray, target: np.ndarray) -> Interval:
    """Brier score with its interval.

    Parameters
    ----------
    probabilities : (n, r), each patient in each of r repeats. target : (n,) of 0/1.

    The interval is that of a mean over patients, see `contributions.mean_interval`.
    """
    return mean_interval((probabilities - target[:, None]) ** 2, least=0.0, most=1.0)


def calibration(probabilities: np.ndarray, target: np.ndarray) -> Calibration:
    """Calibration intercept and slope [1]_, each the mean over repeats. Shapes as in `brier_interval`.

    NaN where they do not exist: one class only, constant predictions (slope), separated classes.

    References
    ----------
    .. [1] Van Calster et al.: A calibration hierarchy for risk models was defined, J. Clin. Epidemiol. 2016.
    """
    if len(target) == 0 or target.min() == target.max():
        return Calibration(np.nan, np.nan)
    log_odds = logit(np.clip(probabilities, LIMIT, 1 - LIMIT))
    intercepts = [_intercept(column, target)[0] for column in log_odds.T]
    slopes = [_slope(column, target)[0] for column in log_odds.T]
    return Calibration(float(np.mean(intercepts)), float(np.mean(slopes)))


def calibration_intervals(probabilities: np.ndarray, target: np.ndarray) -> tuple[Interval, Interval]:
    """Calibration intercept and slope with 95 % intervals. Shapes as in `brier_interval`.

    The variance is the robust one (sandwich), which holds although the log-odds are not the true model's; it is averaged
    over repeats like that of the AUC.
    """
    if len(target) == 0 or target.min() == target.max():
        return NOTHING, NOTHING
    log_odds = logit(np.clip(probabilities, LIMIT, 1 - LIMIT))
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, len(target) - 2)) if len(target) > 2 else np.nan
    intervals = []
    for fit in (_intercept, _slope):
        found = [fit(column, target) for column in log_odds.T]
        estimate = float(np.mean([value for value, _ in found]))
        reach = quantile * float(np.sqrt(np.mean([variance for _, variance in found])))
        intervals.append(Interval(estimate, estimate - reach, estimate + reach))
    return intervals[0], intervals[1]


def _intercept(log_odds: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """The shift of all log-odds that makes the mean prediction right, by Newton's method, and its variance."""
    shift = 0.0
    for _ in range(100):
        fitted = expit(shift + log_odds)
        information = float((fitted * (1 - fitted)).sum())
        if information < 1e-9:
            return np.nan, np.nan
        change = float((target - fitted).sum()) / information
        shift += float(np.clip(change, -2, 2))
        if abs(shift) > UNBELIEVABLE:
            return np.nan, np.nan
        if abs(change) < 1e-10:
            return shift, float(((target - fitted) ** 2).sum()) / information**2
    return np.nan, np.nan


def _slope(log_odds: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Slope of the label's logistic regression on the log-odds, by Newton's method, and its variance."""
    spread = float(log_odds.std())
    if spread < 1e-6:
        return np.nan, np.nan
    design = np.column_stack([np.ones(len(target)), (log_odds - log_odds.mean()) / spread])
    beta = np.zeros(2)
    for _ in range(100):
        fitted = expit(design @ beta)
        hessian = design.T @ (design * (fitted * (1 - fitted))[:, None])
        if np.linalg.cond(hessian) > 1e10:
            return np.nan, np.nan
        change = np.linalg.solve(hessian, design.T @ (target - fitted))
        beta = beta + np.clip(change, -2, 2)
        if np.abs(beta).max() > UNBELIEVABLE:
            return np.nan, np.nan
        if np.abs(change).max() < 1e-10:
            bread = np.linalg.inv(hessian)
            meat = design.T @ (design * ((target - fitted) ** 2)[:, None])
            return float(beta[1] / spread), float((bread @ meat @ bread)[1, 1] / spread**2)
    return np.nan, np.nan
