"""pyradiomics' texture matrices of an image, all from one walk over the ROI.

The counts are the original's own, in its layout: for one ROI (the first axis), levels from 1, angles last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from radiomics import cMatrices

from radiogenomics.imaging.ibsi.neighbours import Step, Voxels


class Matrices(NamedTuple):
    """Texture matrices; L is the highest level, and the box of the ROI has A angles (13, fewer where it is one voxel thick).

    Attributes
    ----------
    cooccurrence : float64 (1, L, L, A), pairs of a voxel and the next along an angle.
    runs : float64 (1, L, longest run, A).
    dependences : float64 (1, L, 27), by how many neighbours have the voxel's level.
    differences : float64 (1, L, 3): voxels, sum of differences from the neighbours' mean, the level.
    """

    cooccurrence: np.ndarray
    runs: np.ndarray
    dependences: np.ndarray
    differences: np.ndarray


def texture_matrices(levels: np.ndarray) -> Matrices:
    """The matrices of one discretised image.

    Parameters
    ----------
    levels : int (z, y, x): from 1 inside the ROI, 0 elsewhere; cropped to the ROI.
    """
    voxels = Voxels(levels)
    size = voxels.highest + 1
    angles: list[Step] = [tuple(a) for a in cMatrices.generate_angles(np.array(levels.shape), np.array([1]), 0, 0, 0)]
    flat: np.ndarray = voxels.padded.astype(np.int16 if _NEIGHBOURS * size < 2**15 else np.int32)
    ends = max(voxels.stride(angle) for angle in angles) if angles else 0
    here = flat[ends : flat.size - ends]  # the padding holds no voxel that is left out
    equal, number = np.zeros(here.size, np.int8), np.zeros(here.size, np.int8)
    total: np.ndarray = np.zeros_like(here)
    place, own = voxels.index - ends, voxels.level
    row: np.ndarray = own * np.int32(size)
    pairs = np.zeros((size - 1, size - 1, len(angles)))
    runs = []
    for number_of_angle, angle in enumerate(angles):
        stride = voxels.stride(angle)
        for step in (-stride, stride):
            other = flat[ends + step : flat.size - ends + step]
            equal += other == here
            number += np.greater(other, 0)
            np.add(total, other, out=total)
        counts = np.bincount(row + other[place], minlength=size * size).reshape(size, size)
        pairs[..., number_of_angle] = counts[1:, 1:]
        runs.append(_runs(voxels, angle, size)[1:])
    near, neighbours = total[place], number[place]
    apart = np.where(neighbours > 0, np.abs(own - near / np.maximum(neighbours, 1)), 0.0)
    differences = np.column_stack(
        [np.bincount(own, minlength=size), np.bincount(own, apart, minlength=size), np.arange(size)]
    )
    dependences = np.bincount(own * np.int32(_NEIGHBOURS + 1) + equal[place], minlength=size * (_NEIGHBOURS + 1))
    return Matrices(
        pairs[None],
        _of_one_width(runs)[None],
        dependences.reshape(size, _NEIGHBOURS + 1)[1:].astype(np.float64)[None],
        differences[1:][None],
    )


_NEIGHBOURS = 26


def _runs(voxels: Voxels, angle: Step, size: int) -> np.ndarray:
    """Number of runs by level (from 0) and length (from 1); none where no line along the angle holds two voxels."""
    level, length = voxels.runs(angle)
    longest = int(length.max())
    if longest == 1 and not _shared_line(voxels, angle):
        return np.zeros((size, 1), dtype=np.int64)
    counts = np.bincount(level.astype(np.int64) * longest + (length - 1), minlength=size * longest)
    return counts.reshape(size, longest)


def _shared_line(voxels: Voxels, angle: Step) -> bool:
    """Whether any two voxels lie on one line along an angle."""
    place = np.stack(np.unravel_index(voxels.index, voxels.shape))
    axis = next(k for k, step in enumerate(angle) if step)
    start = place - place[axis] * angle[axis] * np.array(angle)[:, None]
    return bool(np.unique(start, axis=1).shape[1] < voxels.index.size)


def _of_one_width(matrices: list[np.ndarray]) -> np.ndarray:
    """Matrices side by side along a new last axis, the narrower ones filled with zeros; float64."""
    found = np.zeros((matrices[0].shape[0], max(m.shape[1] for m in matrices), len(matrices)))
    for place, matrix in enumerate(matrices):
        found[:, : matrix.shape[1], place] = matrix
    return found
