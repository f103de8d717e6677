"""Figures of predicted risk for times to an event, with censoring.

All take arrays over n patients: `time` (any unit, > 0), `event` (1: happened at `time`, 0: censored then) and `risk` (higher
means earlier). Intervals are by the jackknife over patients, which holds for these ratios of sums over pairs whether or not
the risks come from cross-validation, and takes the estimate of the censoring along.

References
----------
.. [1] Harrell, Lee, Mark: Multivariable prognostic models, Stat. Med. 1996.
.. [2] Uno et al.: On the C-statistics for evaluating overall adequacy of risk prediction procedures with censored
   survival data, Stat. Med. 2011.
.. [3] Uno et al.: Evaluating prediction rules for t-year survivors with censored regression models, JASA 2007.
.. [4] Graf et al.: Assessment and comparison of prognostic classification schemes for survival data, Stat. Med. 1999.
.. [5] Kaplan, Meier: Nonparametric estimation from incomplete observations, JASA 1958.
.. [6] Kalbfleisch, Prentice: The statistical analysis of failure time data, 2nd ed., 2002, section 1.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from radiogenomics.evaluation.concordance import CONFIDENCE, Interval
from radiogenomics.exceptions import TableError


def harrell_c(time: np.ndarray, event: np.ndarray, risk: np.ndarray, fold: np.ndarray | None = None) -> Interval:
    """Harrell's C [1]_: of the pairs whose order is known, the share in which the higher risk had the earlier event.

    Equal risks count one half. A patient censored at the very time of another's event outlived it.

    Parameters
    ----------
    fold : (n,), where given only patients of one fold are compared: risks of differently trained models are not on one
        scale.
    """
    time, event, risk = _checked(time, event, risk)
    earlier, right = _pairs(time, event, risk, fold)
    return _ratio_interval(earlier * right, earlier)


def uno_c(
    time: np.ndarray, event: np.ndarray, risk: np.ndarray, *, until: float | None = None, fold: np.ndarray | None = None
) -> Interval:
    """Uno's C [2]_: as Harrell's, each pair weighted by 1 / G(time of the event)^2, G the chance of not being censored yet.

    It does not depend on the study's censoring, up to the time `until` (left out: the largest time of an event).
    """
    time, event, risk = _checked(time, event, risk)
    limit = float(time[event == 1].max()) if until is None and event.any() else until

    def estimate(rows: np.ndarray) -> float:
        t, e = time[rows], event[rows]
        earlier, right = _pairs(t, e, risk[rows], None if fold is None else fold[rows])
        weight = np.where((e == 1) & (t <= limit), 1 / np.maximum(censoring(t, e, t, before=True), 1e-12) ** 2, 0.0)
        total = float((weight[:, None] * earlier).sum())
        return float((weight[:, None] * earlier * right).sum()) / total if total > 0 else np.nan

    return _jackknife(estimate, len(time))


def time_dependent_auc(time: np.ndarray, event: np.ndarray, risk: np.ndarray, at: float) -> Interval:
    """Cumulative-dynamic AUC at a time [3]_: patients with an event by then against those still without one after it.

    Patients censored before are made up for by weighting the events with 1 / G(time).
    """
    time, event, risk = _checked(time, event, risk)

    def estimate(rows: np.ndarray) -> float:
        t, e, r = time[rows], event[rows], risk[rows]
        cases, controls = (t <= at) & (e == 1), t > at
        if not cases.any() or not controls.any():
            return np.nan
        weight = 1 / np.maximum(censoring(t, e, t[cases], before=True), 1e-12)
        gap = r[cases][:, None] - r[controls][None, :]
        right = ((gap > 0) + 0.5 * (gap == 0)).mean(axis=1)
        return float((weight * right).sum() / weight.sum())

    return _jackknife(estimate, len(time))


def brier_at(time: np.ndarray, event: np.ndarray, survival: np.ndarray, at: float) -> float:
    """Brier score at a time [4]_ of predicted chances (n,) of surviving beyond it, weighted for censoring."""
    dead, alive = (time <= at) & (event == 1), time > at
    weight = np.zeros(len(time))
    weight[dead] = 1 / np.maximum(censoring(time, event, time[dead], before=True), 1e-12)
    weight[alive] = 1 / np.maximum(censoring(time, event, np.array([at])), 1e-12)[0]
    return float((weight * (alive - survival) ** 2).mean())


def integrated_brier(time: np.ndarray, event: np.ndarray, survival: np.ndarray, times: np.ndarray) -> Interval:
    """Brier score integrated over `times` by the trapezoidal rule and divided by their span [4]_; lower is better.

    Parameters
    ----------
    survival : (n, t), chance of surviving beyond each of the t rising `times`.
    """
    time, event, _ = _checked(time, event, np.zeros(len(time)))
    times, survival = np.asarray(times, float), np.asarray(survival, float)
    if len(times) < 2 or (np.diff(times) <= 0).any() or survival.shape != (len(time), len(times)):
        raise TableError(
            f"integrated Brier score: survival is {survival.shape} for {len(time)} patients and {len(times)} rising times",
            rule="survival_shape",
        )

    def estimate(rows: np.ndarray) -> float:
        t, e = time[rows], event[rows]
        scores = [brier_at(t, e, survival[rows, column], float(at)) for column, at in enumerate(times)]
        return float(np.trapezoid(scores, times) / (times[-1] - times[0]))

    return _jackknife(estimate, len(time))


def censoring(time: np.ndarray, event: np.ndarray, at: np.ndarray, *, before: bool = False) -> np.ndarray:
    """Kaplan-Meier estimate [5]_ of not being censored beyond each time of `at`, or (`before`) just before it.

    Where an event and a censoring share a time, the event comes first.
    """
    order, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(order))
    everyone = np.bincount(place, minlength=len(order))
    censored, at_risk = everyone - events, everyone[::-1].cumsum()[::-1]
    left = np.maximum(at_risk - events, 1)
    curve = np.concatenate([[1.0], np.cumprod(1 - censored / left)])
    return curve[np.searchsorted(order, at, side="left" if before else "right")]


class Curve(NamedTuple):
    """A Kaplan-Meier curve: from each of `times` (k,) on the share without an event and its 95 % interval, each (k,)."""

    times: np.ndarray
    survival: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Curve:
    """Share without an event [5]_; interval by Greenwood's variance on the log(-log) scale [6]_, NaN where nothing happened yet."""
    time, event, _ = _checked(time, event, np.zeros(len(time)))
    moments, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(moments))
    at_risk = np.bincount(place, minlength=len(moments))[::-1].cumsum()[::-1]
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        reach = norm.ppf(0.5 + CONFIDENCE / 2) * np.sqrt(greenwood) / np.log(survival)
        lower, upper = survival ** np.exp(-reach), survival ** np.exp(reach)
    known = (survival > 0) & (survival < 1)
    lower, upper = np.where(known, lower, np.nan), np.where(known, upper, np.nan)
    return Curve(
        np.concatenate([[0.0], moments]),
        np.concatenate([[1.0], survival]),
        np.concatenate([[np.nan], lower]),
        np.concatenate([[np.nan], upper]),
    )


