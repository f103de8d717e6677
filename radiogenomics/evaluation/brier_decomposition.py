"""Where the Brier score comes from: miscalibration, discrimination, uncertainty."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression

from radiogenomics.evaluation.concordance import Interval
from radiogenomics.evaluation.contributions import mean_interval


class BrierParts(NamedTuple):
    """Brier score = miscalibration - discrimination + uncertainty."""

    miscalibration: Interval
    discrimination: Interval
    uncertainty: Interval


def brier_decomposition(probabilities: np.ndarray, target: np.ndarray) -> BrierParts:
    """The CORP decomposition [1]_, which needs no choice of bins: recalibrated by pooling adjacent violators.

    Parameters
    ----------
    probabilities : (n, r), each patient in each of r repeats. target : (n,) of 0/1.

    Miscalibration is what recalibrating would save, discrimination what the recalibrated probabilities save against
    saying the share of events to everybody, uncertainty the Brier score of saying that. Recalibration and the share
    minimise the Brier score, so that to first order their own estimation adds nothing to the variance, and the intervals
    are those of a mean over patients. With few patients recalibrating fits noise, so miscalibration is too high, and
    discrimination with it, by the same amount.

    References
    ----------
    .. [1] Dimitriadis, Gneiting, Jordan: Stable reliability diagrams for probabilistic classifiers, PNAS 2021.
    """
    label = target[:, None].astype(float)
    squared = (probabilities - label) ** 2
    recalibrated = np.column_stack([recalibrate(column, target) for column in probabilities.T])
    best = (recalibrated - label) ** 2
    share = target.mean() if len(target) else np.nan
    plain = np.broadcast_to((share - label) ** 2, squared.shape)
    return BrierParts(
        mean_interval(squared - best, least=0.0),
        mean_interval(plain - best, least=0.0),
        mean_interval(plain, least=0.0, most=0.25),
    )


def recalibrate(probability: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The non-decreasing function of `probability` (n,) that is nearest to `target` (n,); equal inputs stay equal."""
    levels, where, counts = np.unique(probability, return_inverse=True, return_counts=True)
    if len(levels) == 0:
        return np.zeros(0)
    shares = np.bincount(where, weights=target, minlength=len(levels)) / counts
    return np.asarray(isotonic_regression(shares, weights=counts).x)[where]
