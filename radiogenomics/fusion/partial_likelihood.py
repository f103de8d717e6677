"""The partial likelihood of Cox's model with Efron's handling of ties, its penalised maximum, and what is built on it.

References
----------
.. [1] Efron: The efficiency of Cox's likelihood function for censored data, JASA 1977.
.. [2] Beck, Teboulle: A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sci. 2009 (with backtracking).
.. [3] Therneau, Grambsch: Modeling survival data, 2000, section 4.2 (martingale residuals).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar


class _Ties(NamedTuple):
    """The order of the patients by falling time, and where each event's risk set ends."""

    order: np.ndarray  # (n,)
    last: np.ndarray  # (d,) for each event the position, in that order, of the last patient at risk
    first: np.ndarray  # (d,) position of the first patient with the same time
    share: np.ndarray  # (d,) Efron's l / d of the event among the events of its time
    events: np.ndarray  # (n,) of 0/1, in that order


def _ties(times: np.ndarray, events: np.ndarray) -> _Ties:
    order = np.lexsort((np.arange(len(times)), -times))
    t, e = times[order], events[order]
    seen = np.flatnonzero(e == 1)
    last = np.searchsorted(-t, -t[seen], side="right") - 1
    first = np.searchsorted(-t, -t[seen], side="left")
    _, start, own, count = np.unique(first, return_index=True, return_inverse=True, return_counts=True)
    share = (np.arange(len(seen)) - start[own]) / count[own]  # `first` rises, so events of one time stand together
    return _Ties(order, last, first, share, e)


def _risk_sums(log_hazard: np.ndarray, ties: _Ties) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """exp(log hazard) (n, k) scaled by its column's maximum, that maximum (k,), and Efron's risk sums (d, k)."""
    z = log_hazard[ties.order]
    top = z.max(axis=0)
    hazard = np.exp(z - top)
    at_risk = np.cumsum(hazard, axis=0)
    dying = np.cumsum(hazard * ties.events[:, None], axis=0)
    before = np.where(ties.first[:, None] > 0, dying[np.maximum(ties.first - 1, 0)], 0.0)
    return hazard, top, at_risk[ties.last] - ties.share[:, None] * (dying[ties.last] - before)


