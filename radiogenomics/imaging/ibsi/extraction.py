"""All features of a lesion by IBSI's definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.filters.bank import filter_margin, responses
from radiogenomics.imaging.ibsi.discretisation import grey_levels
from radiogenomics.imaging.ibsi.intensity import intensity_histogram, intensity_statistics
from radiogenomics.imaging.ibsi.morphology import local_peaks, morphology_features, spatial_autocorrelation
from radiogenomics.imaging.ibsi.preprocessing import preprocess
from radiogenomics.imaging.ibsi.roi import Roi
from radiogenomics.imaging.ibsi.texture import texture_features
from radiogenomics.imaging.ibsi.volume_histogram import intensity_volume_histogram
from radiogenomics.imaging.reading import Lesion

MAXIMUM_LEVELS = 1000
"""More grey levels take gigabytes (the co-occurrence matrix grows with their square) and say nothing."""


def ibsi_features(lesion: Lesion, settings: Mapping[str, Any], *, whole_image: bool = False) -> dict[str, float]:
    """IBSI-1 features of a lesion and of its filtered images, named ``<image>_<tag>`` (``original_stat_mean``).

    Parameters
    ----------
    lesion : as read.
    settings : the values of `radiomic_settings.Radiomics`, with `standard` ibsi.
    whole_image : filter the whole image instead of what the filters look at; for comparison.

    Raises
    ------
    ComputationError
        The ROI is too small, constant, or would need too many grey levels.
    """
    chosen = Radiomics.model_validate(dict(settings))
    roi = preprocess(lesion, chosen, whole_image=whole_image).roi
    found = {
        f"original_{tag}": value for tag, value in original_features(roi, chosen, lesion.kind, lesion.name).items()
    }
    for one in chosen.all_filters():  # each on what it looks at, not on what the widest of them does
        part = roi if whole_image else roi.around(filter_margin([one], roi.spacing))
        for name, response in responses(part.intensity, part.spacing, [one]):
            filtered = response_features(part.with_intensity(response), chosen)
            found |= {f"{name}_{tag}": value for tag, value in filtered.items()}
    return found


def original_features(roi: Roi, settings: Radiomics, kind: str, name: str = "ROI") -> dict[str, float]:
    """Shape, place, peaks, statistics, histograms and texture of the unfiltered image, by IBSI's tags."""
    if settings.bin_width is not None:
        start = float(roi.values.min()) if roi.lowest is None else roi.lowest
        levels = (float(roi.values.max()) - start) / settings.bin_width
        if levels > MAXIMUM_LEVELS:
            raise ComputationError(
                f"{name}: bin_width {settings.bin_width} makes {levels:.0f} grey levels of intensities from {start:g} to "
                f"{roi.values.max():g}; at most {MAXIMUM_LEVELS} are allowed",
                rule="bin_width",
            )
    found = morphology_features(roi) | spatial_autocorrelation(roi) | local_peaks(roi)
    width, count = settings.volume_histogram_bin_width, settings.volume_histogram_bin_count
    if width is None and count is None and (kind != "CT" or settings.normalise):
        count = 1000
    found |= intensity_statistics(roi.values)
    found |= intensity_volume_histogram(
        roi.values, bin_width=width, bin_count=count, lowest=roi.lowest, highest=roi.highest
    )
    levels_inside = grey_levels(roi.values, settings.bin_width, settings.bin_count, roi.lowest)
    return found | _of_levels(roi, levels_inside, settings)


def response_features(roi: Roi, settings: Radiomics) -> dict[str, float]:
    """Statistics, histogram and texture of a filtered image: in a fixed number of bins, because a response has no unit."""
    found = intensity_statistics(roi.values)
    return found | _of_levels(roi, grey_levels(roi.values, None, settings.response_bin_count), settings)


def _of_levels(roi: Roi, inside: np.ndarray, settings: Radiomics) -> dict[str, float]:
    """Histogram and texture features from one discretisation."""
    box = roi.box
    levels = np.zeros(roi.selected[box].shape, dtype=np.int32)
    levels[roi.selected[box]] = inside
    return intensity_histogram(inside) | texture_features(levels, roi.morphological[box], settings.aggregations)
