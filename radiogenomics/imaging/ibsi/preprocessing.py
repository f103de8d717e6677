"""From a lesion as read to the ROI that features are computed on, in IBSI's order of steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.filters.bank import filter_margin
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.ibsi.interpolation import resample_around
from radiogenomics.imaging.ibsi.resegmentation import resegment
from radiogenomics.imaging.ibsi.roi import Roi
from radiogenomics.imaging.reading import Lesion

_PEAK_MARGIN_MM = 7.0
"""The ball of the intensity peak reaches 6.2 mm beyond the ROI."""


class Preprocessed(NamedTuple):
    """The ROI, and the size (z, y, x) of the whole image on its new grid."""

    roi: Roi
    whole: tuple[int, ...]


def preprocess(lesion: Lesion, settings: Radiomics, *, whole_image: bool = False) -> Preprocessed:
    """Normalise, resample around the ROI, round, re-segment.

    Parameters
    ----------
    lesion : as read.
    settings : with `standard` ibsi.
    whole_image : keep the whole image around the ROI, not only what peaks and filters look at; the features are the same.

    Raises
    ------
    ComputationError
        The ROI is too small after resampling or re-segmentation, or its intensities are all the same.
    """
    image, mask = lesion.arrays()
    spacing = np.array(lesion.image.GetSpacing())[::-1]
    centre, spread = 0.0, 1.0
    if settings.normalise:  # over the whole image, before any cropping
        centre, spread = float(image.mean(dtype=np.float64)), float(image.std(dtype=np.float64))
        if not spread > 0:
            raise ComputationError(
                f"{lesion.name}: the image has one value only, it cannot be normalised", rule="constant"
            )
    target = spacing if settings.resample_mm is None else np.array(settings.resample_mm, dtype=float)[::-1]
    lower, upper = bounding_box(mask)
    target = np.where(upper > lower, target, spacing)  # an axis along which the ROI is one voxel thick stays
    margin = np.maximum(np.ceil(_PEAK_MARGIN_MM / target), filter_margin(settings.all_filters(), target)).astype(int)
    if whole_image:
        margin = np.full(3, 10**6)
    found = resample_around(
        image, mask, spacing, target, order=1 if settings.interpolation == "linear" else 3, margin=margin
    )
    intensity = (found.intensity - centre) / spread if settings.normalise else found.intensity
    rounded = settings.round_intensities
    if rounded or (rounded is None and lesion.kind == "CT" and not settings.normalise):
        intensity = np.round(intensity)
    lowest, highest = settings.resegment_range or (None, None)
    selected = resegment(intensity, found.mask, lowest=lowest, highest=highest, sigmas=settings.resegment_sigma)
    count = int(selected.sum())
    if count < settings.minimum_voxels:
        edges = " x ".join(f"{value:.3g}" for value in target[::-1])
        drawn = int(found.mask.sum())
        why = "" if count == drawn else f" left of {drawn} by re-segmentation"
        raise ComputationError(
            f"{lesion.name}: the ROI has {count} voxels of {edges} mm{why}, at least {settings.minimum_voxels} are needed",
            rule="roi_too_small",
        )
    roi = Roi(intensity, found.mask, selected, found.spacing, lowest, highest)
    span = float(np.ptp(roi.values))
    if span <= 1e-9 * max(1.0, abs(float(roi.values[0]))):
        raise ComputationError(
            f"{lesion.name}: every voxel of the ROI has the value {roi.values[0]:g}", rule="constant"
        )
    return Preprocessed(roi, found.whole)
