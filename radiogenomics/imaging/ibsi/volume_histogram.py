"""Intensity-volume histogram (IBSI P88C)."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.ibsi.discretisation import fixed_bin_count, fixed_bin_width


def intensity_volume_histogram(
    values: np.ndarray,
    *,
    bin_width: float | None = None,
    bin_count: int | None = None,
    lowest: float | None = None,
    highest: float | None = None,
) -> dict[str, float]:
    """Volume fractions at 10 and 90 % of the intensity range, intensities at 10 and 90 % of the volume, and differences.

    Parameters
    ----------
    values : float (n,): intensities of the ROI.
    bin_width : in the unit of `values`; intensities are then those of the bins' centres. 1 for whole numbers (HU) means
        that they are taken as they are.
    bin_count : number of bins, for intensities without unit; results are then in bins.
    lowest, highest : ends of the intensity range, where a re-segmentation range defines them.
    """
    if bin_count is not None:
        levels, first, step, count = fixed_bin_count(values, bin_count), 1.0, 1.0, bin_count
    elif bin_width is None or (bin_width == 1.0 and np.array_equal(values, np.round(values))):
        first, step = float(values.min()), 1.0
        levels = np.round(values - first).astype(np.int64) + 1
        count = int(levels.max())
    else:
        start = float(values.min()) if lowest is None else lowest
        levels = fixed_bin_width(values, bin_width, start)
        end = float(values.max()) if highest is None else highest
        count = max(int(np.ceil(np.round((end - start) / bin_width, 9))), int(levels.max()))
        first, step = start + 0.5 * bin_width, bin_width
    counts = np.bincount(levels, minlength=count + 1)[1:]
    fraction = (
        1.0 - np.concatenate([[0], np.cumsum(counts)[:-1]]) / values.size
    )  # of the volume with this level or more
    position = np.arange(count) / max(count - 1, 1)  # 0 at the lowest, 1 at the highest level

    def volume(share: float) -> float:
        reached = np.flatnonzero(position >= share - 1e-12)
        return float(fraction[reached[0]]) if reached.size else 0.0

    def intensity(share: float) -> float:
        below = np.flatnonzero(fraction <= share + 1e-12)
        return first + step * float(below[0] if below.size else count)

    found = {"v10": volume(0.1), "v90": volume(0.9), "i10": intensity(0.1), "i90": intensity(0.9)}
    found["diff_v10_v90"] = found["v10"] - found["v90"]
    found["diff_i10_i90"] = found["i10"] - found["i90"]
    return {f"ivh_{name}": value for name, value in found.items()}
