"""Resampling as IBSI defines it: the centres of both grids coincide, masks by partial volume.

The new grid depends on the whole image; only the part of it around the ROI is computed, with the values that resampling
the whole image would give.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.spline import spline_along

SPLINE_MARGIN = 24
"""Source voxels beyond the output that a cubic spline sees: its prefilter decays by 0.27 a voxel, to 2e-14 here."""

MASK_THRESHOLD = 0.5
"""A new voxel belongs to the ROI where the linearly interpolated mask is at least this (IBSI: partial-volume threshold)."""


class Resampled(NamedTuple):
    """Part of the new grid: intensities, mask, voxel size (z, y, x in mm), and the size of the whole new grid."""

    intensity: np.ndarray
    mask: np.ndarray
    spacing: np.ndarray
    whole: tuple[int, ...]


def resample_around(
    image: np.ndarray,
    mask: np.ndarray,
    spacing: np.ndarray,
    target: np.ndarray,
    *,
    order: int,
    margin: np.ndarray,
) -> Resampled:
    """Image and mask on a grid of `target` spacing, around the ROI.

    Parameters
    ----------
    image : float (z, y, x).
    mask : bool of the same shape, not empty.
    spacing, target : z, y, x in mm; an axis where both agree is not interpolated.
    order : 1 (linear) or 3 (cubic spline), for the image.
    margin : new voxels to keep around the ROI, z, y, x.
    """
    shape = np.array(image.shape)
    same = np.isclose(spacing, target)
    target = np.where(same, spacing, target)
    size = np.where(same, shape, np.ceil(np.round(shape * spacing / target, 6))).astype(int)
    lower, upper = bounding_box(mask)
    positions, first = [], []
    for n, m, old, new, low, high, extra in zip(
        shape, size, spacing, target, lower, upper, np.ceil(margin).astype(int), strict=True
    ):
        # index in the old grid of each voxel of the new one
        place = 0.5 * (n - 1) + (np.arange(m) - 0.5 * (m - 1)) * (new / old)
        near = np.flatnonzero((place > low - 1) & (place < high + 1))
        start = max(int(near[0]) - extra if near.size else 0, 0)
        stop = min(int(near[-1]) + extra + 1 if near.size else m, m)
        positions.append(place[start:stop])
        first.append(start)
    intensity = _interpolate(image, positions, order)
    fraction = _interpolate(mask, positions, 1)
    return Resampled(intensity, fraction >= MASK_THRESHOLD - 1e-9, target, tuple(int(n) for n in size))


def _interpolate(volume: np.ndarray, positions: list[np.ndarray], order: int) -> np.ndarray:
    """Values at a grid of positions, one axis after the other; beyond the image its edge value is repeated."""
    parts, local = [], []
    for n, place in zip(volume.shape, positions, strict=True):
        start = max(int(np.floor(place[0])) - SPLINE_MARGIN, 0)
        stop = min(int(np.ceil(place[-1])) + SPLINE_MARGIN + 1, n)
        parts.append(slice(start, stop))
        local.append(place - start)
    found = volume[tuple(parts)].astype(np.float64)
    for axis, place in enumerate(local):
        n = found.shape[axis]
        place = np.clip(place, 0, n - 1)
        whole = np.round(place)
        if np.allclose(place, whole, atol=1e-9):
            found = np.take(found, whole.astype(int), axis=axis)
            continue
        if order == 1 or n < 3:
            low = np.minimum(np.floor(place).astype(int), n - 2) if n > 1 else np.zeros(place.size, dtype=int)
            high = np.minimum(low + 1, n - 1)
            weight = (place - low).reshape([-1 if k == axis else 1 for k in range(3)])
            found = np.take(found, low, axis=axis) * (1 - weight) + np.take(found, high, axis=axis) * weight
        else:
            found = spline_along(found, place, axis)
    return found
