"""The readings that are declared of a lesion, and one lesion as one of them shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from radiogenomics.cohort.robustness_settings import Robustness
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.geometry import bounding_box, crop_around
from radiogenomics.imaging.perturbation import contours, intensities
from radiogenomics.imaging.reading import Lesion

REFERENCE = "as_it_is"
"""The reading that changes nothing."""

CONTOUR, ACQUISITION = "contour", "acquisition"
"""The two groups of readings: what a second reader does, and what another scan does."""

MARGIN_MM = 60.0
"""What is kept around a lesion before it is perturbed: eight standard deviations of the widest filter, and room to move."""


def declared_readings(robustness: Robustness) -> dict[str, dict[str, Any]]:
    """Name of each reading -> what is done, as plain values; the first changes nothing."""
    found: dict[str, dict[str, Any]] = {REFERENCE: {"what": REFERENCE}}
    again, scanned = robustness.contour, robustness.acquisition
    if again is not None:
        for mm in again.grow_mm:
            found[f"contour/grown_{mm:g}_mm"] = {"what": "outline", "mm": mm}
        for mm in again.shrink_mm:
            found[f"contour/shrunk_{mm:g}_mm"] = {"what": "outline", "mm": -mm}
        for mm in again.shift_mm:
            found[f"contour/shifted_x_{mm:g}_mm"] = {"what": "shift", "mm": [0.0, 0.0, mm]}
            found[f"contour/shifted_y_{mm:g}_mm"] = {"what": "shift", "mm": [0.0, mm, 0.0]}
        for degrees in again.rotate_deg:
            found[f"contour/turned_left_{degrees:g}_deg"] = {"what": "turn", "degrees": degrees}
            found[f"contour/turned_right_{degrees:g}_deg"] = {"what": "turn", "degrees": -degrees}
        for times in again.noise:
            found[f"contour/noise_{times:g}"] = {"what": "noise", "times": times}
        for count in again.slices_merged:
            found[f"contour/slices_merged_{count}"] = {"what": "slices", "count": count}
    if scanned is not None:
        for dose in scanned.dose:
            found[f"acquisition/dose_{dose:g}"] = {"what": "dose", "dose": dose, "peak": scanned.noise_peak_per_mm}
        for mm in scanned.smooth_mm:
            found[f"acquisition/smoother_{mm:g}_mm"] = {"what": "smooth", "mm": mm}
        for mm in scanned.sharpen_mm:
            found[f"acquisition/sharper_{mm:g}_mm"] = {"what": "sharpen", "mm": mm}
        for count in scanned.slices_merged:
            found[f"acquisition/slices_merged_{count}"] = {"what": "slices", "count": count}
    return found


def around(lesion: Lesion, *, whole: bool) -> Lesion:
    """The lesion with `MARGIN_MM` around it; all of the image where its features look at all of it."""
    if whole:
        return lesion
    _, roi = lesion.arrays()
    lower, upper = (ends[::-1] for ends in bounding_box(roi))
    margin = np.ceil(MARGIN_MM / np.array(lesion.image.GetSpacing())).astype(int)
    image, mask = (crop_around(volume, lower, upper, margin) for volume in (lesion.image, lesion.mask))
    return Lesion(image, mask, lesion.kind, lesion.name, lesion.acquisition, lesion.remarks)


def perturbed(lesion: Lesion, reading: Mapping[str, Any], random_state: int) -> Lesion:
    """The lesion as one reading shows it. The same lesion, reading and seed give the same noise, to the bit.

    Raises
    ------
    ComputationError
        The region vanishes, or leaves the image.
    """
    if reading["what"] == REFERENCE:
        return lesion
    image, roi = lesion.arrays()
    spacing = np.array(lesion.image.GetSpacing())[::-1].astype(float)
    scale = 1.0
    what = reading["what"]
    if what == "outline":
        roi = contours.moved_outline(roi, spacing, float(reading["mm"]))
    elif what == "shift":
        z, y, x = (float(mm) for mm in reading["mm"])
        roi = contours.shifted(roi, spacing, (z, y, x))
    elif what == "turn":
        roi = contours.turned(roi, spacing, float(reading["degrees"]))
    elif what == "slices":
        scale = float(reading["count"])
        image, roi = intensities.merged_slices(image, roi, int(reading["count"]))
    elif what == "smooth":
        image = intensities.smoother(image, spacing, float(reading["mm"]))
    elif what == "sharpen":
        image = intensities.sharper(image, spacing, float(reading["mm"]))
    else:
        image = _noisy(lesion, image, spacing, reading, random_state)
    if not roi.any():
        raise ComputationError(f"{lesion.name}: nothing is left of the region", rule="roi_empty")
    return _rebuilt(lesion, image, roi, scale)


def _noisy(
    lesion: Lesion, image: np.ndarray, spacing: np.ndarray, reading: Mapping[str, Any], random_state: int
) -> np.ndarray:
    digest = hashlib.sha256(np.ascontiguousarray(image).data).digest()
    named = hashlib.sha256(repr(sorted(reading.items())).encode()).digest()
    generator = np.random.default_rng([random_state, *digest[:8], *named[:8]])
    sigma = intensities.noise_level(image, spacing, lesion.kind)
    if reading["what"] == "noise":
        return intensities.with_white_noise(image, sigma * float(reading["times"]), generator)
    return intensities.at_lower_dose(image, spacing, sigma, float(reading["dose"]), float(reading["peak"]), generator)


def _rebuilt(lesion: Lesion, image: np.ndarray, roi: np.ndarray, thicker: float) -> Lesion:
    import SimpleITK as sitk

    volume = sitk.GetImageFromArray(np.ascontiguousarray(image, dtype=np.float32))
    mask = sitk.GetImageFromArray(roi.astype(np.uint8))
    x, y, z = lesion.image.GetSpacing()
    for new in (volume, mask):
        new.SetSpacing((x, y, z * thicker))
        new.SetDirection(lesion.image.GetDirection())
        new.SetOrigin(lesion.image.GetOrigin())
    return Lesion(volume, mask, lesion.kind, lesion.name, lesion.acquisition, lesion.remarks)
