"""Cox regression with an elastic net [1]_ over one modality, or over several concatenated, for time-to-event endpoints.

Everything is as in the classifiers: imputation, indicators, standardising and preselection inside `fit`, the penalty by
inner cross-validation, and predictions only for patients who have a modality. The target is a time and whether the event
was seen at it, so `fit` takes (X, time, event).

The solver is in :mod:`radiogenomics.fusion.partial_likelihood`; lifelines fits the same model, but through a smoothed
penalty whose coefficients are never exactly zero, and one penalty at a time.

References
----------
.. [1] Simon, Friedman, Hastie, Tibshirani: Regularization paths for Cox's proportional hazards model via coordinate
   descent, J. Stat. Softw. 2011.
.. [2] Verweij, van Houwelingen: Cross-validation in survival analysis, Stat. Med. 1993.
.. [3] Breslow: Covariance analysis of censored survival data, Biometrics 1974.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from radiogenomics.exceptions import ComputationError, TableError
from radiogenomics.fusion.base import column_contributions
from radiogenomics.fusion.columns import modality_columns, presence, reliable_columns
from radiogenomics.fusion.design import Block, Design
from radiogenomics.fusion.partial_likelihood import (
    baseline_hazard,
    log_partial_likelihood,
    martingale_residuals,
    penalised_cox,
    risk_recalibration,
)

LIMITS = (4, 15, 60)
"""Features kept of each modality (never more than `max_features`)."""
GRID = ((0.5, (0.2, 0.1, 0.05)), (0.0, (3.0, 1.0, 0.3, 0.1)))
"""(l1_ratio, penalties) on standardised features and the log partial likelihood of one patient, strongest first."""


class SurvivalModel(BaseEstimator):
    """What models of a time to an event have in common: log hazard ratios, and survival curves from a baseline."""

    def _validated(self, X: Any, time: Any, event: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        names = getattr(self, "feature_names_in_", None)
        self.modality_columns_ = modality_columns(None if names is None else list(names), self.n_features_in_)
        times, events = np.asarray(time, dtype=float), np.asarray(event)
        for what, given in (("time", times), ("event", events)):
            if given.shape != (len(values),):
                raise TableError(f"{what}: one value a row, {len(values)}, found shape {given.shape}", rule="shape")
        wrong = np.flatnonzero(~(np.isfinite(times) & (times >= 0)))
        if len(wrong):
            raise TableError(
                f"time of row {wrong[0]}: a finite number, not negative; found {times[wrong[0]]}", rule="time"
            )
        odd = np.flatnonzero(~np.isin(events, (0, 1)))
        if len(odd):
            raise TableError(f"event of row {odd[0]}: 1 seen or 0 censored, found {events[odd[0]]}", rule="event")
        events = events.astype(int)
        if events.sum() < 2:
            raise ComputationError(f"two events are needed to learn from, found {events.sum()}", rule="too_few_events")
        return np.asarray(values), times, events

    def _table(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False))

    def risk_percentile(self, log_hazard: np.ndarray) -> np.ndarray:
        """Share of training patients whose own log hazard lies below each of these (n,), ties counting half: 0 to 1.

        Those of the training patients come from inner models that did not see them (of a floor: from the floor itself).
        """
        known = self.training_risk_
        below = np.searchsorted(known, log_hazard, side="left") + np.searchsorted(known, log_hazard, side="right")
        return np.where(np.isnan(log_hazard), np.nan, below / (2 * max(len(known), 1)))

    def _log_hazard(self, values: np.ndarray) -> np.ndarray:
        raise TypeError(f"{type(self).__name__} does not say its log hazard")

    def contribution_names(self) -> list[str]:
        """Names of the columns of `contributions`: the predictor columns, and each modality's absence."""
        check_is_fitted(self)
        return column_contributions(self, self.modality_columns_)

    def predict_log_hazard(self, X: Any) -> np.ndarray:
        """Log hazard ratio against the average training patient, (n,); NaN where the model abstains."""
        return self._log_hazard(self._table(X))

    def predict_survival(self, X: Any, times: Any) -> np.ndarray:
        """Chance of no event until each of `times` (k,), in the unit of the training times: (n, k); NaN where it abstains.

        The baseline is Breslow's [3]_; beyond the last event seen in training it stays flat.
        """
        at = np.searchsorted(self.event_times_, np.asarray(times, dtype=float), side="right")
        cumulative = np.concatenate([[0.0], self.cumulative_hazard_])[at]
        return np.exp(-np.exp(self.predict_log_hazard(X))[:, None] * cumulative[None, :])


