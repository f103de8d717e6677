"""Figures of cross-validated risk for a time to an event, with intervals in which patients, not repeats, are the sample.

Pairs of patients count only within a fold: risks of differently trained models are not on one scale. Every figure is
computed within each repeat and averaged over repeats. Its variance is the jackknife's over patients [1]_, [2]_ (the estimate
of the censoring is made anew without each patient), taken within each repeat, averaged over repeats, and multiplied by
K / (K - 1) for training sets that overlap, as for the AUC (:mod:`radiogenomics.evaluation.concordance`). Quantiles are Student's
with as many degrees of freedom as events less one, concordances on the logit scale.

References
----------
.. [1] Efron, Stein: The jackknife estimate of variance, Ann. Stat. 1981.
.. [2] Pencina, D'Agostino: Overall C as a measure of discrimination in survival analysis, Stat. Med. 2004.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE, Difference, Interval
from radiogenomics.evaluation.survival import _pairs, censoring

METHOD = "jackknife over patients within a repeat, mean over repeats, x K/(K-1), t, logit scale"


class FollowUp(NamedTuple):
    """Times, events, and the chances of not being censored, estimated from everyone and without each patient.

    Attributes
    ----------
    time, event : (n,). before : (n + 1, n), the chance of not being censored just before each patient's time; row i without
        patient i, the last row from everyone.
    """

    time: np.ndarray
    event: np.ndarray
    before: np.ndarray


class Parts(NamedTuple):
    """A figure (mean over repeats) and each patient's influence on it in each repeat (n, r)."""

    estimate: float
    influence: np.ndarray


def follow_up(time: np.ndarray, event: np.ndarray) -> FollowUp:
    """Prepare n patients; see `FollowUp`."""
    return FollowUp(time, event, _without_each(time, event, time, before=True))


def _without_each(time: np.ndarray, event: np.ndarray, at: np.ndarray, *, before: bool) -> np.ndarray:
    """`censoring` at each time of `at` without each of n patients, and (last) from everyone: (n + 1, len(at)).

    A patient less is one less at risk up to his own time, and one less to be censored or to die at it.
    """
    distinct, own = np.unique(time, return_inverse=True)
    places = np.arange(len(distinct))
    everyone, dying = np.bincount(own), np.bincount(own, weights=event)
    at_risk, his = everyone[::-1].cumsum()[::-1], places == own[:, None]
    censored = everyone - dying - his * (1 - event[:, None])
    left = np.maximum(at_risk - (places <= own[:, None]) - (dying - his * event[:, None]), 1)
    curves = np.cumprod(np.column_stack([np.ones(len(time)), 1 - censored / left]), axis=1)
    rows = curves[:, np.searchsorted(distinct, at, side="left" if before else "right")]
    return np.maximum(np.vstack([rows, censoring(time, event, at, before=before)]), 1e-12)


def last_reliable_time(time: np.ndarray, share: float = 0.1) -> float:
    """The last time at which this share of the patients is still observed: figures that reach further rest on few."""
    return float(np.quantile(time, 1 - share))


def harrell_parts(seen: FollowUp, risk: np.ndarray, fold: np.ndarray) -> Parts:
    """Harrell's C of risks (n, r) within folds (n, r)."""
    return _over_repeats(seen, risk, fold, np.ones_like(seen.before))


def uno_parts(seen: FollowUp, risk: np.ndarray, fold: np.ndarray, until: float) -> Parts:
    """Uno's C up to a time."""
    counted = ((seen.event == 1) & (seen.time <= until)).astype(float)
    return _over_repeats(seen, risk, fold, counted / seen.before**2)


def auc_parts(seen: FollowUp, risk: np.ndarray, fold: np.ndarray, at: float) -> Parts:
    """Cumulative-dynamic AUC at a time: patients with an event by then against those still without one after it."""
    case, control = (seen.time <= at) & (seen.event == 1), seen.time > at
    return _over_repeats(seen, risk, fold, case / seen.before, case[:, None] & control[None, :])


