"""A folder of DICOM slices to one volume in HU, SUV or arbitrary units."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.acquisition import acquisition_of_header
from radiogenomics.imaging.suv import suv_factor

if TYPE_CHECKING:
    import SimpleITK as sitk

_IMAGE_MODALITIES = ("CT", "PT", "MR")


class Slice(NamedTuple):
    """What the header of one slice says."""

    file: Path
    modality: str
    series: str
    instance: str
    frame_of_reference: str


class Series(NamedTuple):
    """A series as a volume: `image` in HU, SUV or arbitrary units (float32), with what its headers say."""

    image: sitk.Image
    acquisition: dict[str, Any]
    frame_of_reference: str
    files: list[Path]


def read_header(path: Path, *, pixels: bool = False) -> Any:
    """A pydicom data set, or an ImageError. Warnings about odd but harmless values are kept quiet."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(path, stop_before_pixels=not pixels)
    except InvalidDicomError as error:
        raise ImageError(f"{path}: not a DICOM file", rule="not_dicom") from error
    except Exception as error:  # malformed files raise many unrelated classes; all mean the same to a person
        raise ImageError(f"{path}: cannot be read as DICOM ({type(error).__name__})", rule="unreadable") from error


def slices_of_folder(folder: Path) -> list[Slice]:
    """All CT, PT and MR slices of a folder and its subfolders, in the order of their names; other files are passed over."""
    found = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        try:
            header = read_header(file)
        except ImageError as error:
            if error.rule == "not_dicom":
                continue
            raise
        modality = str(getattr(header, "Modality", ""))
        if modality in _IMAGE_MODALITIES and "ImagePositionPatient" in header:
            found.append(
                Slice(
                    file,
                    modality,
                    str(getattr(header, "SeriesInstanceUID", "")),
                    str(getattr(header, "SOPInstanceUID", "")),
                    str(getattr(header, "FrameOfReferenceUID", "") or ""),
                )
            )
    return found


