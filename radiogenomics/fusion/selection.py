"""Which features of a modality a signature stands on: pruned, picked by mRMR, kept where the pick is stable.

Everything here is learned on the rows it is given, which are training rows.

References
----------
.. [1] Ding, Peng: Minimum redundancy feature selection from microarray gene expression data, J. Bioinform. Comput. Biol.
   2005 (the difference of relevance and mean redundancy, both as correlations).
.. [2] Meinshausen, Bühlmann: Stability selection, JRSS B 2010.
.. [3] Shah, Samworth: Variable selection with error control: another look at stability selection, JRSS B 2013
   (complementary pairs of halves).
"""

from __future__ import annotations

import numpy as np

MOST_CANDIDATES = 250
"""Pruning looks at no more candidates than this, those with the strongest relation to the label: it is quadratic in them."""


def correlation_pruned(values: np.ndarray, priority: np.ndarray, limit: float) -> np.ndarray:
    """Columns to keep so that no two have a Pearson correlation above `limit` in absolute value.

    Greedy: columns are visited by falling `priority`, and one that correlates with a kept one is dropped. Of twins, the
    one with the higher priority stays; ties stay in the order of the columns.

    Parameters
    ----------
    values : (n, p), no NaN. priority : (p,). limit : in (0, 1].

    Returns
    -------
    positions, sorted
    """
    order = np.argsort(-np.round(priority, 10), kind="stable")
    correlation = np.abs(correlations(values))
    open_ = np.ones(values.shape[1], dtype=bool)
    kept = []
    for column in order:
        if open_[column]:
            kept.append(int(column))
            open_ &= correlation[column] <= limit
    return np.array(sorted(kept), dtype=int)


def mrmr(relevance: np.ndarray, redundancy: np.ndarray, count: int) -> np.ndarray:
    """The `count` columns that minimum redundancy, maximum relevance picks [1]_, in the order of picking.

    Parameters
    ----------
    relevance : (p,), in [0, 1]: absolute correlation with the label.
    redundancy : (p, p), absolute correlations between columns.

    The difference is used and not the quotient: a feature of noise that happens to have a correlation of 0.001 with what is
    picked would win by any quotient.
    """
    p = len(relevance)
    picked: list[int] = []
    shared = np.zeros(p)
    score = relevance.astype(float).copy()
    for _ in range(min(count, p)):
        if picked:
            shared += redundancy[picked[-1]]
            score = relevance - shared / len(picked)
        score[picked] = -np.inf
        picked.append(int(np.argmax(np.round(score, 12))))
    return np.array(picked, dtype=int)


def selection_frequency(
    values: np.ndarray, target: np.ndarray, redundancy: np.ndarray, count: int, pairs: int, seed: int
) -> np.ndarray:
    """How often each column is among the first `count` of mRMR on random halves of the patients [2]_ [3]_: (p,) in [0, 1].

    The patients of each class are divided into two halves `pairs` times, and both halves vote.
    """
    rng = np.random.default_rng(seed)
    votes = np.zeros(values.shape[1])
    classes = [np.flatnonzero(target == label) for label in (0, 1)]
    for _ in range(pairs):
        shuffled = [rng.permutation(rows) for rows in classes]
        halves = [np.concatenate([rows[side::2] for rows in shuffled]) for side in (0, 1)]
        for half in halves:
            votes[mrmr(relevance(values[half], target[half]), redundancy, count)] += 1
    return votes / (2 * pairs)


def relevance(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Absolute (point-biserial) correlation with the label, (n, p) and (n,) -> (p,); 0 for a column that does not vary."""
    centred, label = values - values.mean(axis=0), target - target.mean()
    length = np.sqrt((centred**2).sum(axis=0) * (label**2).sum())
    return np.abs(np.divide(label @ centred, length, out=np.zeros(values.shape[1]), where=length > 1e-12))


def correlations(values: np.ndarray, target: np.ndarray | None = None) -> np.ndarray:
    """Pearson correlations of the columns (n, p) -> (p, p); 0 with a column that does not vary.

    With a `target` (n,) of 0/1 they are those within the classes: two features that go together only because both go with
    the label do not repeat each other.
    """
    centred = values - values.mean(axis=0)
    if target is not None:
        for label in (0, 1):
            rows = target == label
            centred[rows] = values[rows] - values[rows].mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    scaled = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return np.asarray(scaled.T @ scaled)
