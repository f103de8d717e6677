"""RTSTRUCT contours to a mask on the image's grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk


def referenced_series(structures: Any) -> set[str]:
    """Series instance UIDs of the images that an RTSTRUCT was drawn on."""
    return {
        str(series.SeriesInstanceUID)
        for frame in getattr(structures, "ReferencedFrameOfReferenceSequence", [])
        for study in getattr(frame, "RTReferencedStudySequence", [])
        for series in getattr(study, "RTReferencedSeriesSequence", [])
        if "SeriesInstanceUID" in series
    }


def mask_of_contours(
    structures: Any, image: sitk.Image, frame_of_reference: str, roi: str | None, what: str
) -> sitk.Image:
    """Fill the closed planar contours of one ROI, slice by slice, even-odd (a contour inside another is a hole).

    A voxel belongs to the ROI when its centre lies inside the polygon. On the IBSI CT phantom this gives exactly the
    published mask.

    Parameters
    ----------
    structures : pydicom data set of an RTSTRUCT.
    image : the volume that it was drawn on.
    frame_of_reference : UID of the image's frame of reference, or '' where it is not known.
    roi : name of the ROI; None where there is only one.
    what : how to call the RTSTRUCT in messages.

    Returns
    -------
    uint8 mask of 0 and 1 on the grid of `image`.

    Raises
    ------
    ImageError
        ROI not found (the message says which there are), another frame of reference, no contours, open ones, contours
        that are no polygon, outside the image or between its slices.
    """
    import SimpleITK as sitk
    from skimage.draw import polygon

    try:
        number, frame = _roi(structures, roi, what)
        contours = _closed_contours(structures, number, what)
    except ImageError:
        raise
    except Exception as error:  # sequences are parsed when asked for, and raise many unrelated classes
        raise ImageError(
            f"{what}: its regions cannot be read: cut off or altered ({type(error).__name__}: {error})",
            rule="unreadable",
        ) from error
    if frame and frame_of_reference and frame != frame_of_reference:
        raise ImageError(f"{what}: drawn in another frame of reference than the image's", rule="frame_of_reference")
    size = image.GetSize()
    mask = np.zeros(size[::-1], dtype=bool)
    for points in contours:
        index = np.array([image.TransformPhysicalPointToContinuousIndex(point) for point in points.tolist()])
        slice_index = _slice_of(index, image, what)
        rows, columns = polygon(index[:, 1], index[:, 0], (size[1], size[0]))
        mask[slice_index, rows, columns] ^= True
    result = sitk.GetImageFromArray(mask.astype(np.uint8))
    result.CopyInformation(image)
    return result


_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Contours that enclose an area; both are combined even-odd (DICOM PS3.3 C.8.8.6.3)."""


def _closed_contours(structures: Any, number: int, what: str) -> list[np.ndarray]:
    """The polygons of one ROI, each points x 3 in mm."""
    items = [
        contour
        for item in structures.get("ROIContourSequence") or []
        if int(item.ReferencedROINumber) == number
        for contour in item.get("ContourSequence") or []
    ]
    if not items:
        raise ImageError(f"{what}: the ROI has no contours", rule="roi_empty")
    types = [str(item.get("ContourGeometricType", "")) for item in items]
    if all(kind == "POINT" for kind in types):
        raise ImageError(f"{what}: the ROI is {len(items)} points, not contours", rule="contour_open")
    still_open = [kind for kind in types if kind not in _CLOSED]
    if still_open:
        raise ImageError(
            f"{what}: {len(still_open)} of {len(items)} contours of the ROI are not closed ({still_open[0] or 'no type'}); "
            "close them where they were drawn",
            rule="contour_open",
        )
    return [_polygon(item, what) for item in items]


def _polygon(contour: Any, what: str) -> np.ndarray:
    try:
        values = np.array([float(v) for v in contour.ContourData])
    except Exception as error:
        raise ImageError(
            f"{what}: the points of a contour cannot be read ({type(error).__name__})", rule="contour_points"
        ) from error
    if len(values) % 3 or len(values) < 9 or not np.isfinite(values).all():
        raise ImageError(
            f"{what}: a contour needs at least 3 points of 3 finite numbers, found {len(values)} numbers",
            rule="contour_points",
        )
    return values.reshape(-1, 3)


def _roi(structures: Any, roi: str | None, what: str) -> tuple[int, str]:
    items = list(getattr(structures, "StructureSetROISequence", []))
    names = [str(getattr(item, "ROIName", "")) for item in items]
    if roi is None and len(items) == 1:
        chosen = items[0]
    else:
        matches = [item for item, name in zip(items, names, strict=True) if name == roi]
        if len(matches) != 1:
            problem = "name one in column roi" if roi is None else f"ROI {roi!r} was found {len(matches)} times"
            raise ImageError(f"{what}: {problem}; it has {names}", rule="roi_missing")
        chosen = matches[0]
    return int(chosen.ROINumber), str(getattr(chosen, "ReferencedFrameOfReferenceUID", "") or "")


def _slice_of(index: np.ndarray, image: sitk.Image, what: str) -> int:
    """The slice a contour lies on; index: points x (column, row, slice), continuous."""
    size, spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    beyond = np.maximum(-0.5 - index, index - (size - 0.5)).max(axis=0) * spacing
    if beyond.max() > 1e-3:
        raise ImageError(f"{what}: a contour reaches {beyond.max():.1f} mm outside the image", rule="roi_outside")
    nearest = round(float(np.median(index[:, 2])))
    away = float(np.abs(index[:, 2] - nearest).max() * spacing[2])
    if away > 0.25 * spacing[2]:
        raise ImageError(
            f"{what}: a contour lies {away:.2f} mm from the nearest slice (slices are {spacing[2]:.2f} mm apart); "
            "was it drawn on another image?",
            rule="roi_between_slices",
        )
    return int(np.clip(nearest, 0, size[2] - 1))
