"""Which voxels of a ROI count for its intensities (IBSI 5OBQ)."""

from __future__ import annotations

import numpy as np


def resegment(
    intensity: np.ndarray,
    mask: np.ndarray,
    *,
    lowest: float | None = None,
    highest: float | None = None,
    sigmas: float | None = None,
) -> np.ndarray:
    """The intensity mask: voxels of `mask` within a range (IBSI USB3) and within some standard deviations (7ACA).

    Both rules look at the whole mask, so that their order does not matter.

    Parameters
    ----------
    intensity : float (z, y, x).
    mask : bool of the same shape.
    lowest, highest : ends of the range, both included, in the unit of `intensity`.
    sigmas : outliers lie further from the mean than this many standard deviations.
    """
    kept = mask.copy()
    if lowest is not None:
        kept &= intensity >= lowest
    if highest is not None:
        kept &= intensity <= highest
    if sigmas is not None and mask.any():
        values = intensity[mask]
        mean, spread = float(values.mean()), float(values.std())
        kept &= (intensity >= mean - sigmas * spread) & (intensity <= mean + sigmas * spread)
    return kept
