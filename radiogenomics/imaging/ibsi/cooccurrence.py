"""Grey-level co-occurrence (IBSI LFYI), distance 1, symmetric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiogenomics.imaging.ibsi.neighbours import Step, Voxels


def cooccurrence_matrix(voxels: Voxels, step: Step) -> np.ndarray:
    """How often levels i and j (from 1) are neighbours along `step`, either way: float (highest, highest)."""
    other = voxels.neighbour(step)
    both = other > 0
    count = voxels.highest
    codes = (voxels.level[both].astype(np.int64) - 1) * count + (other[both] - 1)
    matrix = np.bincount(codes, minlength=count * count).reshape(count, count).astype(float)
    return matrix + matrix.T


def merged(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Sum of matrices of the same size."""
    total = matrices[0].copy()
    for matrix in matrices[1:]:
        total += matrix
    return total


def cooccurrence_features(matrix: np.ndarray) -> dict[str, float]:
    """The 25 co-occurrence features of one symmetric matrix; {} where it has no entry.

    Parameters
    ----------
    matrix : float (levels, levels), counts.
    """
    total = matrix.sum()
    if not total > 0:
        return {}
    count = matrix.shape[0]
    kept = np.flatnonzero(matrix.any(axis=0))
    level = kept + 1.0
    p = matrix[np.ix_(kept, kept)] / total
    margin = p.sum(axis=1)
    i, j = level[:, None], level[None, :]
    difference, together = np.abs(i - j), i + j
    p_difference = np.bincount(difference.ravel().astype(np.int64), weights=p.ravel(), minlength=count)
    p_sum = np.bincount(together.ravel().astype(np.int64), weights=p.ravel())
    k_difference, k_sum = np.arange(p_difference.size, dtype=float), np.arange(p_sum.size, dtype=float)
    mean = float(margin @ level)
    variance = float(margin @ (level - mean) ** 2)
    difference_mean = float(p_difference @ k_difference)
    sum_mean = float(p_sum @ k_sum)
    deviation = k_sum - 2 * mean  # clusters: i + j - 2 mean
    auto = float(level @ p @ level)
    joint_entropy, margin_entropy = _entropy(p), _entropy(margin)
    log_margin = np.log2(margin)
    cross = float(-(p * (log_margin[:, None] + log_margin[None, :])).sum())
    independent = 2 * margin_entropy  # of p_i p_j
    apart = k_difference[1:]
    return {
        "joint_max": float(p.max()),
        "joint_avg": mean,
        "joint_var": variance,
        "joint_entr": joint_entropy,
        "diff_avg": difference_mean,
        "diff_var": float(p_difference @ (k_difference - difference_mean) ** 2),
        "diff_entr": _entropy(p_difference),
        "sum_avg": sum_mean,
        "sum_var": float(p_sum @ (k_sum - sum_mean) ** 2),
        "sum_entr": _entropy(p_sum),
        "energy": float((p * p).sum()),
        "contrast": float(p_difference @ k_difference**2),
        "dissimilarity": difference_mean,
        "inv_diff": float(p_difference @ (1 / (1 + k_difference))),
        "inv_diff_norm": float(p_difference @ (1 / (1 + k_difference / count))),
        "inv_diff_mom": float(p_difference @ (1 / (1 + k_difference**2))),
        "inv_diff_mom_norm": float(p_difference @ (1 / (1 + (k_difference / count) ** 2))),
        "inv_var": float(p_difference[1:] @ apart**-2.0),
        "corr": (auto - mean * mean) / variance if variance > 0 else 1.0,
        "auto_corr": auto,
        "clust_tend": float(p_sum @ deviation**2),
        "clust_shade": float(p_sum @ deviation**3),
        "clust_prom": float(p_sum @ deviation**4),
        "info_corr1": (joint_entropy - cross) / margin_entropy if margin_entropy > 0 else 0.0,
        "info_corr2": float(np.sqrt(max(0.0, 1 - np.exp(-2 * (independent - joint_entropy))))),
    }


def _entropy(p: np.ndarray) -> float:
    present = p[p > 0]
    return float(-(present @ np.log2(present)))
