"""From predictor columns with gaps to a design matrix: everything here is learned on training rows alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from radiogenomics.fusion.columns import presence

CLIP = 3.0
"""Standardised values are clipped here: one extreme radiomic value must not carry a linear model."""

MINIMUM_PATTERN = 3
"""A missingness indicator needs this many rows with and without the value to be worth a coefficient."""


SKEWED = 2.0
"""A column of numbers from 0 up with more skewness than this (an exponential's) enters as log(1 + x / median)."""
LEAST_DISTINCT = 10
"""Columns with fewer distinct values are counts or codes, and enter as they are."""


class Block:
    """One modality's columns: logarithm of skewed ones, median imputation, missingness indicators, standardising, univariate preselection.

    Of the candidates (features that vary, and indicators of missing values) the `limit` ones with the largest
    two-sample t statistic [1]_ are kept, so that a modality of a thousand features does not drown one of ten.

    References
    ----------
    .. [1] Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 2009, section 7.10.2: such a selection is
       part of the model, so it is repeated inside every fold.
    """

    def __init__(self, columns: np.ndarray, limit: int) -> None:
        self.columns = columns
        self.limit = limit

    def fit(self, values: np.ndarray, target: np.ndarray) -> Block:
        """Learn from the rows that have the modality: `values` (n, p) of this block with NaN, `target` (n,) of 0/1."""
        logged = _log_scales(values)
        values = _logged(values, logged)
        missing = np.isnan(values)
        known = (~missing).sum(axis=0)
        filled = np.where(missing, 0.0, values)
        mean = filled.sum(axis=0) / np.maximum(known, 1)
        spread = np.sqrt((np.where(missing, 0.0, values - mean) ** 2).sum(axis=0) / np.maximum(known, 1))
        varies = (known >= 2) & (spread > 1e-10 * np.maximum(np.abs(mean), 1e-10))
        usable = np.flatnonzero(varies)
        self.mean = mean[usable]
        self.spread = spread[usable]
        scaled = self._standardised(values[:, usable])
        self.fill = _column_medians(scaled)
        scaled = np.where(np.isnan(scaled), self.fill, scaled)
        patterns = _distinct_patterns(missing)
        indicators = missing[:, patterns].astype(float)
        candidates = np.hstack([scaled, indicators])
        order = _by_t_statistic(candidates, target)[: self.limit]
        kept = np.sort(order)
        features = kept[kept < len(usable)]
        flagged = kept[kept >= len(usable)] - len(usable)
        self.features = usable[features]
        self.logged = logged[self.features]
        self.mean, self.spread, self.fill = self.mean[features], self.spread[features], self.fill[features]
        self.flags = patterns[flagged]
        self.flag_mean = indicators[:, flagged].mean(axis=0)
        self.flag_spread = np.maximum(indicators[:, flagged].std(axis=0), 1e-12)
        return self

    def _standardised(self, values: np.ndarray) -> np.ndarray:
        return np.clip((values - self.mean) / self.spread, -CLIP, CLIP)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """(n, p) raw values of this block -> (n, kept features + kept flags), no NaN."""
        known = values[:, self.features]
        logged = getattr(self, "logged", None)  # a model stored by an earlier version has none
        scaled = self._standardised(known if logged is None else _logged(known, logged))
        scaled = np.where(np.isnan(scaled), self.fill, scaled)
        flags = (np.isnan(values[:, self.flags]) - self.flag_mean) / self.flag_spread
        return np.hstack([scaled, flags])

    @property
    def owners(self) -> np.ndarray:
        """For each output column of `transform`, the position in the whole table of the column it stems from."""
        return self.columns[np.concatenate([self.features, self.flags])]


class Design:
    """The blocks of one or more modalities side by side, with an indicator for each modality that some patients lack.

    Attributes
    ----------
    owners : int array, for each design column the contribution it counts towards: a column of the table, or
        `n_features + m` for the indicator that modality m is absent.
    groups : int array, for each design column the position of its modality among `blocks`.
    """

    def __init__(
        self, blocks: dict[str, np.ndarray], n_features: int, limit: int, picked: dict[str, np.ndarray] | None = None
    ) -> None:
        """`picked`: of each modality only these columns enter; it is absent where all of its own columns are NaN."""
        self.positions = blocks
        self.n_features = n_features
        self.limit = limit
        self.picked = blocks if picked is None else picked

    def fit(self, values: np.ndarray, target: np.ndarray) -> Design:
        """Learn from training rows: `values` (n, n_features) with NaN, `target` (n,) of 0/1."""
        here = presence(values, self.positions)
        self.blocks = []
        for index, columns in enumerate(self.picked.values()):
            rows = here[:, index]
            self.blocks.append(Block(columns, self.limit).fit(values[np.ix_(rows, columns)], target[rows]))
        absent = ~here
        counts = absent.sum(axis=0)
        self.indicated = np.flatnonzero((counts >= MINIMUM_PATTERN) & (counts <= len(values) - MINIMUM_PATTERN))
        self.owners = np.concatenate([*(block.owners for block in self.blocks), self.n_features + self.indicated])
        self.centre = np.zeros(len(self.owners))
        self.centre = self.transform(values).mean(axis=0)
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """(n, n_features) -> (n, q), centred on the training rows. A modality that is absent counts with its mean, 0."""
        here = presence(values, self.positions)
        parts = []
        for index, block in enumerate(self.blocks):
            part = np.zeros((len(values), len(block.owners)))
            rows = here[:, index]
            part[rows] = block.transform(values[np.ix_(rows, block.columns)])
            parts.append(part)
        parts.append((~here[:, self.indicated]).astype(float))
        return np.hstack(parts) - self.centre

    def contribution_owners(self, everything: Iterable[str]) -> np.ndarray:
        """As `owners`, where `everything` names the modalities of the whole table and the design's own are a selection of them.

        The absence of a modality is then found among all of them.
        """
        every = list(everything)
        position = np.array([every.index(name) for name in self.positions], dtype=int)
        shifted = self.owners.copy()
        absence = shifted >= self.n_features
        shifted[absence] = self.n_features + position[shifted[absence] - self.n_features]
        return shifted

    @property
    def groups(self) -> np.ndarray:
        """The modality of each design column; an indicator of absence belongs to the modality that is absent."""
        sizes = [len(block.owners) for block in self.blocks]
        return np.concatenate([np.repeat(np.arange(len(sizes)), sizes), self.indicated])

    def values(self) -> np.ndarray:
        """For each design column the position in the whole table of the column whose values it holds; -1 for an indicator."""
        parts = [np.r_[b.columns[b.features], np.full(len(b.flags), -1)] for b in self.blocks]
        return np.concatenate([*parts, np.full(len(self.indicated), -1)]).astype(int)

    def selected(self) -> np.ndarray:
        """Positions in the whole table of the raw columns that were kept, sorted."""
        kept: list[np.ndarray] = [block.columns[block.features] for block in self.blocks]
        return np.unique(np.concatenate(kept)) if kept else np.zeros(0, dtype=int)


def _log_scales(values: np.ndarray) -> np.ndarray:
    """For each column the median of its values above 0 where its logarithm is taken, else 0: (p,).

    Burdens, volumes and intensities spread over orders of magnitude; on their own scale a linear model hears the largest few.
    Which columns are so is a matter of their values alone, and of the training rows alone.
    """
    scales = np.zeros(values.shape[1])
    known = np.isfinite(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    centred = np.where(known, values - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / np.maximum(count, 1))
    skewness = ((centred / np.where(spread > 0, spread, 1.0)) ** 3).sum(axis=0) / np.maximum(count, 1)
    positive = np.where(known, values, np.inf).min(axis=0, initial=np.inf) >= 0
    for column in np.flatnonzero(positive & (count >= LEAST_DISTINCT) & (skewness > SKEWED)):
        own = values[known[:, column], column]
        if len(np.unique(own)) >= LEAST_DISTINCT:
            scales[column] = float(np.median(own[own > 0]))
    return scales


def _logged(values: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """`values` (n, p) with log(1 + x / scale) where a column has one; below 0, which training never saw, counts as 0."""
    columns = np.flatnonzero(scales)
    if len(columns) == 0:
        return values
    changed = values.copy()
    changed[:, columns] = np.log1p(np.maximum(values[:, columns], 0.0) / scales[columns])
    return changed


def _column_medians(values: np.ndarray) -> np.ndarray:
    """Median of each column, NaN left out; every column has a known value."""
    if values.shape[1] == 0:
        return np.zeros(0)
    return np.asarray(np.nanmedian(values, axis=0))


def _distinct_patterns(missing: np.ndarray) -> np.ndarray:
    """Columns whose pattern of missing rows is worth an indicator, the first of each set of equal patterns."""
    counts = missing.sum(axis=0)
    worthy = np.flatnonzero((counts >= MINIMUM_PATTERN) & (counts <= len(missing) - MINIMUM_PATTERN))
    if len(worthy) == 0:
        return worthy
    _, first = np.unique(missing[:, worthy], axis=1, return_index=True)
    return worthy[np.sort(first)]


def _by_t_statistic(candidates: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Candidate columns by falling |t| of class 1 against class 0; ties keep their order.

    A target of other numbers than 0 and 1 (the martingale residuals of survival) orders them by |correlation|, which for 0
    and 1 is the same order.
    """
    if not np.isin(target, (0, 1)).all():
        centred = candidates - candidates.mean(axis=0)
        length = np.sqrt((centred**2).sum(axis=0)) + 1e-12
        return np.argsort(-np.round(np.abs((target - target.mean()) @ centred) / length, 10), kind="stable")
    positive = target == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if n1 == 0 or n0 == 0:
        return np.arange(candidates.shape[1])
    one, zero = candidates[positive], candidates[~positive]
    within = one.var(axis=0) * n1 + zero.var(axis=0) * n0
    pooled = within / max(n1 + n0 - 2, 1)
    t = np.abs(one.mean(axis=0) - zero.mean(axis=0)) / np.sqrt((pooled + 1e-12) * (1 / n1 + 1 / n0))
    return np.argsort(-np.round(t, 10), kind="stable")
