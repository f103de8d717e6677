"""What the estimators over one or several concatenated modalities have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.columns import SEPARATOR, holds_voxels, modality_columns, presence, reliable_columns
from radiogenomics.fusion.combat import ComBat
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.logistic import log_loss_rows, recalibration

ABSENT = "(modality absent)"
"""Name of the contribution of a modality's absence, beside the features of that modality."""
WHOLE = "(modality as a whole)"
"""Name of the contribution of a modality whose features cannot be told apart exactly."""


def column_contributions(model: Any, modalities: Iterable[str]) -> list[str]:
    """Names of what moves a fitted model's prediction: its predictor columns, then each modality's absence."""
    names = getattr(model, "feature_names_in_", None)
    columns = [f"x{i}" for i in range(model.n_features_in_)] if names is None else [str(name) for name in names]
    return columns + [f"{modality}{SEPARATOR}{ABSENT}" for modality in modalities]


class BinaryClassifier(ClassifierMixin, BaseEstimator):
    """A binary scikit-learn classifier that speaks in log-odds and may abstain (NaN) on a row."""

    stored_types: ClassVar[tuple[type, ...]] = (SiteHarmonisation, ComBat)
    """Types of this project that a fitted model holds beside arrays, plain values and other estimators."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def _validated(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Values (n, p) and target (n,) of 0/1; sets `classes_` and what scikit-learn sets."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, target = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed to learn from, found only class {self.classes_[0]!r}")
        names = getattr(self, "feature_names_in_", None)
        self.modality_columns_ = modality_columns(None if names is None else list(names), self.n_features_in_)
        return X, target

    def _table(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False))

    def _blocks(self) -> dict[str, np.ndarray]:
        return self.modality_columns_

    @abstractmethod
    def _log_odds(self, values: np.ndarray) -> np.ndarray: ...

    def decision_function(self, X: Any) -> np.ndarray:
        """Log-odds of the second class, (n,); NaN where the model abstains."""
        return self._log_odds(self._table(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, 2); a row of NaN where the model abstains."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> np.ndarray:
        """The likelier class, (n,); where the model abstains, the class more frequent in training."""
        log_odds = self.decision_function(X)
        frequent = self.prior_log_odds_ > 0
        return self.classes_[np.where(np.isnan(log_odds), frequent, log_odds > 0).astype(int)]

    def contribution_names(self) -> list[str]:
        """Names of the columns of `contributions`: the predictor columns, each modality's absence, boxes of voxels as a whole."""
        check_is_fitted(self)
        return column_contributions(self, self._blocks()) + [
            f"{m}{SEPARATOR}{WHOLE}" for m in self._blocks() if holds_voxels(m)
        ]


class MemberClassifier(BinaryClassifier):
    """A classifier that late fusion can combine with others: it keeps what models that did not see a training row say of it.

    Attributes
    ----------
    inner_log_odds_ : (n_training_rows, inner_repeats), out-of-fold and recalibrated; NaN where abstained.
    prior_log_odds_ : log-odds of the prevalence among the training rows on which it does not abstain.
    """

    inner_log_odds_: np.ndarray
    prior_log_odds_: float

    @abstractmethod
    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions) and base values (n,), in log-odds."""

    @abstractmethod
    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted."""


