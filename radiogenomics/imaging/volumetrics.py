"""Size, shape and density of lesions, in the units of the radiology report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.imaging.extraction import extract
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.lesion_step import Step
from radiogenomics.imaging.radiomic_dictionary import UNITS
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache

SOLID_HU = -300.0
"""Attenuation above which tissue counts as solid. At -300 HU software found the solid component of subsolid nodules as
human observers do: sensitivity 90 %, specificity 88 % (Scholten et al., Eur Radiol 2015;25:488-496)."""

_DESCRIPTIONS = {
    "volume_mm3": ("mm3", "volume: number of voxels times their volume"),
    "longest_axial_diameter_mm": ("mm", "longest diameter in any one axial slice, as in RECIST 1.1"),
    "longest_diameter_mm": ("mm", "longest diameter in three dimensions"),
    "sphericity": ("1", "surface of a ball of the same volume over the surface; 1 for a ball"),
    "mean_intensity": ("", "mean intensity in the ROI"),
    "solid_share": ("1", f"share of the ROI's volume above {SOLID_HU:.0f} HU"),
}


def lesion_volumetrics(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Volume, diameters, sphericity, mean intensity and, for CT, the solid share of every lesion.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    cache, workers, scheduler, on_progress : as for `radiomic_features`.

    Returns
    -------
    Features with one row a lesion; lesions that cannot be read are in the quarantine.
    """
    settings: dict[str, dict[str, Any]] = {name: {} for name in cohort.images}
    found = extract(STEP, lesions, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    return Features(found.values, _dictionary(cohort, found.values), found.quarantine)


def volumetrics_of_lesion(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """The volumetrics of one lesion, measured on its own grid; axial whatever the order of the image's axes."""
    import SimpleITK as sitk

    intensity, roi = lesion.arrays()
    inside = intensity[roi].astype(np.float64)
    mask = sitk.DICOMOrient(lesion.mask, "LPS")  # first axis of the array: along the body
    spacing = np.array(mask.GetSpacing())[::-1]
    voxels = sitk.GetArrayViewFromImage(mask) > 0
    lower, upper = bounding_box(voxels)
    voxels = np.pad(voxels[tuple(slice(a, b + 1) for a, b in zip(lower, upper, strict=True))], 1)
    vertices, surface, mesh_volume = _mesh(voxels, spacing)
    values = {
        "volume_mm3": float(voxels.sum()) * float(np.prod(spacing)),
        "longest_axial_diameter_mm": max(_axial_diameter(layer, spacing[1:]) for layer in voxels),
        "longest_diameter_mm": _longest(vertices),
        "sphericity": float((36.0 * np.pi * mesh_volume**2) ** (1 / 3) / surface),
        "mean_intensity": float(inside.mean()),
    }
    if lesion.kind == "CT":
        values["solid_share"] = float((inside > SOLID_HU).mean())
    return values


def _mesh(voxels: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Vertices (n x 3, mm), surface (mm2) and enclosed volume (mm3) of the triangulated outline."""
    from skimage.measure import marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(voxels.astype(np.float32), 0.5, spacing=tuple(spacing))
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    volume = abs(float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())) / 6.0
    return vertices, float(mesh_surface_area(vertices, faces)), volume


def _axial_diameter(layer: np.ndarray, spacing: np.ndarray) -> float:
    """Longest distance in one slice, mm, between points of the outline half-way between voxels inside and outside."""
    rows, columns = np.nonzero(layer)
    if rows.size == 0:
        return 0.0
    points = np.column_stack([rows, columns]).astype(float)
    edges = np.concatenate([points + step for step in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))])
    return _longest(edges * spacing)


def _longest(points: np.ndarray) -> float:
    """Largest distance between any two points; it is always between corners of the convex hull."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    return float(pdist(points[ConvexHull(points).vertices].astype(np.float64)).max())


def _dictionary(cohort: Cohort, values: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, images in cohort.images.items():
        if not (values["images"] == name).any():
            continue
        for feature, (unit, description) in _DESCRIPTIONS.items():
            if feature == "solid_share" and images.kind != "CT":
                continue
            item = "image" if feature in ("mean_intensity", "solid_share") else "mask"
            rows.append(
                {
                    "feature": feature,
                    "modality": f"volumetrics_{name}",
                    "family": "volumetrics",
                    "unit": unit or UNITS[images.kind],
                    "derived_from": f"lesions/{name}:{item}",
                    "recorded": "baseline",
                    "description": description,
                }
            )
    return conform(pd.DataFrame(rows), FEATURE_DICTIONARY) if rows else empty(FEATURE_DICTIONARY)


STEP = Step("volumetrics", 1, volumetrics_of_lesion, ("SimpleITK", "scikit-image"))
"""Volumetrics as a cached step."""