def brier_parts(seen: FollowUp, survival: np.ndarray, times: np.ndarray) -> Parts:
    """Integrated Brier score of chances (n, r, t) of surviving beyond each of the t rising `times`, a mean over the span."""
    n, repeats, _ = survival.shape
    scores = np.empty((n + 1, repeats, len(times)))
    keep = ~np.eye(n + 1, n, dtype=bool)
    chances = _without_each(seen.time, seen.event, np.asarray(times, dtype=float), before=False)
    for place, at in enumerate(times):
        beyond = chances[:, [place]]
        dead, alive = (seen.time <= at) & (seen.event == 1), seen.time > at
        weight = np.where(dead, 1 / seen.before, np.where(alive, 1 / beyond, 0.0)) * keep
        missed = (alive[:, None] - survival[:, :, place]) ** 2
        scores[:, :, place] = weight @ missed / keep.sum(axis=1, keepdims=True)
    integrated = np.trapezoid(scores, times, axis=2) / (times[-1] - times[0])
    return Parts(float(integrated[-1].mean()), (n - 1) * (integrated[-1] - integrated[:-1]))


def _over_repeats(
    seen: FollowUp, risk: np.ndarray, fold: np.ndarray, weights: np.ndarray, pairs: np.ndarray | None = None
) -> Parts:
    """A ratio of sums over ordered pairs; `weights` (n + 1, n) are of the earlier patient, row i without patient i."""
    n, repeats = risk.shape
    values, influence = [], np.full((n, repeats), np.nan)
    for repeat in range(repeats):
        earlier, right = _pairs(seen.time, seen.event, risk[:, repeat], fold[:, repeat])
        if pairs is not None:
            earlier = pairs & (fold[:, repeat][:, None] == fold[:, repeat][None, :])
        with np.errstate(invalid="ignore", divide="ignore"):
            each = _without(weights, earlier * right) / _without(weights, earlier.astype(float))
        values.append(each[-1])
        influence[:, repeat] = (n - 1) * (each[-1] - each[:-1])
    return Parts(float(np.mean(values)), influence)


def _without(weights: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Sums of `weights` x pairs without each patient, and (last) of everyone: (n + 1,)."""
    n = len(pairs)
    total = weights @ pairs.sum(axis=1)
    total[:n] -= (weights[:n] * pairs.T).sum(axis=1) + np.diagonal(weights[:n]) * pairs.sum(axis=1)
    return total


def standard_error(parts: Parts, fold: np.ndarray) -> float:
    """Standard error of a figure, with the allowance for overlapping training sets."""
    n = len(parts.influence)
    folds = len(np.unique(fold[:, 0]))
    variance = float(parts.influence.var(axis=0, ddof=1).mean()) / n
    return float(np.sqrt(variance * (folds / (folds - 1) if folds > 1 else 1.0)))


def interval(parts: Parts, fold: np.ndarray, events: int, *, logistic: bool = True) -> Interval:
    """95 % interval of a figure between 0 and 1; `logistic`: symmetric on the logit scale."""
    error = standard_error(parts, fold)
    if not np.isfinite(parts.estimate) or not np.isfinite(error) or events < 3:
        return Interval(parts.estimate, np.nan, np.nan)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, events - 1)) * error
    if not logistic:
        return Interval(parts.estimate, max(parts.estimate - reach, 0.0), min(parts.estimate + reach, 1.0))
    inner = float(np.clip(parts.estimate, 1e-3, 1 - 1e-3))
    reach /= inner * (1 - inner)
    lower, upper = expit(logit(inner) - reach), expit(logit(inner) + reach)
    return Interval(parts.estimate, float(min(lower, parts.estimate)), float(max(upper, parts.estimate)))


def difference(first: Parts, second: Parts, fold: np.ndarray, events: int) -> Difference:
    """A figure of the first model less that of the second, on the same patients and folds."""
    gap = Parts(first.estimate - second.estimate, first.influence - second.influence)
    error = standard_error(gap, fold)
    if not np.isfinite(gap.estimate) or not np.isfinite(error) or events < 3:
        return Difference(gap.estimate, np.nan, np.nan, np.nan)
    if error < 1e-12:
        return Difference(gap.estimate, gap.estimate, gap.estimate, 1.0 if abs(gap.estimate) < 1e-12 else 0.0)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, events - 1)) * error
    p = float(2 * student.sf(abs(gap.estimate) / error, events - 1))
    return Difference(gap.estimate, gap.estimate - reach, gap.estimate + reach, p)
