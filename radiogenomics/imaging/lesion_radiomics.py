"""All radiomic features of one lesion, by either standard."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.reading import Lesion

WORKERS_LOAD = (
    "SimpleITK",
    "radiogenomics.imaging.pyradiomics_lesion",
    "radiogenomics.imaging.pyradiomics_images",
    "radiogenomics.imaging.pyradiomics_classes",
    "radiogenomics.imaging.ibsi.extraction",
    "scipy.spatial",
    "scipy.fft",
    "scipy.ndimage",
    "pywt",
)
"""Modules that local workers find loaded already: see `radiogenomics.compute.mapping`."""


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
        from radiogenomics.imaging.pyradiomics_lesion import pyradiomics_features

        found = pyradiomics_features(lesion, settings)
    return _asked_for(found, settings["features"])


def _asked_for(found: dict[str, float], patterns: Sequence[str]) -> dict[str, float]:
    """The features whose name fits a pattern; all where there is none."""
    if not patterns:
        return found
    for pattern in patterns:
        if not fnmatch.filter(found, pattern):
            raise ComputationError(f"features: no feature is named like '{pattern}'", rule="radiomics_settings")
    return {name: value for name, value in found.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}
