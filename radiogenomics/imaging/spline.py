"""Cubic B-spline interpolation on a grid, one axis after the other."""

from __future__ import annotations

import numpy as np


def spline_along(values: np.ndarray, place: np.ndarray, axis: int) -> np.ndarray:
    """The cubic B-spline through values along one axis, at other places; mirrored beyond the ends.

    Parameters
    ----------
    values : float64.
    place : float (m,), in index units of that axis, from -1 to its length.
    """
    from scipy import ndimage

    n = values.shape[axis]
    coefficients = ndimage.spline_filter1d(values, 3, axis=axis, mode="mirror")
    low = np.floor(place).astype(int)
    t = place - low
    weights = (
        (1 - t) ** 3 / 6,
        2 / 3 - t**2 + t**3 / 2,
        2 / 3 - (1 - t) ** 2 + (1 - t) ** 3 / 2,
        t**3 / 6,
    )
    found = np.zeros([place.size if k == axis else size for k, size in enumerate(values.shape)])
    for start in range(0, place.size, _AT_A_TIME):
        block = slice(start, start + _AT_A_TIME)
        total = found[tuple(block if k == axis else slice(None) for k in range(values.ndim))]
        for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
            index = np.abs(low[block] + offset)
            index = np.where(index > n - 1, 2 * (n - 1) - index, index)
            part = np.take(coefficients, index, axis=axis)
            part *= weight[block].reshape([-1 if k == axis else 1 for k in range(values.ndim)])
            total += part
    return found


_AT_A_TIME = 16
"""Places that are computed together, so that no copy of the whole result is held."""
