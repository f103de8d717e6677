"""Logistic regression whose penalty can drop a whole modality: the sparse group lasso [1]_ [2]_ over modalities.

Concatenation lets a modality of many features drown one of few. Here each modality is one group: its coefficients are
shrunk together, by an amount that grows with its size, so that a modality enters only where it pays as a whole.

The solver is the accelerated proximal gradient of :mod:`radiogenomics.fusion.logistic` with the group's own proximal
operator. skglm solves the same problem, but compiles for 16 s in every worker and has no gain at these sizes (a hundred
patients, some sixty columns a modality): the whole path of penalties here takes some hundredths of a second.

References
----------
.. [1] Yuan, Lin: Model selection and estimation in regression with grouped variables, JRSS B 2006.
.. [2] Simon, Friedman, Hastie, Tibshirani: A sparse-group lasso, J. Comput. Graph. Stat. 2013.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from radiogenomics.fusion.design import Design
from radiogenomics.fusion.linear import LinearClassifier

LIMITS = (4, 15, 60)
"""Features kept of each modality (never more than `max_features`)."""
PENALTIES = (0.12, 0.06, 0.03, 0.015)
WITHIN = (0.0, 0.5)
"""Share of the penalty on single coefficients: 0 is the pure group lasso, 0.5 also picks features within a modality."""
RIDGE = 0.05
"""A little ridge keeps the solution unique where the features of a modality are nearly copies of each other."""


class GroupSparse(LinearClassifier):
    """Sparse-group-lasso logistic regression over the modalities; a modality's absence belongs to its group."""

    def candidates(self) -> list[dict[str, float]]:
        """Features kept, share of the penalty within groups, penalty."""
        limits = sorted({min(limit, self.max_features) for limit in LIMITS})
        return [
            {"features": limit, "within": within, "penalty": penalty}
            for limit in limits
            for within in WITHIN
            for penalty in PENALTIES
        ]

    def _solve(
        self, matrix: np.ndarray, target: np.ndarray, design: Design, candidates: list[dict[str, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        return group_sparse_logistic(
            matrix,
            target,
            design.groups,
            np.array([c["penalty"] for c in candidates]),
            np.array([c["within"] for c in candidates]),
            ridge=RIDGE,
        )

    def modalities_kept(self) -> tuple[str, ...]:
        """Modalities with a coefficient that is not zero, sorted."""
        if self.constant_:
            return ()
        names = np.array(list(self._used_blocks()))
        return tuple(sorted(set(names[np.unique(self.design_.groups[self.coef_ != 0])])))


def group_sparse_logistic(
    design: np.ndarray,
    target: np.ndarray,
    groups: np.ndarray,
    penalties: np.ndarray,
    within: np.ndarray,
    *,
    ridge: float = 0.0,
    tolerance: float = 1e-5,
    maximum_iterations: int = 1000,
) -> tuple[np.ndarray, np.ndarray]:
    """Sparse-group-lasso logistic regression, one solution a penalty.

    Minimises mean log-loss + penalty * (within * |b|_1 + (1 - within) * sum_g sqrt(p_g) |b_g|_2) + ridge / 2 * |b|_2^2, the
    intercept free. The proximal operator is a soft threshold of each coefficient, then one of each group's length [1]_.

    Parameters
    ----------
    design : (n, q), centred columns. target : (n,) of 0/1.
    groups : (q,) integers; p_g is how many columns have the number g.
    penalties, within : (k,); within in [0, 1].

    Returns
    -------
    intercepts (k,), coefficients (q, k)

    References
    ----------
    .. [1] Simon et al. 2013, section 3.
    """
    n, q = design.shape
    k = len(penalties)
    share = np.clip(target.mean(), 1e-6, 1 - 1e-6)
    intercepts, coefficients = np.full(k, np.log(share / (1 - share))), np.zeros((q, k))
    if q == 0:
        return intercepts, coefficients
    numbers = np.unique(groups)
    membership = (groups[None, :] == numbers[:, None]).astype(float)  # (groups, q)
    sizes = np.sqrt(membership.sum(axis=1))
    gram = design.T @ design if q <= n else design @ design.T
    step = 1.0 / (0.25 * max(float(np.linalg.eigvalsh(gram)[-1]) / n, 1.0) + ridge)
    single = step * penalties * within
    whole = step * sizes[:, None] * (penalties * (1 - within))[None, :]
    ahead_b, ahead_a, momentum = coefficients.copy(), intercepts.copy(), np.ones(k)
    label = target[:, None].astype(float)
    for _ in range(maximum_iterations):
        residual = expit(ahead_a + design @ ahead_b) - label
        moved = ahead_b - step * (design.T @ residual / n + ridge * ahead_b)
        moved = np.sign(moved) * np.maximum(np.abs(moved) - single, 0.0)
        lengths = np.sqrt(membership @ moved**2)
        kept = np.maximum(1 - whole / np.maximum(lengths, 1e-300), 0.0)
        new_b = moved * (membership.T @ kept)
        new_a = ahead_a - step * residual.mean(axis=0)
        change_b, change_a = new_b - coefficients, new_a - intercepts
        uphill = ((ahead_b - new_b) * change_b).sum(axis=0) + (ahead_a - new_a) * change_a > 0
        momentum = np.where(uphill, 1.0, momentum)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        factor = (momentum - 1) / following
        ahead_b, ahead_a = new_b + factor * change_b, new_a + factor * change_a
        momentum, coefficients, intercepts = following, new_b, new_a
        if max(float(np.abs(change_b).max()), float(np.abs(change_a).max())) < tolerance:
            break
    return intercepts, coefficients
