"""Late fusion: each modality has its own models, and their calibrated log-odds are combined.

For a patient with the set P of modalities, log-odds = prior + s * sum_P(w_m z_m) / sum_P(w_m), where z_m is modality m's
evidence: its calibrated log-odds minus the log-odds of the prevalence. The combination is linear in log-odds, so SHAP
values of the parts add up to exact SHAP values of the whole. An absent modality is left out, never filled in.

The weights w and the sharpening s are learned on inner out-of-fold predictions: no weight is ever judged on patients that
the part it weighs has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.base import clone

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.base import ABSENT, BinaryClassifier, MemberClassifier
from radiogenomics.fusion.columns import SEPARATOR
from radiogenomics.fusion.logistic import log_loss_rows

SHRINKAGE = 8.0
"""Strength, in patients' worth of log-loss, with which weights are drawn towards equal ones."""


class LateFusion(BinaryClassifier):
    """Combination of unimodal models in log-odds; a patient with at least one modality gets a prediction.

    Parameters
    ----------
    members : (name, unfitted model) pairs; the models of one modality (name before `/`) are averaged first, as
        `AveragedLearners` does. A model over several modalities is a voice of its own under another name. None: elastic nets
        of each modality in the table.
    weighting : 'mean' for equal weights, 'learned' for non-negative weights shrunk towards equal.

    Attributes
    ----------
    members_ : the fitted unimodal models, by name.
    weights_ : weight of each modality, sum 1; 0 where it does not pay.
    sharpening_ : factor on the mean evidence of a patient with all modalities; 1 for a patient with one modality.
    """

    def __init__(
        self, members: list[tuple[str, MemberClassifier]] | None = None, *, weighting: str = "learned"
    ) -> None:
        self.members = members
        self.weighting = weighting

    def fit(self, X: Any, y: Any) -> LateFusion:
        """Fit the members on `X` (n, p) and `y` (n,), then the combination on their inner out-of-fold predictions."""
        table, labels = X, y
        members = self._members(X, y)
        return self.fit_combination(table, labels, {name: clone(model).fit(X, y) for name, model in members})

    def fit_combination(self, X: Any, y: Any, fitted: dict[str, MemberClassifier]) -> LateFusion:
        """Fit the combination alone, over members that were already fitted on exactly these rows.

        The result equals `fit`, without fitting the members a second time.
        """
        names = [name for name, _ in self._members(X, y)]
        X, target = self._validated(X, y)
        self.members_ = {name: fitted[name] for name in names}
        for name, model in self.members_.items():
            if len(model.inner_log_odds_) != len(X):
                raise TableError(
                    f"late fusion: member '{name}' was fitted on {len(model.inner_log_odds_)} rows, not on these {len(X)}",
                    rule="members_of_other_rows",
                )
        share = target.mean()
        self.prior_log_odds_ = float(np.log(share / (1 - share)))
        repeats = np.arange(max(model.inner_log_odds_.shape[1] for model in self.members_.values()))
        inner = {  # a member whose inner cross-validation was repeated less often says the same again
            name: model.inner_log_odds_[:, repeats % model.inner_log_odds_.shape[1]]
            for name, model in self.members_.items()
        }
        evidence = self._evidence(inner)
        rows = ~np.isnan(evidence).all(axis=(1, 2))
        self._learn(evidence[rows], target[rows])
        return self

    def _members(self, X: Any, y: Any) -> list[tuple[str, MemberClassifier]]:
        if self.members is not None:
            return self.members
        from radiogenomics.fusion.elastic_net import ElasticNet

        self._validated(X, y)
        return [(f"{name}/elastic_net", ElasticNet((name,))) for name in self._blocks()]

    @property
    def modalities_(self) -> list[str]:
        """Modalities in the order of the weights."""
        return list(dict.fromkeys(name.split("/")[0] for name in self.members_))

    def _evidence(self, log_odds: dict[str, np.ndarray]) -> np.ndarray:
        """Calibrated log-odds above the prevalence, mean over the models of a modality; NaN if absent.

        From arrays (n, ...) one array (n, ..., n_modalities).
        """
        columns = []
        for modality in self.modalities_:
            own = [n for n in self.members_ if n.split("/")[0] == modality]
            columns.append(np.mean([log_odds[n] - self.members_[n].prior_log_odds_ for n in own], axis=0))
        return np.stack(columns, axis=-1)

    def _learn(self, evidence: np.ndarray, target: np.ndarray) -> None:
        """Weights on the simplex and sharpening, by penalised log-loss; equal weights where weighting is 'mean'.

        `evidence` (n, inner_repeats, m): a patient counts once, whatever the number of repeats. A modality whose own
        inner predictions are no better than the prevalence does not pay, and gets weight 0 (unless none pays).
        """
        if self.weighting not in {"mean", "learned"}:
            raise ValueError(f"weighting: 'mean' or 'learned', found {self.weighting!r}")
        _, repeats, m = evidence.shape
        kept = np.arange(m)
        if self.weighting == "learned":
            paying = np.flatnonzero([_pays(evidence[:, :, j], target) for j in range(m)])
            kept = paying if len(paying) else kept
        known = evidence[:, :, kept].reshape(-1, len(kept))
        label = np.repeat(target, repeats)
        seen = ~np.isnan(known).all(axis=1)
        known, label = known[seen], label[seen]

        def loss(weights: np.ndarray, sharpening: float) -> float:
            """Penalised log-loss in patients."""
            fitted = self.prior_log_odds_ + combined_evidence(known, weights, sharpening)
            return float(log_loss_rows(fitted, label).sum()) / repeats + 0.5 * (sharpening - 1.0) ** 2

        weights = np.full(len(kept), 1 / len(kept))
        if self.weighting == "learned" and len(kept) > 1:
            weights = shrunken_weights(loss, len(kept))
        grid = np.linspace(0.5, len(kept), 20 * len(kept)) if len(kept) > 1 else np.array([1.0])
        losses = [loss(weights, sharpening) for sharpening in grid]
        self.weights_ = np.zeros(m)
        self.weights_[kept] = weights
        self.sharpening_ = float(grid[int(np.argmin(np.round(losses, 10)))])

    def _factors(self, evidence: np.ndarray) -> np.ndarray:
        """What each modality's evidence is multiplied with, row by row: (n, m), 0 where absent."""
        return evidence_factors(evidence, self.weights_, self.sharpening_)

    def _without_evidence(self, evidence: np.ndarray) -> tuple[float, np.ndarray]:
        """What stands beside the evidence in log-odds: a constant, and (n, m) what the presence or absence of each modality adds."""
        return self.prior_log_odds_, np.zeros(evidence.shape)

    def _log_odds(self, values: np.ndarray) -> np.ndarray:
        evidence = self._evidence({name: model._log_odds(values) for name, model in self.members_.items()})
        constant, presence = self._without_evidence(evidence)
        return constant + presence.sum(axis=1) + _summed(evidence, self._factors(evidence))

    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions) and base values (n,) in log-odds, carried through to the input features."""
        values = self._table(X)
        parts = {name: model.contributions(X) for name, model in self.members_.items()}
        evidence = self._evidence({name: model._log_odds(values) for name, model in self.members_.items()})
        factors = self._factors(evidence)
        constant, presence = self._without_evidence(evidence)
        names = self.contribution_names()
        shap = np.zeros((len(values), len(names)))
        base = np.full(len(values), constant)
        for index, modality in enumerate(self.modalities_):
            own = [n for n in self.members_ if n.split("/")[0] == modality]
            for name in own:
                learned, learned_base = parts[name]
                factor = factors[:, index] / len(own)
                active = factor != 0
                shap[active] += factor[active, None] * learned[active]
                base[active] += factor[active] * (learned_base[active] - self.members_[name].prior_log_odds_)
            if presence[:, index].any():
                shap[:, names.index(f"{modality}{SEPARATOR}{ABSENT}")] += presence[:, index]
        nobody = np.isnan(evidence).all(axis=1)
        shap[nobody], base[nobody] = np.nan, np.nan
        return shap, base

    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted; empty where the model abstains."""
        values = self._table(X)
        evidence = self._evidence({name: model._log_odds(values) for name, model in self.members_.items()})
        factors = self._factors(evidence)
        of = [self.modalities_.index(name.split("/")[0]) for name in self.members_]
        each = [model.used(X) for model in self.members_.values()]
        return [
            tuple(sorted({m for own, modality in zip(each, of, strict=True) if row[modality] != 0 for m in own[index]}))
            for index, row in enumerate(factors)
        ]


