"""Radiomic features of lesions: by IBSI's definitions, or by pyradiomics with all done around it that it leaves to the user."""

from __future__ import annotations

import fnmatch
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.imaging.extraction import Step, extract
from radiogenomics.imaging.geometry import bounding_box, crop_around
from radiogenomics.imaging.radiomic_dictionary import radiomic_dictionary
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache

if TYPE_CHECKING:
    import SimpleITK as sitk

_INTERPOLATION_MARGIN = 16
"""Source voxels around the output that cubic B-spline interpolation needs: its prefilter decays by 0.27 a voxel, so what
lies beyond changes the result by less than 1e-9 of the contrast there."""


def radiomic_features(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Radiomic features of every lesion whose images ask for them.

    Settings are those of ``images.<name>.radiomics``. With ``standard: ibsi`` the features and filters are those of the Image
    Biomarker Standardisation Initiative, named ``<image>_<tag>`` (``original_stat_mean``); with ``standard: pyradiomics`` the
    classes shape, firstorder, glcm, glrlm, glszm, gldm and ngtdm of pyradiomics 3.1 (van Griethuysen et al., Cancer Res
    2017;77:e104), named as there (``original_firstorder_Mean``), on the original, Laplacian-of-Gaussian and wavelet images.

    Parameters
    ----------
    cohort : the configuration.
    lesions : DataFrame by `schemas.LESIONS`.
    cache : where results are kept; None computes all.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`.

    Returns
    -------
    Features with one row a lesion. A lesion that cannot be read, whose ROI is too small, or that has any feature that is
    not a finite number is in the quarantine with its reason, and the others go on.

    Raises
    ------
    ConfigurationError
        A resampling or filter setting is not above 0; a parameter file is wrong.
    """
    chosen = resolved_settings(cohort)
    settings: dict[str, dict[str, Any]] = {}
    for name, one in chosen.items():
        settings[name] = one.model_dump(mode="json", exclude={"preset"})
        _check(settings[name], f"images.{name}.radiomics")
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    dictionary = radiomic_dictionary(cohort, found.values, chosen)
    return Features(found.values, dictionary, found.quarantine)


def resolved_settings(cohort: Cohort) -> dict[str, Radiomics]:
    """Settings of each image name that asks for radiomics; a parameter file is read.

    Raises
    ------
    ConfigurationError
        A parameter file is missing or wrong.
    """
    found: dict[str, Radiomics] = {}
    for name, images in cohort.images.items():
        if images.radiomics is not None:
            file = images.radiomics.parameter_file
            if file is None:
                found[name] = images.radiomics
            else:
                from radiogenomics.imaging.parameter_file import read_parameter_file

                found[name] = read_parameter_file(cohort.path(file))
    return found


def radiomics_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """All radiomic features of one lesion.

    Parameters
    ----------
    lesion : as read; image and mask are on the same grid.
    settings : the values of `radiomic_settings.Radiomics`.

    Raises
    ------
    ComputationError
        The ROI is too small after resampling, its intensities are all the same, or would need too many grey levels.
    """
    if settings["standard"] == "ibsi":
        from radiogenomics.imaging.ibsi.extraction import ibsi_features

        found = ibsi_features(lesion, settings)
    else:
        image, mask = prepare(lesion, settings)
        found = _by_pyradiomics(image, mask, settings, lesion.name)
    return _asked_for(found, settings["features"])


def _asked_for(found: dict[str, float], patterns: Sequence[str]) -> dict[str, float]:
    """The features whose name fits a pattern; all where there is none."""
    if not patterns:
        return found
    for pattern in patterns:
        if not fnmatch.filter(found, pattern):
            raise ComputationError(f"features: no feature is named like '{pattern}'", rule="radiomics_settings")
    return {name: value for name, value in found.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}


def prepare(lesion: Lesion, settings: Mapping[str, Any]) -> tuple[sitk.Image, sitk.Image]:
    """Image (float64) and mask as the feature classes see them: normalised, cropped, resampled, with room for filters.

    The values inside the ROI are those that resampling the whole image would give, on the same grid: aligned to the
    corner of the whole image.
    """
    import SimpleITK as sitk

    image = lesion.image
    if settings["normalise"]:  # over the whole image, before any cropping
        image = sitk.Cast(lesion.image, sitk.sitkFloat64)
        values = sitk.GetArrayViewFromImage(image)
        spread = float(values.std())
        if not spread > 0:
            raise ComputationError(
                f"{lesion.name}: the image has one value only, it cannot be normalised", rule="constant"
            )
        image = (image - float(values.mean())) / spread
    _, roi = lesion.arrays()
    lower, upper = (ends[::-1] for ends in bounding_box(roi))  # z, y, x to x, y, z
    native = np.array(lesion.image.GetSpacing())
    target = _target_spacing(settings["resample_mm"], native, upper - lower + 1)
    margin = _filter_margin(settings, target)
    if np.allclose(native, target):
        image, mask = (crop_around(volume, lower, upper, margin) for volume in (image, lesion.mask))
        image = sitk.Cast(image, sitk.sitkFloat64)
    else:
        image, mask = _resampled(image, lesion.mask, lower, upper, target, margin)
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
    return image, mask


MAXIMUM_LEVELS = 1000
"""More grey levels take gigabytes (the co-occurrence matrix grows with their square) and say nothing."""


def _target_spacing(asked: Any, native: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Spacing to resample to, x, y, z. As in pyradiomics, an axis along which the ROI is one voxel thick stays."""
    if asked is None:
        return native
    return np.where(extent > 1, np.array(asked, dtype=float), native)


def _filter_margin(settings: Mapping[str, Any], spacing: np.ndarray) -> np.ndarray:
    """Voxels (x, y, z) around the ROI that the filters look at, and at least 2."""
    from radiogenomics.imaging.pyradiomics_images import LOG_MARGIN, WAVELET_MARGIN

    margin = np.full(3, 2.0)
    for sigma in settings["log_sigma_mm"]:
        margin = np.maximum(margin, LOG_MARGIN * sigma / spacing)
    if settings["wavelet"]:
        margin = np.maximum(margin, WAVELET_MARGIN)
    return np.ceil(margin).astype(int)


def _resampled(
    image: sitk.Image, mask: sitk.Image, lower: np.ndarray, upper: np.ndarray, target: np.ndarray, margin: np.ndarray
) -> tuple[sitk.Image, sitk.Image]:
    """ROI and margin on a grid of `target` spacing whose corner is the corner of the whole image."""
    import SimpleITK as sitk

    native, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    ratio = native / target
    first = np.maximum(np.floor((lower - 0.5) * ratio - margin), 0)
    last = np.minimum(np.ceil((upper + 0.5) * ratio + margin), np.ceil(size * ratio) - 1)
    start = (
        0.5 * (target - native) / native + first / ratio
    )  # continuous index, in the whole image, of the first new voxel
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(target.tolist())
    resample.SetOutputDirection(image.GetDirection())
    resample.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint(start.tolist()))
    resample.SetSize([int(n) for n in last - first + 1])
    # what the new voxels and the interpolation need; the rest of the image is left out, for speed and memory
    around = np.ceil((margin + 1) / ratio).astype(int) + 1
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    new_mask = resample.Execute(crop_around(mask, lower, upper, around))
    resample.SetInterpolator(sitk.sitkBSpline)
    source = crop_around(image, lower, upper, around + _INTERPOLATION_MARGIN)
    new_image = resample.Execute(sitk.Cast(source, sitk.sitkFloat64))
    return new_image, new_mask


def _by_pyradiomics(image: sitk.Image, mask: sitk.Image, settings: Mapping[str, Any], name: str) -> dict[str, float]:
    """pyradiomics' features in its order: shape, then the classes of each image."""
    import radiomics
    import SimpleITK as sitk

    from radiogenomics.imaging.pyradiomics_classes import intensity_features, shape_features
    from radiogenomics.imaging.pyradiomics_images import images

    radiomics.setVerbosity(logging.CRITICAL)
    inside = sitk.GetArrayFromImage(mask) > 0
    lower, upper = bounding_box(inside)
    if (upper > lower).sum() < 2:  # the original refuses a ROI that is a line, too
        raise ComputationError(f"{name}: the ROI is a line or a point, it has no shape", rule="pyradiomics")
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))
    drawn = _placed(inside[box].astype(np.uint32), image)
    selected = inside
    if settings["resegment_range"] is not None:
        from radiogenomics.imaging.ibsi.resegmentation import resegment

        lowest, highest = settings["resegment_range"]
        selected = resegment(sitk.GetArrayViewFromImage(image), inside, lowest=lowest, highest=highest)
        _require_voxels(int(selected.sum()), settings, f"{name}: after re-segmentation", np.array(image.GetSpacing()))
    found: dict[str, float] = {}
    within = _placed(selected[box].astype(np.uint32), image)
    for kind, filtered in images(image, lower, upper, settings):
        if kind == "original":
            found |= shape_features(filtered, drawn)
        found |= intensity_features(filtered, within, kind, settings)
    return found


def _placed(array: np.ndarray, like: sitk.Image) -> sitk.Image:
    import SimpleITK as sitk

    found = sitk.GetImageFromArray(array)
    found.SetSpacing(like.GetSpacing())
    return found


def _require_voxels(count: int, settings: Mapping[str, Any], what: str, spacing: np.ndarray) -> None:
    if count < settings["minimum_voxels"]:
        raise ComputationError(
            f"{what} the ROI has {count} voxels of {_mm(spacing)} mm, at least {settings['minimum_voxels']} are needed",
            rule="roi_too_small",
        )


def _check(settings: Mapping[str, Any], where: str) -> None:
    for key in ("resample_mm", "log_sigma_mm"):
        for value in settings[key] or ():
            if not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"{where}.{key}: must be above 0 mm, found {value}", rule="radiomics_settings")


def _mm(spacing: np.ndarray) -> str:
    return " x ".join(f"{value:.3g}" for value in spacing)


STEP = Step(
    "radiomics",
    2,
    radiomics_of_lesion,
    ("pyradiomics-bhklab", "SimpleITK", "numpy", "scipy", "scikit-image", "PyWavelets"),
)
"""Radiomics as a cached step."""
