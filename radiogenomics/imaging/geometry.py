"""Grids in space: whether two cover the same, a mask from one to the other, and the part of one around a region."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk

TOLERANCE_VOXELS = 0.05
"""How far a corner of the mask's grid may lie from the image's, as a share of the smallest voxel edge."""

_TURN_DEGREES = 0.5
"""How far the axes of two grids may be turned against each other and still count as the same directions."""

Remark = tuple[str, str]
"""What a person should know of a lesion that can be used: the rule, and a sentence."""


def same_grid(image: sitk.Image, mask: sitk.Image) -> bool:
    """Whether both volumes have the same size and lie in the same place, to `TOLERANCE_VOXELS`."""
    return image.GetSize() == mask.GetSize() and _distance(image, mask) <= TOLERANCE_VOXELS * min(image.GetSpacing())


def mask_on_grid(image: sitk.Image, mask: sitk.Image, what: str) -> tuple[sitk.Image, Remark | None]:
    """The mask on the image's grid, and a remark where that is not the grid that it came on.

    A mask on another grid (other voxels, a part of the image, axes stored in another order) is resampled to the nearest
    voxel where both cover the same space. One that lies elsewhere was shifted, mirrored or made for another image, and is
    never put in place by guessing.

    Parameters
    ----------
    image : 3-D volume.
    mask : 3-D volume of 0 and 1.
    what : how to call the mask in messages.

    Raises
    ------
    ImageError
        With rule ``geometry`` (``mirrored`` where an axis runs the other way), naming the distance in mm.
    """
    import SimpleITK as sitk

    if same_grid(image, mask):
        mask.CopyInformation(image)
        return mask, None
    turned, flipped, order = _axes(image, mask)
    if turned > _TURN_DEGREES:
        raise ImageError(
            f"{what}: its axes are turned by {turned:.1f} degrees against the image's, up to "
            f"{_distance(image, mask):.2f} mm away; image and mask must be on grids of the same directions",
            rule="geometry",
        )
    _require_same_space(image, mask, what, flipped, order)
    before = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask))) * float(np.prod(mask.GetSpacing()))
    filled = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    after = int(np.count_nonzero(sitk.GetArrayViewFromImage(filled))) * float(np.prod(image.GetSpacing()))
    if before and not after:
        raise ImageError(
            f"{what}: its ROI ({before:.4g} mm3) vanishes on the image's grid of {_numbers(image.GetSpacing())} mm",
            rule="roi_empty",
        )
    caution = "; its axes run the other way: check that it is not mirrored" if flipped else ""
    text = (
        f"the mask came on another grid ({_times(mask.GetSize())} voxels of {_numbers(mask.GetSpacing())} mm) and was "
        f"resampled to the nearest voxel, {after / before - 1 if before else 0:+.1%} in volume{caution}"
    )
    return filled, ("mask_resampled", text)


def backward_axes(volume: sitk.Image) -> tuple[int, ...]:
    """The axes (x: 0, y: 1, z: 2) that run towards the patient's right, front or feet."""
    direction = np.array(volume.GetDirection()).reshape(3, 3)
    main = direction[np.abs(direction).argmax(axis=0), range(3)]
    return tuple(axis for axis in range(3) if main[axis] < 0)


def turned_back(volume: sitk.Image, axes: tuple[int, ...]) -> sitk.Image:
    """The same voxels in the same places, with the direction in which these axes are stored reversed."""
    import SimpleITK as sitk

    return sitk.Flip(volume, [axis in axes for axis in range(3)], False)


def along_body(volume: sitk.Image) -> sitk.Image:
    """The same voxels in the same places, with each axis running towards the patient's left, back or head.

    Formats and converters store axes in either direction. Where resampling grids begin and which way wavelets run would
    otherwise depend on it, and so would features. The order of the axes is kept.
    """
    import SimpleITK as sitk

    direction = np.array(volume.GetDirection()).reshape(3, 3)
    main = direction[np.abs(direction).argmax(axis=0), range(3)]
    backward = [axis for axis in range(3) if main[axis] < 0]
    if not backward:
        return volume
    corner = [volume.GetSize()[axis] - 1 if axis in backward else 0 for axis in range(3)]
    turned = sitk.GetImageFromArray(
        np.flip(sitk.GetArrayViewFromImage(volume), axis=tuple(2 - axis for axis in backward))
    )
    turned.SetSpacing(volume.GetSpacing())
    turned.SetOrigin(volume.TransformIndexToPhysicalPoint(corner))
    turned.SetDirection((direction * np.where(main < 0, -1.0, 1.0)).ravel().tolist())
    return turned


def coincide(part: sitk.Image, image: sitk.Image) -> bool:
    """Whether the voxels of `part` are voxels of the image, as those of a cropped or extended mask are."""
    turned, _, _ = _axes(image, part)
    corners = np.array([image.TransformPhysicalPointToContinuousIndex(corner) for corner in _corners(part)])
    away = np.abs(corners - np.round(corners)) * np.array(image.GetSpacing())
    counts = sorted((np.round(np.ptp(corners, axis=0)) + 1).astype(int).tolist())
    return bool(
        turned <= _TURN_DEGREES
        and away.max() <= TOLERANCE_VOXELS * min(image.GetSpacing())
        and counts == sorted(part.GetSize())
    )


def _axes(image: sitk.Image, mask: sitk.Image) -> tuple[float, bool, list[int]]:
    """Degrees between the axes of both, whatever their order and sign; whether any axis runs the other way; and for each
    axis of the image the axis of the mask that runs along it."""
    between = np.array(image.GetDirection()).reshape(3, 3).T @ np.array(mask.GetDirection()).reshape(3, 3)
    order = np.abs(between).argmax(axis=1).tolist()
    if len(set(order)) < 3:
        return 45.0, False, [0, 1, 2]
    cosines = between[range(3), order]
    turned = float(np.degrees(np.arccos(np.clip(np.abs(cosines).min(), 0, 1))))
    return turned, bool((cosines < 0).any()), order


