"""DICOM SEG to a mask on the image's grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.geometry import Remark, coincide, mask_on_grid, require_inside

if TYPE_CHECKING:
    import SimpleITK as sitk


def series_of_segmentation(header: Any) -> set[str]:
    """Series instance UIDs of the images that a SEG was made on."""
    return {
        str(item.SeriesInstanceUID)
        for item in getattr(header, "ReferencedSeriesSequence", []) or []
        if "SeriesInstanceUID" in item
    }


def mask_of_segmentation(
    path: Path, image: sitk.Image, frame_of_reference: str, roi: str | None
) -> tuple[sitk.Image, Remark | None]:
    """One segment of a DICOM SEG, stored as bits or as a label map, as a uint8 mask of 0 and 1 on the grid of `image`.

    Each frame is put where it lies in space.

    Parameters
    ----------
    path : the SEG file.
    image : the volume that it was made on.
    frame_of_reference : UID of the image's frame of reference, or '' where it is not known.
    roi : label of the segment, or its number; None where there is only one.

    Returns
    -------
    (mask, remark): a remark where the segment's voxels do not coincide with the image's and were resampled.

    Raises
    ------
    ImageError
        Segment not found (the message says which there are) or empty, probabilities instead of a segment, or frames that
        do not cover the same space as the image.
    """
    import highdicom as hd
    import SimpleITK as sitk

    try:
        segmentation = hd.seg.segread(path)
    except Exception as error:
        raise ImageError(
            f"{path}: cannot be read as DICOM SEG ({type(error).__name__}: {error})", rule="unreadable"
        ) from error
    number = _segment(segmentation, roi, path)
    frame = str(getattr(segmentation, "FrameOfReferenceUID", "") or "")
    if frame and frame_of_reference and frame != frame_of_reference:
        raise ImageError(f"{path}: made in another frame of reference than the image's", rule="frame_of_reference")
    if str(segmentation.SegmentationType) == "FRACTIONAL":
        raise ImageError(
            f"{path}: holds probabilities (FRACTIONAL), not a region; store it as BINARY", rule="mask_values"
        )
    try:
        volume = segmentation.get_volume(
            segment_numbers=[number], combine_segments=True, relabel=True, allow_missing_positions=True
        )
    except Exception as error:
        raise ImageError(
            f"{path}: segment {number} does not make a volume ({type(error).__name__}: {error})", rule="unreadable"
        ) from error
    part = _as_image(volume)
    if not sitk.GetArrayViewFromImage(part).any():
        raise ImageError(f"{path}: segment {number} is empty", rule="roi_empty")
    if coincide(part, image):
        require_inside(image, part, str(path))
        return sitk.Resample(part, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8), None
    return mask_on_grid(image, part, str(path))


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
