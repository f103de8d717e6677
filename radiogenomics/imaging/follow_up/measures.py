"""What is measured of a lesion at each date, with the error that drawing its contour again would make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.reading import Lesion
from radiogenomics.imaging.volumetrics import axial_diameters


def measures_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """Volume and diameters of one lesion with their standard errors, and where its centre lies.

    The contour is moved out and in by `contour_sd_mm`, one standard deviation of where a reader draws it. Half of the
    difference in log volume is the volume's standard error on that scale; a diameter changes by twice the move. To both the
    error of the grid is added: a voxel of the outline is in or out by chance, with the variance 1/12 of a uniform share.

    Parameters
    ----------
    settings : `contour_sd_mm`.

    Returns
    -------
    dict: `volume_mm3`, `diameter_mm` (longest axial), `perpendicular_mm`, `log_volume_sd` (1), `diameter_sd_mm`,
    `x_mm`, `y_mm`, `z_mm` (centre, patient coordinates L, P, S), `slice_mm`.
    """
    import SimpleITK as sitk

    mask = sitk.DICOMOrient(lesion.mask, "LPS")
    spacing = np.array(mask.GetSpacing())[::-1]
    voxels = sitk.GetArrayFromImage(mask) > 0
    lower, upper = bounding_box(voxels)
    centre = np.argwhere(voxels).mean(axis=0)
    position = mask.TransformContinuousIndexToPhysicalPoint(centre[::-1].tolist())
    sd_mm = float(settings["contour_sd_mm"])
    pad = np.ceil((3 * sd_mm) / spacing).astype(int) + 2
    box = np.pad(voxels[tuple(slice(a, b + 1) for a, b in zip(lower, upper, strict=True))], [(p, p) for p in pad])
    distance = signed_distance(box, spacing)
    larger, smaller = (_volume(distance, offset, spacing) for offset in (sd_mm, -sd_mm))
    if smaller <= 0:
        raise ComputationError(
            f"{lesion.name}: moved in by {sd_mm:g} mm the contour encloses nothing; the lesion is too small to measure",
            rule="lesion_too_small",
        )
    count = float(voxels.sum())
    by_contour = 0.5 * np.log(larger / smaller)
    by_grid = np.sqrt(_outline_voxels(box) / 12.0) / count
    longest, perpendicular = axial_diameters(box, spacing)
    return {
        "volume_mm3": count * float(np.prod(spacing)),
        "diameter_mm": longest,
        "perpendicular_mm": perpendicular,
        "log_volume_sd": float(np.hypot(by_contour, by_grid)),
        "diameter_sd_mm": float(np.hypot(2.0 * sd_mm, float(spacing[1:].max()) / np.sqrt(6.0))),  # two ends
        "x_mm": float(position[0]),
        "y_mm": float(position[1]),
        "z_mm": float(position[2]),
        "slice_mm": float(spacing[0]),
    }


def signed_distance(voxels: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance to the outline, mm: below 0 inside, above 0 outside, 0 half-way between voxels."""
    from scipy.ndimage import distance_transform_edt

    outside = distance_transform_edt(~voxels, sampling=spacing)
    inside = distance_transform_edt(voxels, sampling=spacing)
    half = 0.5 * float(spacing.min())
    return np.where(voxels, half - inside, outside - half)


def _volume(distance: np.ndarray, offset_mm: float, spacing: np.ndarray) -> float:
    """Volume within the outline moved out by `offset_mm`, mm3; voxels that it cuts count in part."""
    width = float(np.prod(spacing)) ** (1 / 3)
    share = np.clip(0.5 - (distance - offset_mm) / width, 0.0, 1.0)
    return float(share.sum()) * float(np.prod(spacing))


def _outline_voxels(voxels: np.ndarray) -> float:
    from scipy.ndimage import binary_erosion

    return float(voxels.sum() - binary_erosion(voxels).sum())


STEP = Step("follow_up_measures", 1, measures_of_lesion, ("SimpleITK", "scipy"))
"""Measures over time as a cached step."""
