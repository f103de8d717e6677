"""Logistic regression with an elastic net [1]_ over one modality, or over several concatenated.

.. [1] Zou, Hastie: Regularization and variable selection via the elastic net, JRSS B 2005.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.fusion.design import Design
from radiogenomics.fusion.linear import LinearClassifier
from radiogenomics.fusion.logistic import penalised_logistic

LIMITS = (4, 15, 60)
"""Features kept of each modality (never more than `max_features`): some modalities have few strong ones, some many weak."""
GRID: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.5, (0.1, 0.05, 0.02)),
    (0.0, (3.0, 1.0, 0.3, 0.1)),
)
"""(l1_ratio, penalties) on standardised features and mean log-loss: a sparse half, and the ridge end of the elastic net.

Heavily penalised ridge still ranks patients where a heavily penalised sparse model is constant: with a weak signal the
log-loss prefers strong penalties, and a constant would throw the ranking away.
"""


class ElasticNet(LinearClassifier):
    """Elastic-net logistic regression with imputation, standardising and preselection inside `fit`."""

    def candidates(self) -> list[dict[str, float]]:
        """Features kept, l1_ratio and penalty."""
        limits = sorted({min(limit, self.max_features) for limit in LIMITS})
        return [
            {"features": limit, "l1_ratio": ratio, "penalty": penalty}
            for limit in limits
            for ratio, penalties in GRID
            for penalty in penalties
        ]

    def _solve(
        self, matrix: np.ndarray, target: np.ndarray, design: Design, candidates: list[dict[str, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        return penalised_logistic(
            matrix,
            target,
            np.array([c["penalty"] for c in candidates]),
            np.array([c["l1_ratio"] for c in candidates]),
        )
