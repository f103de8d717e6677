"""Are the probabilities right? Brier score, calibration in the large, calibration slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
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
    slopes = [_slope(column, target) for column in log_odds.T]
    return Calibration(float(np.mean(intercepts)), float(np.mean(slopes)))


def calibration_intervals(probabilities: np.ndarray, target: np.ndarray, folds: int = 0) -> tuple[Interval, Interval]:
    """Calibration intercept and slope with 95 % intervals. Shapes as in `brier_interval`.

    The intercept's variance is the robust one (sandwich), which holds although the log-odds are not the true model's, averaged
    over repeats like that of the AUC.

    The slope is a ratio to the spread of the log-odds, which a weak model hardly has: an interval of an estimate and its
    standard error is then far too short. Its interval holds every slope that a robust score test [1]_ does not refuse, with
    score and variance averaged over repeats, the variance times K / (K - 1), and Student's quantile for the rarer class less
    one. Where the test refuses nothing on one side, the limit is `UNBELIEVABLE`: the data do not say.

    Parameters
    ----------
    folds : K, of the cross-validation; 0: the predictions are not cross-validated.

    References
    ----------
    .. [1] Boos: On generalized score tests, Am. Stat. 1992.
    """
    if len(target) == 0 or target.min() == target.max():
        return NOTHING, NOTHING
    log_odds = logit(np.clip(probabilities, LIMIT, 1 - LIMIT))
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, len(target) - 2)) if len(target) > 2 else np.nan
    found = [_intercept(column, target) for column in log_odds.T]
    intercept = float(np.mean([value for value, _ in found]))
    reach = quantile * float(np.sqrt(np.mean([variance for _, variance in found])))
    slope = float(np.mean([_slope(column, target) for column in log_odds.T]))
    return Interval(intercept, intercept - reach, intercept + reach), Interval(
        slope, *_slope_limits(slope, log_odds, target, folds)
    )


def _slope_limits(slope: float, log_odds: np.ndarray, target: np.ndarray, folds: int) -> tuple[float, float]:
    rarer = int(min(target.sum(), (1 - target).sum()))
    if not np.isfinite(slope) or rarer < 3:
        return np.nan, np.nan
    inflation = folds / (folds - 1) if folds > 1 else 1.0
    most = float(student.ppf(0.5 + CONFIDENCE / 2, rarer - 1)) ** 2 * inflation

    def excess(at: float) -> float:
        """The test statistic less its quantile; below 0: not refused."""
        scores = [_score(column, target, at) for column in log_odds.T]
        total, variance = (float(np.mean(values)) for values in zip(*scores, strict=True))
        return total**2 / max(variance, 1e-300) - most

    limits = []
    for sign in (-1.0, 1.0):
        inside, step = slope, 0.5 / float(log_odds.std(axis=0).mean())
        limit = sign * UNBELIEVABLE
        while abs(inside + sign * step) < UNBELIEVABLE:
            outside = inside + sign * step
            if excess(outside) > 0:
                limit = float(brentq(excess, inside, outside, xtol=1e-4)) if excess(inside) < 0 else inside
                break
            inside, step = outside, 1.5 * step
        limits.append(limit)
    return min(limits[0], slope), max(limits[1], slope)


def _score(log_odds: np.ndarray, target: np.ndarray, slope: float) -> tuple[float, float]:
    """The score of the slope at a value of it, with the intercept that fits best, and the score's robust variance."""
    fitted = expit(slope * log_odds + _shift(slope * log_odds, target))
    weight = fitted * (1 - fitted)
    centre = float(weight @ log_odds) / max(float(weight.sum()), 1e-300)
    own = (log_odds - centre) * (target - fitted)
    n = len(target)
    return float(own.sum()), float((own**2).sum()) * n / (n - 1)


def _shift(log_odds: np.ndarray, target: np.ndarray) -> float:
    """What is added to all log-odds to make the mean prediction right."""
    far = float(np.abs(log_odds).max()) + 30.0
    return float(brentq(lambda shift: float((target - expit(shift + log_odds)).sum()), -far, far, xtol=1e-9))


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