def _pays(evidence: np.ndarray, target: np.ndarray) -> bool:
    """Whether a modality's inner predictions (n, repeats), NaN where absent, beat the prevalence of its own patients."""
    rows = ~np.isnan(evidence).all(axis=1)
    if not rows.any():  # nobody in training has it, or nothing of it is reliable
        return False
    label = target[rows]
    share = float(np.clip(label.mean(), 1e-6, 1 - 1e-6))
    prior = float(np.log(share / (1 - share)))
    informed = log_loss_rows(prior + evidence[rows], label[:, None]).mean()
    return bool(informed < log_loss_rows(np.full(len(label), prior), label).mean() - 1e-9)


def shrunken_weights(loss: Callable[[np.ndarray, float], float], m: int) -> np.ndarray:
    """Weights on the simplex that minimise `loss` plus a pull towards equal weights, with the sharpening free."""
    equal = np.full(m, 1 / m)

    def objective(parameters: np.ndarray) -> float:
        total = parameters[:-1].sum() + 1e-9
        weights = (parameters[:-1] + 1e-9 / m) / total
        penalty = SHRINKAGE * m * float(((weights - equal) ** 2).sum()) + (total - 1) ** 2
        return loss(weights, float(parameters[-1])) + penalty

    bounds = [(0.0, 1.0)] * m + [(0.5, float(m))]
    found = minimize(objective, np.append(equal, 1.0), method="L-BFGS-B", bounds=bounds).x[:-1]
    weights = np.where(found < 1e-3 * found.sum(), 0.0, found)
    return np.asarray(weights / weights.sum())