def log_partial_likelihood(log_hazard: np.ndarray, times: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Efron's log partial likelihood [1]_ of each column: log hazards (n, k), times (n,), events (n,) -> (k,)."""
    if not events.any():
        return np.zeros(log_hazard.shape[1])
    ties = _ties(times, events)
    _, top, sums = _risk_sums(log_hazard, ties)
    own = log_hazard[ties.order][ties.events == 1]
    return np.asarray((own - top - np.log(sums)).sum(axis=0))


def _one_column(log_hazard: np.ndarray, ties: _Ties) -> tuple[np.ndarray, np.ndarray, float]:
    """`_risk_sums` of one column (n,), and minus its log partial likelihood."""
    z = log_hazard[ties.order]
    top = z.max()
    hazard = np.exp(z - top)
    at_risk = np.cumsum(hazard)
    if ties.share.any():
        dying = np.cumsum(hazard * ties.events)
        before = np.where(ties.first > 0, dying[np.maximum(ties.first - 1, 0)], 0.0)
        sums = at_risk[ties.last] - ties.share * (dying[ties.last] - before)
    else:
        sums = at_risk[ties.last]
    return hazard, sums, float(-(z[ties.events == 1] - top - np.log(sums)).sum())


def _value_and_slope(log_hazard: np.ndarray, ties: _Ties) -> tuple[float, np.ndarray]:
    """Minus the log partial likelihood of one column (n,), and its derivative by each log hazard (n,)."""
    hazard, sums, value = _one_column(log_hazard, ties)
    inverse = 1 / sums
    n = len(log_hazard)
    # every event counts for all patients up to `last`; for those who die at its time, less Efron's share
    added = np.bincount(ties.last, weights=inverse, minlength=n)
    weight = np.cumsum(added[::-1])[::-1]
    if ties.share.any():
        less = np.bincount(ties.first, weights=inverse * ties.share, minlength=n)
        weight = weight - ties.events * less[_first_of_time(ties, n)]
    slope = np.empty(n)
    slope[ties.order] = hazard * weight - ties.events
    return value, slope


def _first_of_time(ties: _Ties, n: int) -> np.ndarray:
    """For each patient in the order, the position of the first with the same time as his event; 0 for the censored."""
    first = np.zeros(n, dtype=int)
    first[ties.events == 1] = ties.first
    return first


def penalised_cox(
    design: np.ndarray,
    times: np.ndarray,
    events: np.ndarray,
    penalties: np.ndarray,
    l1_ratios: np.ndarray,
    *,
    tolerance: float = 1e-5,
    maximum_iterations: int = 500,
) -> np.ndarray:
    """Elastic-net Cox regression, one solution a penalty: coefficients (q, k).

    Minimises -(log partial likelihood) / n + penalty * (l1_ratio * |b|_1 + (1 - l1_ratio) / 2 * |b|_2^2) by accelerated
    proximal gradient with backtracking and restarts [2]_, each penalty started from the one before.

    Parameters
    ----------
    design : (n, q), centred columns. times, events : (n,). penalties, l1_ratios : (k,).
    """
    n, q = design.shape
    result = np.zeros((q, len(penalties)))
    if q == 0 or not events.any():
        return result
    ties = _ties(times, events)
    b, step = np.zeros(q), 1.0
    for k, (penalty, ratio) in enumerate(zip(penalties, l1_ratios, strict=True)):
        if k and ratio != l1_ratios[k - 1]:
            b = np.zeros(q)
        ridge, lasso = penalty * (1 - ratio), penalty * ratio

        def smooth(at: np.ndarray, ridge: float = ridge) -> tuple[float, np.ndarray]:
            value, slope = _value_and_slope(design @ at, ties)
            return value / n + 0.5 * ridge * float(at @ at), design.T @ slope / n + ridge * at

        def height(at: np.ndarray, ridge: float = ridge) -> float:
            return _one_column(design @ at, ties)[2] / n + 0.5 * ridge * float(at @ at)

        ahead, momentum = b.copy(), 1.0
        for _ in range(maximum_iterations):
            value, gradient = smooth(ahead)
            while True:
                moved = ahead - step * gradient
                new = np.sign(moved) * np.maximum(np.abs(moved) - step * lasso, 0.0)
                change = new - ahead
                bound = value + float(gradient @ change) + float(change @ change) / (2 * step)
                if height(new) <= bound + 1e-12 or step < 1e-8:
                    break
                step *= 0.5
            moved_by = new - b
            if float((ahead - new) @ moved_by) > 0:
                momentum = 1.0
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead, momentum, b = new + (momentum - 1) / following * moved_by, following, new
            if float(np.abs(moved_by).max()) < tolerance:
                break
        step = min(step * 2, 1e3)  # the next penalty may allow longer steps
        result[:, k] = b
    return result


def martingale_residuals(times: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Event seen minus expected without any predictor (n,): their covariance with a feature is its score statistic [3]_."""
    event_times, cumulative = baseline_hazard(np.zeros(len(times)), times, events)
    at = np.searchsorted(event_times, times, side="right")
    return np.asarray(events - np.concatenate([[0.0], cumulative])[at])


def baseline_hazard(log_hazard: np.ndarray, times: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Breslow's cumulative baseline hazard: the distinct event times (m,), sorted, and its value from each on (m,)."""
    hazard = np.exp(log_hazard)
    distinct = np.unique(times[events == 1])
    deaths = np.array([float(((times == t) & (events == 1)).sum()) for t in distinct])
    at_risk = np.array([float(hazard[times >= t].sum()) for t in distinct])
    return distinct, np.cumsum(deaths / at_risk) if len(distinct) else np.zeros(0)


def risk_recalibration(
    log_hazard: np.ndarray, times: np.ndarray, events: np.ndarray, *, prior_spread: float = 0.5
) -> float:
    """Slope in [0, 3] on log hazards (n, r) of r repeats; a patient counts once, whatever r.

    Maximum of the partial likelihood with a normal prior around 1, as in `logistic.recalibration`.
    """
    repeats = log_hazard.shape[1]

    def objective(slope: float) -> float:
        value = float(log_partial_likelihood(slope * log_hazard, times, events).sum()) / repeats
        return -value + 0.5 * ((slope - 1) / prior_spread) ** 2

    return float(minimize_scalar(objective, bounds=(0.0, 3.0), method="bounded", options={"xatol": 1e-6}).x)
