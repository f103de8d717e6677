"""What quality control measures on one lesion; what follows from it is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.reading import Lesion

CT_AIR_HU = -900.0
"""Below this a voxel of a CT is air: emphysematous lung begins at -950, aerated lung lies around -850 (Hounsfield scale)."""

AERATED_LUNG_HU = -750.0
"""Below this a voxel of a CT is aerated lung or air. Normally aerated lung lies at -900 to -500 (Gattinoni et al., Am J Respir Crit
Care Med 2001;164:1701); ground-glass nodules lie mostly above this half of it."""

BACKGROUND_SHARE = 0.02
"""PT and MR: below this share of the way from the image's lowest value to its 99.5th percentile a voxel is background."""

BELOW_AIR_HU = -1200.0
"""Nothing in a body or around it attenuates less than air (-1000 HU, with noise); only padding lies lower."""


def measures_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Size, position and intensities of a lesion, how it was read, and how its image was made.

    Returns
    -------
    dict of `measures` (numbers; None where the kind of image has none), `remarks` and `acquisition`.
    """
    image, roi = lesion.arrays()
    inside = image[roi].astype(np.float64)
    spacing = lesion.image.GetSpacing()
    lower, upper = bounding_box(roi)
    border = sum(
        float(np.count_nonzero(side))
        for side in (roi[0], roi[-1], roi[1:-1, 0], roi[1:-1, -1], roi[1:-1, 1:-1, 0], roi[1:-1, 1:-1, -1])
    )
    lowest, highest = float(image.min()), float(image.max())
    voxels = float(inside.size)
    measures = {
        "voxels": voxels,
        "slices": float(np.count_nonzero(roi.any(axis=(1, 2)))),
        "empty_slices": float(np.count_nonzero(~roi[lower[0] : upper[0] + 1].any(axis=(1, 2)))),
        "volume_mm3": voxels * float(np.prod(spacing)),
        "spacing_x_mm": spacing[0],
        "spacing_y_mm": spacing[1],
        "spacing_z_mm": spacing[2],
        "intensity_minimum": float(inside.min()),
        "intensity_mean": float(inside.mean()),
        "intensity_maximum": float(inside.max()),
        "share_at_image_border": border / voxels,
        "share_saturated": float(np.count_nonzero((inside == lowest) | (inside == highest))) / voxels,
        "share_air": _share_air(lesion.kind, image, inside),
        "share_lung": float((inside < AERATED_LUNG_HU).mean()) if lesion.kind == "CT" else None,
        "image_minimum": lowest,
        **(_air_of_image(image) if lesion.kind == "CT" else {"air_hu": None, "share_below_air": None}),
    }
    return {
        "measures": measures,
        "remarks": [list(remark) for remark in lesion.remarks],
        "acquisition": dict(lesion.acquisition),
    }


def _share_air(kind: str, image: np.ndarray, inside: np.ndarray) -> float:
    """Share of the ROI that is air (CT) or background (PT, MR)."""
    if kind == "CT":
        return float((inside < CT_AIR_HU).mean())
    lowest = float(image.min())
    return float((inside <= lowest + BACKGROUND_SHARE * (float(np.percentile(image, 99.5)) - lowest)).mean())


def _air_of_image(image: np.ndarray) -> dict[str, float | None]:
    """Where air lies in a CT: the first percentile of what is no padding, where that is gas at all; and the share of
    voxels that lie lower than anything can. Padding is one repeated value below `BELOW_AIR_HU`."""
    low = image[image < BELOW_AIR_HU]
    padding = 0
    if low.size:
        _, counts = np.unique(low, return_counts=True)
        padding = int(counts.max())
    above = image[image >= BELOW_AIR_HU]
    gas = float(np.percentile(above, 1)) if above.size else BELOW_AIR_HU
    return {
        "air_hu": gas if gas < -300 else None,
        "share_below_air": float(low.size - padding) / float(image.size),
    }


STEP = Step("quality", 1, measures_of_lesion, ("numpy", "SimpleITK"), numbers=False, of_voxels=False)
"""Measuring as a cached step: headers count as well as voxels."""