def choose_series(folder: Path, kind: str, referenced: set[str]) -> list[Slice]:
    """The slices of the series that is meant: the one that the contours or segmentation refer to, or the only one.

    Parameters
    ----------
    folder : with one or several series, in any order.
    kind : 'CT', 'PT' or 'MR'.
    referenced : series instance UIDs that the ROI refers to; may be empty.

    Raises
    ------
    ImageError
        No series of that kind, or several and none is referred to.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder}: no such folder", rule="file_missing")
    by_series: dict[str, list[Slice]] = {}
    others: set[str] = set()
    for item in slices_of_folder(folder):
        if item.modality == kind:
            by_series.setdefault(item.series, []).append(item)
        else:
            others.add(item.modality)
    if not by_series:
        also = f"; found {', '.join(sorted(others))}" if others else ""
        raise ImageError(f"{folder}: no DICOM {kind} slices{also}", rule="no_series")
    meant = [uid for uid in by_series if uid in referenced]
    if len(meant) == 1:
        return by_series[meant[0]]
    if len(by_series) == 1:
        return next(iter(by_series.values()))
    counts = ", ".join(f"{len(items)} slices" for items in by_series.values())
    raise ImageError(
        f"{folder}: {len(by_series)} {kind} series ({counts}) and the ROI refers to {len(meant)} of them; "
        "put the one that is meant into a folder of its own",
        rule="several_series",
    )


def read_series(slices: list[Slice], folder: Path, kind: str) -> Series:
    """Assemble slices, in any order, to a volume.

    Raises
    ------
    ImageError
        Slices differ in size, spacing or orientation, are missing, lie twice in the same place or are sheared, or the
        pixel data do not decode.
    """
    import SimpleITK as sitk

    if len(slices) < 2:
        raise ImageError(f"{folder}: a volume needs at least 2 slices, found {len(slices)}", rule="too_few_slices")
    headers = [read_header(item.file, pixels=True) for item in slices]
    first = headers[0]
    row, column, normal = _axes(first, folder)
    for item, header in zip(slices, headers, strict=True):
        _require_alike(first, header, item.file)
    positions = np.array([[float(v) for v in header.ImagePositionPatient] for header in headers])
    order = np.argsort(positions @ normal, kind="stable")
    step = _slice_step(positions[order], normal, folder)
    pixels = np.empty((len(slices), int(first.Rows), int(first.Columns)), dtype=np.float32)
    acquired = min((moment for header in headers if (moment := _acquired(header))), default="")
    for place, index in enumerate(order):
        header = headers[index]
        values = _pixels(header, slices[index].file)
        slope, intercept = (
            float(getattr(header, "RescaleSlope", 1) or 1),
            float(getattr(header, "RescaleIntercept", 0) or 0),
        )
        factor = suv_factor(header, acquired, str(folder)) if kind == "PT" else 1.0
        pixels[place] = (values.astype(np.float64) * slope + intercept) * factor
    image = sitk.GetImageFromArray(pixels)
    rows_mm, columns_mm = (float(v) for v in first.PixelSpacing)
    image.SetSpacing((columns_mm, rows_mm, step))
    image.SetOrigin([float(v) for v in positions[order[0]]])
    image.SetDirection(np.column_stack([row, column, normal]).ravel().tolist())
    return Series(
        image,
        acquisition_of_header(first),
        slices[0].frame_of_reference,
        [slices[index].file for index in order],
    )


def _axes(header: Any, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.array([float(v) for v in getattr(header, "ImageOrientationPatient", [])])
    if (
        values.shape != (6,)
        or abs(values[:3] @ values[3:]) > 1e-3
        or not np.allclose([np.linalg.norm(values[:3]), np.linalg.norm(values[3:])], 1, atol=1e-3)
    ):
        raise ImageError(f"{folder}: ImageOrientationPatient is missing or not orthonormal", rule="orientation")
    return values[:3], values[3:], np.cross(values[:3], values[3:])


def _require_alike(first: Any, header: Any, file: Path) -> None:
    if int(getattr(header, "NumberOfFrames", 1) or 1) != 1:
        raise ImageError(
            f"{file}: multi-frame (enhanced) DICOM is not read; convert it to single slices", rule="multiframe"
        )
    for keyword in ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient"):
        here, there = getattr(header, keyword, None), getattr(first, keyword, None)
        if here is None or not np.allclose(np.array(here, float), np.array(there, float), atol=1e-4):
            raise ImageError(
                f"{file}: {keyword} is {here}, other slices of the series have {there}", rule="slices_differ"
            )


def _slice_step(positions: np.ndarray, normal: np.ndarray, folder: Path) -> float:
    """Distance between slices in mm, the same everywhere."""
    gaps = np.diff(positions @ normal)
    step = float(np.median(gaps))
    if step < 1e-3 or gaps.min() < 0.01 * step:
        raise ImageError(
            f"{folder}: several slices lie in the same place; is this more than one phase?", rule="slices_twice"
        )
    worst = int(np.argmax(np.abs(gaps - step)))
    if abs(gaps[worst] - step) > max(0.02 * step, 0.02):
        at = float(positions[worst] @ normal)
        raise ImageError(
            f"{folder}: a slice is missing or spacing changes: {gaps[worst]:.2f} mm after the slice at {at:.2f} mm, "
            f"{step:.2f} mm elsewhere",
            rule="missing_slice",
        )
    sideways = np.diff(positions, axis=0) - gaps[:, None] * normal
    shift = float(np.abs(sideways).max())
    if shift > max(0.02 * step, 0.02):
        raise ImageError(
            f"{folder}: slices are shifted sideways by {shift:.2f} mm each (gantry tilt); resample first",
            rule="sheared",
        )
    return float((positions[-1] - positions[0]) @ normal / (len(positions) - 1))


def _pixels(header: Any, file: Path) -> np.ndarray:
    """Stored values of one slice, rows x columns, before rescale."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = header.pixel_array
    except Exception as error:  # decoders raise many unrelated classes; all mean that the slice is not usable
        syntax = getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", None)
        raise ImageError(
            f"{file}: pixel data do not decode ({type(error).__name__}; transfer syntax {getattr(syntax, 'name', syntax)})",
            rule="pixel_data",
        ) from error
    if values.shape != (int(header.Rows), int(header.Columns)):
        raise ImageError(f"{file}: pixel data have shape {values.shape}, not rows x columns", rule="pixel_data")
    return values


def _acquired(header: Any) -> str:
    day, clock = str(getattr(header, "AcquisitionDate", "") or ""), str(getattr(header, "AcquisitionTime", "") or "")
    return day + clock if len(day) == 8 and len(clock) >= 6 else ""
