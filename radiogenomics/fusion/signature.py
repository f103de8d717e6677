"""A signature in the sense of radiomics: a handful of features that do not repeat each other, and a logistic score of them.

Inside every (inner) training fold: features that do not vary, or that a repeated contour changes too much, are dropped;
of features that are nearly copies one is kept; minimum-redundancy-maximum-relevance picks; the picks that half of the
patients would make again, whichever half, are kept; a ridge logistic regression weighs them.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.design import Block, Design
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.linear import LinearClassifier
from radiogenomics.fusion.logistic import penalised_logistic
from radiogenomics.fusion.selection import (
    MOST_CANDIDATES,
    correlation_pruned,
    correlations,
    mrmr,
    relevance,
    selection_frequency,
)

SIZES = (3, 6, 12)
"""Features of the signature: about one for each ten patients of a small cohort, and half and twice as many."""
PENALTIES = (1.0, 0.1, 0.02)
"""Ridge penalties on standardised features and mean log-loss."""


class Signature(LinearClassifier):
    """Stability-filtered, mRMR-selected logistic regression over one modality, or over several concatenated.

    Parameters
    ----------
    maximum_correlation : of two features of a modality that correlate more than this, one is dropped.
    pairs : complementary halves of the patients that vote on the picks.
    minimum_frequency : share of the votes that a pick needs to stay; where fewer than two have it, the two with the most.

    For the others see `ConcatenatingClassifier`; `max_features` bounds the signature of each modality.
    """

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        inner_folds: int = 3,
        inner_repeats: int = 3,
        max_features: int = 12,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
        maximum_correlation: float = 0.9,
        pairs: int = 15,
        minimum_frequency: float = 0.5,
    ) -> None:
        super().__init__(
            modalities,
            inner_folds=inner_folds,
            inner_repeats=inner_repeats,
            max_features=max_features,
            random_state=random_state,
            harmonisation=harmonisation,
            unreliable=unreliable,
        )
        self.maximum_correlation = maximum_correlation
        self.pairs = pairs
        self.minimum_frequency = minimum_frequency

    def candidates(self) -> list[dict[str, float]]:
        """Size of the signature and ridge penalty."""
        sizes = sorted({min(size, self.max_features) for size in SIZES})
        return [{"features": size, "penalty": penalty} for size in sizes for penalty in PENALTIES]

    def _solve(
        self, matrix: np.ndarray, target: np.ndarray, design: Design, candidates: list[dict[str, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        penalties = np.array([c["penalty"] for c in candidates])
        return penalised_logistic(matrix, target, penalties, np.zeros(len(penalties)))

    def _design(self, X: np.ndarray, target: np.ndarray, limit: int, seed: int) -> Design:
        """A design over the picked columns alone, so that everything after the picking is as for any other model."""
        blocks = self._used_blocks()
        here = presence(X, blocks)
        picked = {}
        for index, (name, columns) in enumerate(blocks.items()):
            rows = here[:, index]
            chosen = self._picked(X[np.ix_(rows, columns)], target[rows], limit, seed)
            picked[name] = columns[chosen]
        limit_with_indicators = 2 * limit
        return Design(blocks, X.shape[1], limit_with_indicators, picked).fit(X, target)

    def _picked(self, values: np.ndarray, target: np.ndarray, count: int, seed: int) -> np.ndarray:
        """Positions, sorted, of the columns of one modality (n, p) that make up its signature of at most `count`."""
        if len(np.unique(target)) < 2 or values.shape[1] == 0:
            return np.zeros(0, dtype=int)
        block = Block(np.arange(values.shape[1]), MOST_CANDIDATES).fit(values, target)
        standard = block.transform(values)[:, : len(block.features)]
        strength = relevance(standard, target)
        pruned = correlation_pruned(standard, strength, self.maximum_correlation)
        standard, strength = standard[:, pruned], strength[pruned]
        redundancy = np.abs(correlations(standard, target))
        frequency = selection_frequency(standard, target, redundancy, count, self.pairs, seed)
        wanted = mrmr(strength, redundancy, count)
        stable = wanted[frequency[wanted] >= self.minimum_frequency]
        if len(stable) < 2:  # nothing is stable where the signal is weak; a constant would not rank patients at all
            stable = wanted[np.argsort(-np.round(frequency[wanted], 10), kind="stable")[:2]]
        return np.sort(block.features[pruned[stable]])

    def signature(self) -> dict[str, float]:
        """Feature -> coefficient in log-odds for one standard deviation of it, after recalibration."""
        if self.constant_:
            return {}
        names = self.contribution_names()
        owners = self.design_.contribution_owners(self._blocks())
        found: dict[str, float] = {}
        for owner, coefficient in zip(owners, self.coef_, strict=True):
            found[names[owner]] = found.get(names[owner], 0.0) + self.calibration_[1] * float(coefficient)
        return found
