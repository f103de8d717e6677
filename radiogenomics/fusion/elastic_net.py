"""Logistic regression with an elastic net [1]_ over one modality, or over several concatenated.

.. [1] Zou, Hastie: Regularization and variable selection via the elastic net, JRSS B 2005.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.fusion.base import ConcatenatingClassifier
from radiogenomics.fusion.design import Design
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


class ElasticNet(ConcatenatingClassifier):
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

    def _design(self, X: np.ndarray, target: np.ndarray, limit: int) -> Design:
        return Design(self._used_blocks(), X.shape[1], limit).fit(X, target)

    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        columns = []
        for limit in dict.fromkeys(int(c["features"]) for c in self.candidates()):
            own = [c for c in self.candidates() if c["features"] == limit]
            design = self._design(X, target, limit)
            intercepts, coefficients = penalised_logistic(
                design.transform(X),
                target,
                np.array([c["penalty"] for c in own]),
                np.array([c["l1_ratio"] for c in own]),
            )
            columns.append(intercepts + design.transform(X_new) @ coefficients)
        return np.hstack(columns)

    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        candidate = self.candidates()[chosen]
        self.design_ = self._design(X, target, int(candidate["features"]))
        intercepts, coefficients = penalised_logistic(
            self.design_.transform(X), target, np.array([candidate["penalty"]]), np.array([candidate["l1_ratio"]])
        )
        self.intercept_, self.coef_ = float(intercepts[0]), coefficients[:, 0]

    def _learner_log_odds(self, X: np.ndarray) -> np.ndarray:
        return self.intercept_ + self.design_.transform(X) @ self.coef_

    def _learner_contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Closed form for a linear model of features taken as independent [1]_: coefficient * (value - training mean).

        References
        ----------
        .. [1] Lundberg, Lee: A unified approach to interpreting model predictions, NeurIPS 2017, corollary 1.
        """
        terms = self.design_.transform(X) * self.coef_  # the design is centred on the training rows
        result = np.zeros((len(X), len(self.contribution_names())))
        for column, owner in enumerate(self._contribution_owners(self.design_.owners)):
            result[:, owner] += terms[:, column]
        return result, np.full(len(X), self.intercept_)

    def _contribution_owners(self, owners: np.ndarray) -> np.ndarray:
        """Where modalities are a selection, the absence of the m-th used one is found among all of them."""
        everything = list(self._blocks())
        position = np.array([everything.index(name) for name in self._used_blocks()], dtype=int)
        shifted = owners.copy()
        absence = owners >= self.n_features_in_
        shifted[absence] = self.n_features_in_ + position[owners[absence] - self.n_features_in_]
        return shifted
