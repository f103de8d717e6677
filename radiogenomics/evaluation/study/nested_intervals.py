"""The interval by nested cross-validation of Bates, Hastie and Tibshirani [1]_, for the AUC, to hold ours against.

The error of a cross-validated figure is estimated directly: all folds but one are cross-validated among themselves, and the
result is compared with the figure on the fold left out. Their derivation is for means over patients; here the AUC of a fold
stands in place of its mean error, and DeLong's variance in place of the variance of that mean.

References
----------
.. [1] Bates, Hastie, Tibshirani: Cross-validation: what does it estimate and how well does it do it?, JASA 2023,
   algorithm 1.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.stats import norm
from sklearn.model_selection import StratifiedKFold

from radiogenomics.evaluation.concordance import Interval, placements, standard_error
from radiogenomics.evaluation.study.discriminant import fit

REPEATS = 10
"""Divisions into folds. The authors advise 200; the estimate of the error is steadier with more, and costs as much more."""


def nested_auc_interval(X: np.ndarray, target: np.ndarray, folds: int, seed: int, repeats: int = REPEATS) -> Interval:
    """AUC of the linear discriminant with the 95 % interval by nested cross-validation.

    Parameters
    ----------
    X : (n, p). target : (n,) of 0/1. seed : of the divisions.
    """
    inner: list[float] = []
    outer: list[float] = []
    squares: list[float] = []
    variances: list[float] = []
    for repeat in range(repeats):
        splitter = StratifiedKFold(folds, shuffle=True, random_state=(seed * 1000 + repeat) % 2**32)
        tests = [test for _, test in splitter.split(X, target)]
        everyone = np.arange(len(target))
        left_out: dict[tuple[int, int], tuple[float, float]] = {}
        for pair in combinations(range(folds), 2):
            train = np.setdiff1d(everyone, np.concatenate([tests[k] for k in pair]))
            model = fit(X[train], target[train])
            left_out[pair] = tuple(_auc(X[tests[k]] @ model.weights, target[tests[k]])[0] for k in pair)  # type: ignore[assignment]
        for k in range(folds):
            train = np.setdiff1d(everyone, tests[k])
            model = fit(X[train], target[train])
            value, variance = _auc(X[tests[k]] @ model.weights, target[tests[k]])
            others = [
                left_out[(min(k, j), max(k, j))][0 if j < k else 1] for j in range(folds) if j != k
            ]  # fold j, by models that saw neither j nor k
            mean = float(np.nanmean(others))
            if np.isfinite(value) and np.isfinite(variance):
                inner.append(mean)
                outer.append(value)
                squares.append((mean - value) ** 2)
                variances.append(variance)
    if not outer:
        return Interval(np.nan, np.nan, np.nan)
    plain = float(np.mean(outer))
    naive = float(np.sqrt(np.mean(variances) / folds))
    error = float(np.sqrt(max(float(np.mean(squares)) - float(np.mean(variances)), 0.0) * (folds - 1) / folds))
    error = min(max(error, naive), naive * folds**0.5)  # the authors' bounds
    centre = plain - (folds - 2) / folds * (float(np.mean(inner)) - plain)  # their correction of the bias
    reach = float(norm.ppf(0.975)) * error
    return Interval(centre, centre - reach, centre + reach)


def _auc(scores: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """AUC of one fold and DeLong's variance of it."""
    one = np.zeros((len(target), 1), dtype=int)
    value, influence = placements(scores[:, None], target, one)
    return value, standard_error(influence, target)[0] ** 2
