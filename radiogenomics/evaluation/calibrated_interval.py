"""The interval of a patient's probability: how sure we are of the share of events among patients with this score.

The labels of the training patients are regressed on their out-of-fold log-odds (logistic calibration, intercept and slope
[1]_), with the Jeffreys prior that keeps it finite and little biased with few events [2]_. The 95 % interval of the fitted
line at the patient's log-odds (t, on the scale of log-odds) is that of the calibrated probability. Its variance is multiplied
by K / (K - 1), as that of every cross-validated figure here: the scores of K folds come from models that overlap, and that
are not quite the model in use. On simulated cohorts it then held the true share in 92 to 96 % (docs/predicting.md).

It is about the model in use: the share of events among all patients to whom it gives this score. It does not say how the
score itself would move had other patients been trained on, nor does it narrow down the single patient's outcome, which is
0 or 1. A probability outside its interval means that the model is miscalibrated at that score.

Venn-Abers prediction [3]_ was tried on the same simulated cohorts: its pair of probabilities is calibrated but no confidence
interval, and held the true share far too seldom (docs/predicting.md).

References
----------
.. [1] Cox: Two further applications of a model for binary regression, Biometrika 1958; Van Calster et al.: A calibration
   hierarchy for risk models was defined, J. Clin. Epidemiol. 2016.
.. [2] Firth: Bias reduction of maximum likelihood estimates, Biometrika 1993; Heinze, Schemper: A solution to the problem of
   separation in logistic regression, Stat. Med. 2002.
.. [3] Vovk, Petej: Venn-Abers predictors, UAI 2014.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE

MEANING = (
    "95 % interval of the share of events among patients with this score (logistic calibration of out-of-fold scores)"
)
FEWEST = 5
"""Training patients of each class below which no interval is given."""


def calibrated_interval(
    log_odds: np.ndarray, reference: np.ndarray, labels: np.ndarray, *, folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (n,), probabilities; NaN where there is no score or too few training patients.

    Parameters
    ----------
    log_odds : (n,) the model's log-odds of the patients; NaN where it abstains.
    reference : (m,) out-of-fold log-odds of training patients. labels : (m,) their labels, 0 or 1.
    folds : outer folds that the out-of-fold log-odds come from, 2 or more.
    """
    nothing = np.full(len(log_odds), np.nan)
    events = int(labels.sum())
    if min(events, len(labels) - events) < FEWEST:
        return nothing, nothing.copy()
    centre, spread = float(reference.mean()), float(reference.std()) or 1.0
    beta, covariance = firth(np.column_stack([np.ones(len(labels)), (reference - centre) / spread]), labels)
    design = np.column_stack([np.ones(len(log_odds)), (log_odds - centre) / spread])
    line = design @ beta
    covariance = covariance * folds / (folds - 1)
    reach = student.ppf(0.5 + CONFIDENCE / 2, len(labels) - 2) * np.sqrt(
        np.einsum("ij,jk,ik->i", design, covariance, design)
    )
    return expit(line - reach), expit(line + reach)


def firth(design: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (q,) of a logistic regression with the Jeffreys prior, and their covariance (q, q).

    Newton steps on Firth's modified score, halved where they lower the penalised likelihood; always finite.
    """

    def pieces(beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        fitted = expit(design @ beta)
        weight = np.maximum(fitted * (1 - fitted), 1e-12)
        information = design.T @ (design * weight[:, None])
        clipped = np.clip(fitted, 1e-12, 1 - 1e-12)
        likelihood = float(np.log(np.where(labels == 1, clipped, 1 - clipped)).sum())
        leverage = weight * np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design)
        score = design.T @ (labels - fitted + leverage * (0.5 - fitted))
        return likelihood + 0.5 * float(np.linalg.slogdet(information)[1]), score, information

    beta = np.zeros(design.shape[1])
    value, score, information = pieces(beta)
    for _ in range(100):
        step = np.linalg.solve(information, score)
        for _ in range(30):
            candidate = pieces(beta + step)
            if candidate[0] >= value - 1e-12:
                break
            step = step / 2
        beta, (value, score, information) = beta + step, candidate
        if float(np.abs(step).max()) < 1e-9:
            break
    return beta, np.linalg.inv(information)
