"""DICOM SEG to a mask on the image's grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk


def series_of_segmentation(header: Any) -> set[str]:
    """Series instance UIDs of the images that a SEG was made on."""
    return {
        str(item.SeriesInstanceUID)
        for item in getattr(header, "ReferencedSeriesSequence", []) or []
        if "SeriesInstanceUID" in item
    }


def mask_of_segmentation(path: Path, image: sitk.Image, frame_of_reference: str, roi: str | None) -> sitk.Image:
    """One segment of a DICOM SEG as a uint8 mask of 0 and 1 on the grid of `image`.

    Each frame is put on the slice that it lies on by its position in space; a frame whose voxels do not coincide with
    the image's is an error, never resampled.

    Parameters
    ----------
    path : the SEG file.
    image : the volume that it was made on.
    frame_of_reference : UID of the image's frame of reference, or '' where it is not known.
    roi : label of the segment, or its number; None where there is only one.

    Raises
    ------
    ImageError
        Segment not found (the message says which there are), or frames that are not on the image's grid.
    """
    import highdicom as hd
    import SimpleITK as sitk

    try:
        segmentation = hd.seg.segread(path)
    except Exception as error:  # malformed files raise many unrelated classes; all mean the same to a person
        raise ImageError(
            f"{path}: cannot be read as DICOM SEG ({type(error).__name__}: {error})", rule="unreadable"
        ) from error
    number = _segment(segmentation, roi, path)
    frame = str(getattr(segmentation, "FrameOfReferenceUID", "") or "")
    if frame and frame_of_reference and frame != frame_of_reference:
        raise ImageError(f"{path}: made in another frame of reference than the image's", rule="frame_of_reference")
    volume = segmentation.get_volume(
        segment_numbers=[number], combine_segments=True, relabel=True, allow_missing_positions=True
    )
    part = _as_image(volume)
    return _placed(part, image, path, sitk)


def _segment(segmentation: Any, roi: str | None, path: Path) -> int:
    labels = {
        int(number): str(segmentation.get_segment_description(number).segment_label)
        for number in segmentation.segment_numbers
    }
    if roi is None and len(labels) == 1:
        return next(iter(labels))
    matches = [number for number, label in labels.items() if label == roi]
    if not matches and roi is not None and roi.isdigit() and int(roi) in labels:
        matches = [int(roi)]
    if len(matches) != 1:
        problem = "name one in column roi" if roi is None else f"segment {roi!r} was found {len(matches)} times"
        raise ImageError(f"{path}: {problem}; it has {labels}", rule="roi_missing")
    return matches[0]


def _as_image(volume: Any) -> sitk.Image:
    """A highdicom volume (axes slice, row, column) as an image (axes x, y, z) of the same voxels in the same places."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray((np.asarray(volume.array) > 0).astype(np.uint8))
    matrix = np.asarray(volume.affine)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    image.SetSpacing(spacing[::-1].tolist())
    image.SetOrigin(matrix[:3, 3].tolist())
    image.SetDirection((matrix[:3, :3] / spacing)[:, ::-1].ravel().tolist())
    return image


def _placed(part: sitk.Image, image: sitk.Image, path: Path, sitk: Any) -> sitk.Image:
    """The mask on the whole grid of the image, by its place in space."""
    count = np.array(part.GetSize())
    ends = [(0.0, 0.0, 0.0), tuple(float(n - 1) for n in count)]
    index = np.array(
        [
            image.TransformPhysicalPointToContinuousIndex(part.TransformContinuousIndexToPhysicalPoint(end))
            for end in ends
        ]
    )
    away = np.abs(index - np.round(index)) * np.array(image.GetSpacing())
    extent = np.abs(np.round(index[1]) - np.round(index[0])) + 1
    same_axes = np.allclose(np.abs(np.array(part.GetDirection())), np.abs(np.array(image.GetDirection())), atol=1e-3)
    if away.max() > 0.05 * min(image.GetSpacing()) or not same_axes or not np.array_equal(extent, count):
        raise ImageError(
            f"{path}: its voxels do not coincide with the image's (up to {away.max():.2f} mm apart)", rule="geometry"
        )
    if index.min() < -0.5 or (index > np.array(image.GetSize()) - 0.5).any():
        raise ImageError(f"{path}: the segmentation reaches outside the image", rule="roi_outside")
    filled = sitk.Resample(part, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    if int(sitk.GetArrayViewFromImage(filled).sum()) != int(sitk.GetArrayViewFromImage(part).sum()):
        raise ImageError(f"{path}: voxels were lost when put on the image's grid", rule="geometry")
    return filled
