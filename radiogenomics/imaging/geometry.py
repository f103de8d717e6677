"""Grids in space: whether two are the same, and the part of one around a region."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk

TOLERANCE_VOXELS = 0.05
"""How far a corner of the mask's grid may lie from the image's, as a share of the smallest voxel edge."""


def require_same_grid(image: sitk.Image, mask: sitk.Image, what: str) -> None:
    """Raise unless both volumes have the same size and lie in the same place.

    Parameters
    ----------
    image, mask : 3-D volumes.
    what : how to call the mask in the message.

    Raises
    ------
    ImageError
        With rule ``geometry``, naming the sizes, or the largest distance between corresponding corners in mm.
    """
    if image.GetSize() != mask.GetSize():
        raise ImageError(
            f"{what}: its grid has {_times(mask.GetSize())} voxels, the image's {_times(image.GetSize())}; "
            "image and mask must be on the same grid",
            rule="geometry",
        )
    size = np.array(image.GetSize())
    corners = [tuple(float(c * (n - 1)) for c, n in zip(corner, size, strict=True)) for corner in _CUBE]
    distance = max(
        float(
            np.linalg.norm(
                np.subtract(
                    image.TransformContinuousIndexToPhysicalPoint(corner),
                    mask.TransformContinuousIndexToPhysicalPoint(corner),
                )
            )
        )
        for corner in corners
    )
    allowed = TOLERANCE_VOXELS * min(image.GetSpacing())
    if distance > allowed:
        raise ImageError(
            f"{what}: its grid lies up to {distance:.2f} mm away from the image's (allowed: {allowed:.3f} mm); spacing "
            f"{_numbers(mask.GetSpacing())} against {_numbers(image.GetSpacing())} mm, origin "
            f"{_numbers(mask.GetOrigin())} against {_numbers(image.GetOrigin())} mm",
            rule="geometry",
        )


_CUBE = tuple(itertools.product((0, 1), repeat=3))


def bounding_box(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last index of the region along each axis of a boolean array that is not all False."""
    lower, upper = [], []
    for axis in range(mask.ndim):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        lower.append(hit[0])
        upper.append(hit[-1])
    return np.array(lower), np.array(upper)


def crop_around(image: sitk.Image, lower: np.ndarray, upper: np.ndarray, margin: np.ndarray) -> sitk.Image:
    """The part of a volume from `lower` - `margin` to `upper` + `margin` (indices x, y, z; both ends kept), as far as it
    goes. Voxels keep their place in space."""
    size = np.array(image.GetSize())
    start = np.maximum(lower - margin, 0).astype(int)
    stop = np.minimum(upper + margin, size - 1).astype(int)
    return image[tuple(slice(int(a), int(b) + 1) for a, b in zip(start, stop, strict=True))]


def _times(values: tuple[int, ...]) -> str:
    return " x ".join(str(value) for value in values)


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
