"""Sensitivity, specificity and predictive values where one would act, from out-of-fold probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiogenomics.evaluation.concordance import NOTHING, Interval
from radiogenomics.evaluation.proportions import weighted_difference_interval, wilson_interval

METHOD = "Wilson 1927 on the mean count over repeats; n is patients, never patients x repeats"
PREDICTIVE_METHOD = f"{METHOD}; variance x K/(K-1)"
BENEFIT_METHOD = "Zou and Donner 2008 from Wilson intervals of the mean counts over repeats; n is patients"


class OperatingPoint(NamedTuple):
    """Shares with their 95 % intervals."""

    sensitivity: Interval
    specificity: Interval
    ppv: Interval
    npv: Interval


def operating_point(called: np.ndarray, target: np.ndarray, folds: int = 0) -> OperatingPoint:
    """Shares of right calls among events, non-events, the called and the not called.

    Parameters
    ----------
    called : (n, r) bool, whether a patient is called positive in each of r repeats. target : (n,) of 0/1.
    folds : K, of the cross-validation; 0: the calls are not cross-validated.

    Counts are averaged over repeats and then treated as those of one repeat: the variance within repeats is never larger
    than that of a binomial with the mean share, so the interval is not too short.
    Predictive values are shares of those that are called or not, whose number hangs on the models too: their variance is
    multiplied by K / (K - 1), as that of the AUC.
    """
    event, calls = target == 1, called.mean(axis=1)
    return OperatingPoint(
        _share(float(calls[event].sum()), float(event.sum())),
        _share(float((1 - calls[~event]).sum()), float((~event).sum())),
        _share(float(calls[event].sum()), float(calls.sum()), folds),
        _share(float((1 - calls[~event]).sum()), float((1 - calls).sum()), folds),
    )


def _share(count: float, n: float, folds: int = 0) -> Interval:
    if n < 0.5:  # nobody, in most repeats: a share of nobody does not exist
        return NOTHING
    lower, upper = wilson_interval(count, max(n, 1.0), inflation=folds / (folds - 1) if folds > 1 else 1.0)
    return Interval(count / n, min(float(lower), count / n), max(float(upper), count / n))


def calls_at_sensitivity(
    probability: np.ndarray, target: np.ndarray, fold: np.ndarray, sensitivity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Calls by a threshold that is meant to find this share of events, chosen without the patients it is applied to.

    Parameters
    ----------
    probability, fold : (n, r). target : (n,) of 0/1.

    For each fold the threshold is the highest that finds the share among the events of the other folds of that repeat.
    Choosing it on the same patients instead would find the target exactly, and promise a specificity that no new patient
    gets.

    Returns
    -------
    called : (n, r) bool. thresholds : (n, r), NaN (and nobody called) where the other folds hold no event.
    """
    thresholds = np.full(probability.shape, np.nan)
    for repeat in range(probability.shape[1]):
        for number in np.unique(fold[:, repeat]):
            inside = fold[:, repeat] == number
            events = np.sort(probability[~inside & (target == 1), repeat])[::-1]
            if len(events):
                needed = int(np.ceil(sensitivity * len(events) - 1e-9))
                thresholds[inside, repeat] = events[max(needed, 1) - 1]
    return probability >= thresholds, thresholds


def net_benefit(probability: np.ndarray, target: np.ndarray, threshold: float) -> tuple[Interval, Interval]:
    """Net benefit [1]_ of acting at a threshold, and how much it is above the better of acting on all and on none.

    Parameters
    ----------
    probability : (n, r). target : (n,) of 0/1. threshold : in (0, 1).

    A benefit is the share of true positives less the odds of the threshold times that of false positives; against acting on
    all it is the odds times the share of true negatives less that of false negatives. Each has its interval [2]_. Over the
    better of the two defaults the gain is the smaller of the two gains, and so are its limits: which default is better
    needs not be known.

    References
    ----------
    .. [1] Vickers, Elkin: Decision curve analysis, Med. Decis. Making 2006.
    .. [2] `proportions.weighted_difference_interval`.
    """
    n = len(target)
    if n == 0:
        return NOTHING, NOTHING
    called, odds = (probability >= threshold).mean(axis=1), threshold / (1 - threshold)
    over_none = _weighted(called * target, called * (1 - target), 1.0, odds)
    over_all = _weighted((1 - called) * (1 - target), (1 - called) * target, odds, 1.0)
    pairs = zip(over_none, over_all, strict=True)
    return over_none, Interval(*(min(first, second) for first, second in pairs))


def _weighted(first: np.ndarray, second: np.ndarray, gain: float, loss: float) -> Interval:
    """gain * mean(first) - loss * mean(second)."""
    share1, share2 = float(first.mean()), float(second.mean())
    lower, upper = weighted_difference_interval(share1, share2, loss / gain, len(first))
    return Interval(gain * share1 - loss * share2, gain * lower, gain * upper)
