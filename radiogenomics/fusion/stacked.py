"""Stacking: a model over what the models of single modalities say, that knows which of them a patient has.

A penalised logistic regression [1]_ over inner out-of-fold evidence. Its inputs for a patient with the set P of modalities, where
z_m is the evidence of modality m (calibrated log-odds above those of the prevalence): the mean of z over P, the sum of z over P, each
z_m that is there, and which modalities are absent. The mean and the sum are shared by all modalities, so that a penalty on
everything draws the weights of single modalities towards each other and not to nothing; together they say how far evidence adds
up, with few modalities and with many. No weight of evidence is negative [2]_. That a modality is absent may itself tell: who was
too ill for a scan lacks one.

References
----------
.. [1] Wolpert: Stacked generalization, Neural Networks 1992.
.. [2] Breiman: Stacked regressions, Machine Learning 1996.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from radiogenomics.fusion.base import MemberClassifier
from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.logistic import log_loss_rows, penalised_logistic

PENALTIES = np.array([1.0, 0.3, 0.1, 0.03, 0.01, 0.003])
"""Among which cross-validation chooses, the most careful first."""
FOLDS = 5
FOLDS_SEED = 20260101


class StackedFusion(LateFusion):
    """Late fusion by a logistic regression over the evidence of single modalities and their absence.

    Parameters
    ----------
    members : as for `LateFusion`.

    Attributes
    ----------
    intercept_ : log-odds of a patient whose modalities all say nothing and of which none is absent.
    mean_weight_, sum_weight_ : weights of the mean and of the sum of what is there, not below 0.
    own_weights_ : (m,) further weight of each modality's evidence, not below 0.
    absence_weights_ : (m,) what the absence of each modality adds to the log-odds; 0 where nobody in training lacked it.
    penalty_ : the chosen one.
    """

    def __init__(self, members: list[tuple[str, MemberClassifier]] | None = None) -> None:
        self.members = members

    def _learn(self, evidence: np.ndarray, target: np.ndarray) -> None:
        """Choose the penalty by cross-validation over patients and fit, on `evidence` (n, inner_repeats, m)."""
        n, repeats, m = evidence.shape
        inputs = _inputs(evidence.reshape(-1, m)).reshape(n, repeats, -1)
        signs = np.repeat([1, 0], [m + 2, m])
        folds = min(FOLDS, int(target.sum()), int(n - target.sum()))
        chosen = 0
        if folds > 1:
            losses = np.zeros(len(PENALTIES))
            for train, test in StratifiedKFold(folds, shuffle=True, random_state=FOLDS_SEED).split(target, target):
                intercepts, weights = _fitted(inputs[train], target[train], PENALTIES, signs)
                said = intercepts + inputs[test] @ weights
                losses += log_loss_rows(said, target[test][:, None, None]).sum(axis=(0, 1))
            chosen = int(np.argmin(np.round(losses / repeats, 10)))
        intercepts, weights = _fitted(inputs, target, PENALTIES[[chosen]], signs)
        self.penalty_, self.intercept_ = float(PENALTIES[chosen]), float(intercepts[0])
        self.mean_weight_, self.sum_weight_ = float(weights[0, 0]), float(weights[1, 0])
        self.own_weights_, self.absence_weights_ = weights[2 : m + 2, 0], weights[m + 2 :, 0]
        self.absent_share_ = np.isnan(evidence[:, 0]).mean(axis=0)

    def _factors(self, evidence: np.ndarray) -> np.ndarray:
        here = ~np.isnan(evidence)
        present = np.maximum(here.sum(axis=1, keepdims=True), 1)
        return np.where(here, self.mean_weight_ / present + self.sum_weight_ + self.own_weights_, 0.0)

    def _without_evidence(self, evidence: np.ndarray) -> tuple[float, np.ndarray]:
        constant = self.intercept_ + float(self.absent_share_ @ self.absence_weights_)
        return constant, (np.isnan(evidence) - self.absent_share_) * self.absence_weights_


def _inputs(evidence: np.ndarray) -> np.ndarray:
    """(n, 2 + 2 m) of evidence (n, m), NaN where absent: mean, sum, what each says, what is absent."""
    absent = np.isnan(evidence)
    known = np.where(absent, 0.0, evidence)
    total = known.sum(axis=1, keepdims=True)
    return np.hstack([total / np.maximum((~absent).sum(axis=1, keepdims=True), 1), total, known, absent])


def _fitted(
    inputs: np.ndarray, target: np.ndarray, penalties: np.ndarray, signs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts (k,) and weights (q, k) of inputs (n, repeats, q); a patient counts once, whatever the number of repeats."""
    rows = inputs.reshape(-1, inputs.shape[2])
    centre = rows.mean(axis=0)
    label: Any = np.repeat(target, inputs.shape[1])
    intercepts, weights = penalised_logistic(rows - centre, label, penalties, np.zeros(len(penalties)), signs=signs)
    return intercepts - centre @ weights, weights