def breslow_survival(
    time: np.ndarray, event: np.ndarray, log_hazard: np.ndarray, new_log_hazard: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Chance (m, t) of surviving beyond `times` for new patients, from Breslow's baseline hazard of the training patients.

    Parameters
    ----------
    time, event, log_hazard : of the n training patients. new_log_hazard : (m,), on the same scale.
    """
    relative = np.exp(log_hazard - log_hazard.mean())
    moments = np.unique(time[event == 1])
    steps = np.array([((time == t) & (event == 1)).sum() / relative[time >= t].sum() for t in moments])
    hazard = np.concatenate([[0.0], np.cumsum(steps)])[np.searchsorted(moments, times, side="right")]
    return np.exp(-np.exp(new_log_hazard - log_hazard.mean())[:, None] * hazard[None, :])


def _checked(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, risk, event = np.asarray(time, float), np.asarray(risk, float), np.asarray(event).astype(int)
    if not len(time) == len(event) == len(risk):
        raise TableError(
            f"time, event and risk have {len(time)}, {len(event)} and {len(risk)} rows", rule="same_patients"
        )
    if not np.isfinite(time).all() or not np.isfinite(risk).all() or (time < 0).any():
        raise TableError("time and risk must be finite and time not negative", rule="finite")
    if not np.isin(event, (0, 1)).all():
        raise TableError("event is 1 or 0", rule="event")
    return time, event, risk


def _pairs(
    time: np.ndarray, event: np.ndarray, risk: np.ndarray, fold: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(n, n): whether the row's event is known to precede the column's; how right the risks of the pair are (0, 0.5, 1)."""
    outlived = (time[None, :] > time[:, None]) | ((time[None, :] == time[:, None]) & (event[None, :] == 0))
    earlier = (event[:, None] == 1) & outlived
    if fold is not None:
        earlier &= fold[:, None] == fold[None, :]
    gap = risk[:, None] - risk[None, :]
    return earlier.astype(float), (gap > 0) + 0.5 * (gap == 0)


def _ratio_interval(above: np.ndarray, below: np.ndarray) -> Interval:
    """The jackknife of a ratio of sums over pairs, all at once: leaving out i takes away row and column i."""
    total = below.sum()
    if total == 0:
        return Interval(np.nan, np.nan, np.nan)
    rest_above = above.sum() - above.sum(axis=0) - above.sum(axis=1) + np.diag(above)
    rest_below = total - below.sum(axis=0) - below.sum(axis=1) + np.diag(below)
    with np.errstate(invalid="ignore", divide="ignore"):
        without = rest_above / rest_below
    return _interval(float(above.sum() / total), without)


def _jackknife(estimate: Callable[[np.ndarray], float], n: int) -> Interval:
    everyone = np.arange(n)
    return _interval(estimate(everyone), np.array([estimate(np.delete(everyone, i)) for i in range(n)]))


def _interval(value: float, without: np.ndarray) -> Interval:
    n = len(without)
    if not np.isfinite(value) or n < 3 or not np.isfinite(without).all():
        return Interval(value, np.nan, np.nan)
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    reach = float(norm.ppf(0.5 + CONFIDENCE / 2)) * error
    return Interval(value, max(value - reach, 0.0), min(value + reach, 1.0))
