"""Intensities to grey levels 1, 2, ... (IBSI 4ZY1)."""

from __future__ import annotations

import numpy as np


def fixed_bin_width(values: np.ndarray, width: float, lowest: float | None = None) -> np.ndarray:
    """Grey levels (int32, from 1) in bins of `width` that start at `lowest`, or at the smallest value (IBSI Q3RU).

    Parameters
    ----------
    values : float array of any shape.
    width : in the unit of `values`.
    lowest : lower end of the first bin: the lower bound of the re-segmentation range.
    """
    start = float(values.min()) if lowest is None else lowest
    # a value on the edge of a bin belongs to the bin above it; the dust of a division must not decide that
    return np.maximum(np.floor(np.round((values - start) / width, 9)).astype(np.int32) + 1, 1)


def fixed_bin_count(values: np.ndarray, count: int) -> np.ndarray:
    """Grey levels (int32, 1 to `count`) in bins of equal width between the smallest and largest value (IBSI K15C)."""
    lowest, highest = float(values.min()), float(values.max())
    if not highest > lowest:
        return np.ones(values.shape, dtype=np.int32)
    level = np.floor(np.round(count * ((values - lowest) / (highest - lowest)), 9)).astype(np.int32) + 1
    return np.clip(level, 1, count)


def grey_levels(
    values: np.ndarray, bin_width: float | None, bin_count: int | None, lowest: float | None = None
) -> np.ndarray:
    """Grey levels by whichever of the two is given."""
    if bin_count is not None:
        return fixed_bin_count(values, bin_count)
    assert bin_width is not None  # the settings hold exactly one of the two
    return fixed_bin_width(values, bin_width, lowest)
