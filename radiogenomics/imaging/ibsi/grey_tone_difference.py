"""Neighbourhood grey-tone difference (IBSI IPET), distance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from radiogenomics.imaging.ibsi.neighbours import Step, Voxels


class GreyToneDifference(NamedTuple):
    """By grey level (from 0, which is empty): voxels with a neighbour, and sum of differences from the neighbours' mean."""

    voxels: np.ndarray
    difference: np.ndarray


def grey_tone_difference(voxels: Voxels, steps: tuple[Step, ...]) -> GreyToneDifference:
    """The matrix of one ROI. `steps` are all neighbours (26, or 8 in a slice)."""
    total = np.zeros(voxels.level.size)
    number = np.zeros(voxels.level.size, dtype=np.int32)
    for step in steps:
        other = voxels.neighbour(step)
        total += other
        number += other > 0
    known = number > 0
    level = voxels.level[known]
    apart = np.abs(level - total[known] / number[known])
    size = voxels.highest + 1
    return GreyToneDifference(
        np.bincount(level, minlength=size).astype(float), np.bincount(level, weights=apart, minlength=size)
    )


def merged(matrices: Sequence[GreyToneDifference]) -> GreyToneDifference:
    """Sum of the matrices of several slices."""
    size = max(m.voxels.size for m in matrices)
    voxels, difference = np.zeros(size), np.zeros(size)
    for matrix in matrices:
        voxels[: matrix.voxels.size] += matrix.voxels
        difference[: matrix.difference.size] += matrix.difference
    return GreyToneDifference(voxels, difference)


def grey_tone_difference_features(matrix: GreyToneDifference) -> dict[str, float]:
    """Coarseness, contrast, busyness, complexity and strength; {} where no voxel has a neighbour.

    Where all levels are the same, coarseness has no bound: 1e6, as IBSI says; the others are 0.
    """
    total = float(matrix.voxels.sum())
    if not total > 0:
        return {}
    kept = np.flatnonzero(matrix.voxels)
    p, s, level = matrix.voxels[kept] / total, matrix.difference[kept], kept.astype(float)
    weighted = p * s
    coarse = float(weighted.sum())
    levels = kept.size
    i, j = level[:, None], level[None, :]
    p_i, p_j = p[:, None], p[None, :]
    square = (i - j) ** 2
    contrast = (
        float((p_i * p_j * square).sum()) / (levels * (levels - 1)) * float(s.sum()) / total if levels > 1 else 0.0
    )
    busy = float(np.abs(i * p_i - j * p_j).sum())
    return {
        "coarseness": 1 / coarse if coarse > 0 else 1e6,
        "contrast": contrast,
        "busyness": coarse / busy if busy > 0 else 0.0,
        "complexity": float((np.abs(i - j) * (weighted[:, None] + weighted[None, :]) / (p_i + p_j)).sum()) / total,
        "strength": float(((p_i + p_j) * square).sum()) / float(s.sum()) if s.sum() > 0 else 0.0,
    }
