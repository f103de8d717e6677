"""Are the probabilities right? Brier score, calibration in the large, calibration slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE, NOTHING, Interval

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

    The squared error is averaged over a patient's repeats, then over patients; the interval is Student's over patients.
    """
    if len(target) == 0:
        return NOTHING
    errors = ((probabilities - target[:, None]) ** 2).mean(axis=1)
    mean = float(errors.mean())
    if len(errors) < 2:
        return Interval(mean, np.nan, np.nan)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, len(errors) - 1) * errors.std(ddof=1) / np.sqrt(len(errors)))
    return Interval(mean, max(mean - reach, 0.0), min(mean + reach, 1.0))


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
    intercepts = [_intercept(column, target) for column in log_odds.T]
    slopes = [_slope(column, target) for column in log_odds.T]
    return Calibration(float(np.mean(intercepts)), float(np.mean(slopes)))


def _intercept(log_odds: np.ndarray, target: np.ndarray) -> float:
    """The shift of all log-odds that makes the mean prediction right, by Newton's method."""
    shift = 0.0
    for _ in range(100):
        fitted = expit(shift + log_odds)
        information = float((fitted * (1 - fitted)).sum())
        if information < 1e-9:
            return np.nan
        change = float((target - fitted).sum()) / information
        shift += float(np.clip(change, -2, 2))
        if abs(shift) > UNBELIEVABLE:
            return np.nan
        if abs(change) < 1e-10:
            return shift
    return np.nan


def _slope(log_odds: np.ndarray, target: np.ndarray) -> float:
    """Slope of the label's logistic regression on the log-odds, by Newton's method."""
    spread = float(log_odds.std())
    if spread < 1e-6:
        return np.nan
    design = np.column_stack([np.ones(len(target)), (log_odds - log_odds.mean()) / spread])
    beta = np.zeros(2)
    for _ in range(100):
        fitted = expit(design @ beta)
        hessian = design.T @ (design * (fitted * (1 - fitted))[:, None])
        if np.linalg.cond(hessian) > 1e10:
            return np.nan
        change = np.linalg.solve(hessian, design.T @ (target - fitted))
        beta = beta + np.clip(change, -2, 2)
        if np.abs(beta).max() > UNBELIEVABLE:
            return np.nan
        if np.abs(change).max() < 1e-10:
            return float(beta[1] / spread)
    return np.nan
