"""pyradiomics' features of one lesion, with all done around it that it leaves to the user."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.reading import Lesion

if TYPE_CHECKING:
    import SimpleITK as sitk

    from radiogenomics.imaging.pyradiomics_grid import AroundRoi

MAXIMUM_LEVELS = 1000
"""More grey levels take gigabytes (the co-occurrence matrix grows with their square) and say nothing."""


class Prepared(NamedTuple):
    """Image (float64) and mask as the feature classes see them, where they come from, and the margin (x, y, z; voxels) that
    they have around the ROI."""

    image: sitk.Image
    mask: sitk.Image
    around: AroundRoi
    margin: np.ndarray


def pyradiomics_features(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """pyradiomics' features in its order: shape, then the classes of each image.

    Parameters
    ----------
    lesion : as read.
    settings : the values of `radiomic_settings.Radiomics`, with `standard` pyradiomics.

    Raises
    ------
    ComputationError
        The ROI is too small after resampling, a line, constant, or would need too many grey levels; the image is too thin for
        a filter.
    """
    import radiomics
    import SimpleITK as sitk

    from radiogenomics.imaging.pyradiomics_classes import intensity_features, shape_features
    from radiogenomics.imaging.pyradiomics_images import images

    radiomics.setVerbosity(logging.CRITICAL)
    prepared = prepare(lesion, settings)
    image = prepared.image
    inside = sitk.GetArrayFromImage(prepared.mask) > 0
    lower, upper = bounding_box(inside)
    if (upper > lower).sum() < 2:  # the original refuses a ROI that is a line, too
        raise ComputationError(f"{lesion.name}: the ROI is a line or a point, it has no shape", rule="pyradiomics")
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))
    drawn = _placed(inside[box].astype(np.uint32), image)
    selected = inside
    if settings["resegment_range"] is not None:
        from radiogenomics.imaging.ibsi.resegmentation import resegment

        lowest, highest = settings["resegment_range"]
        selected = resegment(sitk.GetArrayViewFromImage(image), inside, lowest=lowest, highest=highest)
        what = f"{lesion.name}: after re-segmentation"
        _require_voxels(int(selected.sum()), settings, what, np.array(image.GetSpacing()))
    found: dict[str, float] = {}
    within = _placed(selected[box].astype(np.uint32), image)
    for kind, filtered in images(prepared, lower, upper, settings):
        if kind == "original":
            found |= shape_features(filtered, drawn)
        found |= intensity_features(filtered, within, kind, settings)
    return found


def prepare(lesion: Lesion, settings: Mapping[str, Any]) -> Prepared:
    """Normalise, crop and resample a lesion, with room for wavelets around it.

    The values are those that resampling the whole image would give, on the same grid: aligned to the corner of the whole image.

    Raises
    ------
    ComputationError
        The image cannot be normalised; the ROI is too small, constant, or would need too many grey levels.
    """
    import SimpleITK as sitk

    from radiogenomics.imaging.pyradiomics_grid import AroundRoi
    from radiogenomics.imaging.pyradiomics_images import WAVELET_MARGIN

    voxels, roi = lesion.arrays()
    centre, spread = 0.0, 1.0
    if settings["normalise"]:  # over the whole image, before any cropping
        centre, spread = float(voxels.mean(dtype=np.float64)), float(voxels.std(dtype=np.float64))
        if not spread > 0:
            raise ComputationError(
                f"{lesion.name}: the image has one value only, it cannot be normalised", rule="constant"
            )
    lower, upper = (ends[::-1] for ends in bounding_box(roi))  # z, y, x to x, y, z
    target = _target_spacing(settings["resample_mm"], np.array(lesion.image.GetSpacing()), upper - lower + 1)
    around = AroundRoi(lesion.image, lesion.mask, lower, upper, target, centre, spread)
    margin = np.full(3, WAVELET_MARGIN if settings["wavelet"] else 2)
    image, mask = around.near(margin)
    inside = sitk.GetArrayViewFromImage(mask) > 0
    _require_voxels(int(inside.sum()), settings, f"{lesion.name}:", target)
    values = sitk.GetArrayViewFromImage(image)[inside]
    span = float(values.max() - values.min())
    if span <= 1e-9 * max(1.0, abs(float(values[0]))):  # interpolation makes dust of a constant
        raise ComputationError(f"{lesion.name}: every voxel of the ROI has the value {values[0]:g}", rule="constant")
    levels = settings["bin_count"] or span / settings["bin_width"]
    if levels > MAXIMUM_LEVELS:
        raise ComputationError(
            f"{lesion.name}: bin_width {settings['bin_width']} makes {levels:.0f} grey levels of intensities "
            f"{values.min():g} to {values.max():g}; at most {MAXIMUM_LEVELS} are allowed",
            rule="bin_width",
        )
    return Prepared(image, mask, around, margin)


def _target_spacing(asked: Any, native: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Spacing to resample to, x, y, z. As in pyradiomics, an axis along which the ROI is one voxel thick stays."""
    if asked is None:
        return native
    return np.where(extent > 1, np.array(asked, dtype=float), native)


def _placed(array: np.ndarray, like: sitk.Image) -> sitk.Image:
    import SimpleITK as sitk

    found = sitk.GetImageFromArray(array)
    found.SetSpacing(like.GetSpacing())
    return found


def _require_voxels(count: int, settings: Mapping[str, Any], what: str, spacing: np.ndarray) -> None:
    if count < settings["minimum_voxels"]:
        edges = " x ".join(f"{value:.3g}" for value in spacing)
        raise ComputationError(
            f"{what} the ROI has {count} voxels of {edges} mm, at least {settings['minimum_voxels']} are needed",
            rule="roi_too_small",
        )
