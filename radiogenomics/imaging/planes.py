"""Three orthogonal planes through a lesion, as pictures a network trained on photographs can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.geometry import box_and_centroid
from radiogenomics.imaging.reading import Lesion

if TYPE_CHECKING:
    import SimpleITK as sitk

CT_WINDOWS = ((-1350.0, 150.0), (-160.0, 240.0), (-1000.0, 1000.0))
"""Lung (width 1500, level -600), soft tissue (400, 40) and wide windows, HU: the three channels."""

PT_WINDOWS = ((0.0, 5.0), (0.0, 10.0), (0.0, 20.0))
"""SUV by body weight."""

OUTSIDE = {"CT": -1000.0, "PT": 0.0}
"""Shown beyond the image: air, HU; no uptake, SUV. In other images their minimum."""

MR_PERCENTILES = ((1.0, 99.0), (25.0, 99.0), (1.0, 75.0))
"""Of the image's values above its minimum: MR intensities have no unit."""


def orthogonal_planes(lesion: Lesion, pixels: int, margin_mm: float, minimum_mm: float) -> np.ndarray:
    """Axial, coronal and sagittal planes through the centroid of the ROI, each as three intensity windows.

    The planes are square, all of the same extent: the longest side of the ROI's box plus a margin on both sides.

    Parameters
    ----------
    pixels : edge of the pictures.
    margin_mm : shown around the ROI on each side.
    minimum_mm : least extent of the planes.

    Returns
    -------
    array of float32, 3 planes x 3 windows x `pixels` x `pixels`, from 0 to 1.
    """
    import SimpleITK as sitk

    image = _upright(lesion.image)
    outside = OUTSIDE[lesion.kind] if lesion.kind in OUTSIDE else float(lesion.arrays()[0].min())
    windows = _windows(lesion)
    pictures = []
    for grid in plane_grids(lesion, pixels, margin_mm, minimum_mm):
        plane = sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, outside)
        values = sitk.GetArrayFromImage(plane)[0]
        pictures.append([np.clip((values - low) / (high - low), 0, 1) for low, high in windows])
    return np.asarray(pictures, dtype=np.float32)


def plane_grids(lesion: Lesion, pixels: int, margin_mm: float, minimum_mm: float) -> list[sitk.Image]:
    """Where the planes of `orthogonal_planes` lie: empty volumes of one slice. Parameters as there.

    Rows of each picture run to the back or to the feet, columns to the left or to the back.
    """
    import SimpleITK as sitk

    image, mask = _upright(lesion.image), _upright(lesion.mask)
    spacing = np.array(image.GetSpacing())
    voxels = sitk.GetArrayViewFromImage(mask).view(bool)  # 0 and 1 in one byte each
    lower, upper, middle = box_and_centroid(voxels)
    extents = (upper - lower + 1)[::-1] * spacing
    extent = max(float(extents.max()) + 2 * margin_mm, minimum_mm)
    centre = np.array(image.TransformContinuousIndexToPhysicalPoint(middle[::-1].tolist()))
    axes = np.array(image.GetDirection()).reshape(3, 3)
    pairs = ((axes[:, 0], axes[:, 1]), (axes[:, 0], -axes[:, 2]), (axes[:, 1], -axes[:, 2]))
    step = extent / pixels
    grids = []
    for across, down in pairs:
        grid = sitk.Image([pixels, pixels, 1], sitk.sitkUInt8)
        grid.SetSpacing([step, step, 1.0])
        grid.SetDirection(np.column_stack([across, down, np.cross(across, down)]).ravel().tolist())
        grid.SetOrigin((centre - (across + down) * (extent - step) / 2).tolist())
        grids.append(grid)
    return grids


def _upright(volume: sitk.Image) -> sitk.Image:
    """The volume with axes towards left, back and head, in this order; not copied where it is so already."""
    import SimpleITK as sitk

    orientation = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(volume.GetDirection())
    return volume if orientation == "LPS" else sitk.DICOMOrient(volume, "LPS")


def _windows(lesion: Lesion) -> tuple[tuple[float, float], ...]:
    if lesion.kind == "CT":
        return CT_WINDOWS
    if lesion.kind == "PT":
        return PT_WINDOWS
    values, _ = lesion.arrays()
    shown = values[values > values.min()]
    windows = [(float(low), float(high)) for low, high in np.percentile(shown, MR_PERCENTILES)] if shown.size else []
    if not windows or any(high <= low for low, high in windows):
        raise ComputationError(f"{lesion.name}: the image has too few different values for a window", rule="constant")
    return tuple(windows)
