"""A box of given size around a lesion, on a grid of its own, with intensities brought to 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.geometry import box_and_centroid
from radiogenomics.imaging.reading import Lesion

if TYPE_CHECKING:
    import SimpleITK as sitk

WINDOWS = {"CT": (-1000.0, 400.0), "PT": (0.0, 15.0)}
"""Intensities that become 0 and 1 where nothing else is declared: HU from air to enhanced tissue; SUV by body weight."""

MR_PERCENTILES = (1.0, 99.0)
"""Of the image's values above its minimum: MR intensities have no unit."""


class Box(NamedTuple):
    """A lesion on the grid of its box.

    Attributes
    ----------
    image : (z, y, x) float32, 0 to 1; what lies outside the image is 0.
    mask : (z, y, x) bool, the ROI.
    grid : an empty volume on the box's grid: where it lies in the patient.
    """

    image: np.ndarray
    mask: np.ndarray
    grid: sitk.Image


def window_of(lesion: Lesion) -> tuple[float, float]:
    """Lower and upper end of the intensities shown, in the image's unit, by kind of image.

    Raises
    ------
    ComputationError
        An MR image has too few different values.
    """
    if lesion.kind in WINDOWS:
        return WINDOWS[lesion.kind]
    values, _ = lesion.arrays()
    shown = values[values > values.min()]
    low, high = (float(v) for v in np.percentile(shown, MR_PERCENTILES)) if shown.size else (0.0, 0.0)
    if high <= low:
        raise ComputationError(f"{lesion.name}: the image has too few different values for a window", rule="constant")
    return low, high


def lesion_box(
    lesion: Lesion,
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    window: tuple[float, float] | None = None,
) -> Box:
    """Resample image and ROI to a box whose middle is the centroid of the ROI and whose axes are the patient's.

    Parameters
    ----------
    shape : voxels along z, y, x (to the head, the back, the left).
    spacing_mm : voxel edges along x, y, z, mm.
    window : intensities that become 0 and 1; None: by kind of image, see `window_of`.

    The image is interpolated linearly, the ROI to the nearest voxel. A lesion larger than the box is cut, one smaller is
    shown with its surroundings; beyond the image lies the lower end of the window.
    """
    import SimpleITK as sitk

    low, high = window_of(lesion) if window is None else window
    grid = _grid(centroid(lesion), shape, spacing_mm)
    image = sitk.Resample(lesion.image, grid, sitk.Transform(), sitk.sitkLinear, low, sitk.sitkFloat32)
    mask = sitk.Resample(lesion.mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    values = np.clip((sitk.GetArrayFromImage(image) - low) / (high - low), 0, 1).astype(np.float32)
    return Box(values, sitk.GetArrayFromImage(mask) > 0, grid)


def centroid(lesion: Lesion) -> np.ndarray:
    """Where the middle of the ROI's voxels lies: x, y, z in mm."""
    import SimpleITK as sitk

    voxels = sitk.GetArrayViewFromImage(lesion.mask).view(bool)  # 0 and 1 in one byte each
    *_, middle = box_and_centroid(voxels)
    return np.array(lesion.image.TransformContinuousIndexToPhysicalPoint(middle[::-1].tolist()))


def on_image(values: np.ndarray, grid: sitk.Image, image: sitk.Image) -> sitk.Image:
    """Values on a box's grid as a float32 volume in an image's own geometry, 0 outside the box.

    Parameters
    ----------
    values : (z, y, x) on the grid.
    """
    import SimpleITK as sitk

    volume: Any = sitk.GetImageFromArray(np.ascontiguousarray(values, dtype=np.float32))
    volume.CopyInformation(grid)
    return sitk.Resample(volume, image, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)


def _grid(centre: np.ndarray, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> sitk.Image:
    import SimpleITK as sitk

    size, spacing = np.array(shape[::-1]), np.array(spacing_mm)
    grid = sitk.Image([int(n) for n in size], sitk.sitkUInt8)
    grid.SetSpacing([float(s) for s in spacing])
    grid.SetOrigin((centre - (size - 1) / 2 * spacing).tolist())
    return grid
