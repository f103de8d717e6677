"""Sensitivity, specificity and predictive values where one would act, from out-of-fold probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiogenomics.evaluation.concordance import NOTHING, Interval
from radiogenomics.evaluation.contributions import mean_interval
from radiogenomics.evaluation.proportions import wilson_interval

METHOD = "Wilson 1927 on the mean count over repeats; n is patients, never patients x repeats"


class OperatingPoint(NamedTuple):
    """Shares with their 95 % intervals."""

    sensitivity: Interval
    specificity: Interval
    ppv: Interval
    npv: Interval


def operating_point(called: np.ndarray, target: np.ndarray) -> OperatingPoint:
    """Shares of right calls among events, non-events, the called and the not called.

    Parameters
    ----------
    called : (n, r) bool, whether a patient is called positive in each of r repeats. target : (n,) of 0/1.

    Counts are averaged over repeats and then treated as those of one repeat: the variance within repeats is never larger
    than that of a binomial with the mean share, so the interval is not too short.
    """
    event, calls = target == 1, called.mean(axis=1)
    return OperatingPoint(
        _share(float(calls[event].sum()), float(event.sum())),
        _share(float((1 - calls[~event]).sum()), float((~event).sum())),
        _share(float(calls[event].sum()), float(calls.sum())),
        _share(float((1 - calls[~event]).sum()), float((1 - calls).sum())),
    )


def _share(count: float, n: float) -> Interval:
    if n < 0.5:  # nobody, in most repeats: a share of nobody does not exist
        return NOTHING
    lower, upper = wilson_interval(count, max(n, 1.0))
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

    References
    ----------
    .. [1] Vickers, Elkin: Decision curve analysis, Med. Decis. Making 2006; interval: Vickers et al., BMC Med. Inform.
       Decis. Mak. 2008, by each patient's contribution.
    """
    worth = np.where(target == 1, 1.0, -threshold / (1 - threshold))[:, None]
    own = (probability >= threshold) * worth
    everyone = np.broadcast_to(worth, own.shape)
    default = everyone if len(worth) and worth.mean() > 0 else np.zeros(own.shape)
    return mean_interval(own), mean_interval(own - default)
