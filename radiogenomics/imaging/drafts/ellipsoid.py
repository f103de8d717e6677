"""The ellipsoid that a prompt stands for, in a patient's coordinates and on an image's grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radiogenomics.cohort.prompts import Prompt
from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk


class Ellipsoid(NamedTuple):
    """An ellipsoid in space.

    Attributes
    ----------
    centre : (x, y, z) in mm, DICOM patient coordinates.
    half_axes : 3 x 3; each row one half axis in mm; orthogonal.
    """

    centre: np.ndarray
    half_axes: np.ndarray

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return float(4 / 3 * np.pi * np.prod(np.linalg.norm(self.half_axes, axis=1)))


def ellipsoid_of(prompt: Prompt, stored: sitk.Image, what: str) -> Ellipsoid:
    """The ellipsoid that the box circumscribes; of a diameter, the ball, since nothing is known of the other directions.

    Parameters
    ----------
    stored : the image with its axes as its file stores them.

    Raises
    ------
    ImageError
        With rule ``box_invalid``: voxels are given that the image does not have.
    """
    numbers = np.array(prompt.numbers, dtype=float)
    if prompt.kind == "box_voxels":
        return _of_voxels(numbers.reshape(2, 3), stored, what)
    if prompt.kind == "centre_mm":
        return Ellipsoid(numbers[:3], np.eye(3) * numbers[3] / 2)
    first, last = numbers[:3], numbers[3:]
    if prompt.kind == "recist_mm":
        return Ellipsoid((first + last) / 2, np.eye(3) * float(np.linalg.norm(last - first)) / 2)
    return Ellipsoid((first + last) / 2, np.diag(np.abs(last - first) / 2))


def _of_voxels(corners: np.ndarray, stored: sitk.Image, what: str) -> Ellipsoid:
    lower, upper = corners.min(axis=0), corners.max(axis=0)
    size = np.array(stored.GetSize())
    if (upper >= size).any():
        raise ImageError(
            f"{what}: box_voxels reaches voxel {tuple(upper.astype(int).tolist())}, the image has {tuple(size.tolist())}",
            rule="box_invalid",
        )
    centre = stored.TransformContinuousIndexToPhysicalPoint(((lower + upper) / 2).tolist())
    directions = np.array(stored.GetDirection()).reshape(3, 3).T
    extent = (upper - lower + 1) / 2 * np.array(stored.GetSpacing())
    return Ellipsoid(np.array(centre), directions * extent[:, None])


def radius_on_grid(ellipsoid: Ellipsoid, image: sitk.Image) -> np.ndarray:
    """Distance of each voxel's centre from the ellipsoid's, as a share of its radius in that direction: 1 on its surface.

    Returns
    -------
    float32 array, axes z, y, x.
    """
    origin = np.array(image.GetOrigin())
    steps = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    to_unit = ellipsoid.half_axes / (np.linalg.norm(ellipsoid.half_axes, axis=1) ** 2)[:, None]
    start, matrix = to_unit @ (origin - ellipsoid.centre), to_unit @ steps
    k, j, i = np.ogrid[tuple(slice(n) for n in image.GetSize()[::-1])]
    squared = sum((start[r] + matrix[r, 0] * i + matrix[r, 1] * j + matrix[r, 2] * k) ** 2 for r in range(3))
    return np.sqrt(squared).astype(np.float32)


def part_around(ellipsoid: Ellipsoid, image: sitk.Image, factor: float, what: str) -> tuple[np.ndarray, np.ndarray]:
    """First and last index (x, y, z) of the part of the image within `factor` times the ellipsoid's extent.

    Raises
    ------
    ImageError
        With rule ``box_outside``: the centre does not lie in the image, or more than half of the extent lies outside.
    """
    reach = np.abs(ellipsoid.half_axes).sum(axis=0)
    corners = ellipsoid.centre + reach * factor * np.array(list(np.ndindex(2, 2, 2))) * 2 - reach * factor
    index = np.array([image.TransformPhysicalPointToContinuousIndex(corner.tolist()) for corner in corners])
    middle = np.array(image.TransformPhysicalPointToContinuousIndex(ellipsoid.centre.tolist()))
    size = np.array(image.GetSize())
    if (middle < -0.5).any() or (middle > size - 0.5).any():
        beyond = float((np.maximum(-0.5 - middle, middle - (size - 0.5)) * np.array(image.GetSpacing())).max())
        raise ImageError(
            f"{what}: the middle of the box lies {beyond:.1f} mm outside the image; positions are in mm, x towards the "
            "patient's left, y towards the back, z towards the head",
            rule="box_outside",
        )
    lower = np.clip(np.floor(index.min(axis=0)), 0, size - 1).astype(int)
    upper = np.clip(np.ceil(index.max(axis=0)), 0, size - 1).astype(int)
    return lower, upper
