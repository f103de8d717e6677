"""Late fusion of risk scores: each modality has its own Cox model, and their log hazards are combined.

As late fusion of classifiers (:mod:`radiogenomics.fusion.late`), with the partial likelihood in place of the log-loss: for a
patient with the set P of modalities, log hazard = s * sum_P(w_m z_m) / sum_P(w_m). Weights and sharpening are learned on
inner out-of-fold log hazards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.cox import CoxElasticNet, SurvivalModel
from radiogenomics.fusion.late import combined_evidence, evidence_factors, shrunken_weights
from radiogenomics.fusion.partial_likelihood import baseline_hazard, log_partial_likelihood


class LateCox(SurvivalModel):
    """Combination of unimodal Cox models; a patient with at least one modality gets a prediction.

    Parameters
    ----------
    members : (modality, unfitted `CoxElasticNet`) pairs; None: one for each modality in the table.
    weighting : 'mean' for equal weights, 'learned' for non-negative weights shrunk towards equal.

    Attributes
    ----------
    weights_ : weight of each modality, sum 1; 0 where it does not pay.
    """

    stored_types = CoxElasticNet.stored_types

    def __init__(self, members: list[tuple[str, CoxElasticNet]] | None = None, *, weighting: str = "learned") -> None:
        self.members = members
        self.weighting = weighting

    def fit(self, X: Any, time: Any, event: Any) -> LateCox:
        """Fit the members on `X` (n, p), `time` (n,) and `event` (n,), then the combination on what they held out."""
        self._validated(X, time, event)
        fitted = {name: clone(model).fit(X, time, event) for name, model in self._members()}
        return self.fit_combination(X, time, event, fitted)

    def fit_combination(self, X: Any, time: Any, event: Any, fitted: Mapping[str, CoxElasticNet]) -> LateCox:
        """Fit the combination alone, over members by modality that were already fitted on exactly these rows.

        The result equals `fit`, without fitting the members a second time.
        """
        if self.weighting not in {"mean", "learned"}:
            raise ValueError(f"weighting: 'mean' or 'learned', found {self.weighting!r}")
        values, times, events = self._validated(X, time, event)
        self.members_ = {name: fitted[name] for name, _ in self._members()}
        for name, model in self.members_.items():
            if len(model.inner_log_hazard_) != len(values):
                raise TableError(
                    f"late fusion: member '{name}' was fitted on {len(model.inner_log_hazard_)} rows, not on these {len(values)}",
                    rule="members_of_other_rows",
                )
        evidence = np.stack([model.inner_log_hazard_ for model in self.members_.values()], axis=-1)
        seen = ~np.isnan(evidence).all(axis=(1, 2))
        self._learn(evidence[seen], times[seen], events[seen])
        combined = self._combined(evidence[seen].mean(axis=1))
        self.event_times_, self.cumulative_hazard_ = baseline_hazard(combined, times[seen], events[seen])
        self.training_risk_ = np.sort(combined)
        return self

    def _members(self) -> list[tuple[str, CoxElasticNet]]:
        return self.members or [(name, CoxElasticNet((name,))) for name in self.modality_columns_]

    def _learn(self, evidence: np.ndarray, times: np.ndarray, events: np.ndarray) -> None:
        _, repeats, m = evidence.shape

        def likelihood(combine: Any) -> float:
            return float(
                np.mean(
                    [log_partial_likelihood(combine(evidence[:, r])[:, None], times, events)[0] for r in range(repeats)]
                )
            )

        kept = np.arange(m)
        if self.weighting == "learned":
            nothing = likelihood(lambda part: np.zeros(len(part)))
            paying = [j for j in range(m) if likelihood(lambda part, j=j: np.nan_to_num(part[:, j])) > nothing + 1e-9]
            kept = np.array(paying) if paying else kept

        def loss(weights: np.ndarray, sharpening: float) -> float:
            value = likelihood(lambda part: np.nan_to_num(combined_evidence(part[:, kept], weights, sharpening)))
            return -value + 0.5 * (sharpening - 1.0) ** 2

        weights = np.full(len(kept), 1 / len(kept))
        if self.weighting == "learned" and len(kept) > 1:
            weights = shrunken_weights(loss, len(kept))
        grid = np.linspace(0.5, len(kept), 20 * len(kept)) if len(kept) > 1 else np.array([1.0])
        losses = [loss(weights, sharpening) for sharpening in grid]
        self.weights_ = np.zeros(m)
        self.weights_[kept] = weights
        self.sharpening_ = float(grid[int(np.argmin(np.round(losses, 10)))])

    def _combined(self, evidence: np.ndarray) -> np.ndarray:
        return combined_evidence(evidence, self.weights_, self.sharpening_)

    def _evidence(self, values: np.ndarray) -> np.ndarray:
        return np.column_stack([model._log_hazard(values) for model in self.members_.values()])

    def _log_hazard(self, values: np.ndarray) -> np.ndarray:
        return self._combined(self._evidence(values))

    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions) and base values (n,) in log hazard: those of the members, times what each counts."""
        evidence = self._evidence(self._table(X))
        factors = evidence_factors(evidence, self.weights_, self.sharpening_)
        nobody = np.isnan(evidence).all(axis=1)
        shap = np.zeros((len(evidence), len(self.contribution_names())))
        for index, member in enumerate(self.members_.values()):
            active = factors[:, index] != 0
            shap[active] += factors[active, index, None] * member.contributions(X)[0][active]
        shap[nobody] = np.nan
        return shap, np.where(nobody, np.nan, 0.0)

    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted; empty where the model abstains."""
        factors = evidence_factors(self._evidence(self._table(X)), self.weights_, self.sharpening_)
        return [tuple(sorted(n for n, f in zip(self.members_, row, strict=True) if f != 0)) for row in factors]
