"""What each modality says by itself: small linear models beside a network, and how far a modality is believed."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax

from radiogenomics.fusion.design import Design
from radiogenomics.fusion.logistic import log_loss_rows, penalised_logistic, recalibration

HEADS = ((0.5, 0.2), (0.5, 0.1), (0.5, 0.05), (0.0, 0.3))
"""(l1_ratio, penalty) of the logistic regressions that each modality has, the most careful first."""


def fitted_heads(design: Design, matrix: np.ndarray, here: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Coefficients (q, heads) on the design's columns, each modality's learned from the patients who have it alone.

    Parameters
    ----------
    matrix : (n, q), `design.transform` of the training rows. here : (n, m) bool. target : (n,) of 0/1.
    """
    ratios, penalties = (np.array(values) for values in zip(*HEADS, strict=True))
    coefficients = np.zeros((matrix.shape[1], len(HEADS)))
    for modality, own in enumerate(own_columns(design)):
        rows = here[:, modality]
        if len(own) and 0 < target[rows].sum() < rows.sum():
            coefficients[own] = penalised_logistic(matrix[np.ix_(rows, own)], target[rows], penalties, ratios)[1]
    return coefficients


def own_columns(design: Design) -> list[np.ndarray]:
    """Of each modality the columns of the design that are its features, without indicators of absence."""
    features = design.owners < design.n_features
    return [np.flatnonzero((design.groups == m) & features) for m in range(len(design.positions))]


def head_evidence(design: Design, matrix: np.ndarray, here: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """What the heads say: (n, m, heads) of coefficients (q, heads); 0 where a modality is absent."""
    said = np.stack([matrix[:, own] @ coefficients[own] for own in own_columns(design)], axis=1)
    return np.where(here[:, :, None], said, 0.0)


def gain(evidence: np.ndarray, target: np.ndarray) -> float:
    """Log-likelihood in nats that recalibrated evidence (n, r) of n patients gains over their prevalence; a patient counts once."""
    share = float(np.clip(target.mean(), 1e-6, 1 - 1e-6))
    if not 0 < target.sum() < len(target):
        return 0.0
    intercept, slope = recalibration(evidence, target, prior_spread=2.0)
    informed = log_loss_rows(intercept + slope * evidence, target[:, None]).mean(axis=1)
    nothing = log_loss_rows(np.full(len(target), np.log(share / (1 - share))), target)
    return float((nothing - informed).sum())


def head_weights(gains: np.ndarray) -> np.ndarray:
    """Weight of each head of a modality by how likely it makes held-out patients, from `gain` (m, heads): rows sum to 1.

    The heads have as many parameters each, so Bayesian model averaging [1]_ weighs them by their likelihood alone. Choosing the
    best instead takes luck for skill where few patients tell the heads apart: the chosen head of a modality of noise says more
    than their mean does.

    References
    ----------
    .. [1] Hoeting, Madigan, Raftery, Volinsky: Bayesian model averaging, Stat. Sci. 1999.
    """
    return np.asarray(softmax(gains, axis=1))


def schwarz_weight(gains: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Schwarz weight [1]_ of each modality as one that tells, against one that tells nothing: (m,), between 0 and 1.

    The approximate posterior probability, at even odds beforehand. A modality of which held-out patients leave it open whether it
    tells speaks at a part of its voice. A cut would now and then silence one that tells and let one of noise speak for all.
    Akaike's weights believe noise too often: with them a fusion of one modality that tells and one that does not falls further
    below the one that tells.

    Parameters
    ----------
    gains : (m,), `gain` of each modality's evidence in nats; one that tells has one parameter more, the slope.
    patients : (m,), on whom it was measured.

    References
    ----------
    .. [1] Raftery: Bayesian model selection in social research, Sociol. Methodol. 1995.
    """
    return np.asarray(expit(gains - 0.5 * np.log(np.maximum(patients, 1))))


def combined(evidence: np.ndarray, here: np.ndarray, slopes: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """Log-odds (n, ...) of evidence (n, ..., m) that is 0 where a modality is absent.

    A patient none of whose modalities has a slope is told the mean of what they say all the same: it is all that is known.

    Parameters
    ----------
    here : (n, m) bool. slopes : (1 + m,), the intercept first, 0 for a modality without a say. spare : (m,), slopes of each
        modality alone.
    """
    said = slopes[0] + evidence @ slopes[1:]
    unheard = np.flatnonzero(here.any(axis=1) & ~(here & (slopes[1:] > 0)).any(axis=1))
    count = here[unheard].sum(axis=1).reshape(-1, *[1] * (evidence.ndim - 2))
    said[unheard] = slopes[0] + evidence[unheard] @ spare / count
    return np.asarray(said)
