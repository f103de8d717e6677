"""What the classifiers that are linear in a design matrix have in common: the path of candidates, and exact SHAP values."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from radiogenomics.fusion.base import ConcatenatingClassifier
from radiogenomics.fusion.design import Block, Design


class LinearClassifier(ConcatenatingClassifier):
    """A tuned classifier whose log-odds are intercept + design @ coefficients.

    Candidates that share the number of features share a design matrix, and are solved together.
    """

    stored_types: ClassVar[tuple[type, ...]] = (*ConcatenatingClassifier.stored_types, Design, Block)

    @abstractmethod
    def _solve(
        self, matrix: np.ndarray, target: np.ndarray, design: Design, candidates: list[dict[str, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Intercepts (k,) and coefficients (q, k) of k candidates on a centred matrix (n, q), which `design` made."""

    def _design(self, X: np.ndarray, target: np.ndarray, limit: int, seed: int) -> Design:
        return Design(self._used_blocks(), X.shape[1], limit).fit(X, target)

    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        columns = []
        for limit in dict.fromkeys(int(c["features"]) for c in self.candidates()):
            own = [c for c in self.candidates() if c["features"] == limit]
            design = self._design(X, target, limit, seed)
            intercepts, coefficients = self._solve(design.transform(X), target, design, own)
            columns.append(intercepts + design.transform(X_new) @ coefficients)
        return np.hstack(columns)

    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        candidate = self.candidates()[chosen]
        self.design_ = self._design(X, target, int(candidate["features"]), seed)
        intercepts, coefficients = self._solve(self.design_.transform(X), target, self.design_, [candidate])
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
        for column, owner in enumerate(self.design_.contribution_owners(self._blocks())):
            result[:, owner] += terms[:, column]
        return result, np.full(len(X), self.intercept_)