def _require_same_space(image: sitk.Image, mask: sitk.Image, what: str, flipped: bool, order: list[int]) -> None:
    size = np.array(image.GetSize())
    faces = np.array(list(_CUBE)) * np.array(mask.GetSize()) - 0.5
    index = np.array(
        [
            image.TransformPhysicalPointToContinuousIndex(mask.TransformContinuousIndexToPhysicalPoint(face))
            for face in faces.tolist()
        ]
    )
    spacing = np.array(image.GetSpacing())
    reaches = np.maximum(-0.5 - index.min(axis=0), index.max(axis=0) - (size - 0.5)) * spacing  # beyond the image, mm
    lacks = np.maximum(index.min(axis=0) + 0.5, size - 0.5 - index.max(axis=0)) * spacing  # of the image, mm
    allowed = 0.5 * np.maximum(spacing, np.array(mask.GetSpacing())[order])
    differing = int(np.count_nonzero(np.array(mask.GetSize())[order] != size))
    close = TOLERANCE_VOXELS * float(spacing.min())
    if differing == 0 and max(reaches.max(), lacks.max()) > close:
        raise ImageError(
            f"{what}: its grid has as many voxels as the image's, but its corners lie up to {_distance(image, mask):.2f} mm "
            f"away and its centre {_centre_distance(image, mask):.2f} mm"
            + (", with an axis that runs the other way: mirrored" if flipped else "")
            + f"; spacing {_numbers(mask.GetSpacing())} against {_numbers(image.GetSpacing())} mm, origin "
            f"{_numbers(mask.GetOrigin())} against {_numbers(image.GetOrigin())} mm",
            rule="mirrored" if flipped else "geometry",
        )
    if differing == 1 and coincide(mask, image):
        raise ImageError(
            f"{what}: its grid has {_times(mask.GetSize())} voxels, the image's {_times(image.GetSize())}: slices are "
            f"lacking or too many, up to {max(reaches.max(), lacks.max()):.2f} mm",
            rule="geometry",
        )
    if (reaches > allowed).any() and (lacks > allowed).any():
        raise ImageError(
            f"{what}: its grid ({_times(mask.GetSize())} voxels of {_numbers(mask.GetSpacing())} mm) does not cover the "
            f"same space as the image's ({_times(image.GetSize())} of {_numbers(image.GetSpacing())} mm): it reaches up "
            f"to {reaches.max():.2f} mm outside and leaves up to {lacks.max():.2f} mm uncovered",
            rule="geometry",
        )
    require_inside(image, mask, what)


def require_inside(image: sitk.Image, mask: sitk.Image, what: str) -> None:
    """The ROI itself must lie in the image: what lies outside would be lost without a word."""
    import SimpleITK as sitk

    roi = sitk.GetArrayViewFromImage(mask) > 0
    if not roi.any():
        raise ImageError(f"{what}: the mask is empty", rule="roi_empty")
    lower, upper = bounding_box(roi)
    ends = np.array(list(_CUBE)) * (upper - lower)[::-1] + lower[::-1]
    index = np.array(
        [
            image.TransformPhysicalPointToContinuousIndex(mask.TransformContinuousIndexToPhysicalPoint(end))
            for end in ends.astype(float).tolist()
        ]
    )
    beyond = np.maximum(-0.5 - index, index - (np.array(image.GetSize()) - 0.5)).max() * max(image.GetSpacing())
    if beyond > 1e-3:
        raise ImageError(f"{what}: the ROI reaches {beyond:.1f} mm outside the image", rule="roi_outside")


def _distance(image: sitk.Image, mask: sitk.Image) -> float:
    """Largest distance between corresponding corners, mm."""
    return max(
        float(np.linalg.norm(np.subtract(one, other)))
        for one, other in zip(_corners(image), _corners(mask), strict=True)
    )


def _centre_distance(image: sitk.Image, mask: sitk.Image) -> float:
    one, other = (np.mean(_corners(volume), axis=0) for volume in (image, mask))
    return float(np.linalg.norm(one - other))


def _corners(volume: sitk.Image) -> list[tuple[float, ...]]:
    last = [float(n - 1) for n in volume.GetSize()]
    return [
        volume.TransformContinuousIndexToPhysicalPoint([c * n for c, n in zip(corner, last, strict=True)])
        for corner in _CUBE
    ]


_CUBE = tuple(itertools.product((0, 1), repeat=3))


def bounding_box(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last index of the region along each axis of a boolean array that is not all False."""
    lower, upper = [], []
    for axis in range(mask.ndim):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        lower.append(hit[0])
        upper.append(hit[-1])
        mask = mask[(slice(None),) * axis + (slice(hit[0], hit[-1] + 1),)]  # only the first axis scans the whole array
    return np.array(lower), np.array(upper)


def box_and_centroid(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`bounding_box`, and the mean index of the region's voxels along each axis (z, y, x)."""
    lower, upper = bounding_box(mask)
    box = mask[tuple(slice(start, end + 1) for start, end in zip(lower, upper, strict=True))]
    columns = np.count_nonzero(box, axis=0)
    counts = (np.count_nonzero(box, axis=(1, 2)), columns.sum(axis=1), columns.sum(axis=0))
    starts = (0, *lower[1:])
    sums = [int(count @ np.arange(start, start + count.size)) for count, start in zip(counts, starts, strict=True)]
    middle = np.array(sums) / int(columns.sum()) + np.array([lower[0], 0, 0])
    return lower, upper, middle


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
