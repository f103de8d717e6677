"""The confounder floor: a small logistic model of what is known of a patient that is not biology."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from radiogenomics.fusion.logistic import penalised_logistic

MISSING_LEVEL = "(missing)"


class ConfounderDesign:
    """Columns of one confounder as numbers, learned on training patients.

    Categories are one-hot; a missing value is a level of its own, a category not seen in training counts as none.
    Numbers enter as sign(x) log(1 + |x|), standardised, with an indicator where missing.
    """

    def fit(self, X: pd.DataFrame) -> ConfounderDesign:
        """Learn levels and scales from n rows."""
        self.levels_: dict[str, list[str]] = {}
        self.scale_: dict[str, tuple[float, float]] = {}
        for column in X.columns:
            if is_number(X[column]):
                known = _compressed(X[column])
                spread = float(np.nanstd(known)) if np.isfinite(known).any() else 0.0
                self.scale_[column] = (float(np.nanmean(known)) if np.isfinite(known).any() else 0.0, spread or 1.0)
            else:
                self.levels_[column] = sorted(set(_levels(X[column])))
        self.centre_ = self._raw(X).mean(axis=0)
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """(n, q), centred on the training rows."""
        return np.asarray(self._raw(X) - self.centre_)

    def _raw(self, X: pd.DataFrame) -> np.ndarray:
        parts: list[np.ndarray] = []
        for column, (mean, spread) in self.scale_.items():
            value = (_compressed(X[column]) - mean) / spread
            parts += [np.where(np.isnan(value), 0.0, value), np.isnan(value).astype(float)]
        for column, levels in self.levels_.items():
            found = np.array(_levels(X[column]))
            parts += [(found == level).astype(float) for level in levels]
        return np.column_stack(parts) if parts else np.zeros((len(X), 0))


class ConfounderFloor(ClassifierMixin, BaseEstimator):
    """Ridge logistic regression on one confounder's columns (hospital; scanner; lesion volume), see `ConfounderDesign`.

    It never abstains, and takes a DataFrame only: text columns have no meaning in an array.
    """

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def fit(self, X: pd.DataFrame, y: Any) -> ConfounderFloor:
        """Learn from the confounder's columns (n rows) and labels (n,) of two classes."""
        labels = np.asarray(y)
        self.classes_, target = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(f"two classes are needed to learn from, found {list(self.classes_)}")
        self.design_ = ConfounderDesign().fit(X)
        intercepts, coefficients = penalised_logistic(
            self.design_.transform(X), target, np.array([self.penalty / len(X)]), np.array([0.0])
        )
        self.intercept_, self.coef_ = float(intercepts[0]), coefficients[:, 0]
        return self

    def decision_function(self, X: pd.DataFrame) -> np.ndarray:
        """Log-odds of the second class, (n,)."""
        return self.intercept_ + self.design_.transform(X) @ self.coef_

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Probabilities (n, 2)."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The likelier class, (n,)."""
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def is_number(column: pd.Series) -> bool:
    """Whether a confounder column holds numbers, not categories."""
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _compressed(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return np.sign(values) * np.log1p(np.abs(values))


def _levels(column: pd.Series) -> list[str]:
    return [MISSING_LEVEL if pd.isna(value) else str(value) for value in column]