def evidence_factors(evidence: np.ndarray, weights: np.ndarray, sharpening: float) -> np.ndarray:
    """What each modality's evidence is multiplied with, row by row: (n, m), 0 where absent.

    Weights are renormalised over the modalities present (their plain mean where all of those have weight 0). Averaging
    independent evidence dilutes it, the more the more modalities there are: the sharpening undoes that in proportion to
    the effective number of modalities, so that a patient with one modality keeps that modality's own calibrated log-odds.
    """
    here = ~np.isnan(evidence)
    share = np.where(here, weights, 0.0)
    share = np.where(share.sum(axis=1, keepdims=True) > 0, share, here.astype(float))
    total = share.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    effective = 1 / np.maximum((share**2).sum(axis=1), 1e-12)
    most = 1 / (weights**2).sum()
    reach = (effective - 1) / (most - 1) if most > 1 + 1e-9 else np.zeros(len(effective))
    return share * (1 + (sharpening - 1) * np.clip(reach, 0, 1))[:, None]


def combined_evidence(evidence: np.ndarray, weights: np.ndarray, sharpening: float) -> np.ndarray:
    """Combined evidence (n,), NaN for a row without any modality."""
    return _summed(evidence, evidence_factors(evidence, weights, sharpening))


def _summed(evidence: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Sum (n,) of the evidence that is there times its factor, NaN for a row without any modality."""
    combined = (factors * np.where(np.isnan(evidence), 0.0, evidence)).sum(axis=1)
    return np.where(np.isnan(evidence).all(axis=1), np.nan, combined)
