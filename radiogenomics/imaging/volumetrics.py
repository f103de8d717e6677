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

GROUND_GLASS_HU = -750.0
"""Attenuation from which tissue that is not solid counts as ground glass. There is no agreed bound: this convention lies
above inflated lung, whose normally aerated part is taken to end at -500 HU at the latest (Gattinoni et al., Am J Respir
Crit Care Med 2001;164:1701-1711); what lies between is counted, because pure ground-glass nodules do."""

_DESCRIPTIONS = {
    "volume_mm3": ("mm3", "volume: number of voxels times their volume"),
    "longest_axial_diameter_mm": ("mm", "longest diameter in any one axial slice, as in RECIST 1.1"),
    "perpendicular_axial_diameter_mm": (
        "mm",
        "longest chord at right angles to the longest axial diameter, in its slice (WHO's second diameter)",
    ),
    "longest_diameter_mm": ("mm", "longest diameter in three dimensions"),
    "sphericity": ("1", "surface of a ball of the same volume over the surface; 1 for a ball"),
    "mean_intensity": ("", "mean intensity in the ROI"),
    "solid_share": ("1", f"share of the ROI's volume above {SOLID_HU:.0f} HU"),
    "ground_glass_share": ("1", f"share of the ROI's volume from {GROUND_GLASS_HU:.0f} to {SOLID_HU:.0f} HU"),
}


_OF_CT = ("solid_share", "ground_glass_share")


def lesion_volumetrics(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Volume, diameters, sphericity, mean intensity and, for CT, the solid and ground-glass shares of every lesion.

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
    return Features(found.values, volumetrics_dictionary(cohort, found.values), found.quarantine)


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
    longest, perpendicular = axial_diameters(voxels, spacing)
    values = {
        "volume_mm3": float(voxels.sum()) * float(np.prod(spacing)),
        "longest_axial_diameter_mm": longest,
        "perpendicular_axial_diameter_mm": perpendicular,
        "longest_diameter_mm": _longest(vertices),
        "sphericity": float((36.0 * np.pi * mesh_volume**2) ** (1 / 3) / surface),
        "mean_intensity": float(inside.mean()),
    }
    if lesion.kind == "CT":
        values["solid_share"] = float((inside > SOLID_HU).mean())
        values["ground_glass_share"] = float(((inside >= GROUND_GLASS_HU) & (inside <= SOLID_HU)).mean())
    return values


def _mesh(voxels: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Vertices (n x 3, mm), surface (mm2) and enclosed volume (mm3) of the triangulated outline."""
    from skimage.measure import marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(voxels.astype(np.float32), 0.5, spacing=tuple(spacing))
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    volume = abs(float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())) / 6.0
    return vertices, float(mesh_surface_area(vertices, faces)), volume


def axial_diameters(voxels: np.ndarray, spacing: np.ndarray) -> tuple[float, float]:
    """Longest distance within any one slice, and the longest chord at right angles to it in that slice, both mm.

    Distances are between points of the outline half-way between voxels inside and outside.

    Parameters
    ----------
    voxels : bool, first axis along the body. spacing : mm, in the order of the axes.
    """
    best, outline = 0.0, None
    for layer in voxels:
        points = _outline(layer, spacing[1:])
        if points is None:
            continue
        length = _longest(points)
        if length > best:
            best, outline = length, points
    return best, 0.0 if outline is None else _perpendicular(outline)


def _outline(layer: np.ndarray, spacing: np.ndarray) -> np.ndarray | None:
    """Corners of the convex outline of one slice, mm; None where it is empty."""
    from scipy.spatial import ConvexHull

    rows, columns = np.nonzero(layer)
    if rows.size == 0:
        return None
    points = np.column_stack([rows, columns]).astype(float)
    edges = np.concatenate([points + step for step in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))]) * spacing
    corners: np.ndarray = edges[ConvexHull(edges).vertices]
    return corners


def _perpendicular(corners: np.ndarray) -> float:
    """Longest chord of a convex polygon at right angles to its longest diameter; it passes through a corner."""
    from scipy.spatial.distance import pdist, squareform

    first, last = np.unravel_index(int(np.argmax(squareform(pdist(corners)))), (len(corners),) * 2)
    along = (corners[last] - corners[first]) / np.linalg.norm(corners[last] - corners[first])
    t = (corners - corners[first]) @ along
    side = (corners - corners[first]) @ np.array([-along[1], along[0]])
    upper, lower = side >= 0, side <= 0
    upper[[first, last]] = lower[[first, last]] = True
    places = np.sort(t)
    return float((_boundary(t[upper], side[upper], places) - _boundary(t[lower], side[lower], places)).max())


def _boundary(t: np.ndarray, side: np.ndarray, places: np.ndarray) -> np.ndarray:
    order = np.argsort(t, kind="stable")
    return np.interp(places, t[order], side[order])


def _longest(points: np.ndarray) -> float:
    """Largest distance between any two points; it is always between corners of the convex hull."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    return float(pdist(points[ConvexHull(points).vertices].astype(np.float64)).max())


def volumetrics_dictionary(cohort: Cohort, values: pd.DataFrame) -> pd.DataFrame:
    """Feature dictionary of the volumetrics of the images that have rows in `values`."""
    rows = []
    for name, images in cohort.images.items():
        if not (values["images"] == name).any():
            continue
        for feature, (unit, description) in _DESCRIPTIONS.items():
            if feature in _OF_CT and images.kind != "CT":
                continue
            item = "image" if feature in ("mean_intensity", *_OF_CT) else "mask"
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