class ConcatenatingClassifier(MemberClassifier):
    """Tunes a learner over the columns of its modalities by inner cross-validation, refits it, recalibrates it.

    One modality makes it unimodal: it abstains where a patient lacks that modality. Several make it early fusion: it
    abstains only where a patient lacks them all.

    Parameters
    ----------
    modalities : names of the modalities whose columns are used; None for all.
    inner_folds : folds of the inner cross-validation; fewer where the rarer class has fewer patients.
    inner_repeats : how often it is repeated: with few patients one division into folds is a gamble.
    max_features : features kept of each modality by univariate preselection, inside every (inner) fold.
    random_state : seed of the inner folds and of the learner.
    harmonisation : unfitted :class:`radiogenomics.fusion.harmonisation.SiteHarmonisation`, or None. It is fitted on the
        training rows of each inner fold, and then on those of `fit`, before anything else is learned.
    unreliable : names of columns that may not enter (see :mod:`radiogenomics.fusion.robustness`). A modality of which none is
        left counts as absent.

    Attributes
    ----------
    classes_ : the two classes, sorted.
    chosen_ : the hyperparameters with the lowest log-loss on the inner folds.
    inner_log_odds_ : (n_training_rows, inner_repeats), each by a model that did not see that row, recalibrated; NaN where
        abstained. Late fusion learns its weights from these.
    calibration_ : (intercept, slope) applied to the learner's log-odds.
    """

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        inner_folds: int = 3,
        inner_repeats: int = 3,
        max_features: int = 60,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
    ) -> None:
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.inner_repeats = inner_repeats
        self.max_features = max_features
        self.random_state = random_state
        self.harmonisation = harmonisation
        self.unreliable = unreliable

    # what a learner provides -------------------------------------------------------------------------------------
    @abstractmethod
    def candidates(self) -> list[dict[str, float]]:
        """The hyperparameters that are compared, the most careful first."""

    @abstractmethod
    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        """Fit every candidate on `X`, return log-odds (n_new, n_candidates) for `X_new`."""

    @abstractmethod
    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        """Fit one candidate and keep it as fitted attributes."""

    @abstractmethod
    def _learner_log_odds(self, X: np.ndarray) -> np.ndarray: ...

    @abstractmethod
    def _learner_contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Contributions (n, n_features + n_modalities) and base (n,) that sum to the learner's log-odds."""

    # the classifier ----------------------------------------------------------------------------------------------
    def fit(self, X: Any, y: Any) -> ConcatenatingClassifier:
        """Learn from `X` (n, p), where NaN means not known, and `y` (n,) with two classes."""
        X, target = self._validated(X, y)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        here = presence(X, self._used_blocks()).any(axis=1)
        rows = np.flatnonzero(here)
        known = target[rows]
        share = np.clip(known.mean() if len(rows) else target.mean(), 1e-6, 1 - 1e-6)
        self.prior_log_odds_ = float(np.log(share / (1 - share)))
        self.inner_log_odds_ = np.full((len(X), self.inner_repeats), np.nan)
        rarer = int(min(known.sum(), len(known) - known.sum()))
        self.constant_, self.harmoniser_ = rarer < 2, None
        if self.constant_:  # nothing can be learned about this modality: say the prevalence
            self.inner_log_odds_[rows] = self.prior_log_odds_
            self.chosen_, self.calibration_ = {}, (self.prior_log_odds_, 0.0)
            return self
        covered = X[rows]
        held_out = self._held_out(covered, known, min(self.inner_folds, rarer), seed)
        losses = log_loss_rows(held_out, known[:, None, None]).mean(axis=(0, 1))
        best = int(np.argmin(np.round(losses, 10)))
        self.chosen_ = self.candidates()[best]
        self.inner_loss_ = float(losses[best])
        self.calibration_ = recalibration(held_out[:, :, best], known)
        self.inner_log_odds_[rows] = self.calibration_[0] + self.calibration_[1] * held_out[:, :, best]
        covered, self.harmoniser_ = self._harmonise(covered)
        self._fit_learner(covered, known, best, seed)
        return self

    def _held_out(self, X: np.ndarray, target: np.ndarray, folds: int, seed: int) -> np.ndarray:
        """Log-odds (n, inner_repeats, n_candidates), each row by models that did not see it."""
        return self._over_inner_folds(self._path, X, target, folds, seed)

    def _over_inner_folds(
        self, path: Callable[..., np.ndarray], X: np.ndarray, target: np.ndarray, folds: int, seed: int
    ) -> np.ndarray:
        """What `path(X_train, target_train, X_held_out, seed)` says of held-out rows: (n, inner_repeats, ...)."""
        repeats = []
        for repeat in range(self.inner_repeats):
            shuffled = StratifiedKFold(folds, shuffle=True, random_state=(seed + repeat) % 2**32)
            rows, said = [], []
            for train, test in shuffled.split(X, target):
                known, harmoniser = self._harmonise(X[train])
                new = X[test] if harmoniser is None else harmoniser.transform(X[test])
                rows.append(test)
                said.append(path(known, target[train], new, seed))
            repeats.append(np.concatenate(said)[np.argsort(np.concatenate(rows))])
        return np.stack(repeats, axis=1)

    def _harmonise(self, X: np.ndarray) -> tuple[np.ndarray, SiteHarmonisation | None]:
        """Training rows without their sites' effects, and what removes them from new rows (None: nothing is removed)."""
        own = (
            [] if self.harmonisation is None else [m for m in self.harmonisation.modalities if m in self._used_blocks()]
        )
        if self.harmonisation is None or not own:
            return X, None
        names = getattr(self, "feature_names_in_", None)
        harmoniser = clone(self.harmonisation).set_params(modalities=tuple(own))
        harmoniser.fit(X, names=None if names is None else [str(name) for name in names])
        return harmoniser.transform(X), harmoniser

    def _used_blocks(self) -> dict[str, np.ndarray]:
        blocks = self._blocks()
        if self.modalities is None:
            return self._reliable(blocks)
        absent = [name for name in self.modalities if name not in blocks]
        if absent:
            raise TableError(
                f"modality '{absent[0]}' has no column in the table; it has {sorted(blocks)}",
                rule="modality_without_columns",
            )
        return self._reliable({name: blocks[name] for name in self.modalities})

    def _reliable(self, blocks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        unreliable = getattr(self, "unreliable", ())  # a model stored by an earlier version has none
        return reliable_columns(blocks, getattr(self, "feature_names_in_", None), unreliable)

    def _covered(self, values: np.ndarray) -> np.ndarray:
        """Rows that have any of the modalities, less those whose site the harmonisation refuses."""
        return np.asarray(presence(self._answerable(values), self._used_blocks()).any(axis=1))

    def _answerable(self, values: np.ndarray) -> np.ndarray:
        harmoniser = getattr(self, "harmoniser_", None)  # a model stored by an earlier version has none
        return values if harmoniser is None else harmoniser.answerable(values)

    def _harmonised(self, values: np.ndarray) -> np.ndarray:
        harmoniser = getattr(self, "harmoniser_", None)
        return values if harmoniser is None else harmoniser.transform(harmoniser.answerable(values))

    def unharmonised(self, X: Any) -> np.ndarray:
        """Rows predicted although their site was not seen in training, so that its effect is still in them: (n,) bool."""
        values = self._table(X)
        harmoniser = getattr(self, "harmoniser_", None)
        if harmoniser is None:
            return np.zeros(len(values), dtype=bool)
        return np.asarray(self._covered(values) & harmoniser.flagged(values))

    def _log_odds(self, values: np.ndarray) -> np.ndarray:
        rows = self._covered(values)
        result = np.full(len(values), np.nan)
        if rows.any():
            intercept, slope = self.calibration_
            known = self._harmonised(values[rows])
            result[rows] = intercept if self.constant_ else intercept + slope * self._learner_log_odds(known)
        return result

    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions), columns by `contribution_names`, and base values (n,), in log-odds.

        base + sum of a row = `decision_function` of the row. NaN where the model abstains.
        """
        values = self._table(X)
        rows = self._covered(values)
        shap = np.full((len(values), len(self.contribution_names())), np.nan)
        base = np.full(len(values), np.nan)
        intercept, slope = self.calibration_
        if self.constant_:
            shap[rows], base[rows] = 0.0, intercept
        elif rows.any():
            learned, learned_base = self._learner_contributions(self._harmonised(values[rows]))
            shap[rows], base[rows] = slope * learned, intercept + slope * learned_base
        return shap, base

    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted; empty where the model abstains."""
        blocks = self._used_blocks()
        here = presence(self._answerable(self._table(X)), blocks)
        return [tuple(sorted(name for name, has in zip(blocks, row, strict=True) if has)) for row in here]
