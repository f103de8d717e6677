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

    The planes are square, all of the same extent: the longest side of the ROI's box plus a margin on both sides. Values are
    interpolated linearly along each axis of the image; beyond it is air, no uptake, or the image's minimum.

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

    image, mask = _upright(lesion.image), _upright(lesion.mask)
    outside = OUTSIDE[lesion.kind] if lesion.kind in OUTSIDE else float(lesion.arrays()[0].min())
    windows = _windows(lesion)
    middle, extent = _middle_and_extent(image, mask, margin_mm, minimum_mm)
    steps = ((np.arange(pixels) + 0.5) / pixels - 0.5) * extent
    volume, spacing = sitk.GetArrayViewFromImage(image), image.GetSpacing()
    pictures = []
    for across, down, backwards in _PLANES:
        indices = [np.array([middle[axis]]) for axis in range(3)]
        indices[across] = middle[across] + steps / spacing[across]
        indices[down] = middle[down] + (-steps if backwards else steps) / spacing[down]
        values = _interpolated(volume, indices[::-1], outside)
        plane = values.reshape(pixels, pixels)  # rows run down: z before y before x, as in the volume
        pictures += [np.clip((plane - np.float32(low)) / np.float32(high - low), 0, 1) for low, high in windows]
    return np.stack(pictures).reshape(len(_PLANES), len(windows), pixels, pixels)


_PLANES = ((0, 1, False), (0, 2, True), (1, 2, True))
"""Axial, coronal and sagittal: the image's axis (x: 0, y: 1, z: 2) across, the one down, and whether down is against it."""


def _interpolated(volume: np.ndarray, indices: list[np.ndarray], outside: float) -> np.ndarray:
    """`volume` (z, y, x) at every combination of continuous indices along its axes, linearly, in float32; up to half a voxel
    beyond the outermost centres it goes on, and further there is `outside`."""
    weights, cuts, inside = [], [], []
    for index, size in zip(indices, volume.shape, strict=True):
        known = np.clip(index, 0, size - 1)
        first = int(np.floor(known.min()))
        last = min(int(np.floor(known.max())) + 1, size - 1)
        lower = np.minimum(np.floor(known).astype(int), max(last - 1, first))
        share = known - lower
        weight = np.zeros((len(index), last - first + 1), dtype=np.float32)
        rows = np.arange(len(index))
        weight[rows, lower - first] += 1 - share
        weight[rows, np.minimum(lower + 1, last) - first] += share
        weights.append(weight)
        cuts.append(slice(first, last + 1))
        inside.append((index >= -0.5) & (index < size - 0.5))
    values = np.asarray(volume[tuple(cuts)], dtype=np.float32)
    for weight in weights:  # each contraction puts its own axis last: after three they stand as before
        values = np.tensordot(values, weight, axes=(0, 1))
    for axis, known in enumerate(inside):
        np.moveaxis(values, axis, 0)[~known] = outside
    return values


def plane_grids(lesion: Lesion, pixels: int, margin_mm: float, minimum_mm: float) -> list[sitk.Image]:
    """Where the planes of `orthogonal_planes` lie: empty volumes of one slice. Parameters as there.

    Rows of each picture run to the back or to the feet, columns to the left or to the back.
    """
    import SimpleITK as sitk

    image, mask = _upright(lesion.image), _upright(lesion.mask)
    middle, extent = _middle_and_extent(image, mask, margin_mm, minimum_mm)
    centre = np.array(image.TransformContinuousIndexToPhysicalPoint(middle.tolist()))
    axes = np.array(image.GetDirection()).reshape(3, 3)
    step = extent / pixels
    grids = []
    for first, second, backwards in _PLANES:
        across, down = axes[:, first], -axes[:, second] if backwards else axes[:, second]
        grid = sitk.Image([pixels, pixels, 1], sitk.sitkUInt8)
        grid.SetSpacing([step, step, 1.0])
        grid.SetDirection(np.column_stack([across, down, np.cross(across, down)]).ravel().tolist())
        grid.SetOrigin((centre - (across + down) * (extent - step) / 2).tolist())
        grids.append(grid)
    return grids


def _middle_and_extent(
    image: sitk.Image, mask: sitk.Image, margin_mm: float, minimum_mm: float
) -> tuple[np.ndarray, float]:
    """Continuous index (x, y, z) of the ROI's centroid, and the extent of the planes in mm."""
    import SimpleITK as sitk

    voxels = sitk.GetArrayViewFromImage(mask).view(bool)  # 0 and 1 in one byte each
    lower, upper, middle = box_and_centroid(voxels)
    extents = (upper - lower + 1)[::-1] * np.array(image.GetSpacing())
    return middle[::-1], max(float(extents.max()) + 2 * margin_mm, minimum_mm)


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
