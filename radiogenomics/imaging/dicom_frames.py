"""One DICOM file to its frames: where each lies in space and how its stored values are scaled.

A classic file holds one slice; an enhanced multi-frame file holds many, each described in functional groups
(DICOM PS3.3 C.7.6.16).
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from radiogenomics.cohort.dicom_tree import numbers
from radiogenomics.cohort.dicom_tree import read_header as look
from radiogenomics.exceptions import ImageError

MAXIMUM_VOXELS = 2**28
"""A larger volume (512 x 512 x 1,024) is refused before it is decoded: a small compressed file can hold very much."""

_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")


class Frame(NamedTuple):
    """One slice of a volume.

    Attributes
    ----------
    position : of the centre of the first voxel, mm, x y z to the patient's left, back and head.
    orientation : direction of rows and of columns, 6 numbers.
    spacing : between rows and between columns, mm.
    shape : rows, columns.
    slope, intercept : from stored values to HU, Bq/ml or arbitrary units.
    rescaled : whether the file says how; otherwise 1 and 0 are assumed.
    unit : BQML or GML where a mapping to real-world values says so (enhanced PET); '' otherwise.
    """

    file: Path
    number: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    shape: tuple[int, int]
    slope: float
    intercept: float
    rescaled: bool
    unit: str = ""


_UCUM = {"bq/ml": "BQML", "{suvbw}g/ml": "GML", "g/ml{suvbw}": "GML"}
"""UCUM codes of what PET voxels may be in (DICOM CID 84 and 85, lower case) -> the code of a classic PET's Units."""


def read_header(path: Path, *, pixels: bool = False) -> Any:
    """A pydicom data set, or an ImageError. Warnings about odd but harmless values are kept quiet."""
    import pydicom

    header = look(path)
    if header is None:
        raise ImageError(f"{path}: not a DICOM file", rule="not_dicom")
    if not pixels:
        return header
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(path, force=True)
    except Exception as error:
        raise ImageError(f"{path}: cannot be read as DICOM ({type(error).__name__})", rule="unreadable") from error


