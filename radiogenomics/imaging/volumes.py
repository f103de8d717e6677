"""Volumes in one file: NIfTI, NRRD, MetaImage. Headers are checked before anything is decoded."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.dicom_frames import MAXIMUM_VOXELS

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Recognised names of volume files."""

_DETACHED = re.compile(r"^(?:ElementDataFile\s*=|data ?file\s*:)\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)


def is_volume(path: Path) -> bool:
    """Whether the name is that of a volume file."""
    return path.name.lower().endswith(SUFFIXES)


def files_of_volume(path: Path) -> list[Path]:
    """The file and, for headers with detached data (``.nhdr``, ``.mhd``), the data file it names.

    Raises
    ------
    ImageError
        The data file lies outside the header's folder (rule ``detached_outside``), is a list or pattern of files, or is
        missing.
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return [path]
    with path.open("rb") as stream:
        head = stream.read(65536).split(b"\n\n")[0].decode("latin-1")
    match = _DETACHED.search(head)
    if match is None or match.group(1).upper() == "LOCAL":
        return [path]
    name = match.group(1)
    if name.upper().startswith("LIST") or "%" in name:
        raise ImageError(f"{path}: data spread over several files ({name!r}) is not read", rule="detached_list")
    data = (path.parent / name).resolve()
    if not data.is_relative_to(path.parent.resolve()):
        raise ImageError(
            f"{path}: its data file {name!r} lies outside the header's own folder", rule="detached_outside"
        )
    if not data.is_file():
        raise ImageError(f"{path}: its data file {name!r} does not exist", rule="file_missing")
    return [path, data]


def read_volume(path: Path, *, floating: bool) -> sitk.Image:
    """Read one 3-D scalar volume.

    Parameters
    ----------
    path : file with one of `SUFFIXES`.
    floating : give float32; otherwise the pixel type of the file is kept.

    Raises
    ------
    ImageError
        The file is missing, truncated, not 3-D, not scalar, too large, or not what its name says.
    """
    import SimpleITK as sitk

    if not path.is_file():
        raise ImageError(f"{path}: no such file", rule="file_missing")
    files_of_volume(path)
    if path.name.lower().endswith((".nii", ".nii.gz")):
        _check_nifti(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_header(path, reader)
        if floating:
            reader.SetOutputPixelType(sitk.sitkFloat32)
        image = reader.Execute()
    except RuntimeError as error:
        raise ImageError(f"{path}: cannot be read: {_last_line(error)}", rule="unreadable") from error
    return image if image.GetDimension() == 3 else image[:, :, :, 0]


def _check_header(path: Path, reader: sitk.ImageFileReader) -> None:
    size, spacing = reader.GetSize(), reader.GetSpacing()
    if len(size) < 3 or any(n != 1 for n in size[3:]):
        raise ImageError(f"{path}: a 3-D volume is needed, found {len(size)} dimensions {size}", rule="dimension")
    if reader.GetNumberOfComponents() != 1:
        raise ImageError(
            f"{path}: one value a voxel is needed, found {reader.GetNumberOfComponents()} components", rule="components"
        )
    voxels = size[0] * size[1] * size[2]
    if voxels > MAXIMUM_VOXELS:
        raise ImageError(f"{path}: {voxels:,} voxels are more than the {MAXIMUM_VOXELS:,} allowed", rule="too_large")
    if not all(0 < s < 1000 for s in spacing[:3]):
        raise ImageError(
            f"{path}: voxel spacing must be above 0 and below 1000 mm, found {spacing[:3]}", rule="spacing"
        )


def _check_nifti(path: Path) -> None:
    """Look at a NIfTI file before the reader does, which would fill a truncated one with zeros, replace a spacing of 0,
    and turn values and scales that are not finite into 0, all without a word."""
    compressed = path.name.lower().endswith(".gz")
    try:
        opened: Any = gzip.open(path) if compressed else path.open("rb")  # noqa: SIM115 - closed by the next line
        with opened as stream:
            head = stream.read(352)
            if len(head) < 348:
                raise ImageError(f"{path}: {len(head)} bytes are too few for a NIfTI header", rule="truncated")
            order = "<" if struct.unpack("<i", head[:4])[0] == 348 else ">"
            if struct.unpack(f"{order}i", head[:4])[0] != 348:
                raise ImageError(f"{path}: not a NIfTI-1 file", rule="unreadable")
            dimensions = struct.unpack(f"{order}8h", head[40:56])
            code, bits = struct.unpack(f"{order}2h", head[70:74])
            offset, slope, shift = struct.unpack(f"{order}3f", head[108:120])
            voxels = math.prod(max(int(n), 1) for n in dimensions[1 : 1 + max(0, min(dimensions[0], 7))])
            _check_scale(path, struct.unpack(f"{order}3f", head[80:92]), slope, shift)
            if voxels > MAXIMUM_VOXELS:
                raise ImageError(
                    f"{path}: {voxels:,} voxels are more than the {MAXIMUM_VOXELS:,} allowed", rule="too_large"
                )
            start, needed = max(int(offset), 348), voxels * bits // 8
            stream.read(start - len(head))
            _check_content(path, stream, needed, np.dtype(f"{order}f{_FLOATS[code]}") if code in _FLOATS else None)
    except (EOFError, zlib.error, OSError) as error:
        raise ImageError(f"{path}: the compressed file is cut off or altered ({error})", rule="truncated") from error


_FLOATS = {16: 4, 64: 8}
"""NIfTI codes of floating-point voxels and their bytes."""


def _check_scale(path: Path, spacing: tuple[float, ...], slope: float, shift: float) -> None:
    if not all(0 < s < 1000 for s in spacing):
        raise ImageError(f"{path}: voxel spacing must be above 0 and below 1000 mm, found {spacing}", rule="spacing")
    if not (math.isfinite(slope) and math.isfinite(shift)):
        raise ImageError(f"{path}: scl_slope {slope} and scl_inter {shift} must be finite", rule="not_finite")


def _check_content(path: Path, stream: IO[bytes], needed: int, floating: np.dtype | None) -> None:
    """Are all bytes there, and all floating-point values finite?"""
    held, bad = 0, 0
    while held < needed and (block := stream.read(min(1 << 22, needed - held))):
        held += len(block)
        if floating is not None:
            whole = len(block) - len(block) % floating.itemsize
            bad += int(np.count_nonzero(~np.isfinite(np.frombuffer(block[:whole], dtype=floating))))
    if held < needed:
        raise ImageError(
            f"{path}: cut off: {needed:,} bytes of voxels are needed, {held:,} are there", rule="truncated"
        )
    if bad and floating is not None:
        raise ImageError(
            f"{path}: {bad:,} of {needed // floating.itemsize:,} voxels are not finite numbers", rule="not_finite"
        )


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
