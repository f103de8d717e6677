"""Penalised logistic regression for several penalties at once, and the small recalibration built on it."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit


def penalised_logistic(
    design: np.ndarray,
    target: np.ndarray,
    penalties: np.ndarray,
    l1_ratios: np.ndarray,
    *,
    signs: np.ndarray | None = None,
    tolerance: float = 1e-5,
    maximum_iterations: int = 1000,
) -> tuple[np.ndarray, np.ndarray]:
    """Elastic-net logistic regression, one solution a penalty.

    Minimises mean log-loss + penalty * (l1_ratio * |b|_1 + (1 - l1_ratio) / 2 * |b|_2^2), intercept free, by accelerated
    proximal gradient with restarts [1]_ [2]_ over all penalties together (one matrix product a step).

    Parameters
    ----------
    design : (n, q), centred columns.
    target : (n,) of 0/1.
    penalties, l1_ratios : (k,).
    signs : (q,) of -1, 0 and 1: the sign that a coefficient may have beside 0; 0 for either. None: either for all.

    Returns
    -------
    intercepts (k,), coefficients (q, k)

    References
    ----------
    .. [1] Beck, Teboulle: A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sci. 2009.
    .. [2] O'Donoghue, Candes: Adaptive restart for accelerated gradient schemes, Found. Comput. Math. 2015.
    """
    n, q = design.shape
    k = len(penalties)
    prevalence = np.clip(target.mean(), 1e-6, 1 - 1e-6)
    intercepts = np.full(k, np.log(prevalence / (1 - prevalence)))
    coefficients = np.zeros((q, k))
    if q == 0:
        return intercepts, coefficients
    gram = design.T @ design if q <= n else design @ design.T
    curvature = 0.25 * max(float(np.linalg.eigvalsh(gram)[-1]) / n, 1.0)
    step = 1.0 / (curvature + penalties * (1 - l1_ratios))
    threshold = step * penalties * l1_ratios
    shrink = penalties * (1 - l1_ratios)
    ahead_b, ahead_a = coefficients.copy(), intercepts.copy()
    momentum = np.ones(k)
    column = target[:, None].astype(float)
    for _ in range(maximum_iterations):
        residual = expit(ahead_a + design @ ahead_b) - column
        moved = ahead_b - step * (design.T @ residual / n + shrink * ahead_b)
        new_b = np.sign(moved) * np.maximum(np.abs(moved) - threshold, 0.0)
        if signs is not None:
            new_b = np.where(signs[:, None] * new_b < 0, 0.0, new_b)
        new_a = ahead_a - step * residual.mean(axis=0)
        change_b, change_a = new_b - coefficients, new_a - intercepts
        uphill = ((ahead_b - new_b) * change_b).sum(axis=0) + (ahead_a - new_a) * change_a > 0
        momentum = np.where(uphill, 1.0, momentum)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        factor = (momentum - 1) / following
        ahead_b, ahead_a = new_b + factor * change_b, new_a + factor * change_a
        momentum = following
        coefficients, intercepts = new_b, new_a
        if max(float(np.abs(change_b).max()), float(np.abs(change_a).max())) < tolerance:
            break
    return intercepts, coefficients


def log_loss_rows(log_odds: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Log-loss of each prediction; `target` of 0/1 is broadcast against `log_odds`."""
    return -np.where(target == 1, log_expit(log_odds), log_expit(-log_odds))


def recalibration(log_odds: np.ndarray, target: np.ndarray, *, prior_spread: float = 0.5) -> tuple[float, float]:
    """Intercept a and slope s >= 0 so that a + s * log_odds fits the target.

    Parameters
    ----------
    log_odds : (n, r), each patient in each of r repeats; a patient counts once, whatever r.
    target : (n,) of 0/1.

    Platt scaling [1]_ with a normal prior on the slope around 1 (standard deviation `prior_spread`): with few patients a
    free slope is noise. A modality without signal gets a slope near 0, so it says nothing rather than something wrong.

    References
    ----------
    .. [1] Platt: Probabilistic outputs for support vector machines, 1999.
    """
    centre, repeats = float(log_odds.mean()), log_odds.shape[1]
    z = log_odds - centre
    label = target[:, None]

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        linear = parameters[0] + parameters[1] * z
        error = (expit(linear) - label) / repeats
        value = float(log_loss_rows(linear, label).sum() / repeats + 0.5 * ((parameters[1] - 1) / prior_spread) ** 2)
        return value, np.array([error.sum(), (error * z).sum() + (parameters[1] - 1) / prior_spread**2])

    prevalence = np.clip(target.mean(), 0.5 / len(target), 1 - 0.5 / len(target))
    start = np.array([np.log(prevalence / (1 - prevalence)), 1.0])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(-10, 10), (0.0, 3.0)])
    intercept, slope = (float(v) for v in found.x)
    return intercept - slope * centre, slope


def recalibration_by_part(
    parts: np.ndarray, target: np.ndarray, *, prior_spread: float = 0.5
) -> tuple[float, np.ndarray]:
    """Intercept a and slopes s_m >= 0 so that a + sum_m s_m * parts_m fits the target: `recalibration` with a slope a part.

    Parameters
    ----------
    parts : (n, r, m), the m additive parts of each patient's log-odds in each of r repeats.
    target : (n,) of 0/1.
    """
    repeats, m = parts.shape[1], parts.shape[2]
    label = target[:, None]

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        linear = parameters[0] + parts @ parameters[1:]
        error = (expit(linear) - label) / repeats
        pull = (parameters[1:] - 1) / prior_spread
        value = float(log_loss_rows(linear, label).sum() / repeats + 0.5 * (pull**2).sum())
        return value, np.concatenate([[error.sum()], np.einsum("nr,nrm->m", error, parts) + pull / prior_spread])

    prevalence = np.clip(target.mean(), 0.5 / len(target), 1 - 0.5 / len(target))
    start = np.concatenate([[np.log(prevalence / (1 - prevalence))], np.ones(m)])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(-10, 10), *[(0.0, 3.0)] * m])
    return float(found.x[0]), np.asarray(found.x[1:])
