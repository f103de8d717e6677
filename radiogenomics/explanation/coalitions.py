"""What each modality contributes to a patient's probability: Shapley values over true coalitions.

The value of a coalition of modalities is the prediction made with the other modalities absent; of none, the share of events
among the training patients. Absent is what the models themselves understand by it, so nothing is imputed or drawn from a
background. The values of a patient's modalities add up to his probability less that share [1]_; a modality that he lacks
changes no coalition and has the value 0.

References
----------
.. [1] Shapley: A value for n-person games, 1953. Štrumbelj, Kononenko: Explaining prediction models and individual
   predictions with feature contributions, Knowledge and Information Systems 2014 (the sampling of orders).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

MOST_EXACT = 6
"""Modalities up to which all coalitions are tried: 64 predictions a patient."""
ORDERS = 64
"""Beyond: pairs of an order of the modalities and its reverse."""

Value = Callable[[frozenset[int]], np.ndarray]


class Effects(NamedTuple):
    """Shapley values on the scale of probabilities.

    Attributes
    ----------
    effect : (n, m), 0 for a modality that the patient lacks; NaN where the model abstains on the patient.
    standard_error : (n, m) of the sampling of orders; 0 where exact.
    base : share of events among the training patients.
    probability : (n,) prediction with all of the patient's modalities; base + effects.
    method : 'exact' or 'sampled'.
    """

    effect: np.ndarray
    standard_error: np.ndarray
    base: float
    probability: np.ndarray
    method: str


def modality_effects(
    model: Any,
    X: pd.DataFrame,
    blocks: Mapping[str, np.ndarray],
    base: float,
    *,
    random_state: int = 0,
    most_exact: int = MOST_EXACT,
    orders: int = ORDERS,
) -> Effects:
    """What each modality adds to the probability of each patient of `X`.

    Parameters
    ----------
    model : fitted; `decision_function` gives log-odds, NaN where it abstains (then the coalition says no more than `base`).
    X : (n, p) predictors. blocks : positions of each modality's columns, m of them.
    base : share of events among the patients that the model was fitted on.
    most_exact, orders : above `most_exact` modalities, `orders` pairs of orders are sampled.
    """
    value = _remembered(lambda kept: _prediction(model, X, blocks, kept, base))
    m = len(blocks)
    full = value(frozenset(range(m)))
    if m <= most_exact:
        effect, error, method = _exact(value, m), np.zeros((len(X), m)), "exact"
    else:
        effect, error = _sampled(value, m, orders, random_state)
        method = "sampled"
    silent = np.isnan(model.decision_function(X))
    effect[silent], error[silent] = np.nan, np.nan
    return Effects(effect, error, base, np.where(silent, np.nan, full), method)


def _prediction(
    model: Any, X: pd.DataFrame, blocks: Mapping[str, np.ndarray], kept: frozenset[int], base: float
) -> np.ndarray:
    """Probability (n,) with the modalities outside `kept` absent."""
    if not kept:
        return np.full(len(X), base)
    values = X.to_numpy(dtype=float, copy=True)
    for index, columns in enumerate(blocks.values()):
        if index not in kept:
            values[:, columns] = np.nan
    said = model.decision_function(pd.DataFrame(values, index=X.index, columns=X.columns))
    return np.where(np.isnan(said), base, expit(said))


def _remembered(value: Value) -> Value:
    known: dict[frozenset[int], np.ndarray] = {}

    def asked(kept: frozenset[int]) -> np.ndarray:
        if kept not in known:
            known[kept] = value(kept)
        return known[kept]

    return asked


def _exact(value: Value, m: int) -> np.ndarray:
    effect = np.zeros((len(value(frozenset())), m))
    for index in range(m):
        others = [other for other in range(m) if other != index]
        for size in range(m):
            weight = factorial(size) * factorial(m - size - 1) / factorial(m)
            for kept in combinations(others, size):
                effect[:, index] += weight * (value(frozenset({*kept, index})) - value(frozenset(kept)))
    return effect


def _sampled(value: Value, m: int, orders: int, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard errors over pairs of an order and its reverse; each order adds up exactly."""
    rng = np.random.default_rng(random_state)
    pairs = []
    for _ in range(orders):
        order = rng.permutation(m)
        pairs.append((_gains(value, order) + _gains(value, order[::-1])) / 2)
    gains = np.stack(pairs)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(orders)


def _gains(value: Value, order: np.ndarray) -> np.ndarray:
    before, kept = value(frozenset()), frozenset[int]()
    gains = np.zeros((len(before), len(order)))
    for index in order:
        kept = kept | {int(index)}
        after = value(kept)
        gains[:, index] = after - before
        before = after
    return gains
