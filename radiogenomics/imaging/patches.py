"""Boxes of voxels around lesions, for a network that is trained on the cohort itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.encoder_settings import VOXELS
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.lesion_box import lesion_box
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.patch_blocks import TOGETHER, packed
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache


def lesion_patches(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """The box of voxels (image and ROI) of every lesion whose images declare `patches`, packed by `patch_blocks`.

    Nothing is learned here, and the columns are no features for a table's model: the network over boxes alone reads them.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    cache, workers, scheduler, on_progress : as for `radiomic_features`.

    Returns
    -------
    Features with one row a lesion and columns `voxels_00000` and on; lesions that cannot be read are in the quarantine.
    """
    settings = {
        name: images.patches.model_dump(mode="json")
        for name, images in cohort.images.items()
        if images.patches is not None
    }
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    return Features(found.values, _dictionary(cohort, found.values), found.quarantine)


def patch_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """One lesion's box as packed numbers.

    Raises
    ------
    ComputationError
        The ROI falls between the voxels of the box's grid.
    """
    size, spacing, window = settings["size"], float(settings["spacing_mm"]), settings["window"]
    box = lesion_box(lesion, (size,) * 3, (spacing,) * 3, None if window is None else tuple(window))
    if not box.mask.any():
        raise ComputationError(
            f"{lesion.name}: no voxel of the box's grid ({spacing:g} mm) lies in the ROI", rule="roi_too_small"
        )
    return {_name(index): float(value) for index, value in enumerate(packed(box.image, box.mask))}


def _name(index: int) -> str:
    return f"voxels_{index:05d}"


def _dictionary(cohort: Cohort, values: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "feature": _name(index),
            "modality": f"{VOXELS}_{name}",
            "family": "voxels",
            "unit": "1",
            "derived_from": f"lesions/{name}:image",
            "recorded": "baseline",
            "description": f"voxels {TOGETHER * index} and on of a {images.patches.size}-voxel box of "
            f"{images.patches.spacing_mm:g} mm voxels ({images.kind}), packed",
        }
        for name, images in cohort.images.items()
        if images.patches is not None and (values["images"] == name).any()
        for index in range(-(-(images.patches.size**3) // TOGETHER))
    ]
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


STEP = Step("patches", 1, patch_of_lesion, ("SimpleITK",))
"""Boxes of voxels as a cached step."""