class CoxElasticNet(SurvivalModel):
    """Elastic-net Cox regression; its penalty is chosen by cross-validated partial likelihood [2]_.

    Parameters
    ----------
    modalities : names of the modalities whose columns are used; None for all.
    inner_folds, inner_repeats : of the inner cross-validation.
    max_features : features kept of each modality by their score statistic, inside every (inner) fold.
    random_state : seed of the inner folds.
    unreliable : names of columns that may not enter (see :mod:`radiogenomics.fusion.robustness`). A modality of which none is
        left counts as absent.

    Attributes
    ----------
    chosen_ : the hyperparameters with the highest cross-validated partial likelihood.
    inner_log_hazard_ : (n_training_rows, inner_repeats), each by a model that did not see that row; NaN where abstained.
    """

    stored_types: ClassVar[tuple[type, ...]] = (Design, Block)

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        inner_folds: int = 3,
        inner_repeats: int = 3,
        max_features: int = 60,
        random_state: int = 20260101,
        unreliable: tuple[str, ...] = (),
    ) -> None:
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.inner_repeats = inner_repeats
        self.max_features = max_features
        self.random_state = random_state
        self.unreliable = unreliable

    def candidates(self) -> list[dict[str, float]]:
        """Features kept, l1_ratio and penalty, the most careful first within each number of features."""
        limits = sorted({min(limit, self.max_features) for limit in LIMITS})
        return [
            {"features": limit, "l1_ratio": ratio, "penalty": penalty}
            for limit in limits
            for ratio, penalties in GRID
            for penalty in penalties
        ]

    def fit(self, X: Any, time: Any, event: Any) -> CoxElasticNet:
        """Learn from `X` (n, p) with NaN where not known, `time` (n,) and `event` (n,), 1 where it was seen.

        Raises
        ------
        TableError
            Times that are negative or not known, events other than 0 and 1.
        ComputationError
            Fewer than two events.
        """
        values, times, events = self._validated(X, time, event)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        rows = np.flatnonzero(presence(values, self._used_blocks()).any(axis=1))
        covered, times, events = values[rows], times[rows], events[rows]
        self.inner_log_hazard_ = np.full((len(values), self.inner_repeats), np.nan)
        rarer = int(min(events.sum(), len(events) - events.sum())) if len(events) else 0
        folds = min(self.inner_folds, max(rarer, 2))
        self.constant_ = int(events.sum()) < 2 * folds
        if self.constant_:  # nothing can be learned about this modality: everybody has the average hazard
            self.inner_log_hazard_[rows] = 0.0
            self.chosen_, self.slope_ = {}, 0.0
            self._set_baseline(np.zeros(len(rows)), times, events)
            return self
        held_out, gains = self._held_out(covered, times, events, folds, seed)
        best = int(np.argmax(np.round(gains, 10)))
        self.chosen_ = self.candidates()[best]
        self.slope_ = risk_recalibration(held_out[:, :, best], times, events)
        self.design_, coefficients = self._fitted(covered, times, events, [self.chosen_])
        self.coef_ = coefficients[:, 0]
        self.inner_log_hazard_[rows] = self.slope_ * held_out[:, :, best]
        self._set_baseline(self.slope_ * held_out[:, :, best].mean(axis=1), times, events)
        return self

    def _set_baseline(self, log_hazard: np.ndarray, times: np.ndarray, events: np.ndarray) -> None:
        """From predictions of models that did not see the patient: those of the model itself are too sure."""
        self.event_times_, self.cumulative_hazard_ = baseline_hazard(log_hazard, times, events)
        self.training_risk_ = np.sort(log_hazard)

    def _fitted(
        self, X: np.ndarray, times: np.ndarray, events: np.ndarray, candidates: list[dict[str, float]]
    ) -> tuple[Design, np.ndarray]:
        limit = int(candidates[0]["features"])
        design = Design(self._used_blocks(), X.shape[1], limit).fit(X, martingale_residuals(times, events))
        penalties = np.array([c["penalty"] for c in candidates])
        ratios = np.array([c["l1_ratio"] for c in candidates])
        return design, penalised_cox(design.transform(X), times, events, penalties, ratios)

    def _held_out(
        self, X: np.ndarray, times: np.ndarray, events: np.ndarray, folds: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log hazards (n, inner_repeats, n_candidates) by models that did not see the row, and what each candidate gains.

        The gain is the log partial likelihood of everyone less that of the training rows, summed over folds [2]_.
        """
        candidates = self.candidates()
        result = np.empty((len(X), self.inner_repeats, len(candidates)))
        gains = np.zeros(len(candidates))
        for repeat in range(self.inner_repeats):
            shuffled = StratifiedKFold(folds, shuffle=True, random_state=(seed + repeat) % 2**32)
            for train, test in shuffled.split(X, events):
                for limit in dict.fromkeys(int(c["features"]) for c in candidates):
                    own = [i for i, c in enumerate(candidates) if c["features"] == limit]
                    design, coefficients = self._fitted(
                        X[train], times[train], events[train], [candidates[i] for i in own]
                    )
                    everyone = design.transform(X) @ coefficients
                    gains[own] += log_partial_likelihood(everyone, times, events)
                    gains[own] -= log_partial_likelihood(everyone[train], times[train], events[train])
                    result[np.ix_(test, [repeat], own)] = everyone[test][:, None, :]
        return result, gains

    def _used_blocks(self) -> dict[str, np.ndarray]:
        blocks, names = self.modality_columns_, getattr(self, "feature_names_in_", None)
        if self.modalities is None:
            return reliable_columns(blocks, names, self.unreliable)
        absent = [name for name in self.modalities if name not in blocks]
        if absent:
            raise TableError(
                f"modality '{absent[0]}' has no column in the table; it has {sorted(blocks)}",
                rule="modality_without_columns",
            )
        return reliable_columns({name: blocks[name] for name in self.modalities}, names, self.unreliable)

    def _log_hazard(self, values: np.ndarray) -> np.ndarray:
        rows = presence(values, self._used_blocks()).any(axis=1)
        result = np.full(len(values), np.nan)
        if rows.any():
            result[rows] = 0.0 if self.constant_ else self.slope_ * (self.design_.transform(values[rows]) @ self.coef_)
        return result

    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions), columns by `contribution_names`, and base values (n,), in log hazard.

        Exact, for the model is linear in its design, which is centred on the training rows: coefficient * (value - training
        mean). base + sum of a row = `predict_log_hazard` of the row; the base is 0, the average training patient. NaN where
        the model abstains.
        """
        values = self._table(X)
        rows = presence(values, self._used_blocks()).any(axis=1)
        shap = np.full((len(values), len(self.contribution_names())), np.nan)
        shap[rows] = 0.0
        if rows.any() and not self.constant_:
            terms = self.slope_ * self.design_.transform(values[rows]) * self.coef_
            for column, owner in enumerate(self.design_.contribution_owners(self.modality_columns_)):
                shap[rows, owner] += terms[:, column]
        return shap, np.where(rows, 0.0, np.nan)

    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted; empty where the model abstains."""
        blocks = self._used_blocks()
        here = presence(self._table(X), blocks)
        return [tuple(sorted(name for name, has in zip(blocks, row, strict=True) if has)) for row in here]