def frames_of(header: Any, file: Path) -> list[Frame]:
    """The frames of one file, in stored order.

    Raises
    ------
    ImageError
        A frame does not say where it lies, or says it in numbers that cannot be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            count = int(header.get("NumberOfFrames", 1) or 1)
            shape = (int(header.Rows), int(header.Columns))
            if "PerFrameFunctionalGroupsSequence" in header:
                frames = _enhanced(header, file, count, shape)
            elif count == 1:
                frames = [_classic(header, file, shape)]
            else:
                raise ImageError(
                    f"{file}: {count} frames, but no functional groups that say where each lies", rule="multiframe"
                )
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(
            f"{file}: its header lacks or spoils what describes the image ({type(error).__name__}: {error})",
            rule="header",
        ) from error
    for frame in frames:
        _require_possible(frame)
    return frames


def _classic(header: Any, file: Path, shape: tuple[int, int]) -> Frame:
    rescaled = header.get("RescaleSlope") is not None
    return Frame(
        file,
        0,
        numbers(header.get("ImagePositionPatient")),
        numbers(header.get("ImageOrientationPatient")),
        numbers(header.get("PixelSpacing")),
        shape,
        float(header.RescaleSlope) if rescaled else 1.0,
        float(header.get("RescaleIntercept", 0) or 0),
        rescaled,
    )


def _enhanced(header: Any, file: Path, count: int, shape: tuple[int, int]) -> list[Frame]:
    shared = (header.get("SharedFunctionalGroupsSequence") or [{}])[0]
    own = header.PerFrameFunctionalGroupsSequence
    if len(own) != count:
        raise ImageError(f"{file}: {count} frames, but {len(own)} are described", rule="multiframe")

    def group(index: int, name: str) -> Any:
        found = own[index].get(name) or shared.get(name)
        return found[0] if found else {}

    frames = []
    for index in range(count):
        values = group(index, "PixelValueTransformationSequence")
        slope, intercept = values.get("RescaleSlope"), values.get("RescaleIntercept", 0)
        unit, mapped = _real_world(own[index], shared) if header.get("Modality") == "PT" else ("", None)
        if mapped is not None:
            slope, intercept = mapped
        frames.append(
            Frame(
                file,
                index,
                numbers(group(index, "PlanePositionSequence").get("ImagePositionPatient")),
                numbers(group(index, "PlaneOrientationSequence").get("ImageOrientationPatient")),
                numbers(group(index, "PixelMeasuresSequence").get("PixelSpacing")),
                shape,
                float(slope) if slope is not None else 1.0,
                float(intercept or 0),
                slope is not None,
                unit,
            )
        )
    return frames


def _real_world(own: Any, shared: Any) -> tuple[str, tuple[Any, Any] | None]:
    """Unit, slope and intercept of the first mapping to activity or SUV by weight; '' and None where there is none."""
    for item in own.get("RealWorldValueMappingSequence") or shared.get("RealWorldValueMappingSequence") or []:
        codes = item.get("MeasurementUnitsCodeSequence") or [{}]
        unit = _UCUM.get(str(codes[0].get("CodeValue", "")).lower(), "")
        if unit and item.get("RealWorldValueSlope") is not None:
            return unit, (item.RealWorldValueSlope, item.get("RealWorldValueIntercept", 0))
    return "", None


def _require_possible(frame: Frame) -> None:
    file = frame.file
    if len(frame.position) != 3 or not all(math.isfinite(v) and abs(v) < 1e5 for v in frame.position):
        raise ImageError(
            f"{file}: ImagePositionPatient must be three numbers in mm, found {frame.position}", rule="position"
        )
    if len(frame.spacing) != 2 or not all(0 < v < 1000 for v in frame.spacing):
        raise ImageError(
            f"{file}: PixelSpacing must be two numbers above 0 and below 1000 mm, found {frame.spacing}",
            rule="spacing",
        )
    if not (math.isfinite(frame.slope) and frame.slope != 0 and math.isfinite(frame.intercept)):
        raise ImageError(
            f"{file}: RescaleSlope {frame.slope} and RescaleIntercept {frame.intercept} must be finite, the slope not 0",
            rule="rescale",
        )
    rows, columns = frame.orientation[:3], frame.orientation[3:]
    if (
        len(frame.orientation) != 6
        or abs(np.dot(rows, columns)) > 1e-3
        or not np.allclose([np.linalg.norm(rows), np.linalg.norm(columns)], 1, atol=1e-3)
    ):
        raise ImageError(f"{file}: ImageOrientationPatient is missing or not orthonormal", rule="orientation")


def stored_values(header: Any, file: Path) -> np.ndarray:
    """Stored values, frames x rows x columns, before rescale.

    What the header promises is compared with what is there before anything is decoded.

    Raises
    ------
    ImageError
        Not one grey value a voxel, more voxels than are allowed, fewer or more bytes than voxels, or a transfer syntax
        that cannot be decoded.
    """
    syntax = getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", None)
    name = getattr(syntax, "name", syntax)
    try:
        frames, rows, columns = int(header.get("NumberOfFrames", 1) or 1), int(header.Rows), int(header.Columns)
        samples, bits = int(header.get("SamplesPerPixel", 1)), int(header.BitsAllocated)
        content = len(header.PixelData)
    except Exception as error:
        raise ImageError(
            f"{file}: no pixel data, or not described ({type(error).__name__}: {error})", rule="pixel_data"
        ) from (error)
    if samples != 1 or str(header.get("PhotometricInterpretation", "")) not in ("MONOCHROME1", "MONOCHROME2"):
        raise ImageError(
            f"{file}: one grey value a voxel is needed, found {samples} ({header.get('PhotometricInterpretation', '')})",
            rule="components",
        )
    if not 0 < frames * rows * columns <= MAXIMUM_VOXELS:
        raise ImageError(
            f"{file}: {rows} x {columns} x {frames} voxels; between 1 and {MAXIMUM_VOXELS:,} are allowed",
            rule="too_large",
        )
    needed = frames * rows * columns * bits // 8
    if str(syntax) in _UNCOMPRESSED and content not in (needed, needed + needed % 2):
        raise ImageError(f"{file}: {needed:,} bytes of voxels are needed, {content:,} are there", rule="truncated")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = header.pixel_array
    except Exception as error:
        raise ImageError(
            f"{file}: pixel data do not decode ({type(error).__name__}; transfer syntax {name})", rule="pixel_data"
        ) from error
    values = values.reshape((frames, *values.shape)) if values.ndim == 2 else values
    if values.shape != (frames, rows, columns):
        raise ImageError(
            f"{file}: pixel data have shape {values.shape}, not frames x rows x columns", rule="pixel_data"
        )
    return values
