"""Volumes in one file: NIfTI, NRRD, MetaImage. Headers are checked before anything is decoded."""

from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from radiogenomics.exceptions import ImageError

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Recognised names of volume files."""

MAXIMUM_VOXELS = 2**30
"""A larger volume (1,024 cubed) is refused before it is decoded: a small compressed file can hold very much."""

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
    """A truncated NIfTI would be filled with zeros, and a spacing of 0 replaced, without a word."""
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
            bits = struct.unpack(f"{order}h", head[72:74])[0]
            spacing = struct.unpack(f"{order}3f", head[80:92])
            offset = struct.unpack(f"{order}f", head[108:112])[0]
            voxels = 1
            for n in dimensions[1 : 1 + max(0, min(dimensions[0], 7))]:
                voxels *= max(int(n), 1)
            if not all(0 < s < 1000 for s in spacing):
                raise ImageError(
                    f"{path}: voxel spacing must be above 0 and below 1000 mm, found {spacing}", rule="spacing"
                )
            if voxels > MAXIMUM_VOXELS:
                raise ImageError(
                    f"{path}: {voxels:,} voxels are more than the {MAXIMUM_VOXELS:,} allowed", rule="too_large"
                )
            needed = int(offset) + voxels * bits // 8
            held = _count(stream, len(head), needed) if compressed else path.stat().st_size
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise ImageError(f"{path}: the compressed file is cut off or altered ({error})", rule="truncated") from error
    if held < needed:
        raise ImageError(f"{path}: cut off: {needed:,} bytes are needed, {held:,} are there", rule="truncated")


def _count(stream: IO[bytes], held: int, needed: int) -> int:
    while held < needed and (block := stream.read(1 << 22)):
        held += len(block)
    return held


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
