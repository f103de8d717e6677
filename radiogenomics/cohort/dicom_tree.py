"""What DICOM files lie below a folder: one look at each header, no pixel is decoded.

Series are told apart by their UIDs, never by names of files or folders.
"""

from __future__ import annotations

import functools
import hashlib
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from radiogenomics.cohort.folders import walk
from radiogenomics.exceptions import ImageError

_TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "ImageType",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "NumberOfFrames",
]

IMAGE_MODALITIES = ("CT", "PT", "MR")
"""Modalities whose series are volumes that features can be made of."""

ROI_MODALITIES = ("RTSTRUCT", "SEG")
"""Modalities that hold regions of interest."""


_DICOMDIR = "1.2.840.10008.1.3.10"


class DicomFile(NamedTuple):
    """What the header of one file says.

    Attributes
    ----------
    position, orientation : ImagePositionPatient (3) and ImageOrientationPatient (6) in mm, or () where not given.
    localiser : a scout image, which is no slice of a volume.
    frames : number of frames; above 1 in enhanced multi-frame objects.
    """

    path: Path
    modality: str
    sop_class: str
    patient: str
    study: str
    series: str
    instance: str
    frame_of_reference: str
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    localiser: bool
    frames: int

    @property
    def is_slice(self) -> bool:
        """Whether this is (part of) a volume: an image with a place in space that is not a localiser."""
        placed = bool(self.position) or self.frames > 1
        return self.modality in IMAGE_MODALITIES and placed and not self.localiser


class DicomIndex(NamedTuple):
    """All DICOM files below a folder, sorted by path; `broken` has path, rule and reason of what cannot be used."""

    files: tuple[DicomFile, ...]
    broken: tuple[tuple[Path, str, str], ...]

    def series(self, modality: str) -> dict[str, list[DicomFile]]:
        """Series instance UID -> its slices, of one modality, in the order of their paths."""
        found: dict[str, list[DicomFile]] = {}
        for file in self.files:
            if file.modality == modality and file.is_slice:
                found.setdefault(file.series, []).append(file)
        return found


def dicom_index(folder: Path) -> DicomIndex:
    """Look at every file below a folder.

    The last few folders are remembered, and looked at again when a name, size or time below them changes: a worker that
    reads many lesions of one export reads its headers once.

    Raises
    ------
    ImageError
        No such folder.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder}: no such folder", rule="file_missing")
    found = walk(folder)
    signature = hashlib.sha256()
    for path in found.files:
        state = path.stat()
        signature.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    for path, reason in found.broken:
        signature.update(f"{path}\0{reason}\n".encode())
    return _index(folder, signature.hexdigest())


@functools.lru_cache(maxsize=4)
def _index(folder: Path, signature: str) -> DicomIndex:
    found = walk(folder)
    files: list[DicomFile] = []
    broken = [(path, "link", reason) for path, reason in found.broken]
    for path in found.files:
        try:
            file = look_at(path)
        except ImageError as error:
            broken.append((path, error.rule, str(error)))
            continue
        if file is not None:
            files.append(file)
    return DicomIndex(tuple(files), tuple(sorted(broken)))


def look_at(path: Path) -> DicomFile | None:
    """The header of one file; None where it is no DICOM file (or a DICOMDIR, which only lists others).

    Raises
    ------
    ImageError
        The file says that it is DICOM, but its header cannot be read.
    """
    header = read_header(path, tags=_TAGS)
    if header is None or str(header.file_meta.get("MediaStorageSOPClassUID", "")) == _DICOMDIR:
        return None
    if not ("SOPClassUID" in header and "Modality" in header):
        raise ImageError(f"{path}: a DICOM file that does not say what it holds: cut off or altered", rule="unreadable")
    try:
        return DicomFile(
            path,
            str(header.get("Modality", "") or ""),
            str(header.get("SOPClassUID", "") or ""),
            str(header.get("PatientID", "") or "").strip(),
            str(header.get("StudyInstanceUID", "") or ""),
            str(header.get("SeriesInstanceUID", "") or ""),
            str(header.get("SOPInstanceUID", "") or ""),
            str(header.get("FrameOfReferenceUID", "") or ""),
            numbers(header.get("ImagePositionPatient")),
            numbers(header.get("ImageOrientationPatient")),
            "LOCALIZER" in [str(part).upper() for part in _several(header.get("ImageType"))],
            int(header.get("NumberOfFrames", 1) or 1),
        )
    except Exception as error:
        raise ImageError(
            f"{path}: its DICOM header holds values that cannot be read ({type(error).__name__}: {error})",
            rule="unreadable",
        ) from error


def read_header(path: Path, *, tags: Iterable[str] | None = None) -> Any:
    """A pydicom data set without pixels; None where the file is not DICOM.

    Parameters
    ----------
    tags : keywords to read; all where left out.

    Raises
    ------
    ImageError
        The file says that it is DICOM, but cannot be read.
    """
    import pydicom

    try:
        with path.open("rb") as stream:
            head = stream.read(132)
    except OSError as error:
        raise ImageError(f"{path}: cannot be opened ({error.strerror or error})", rule="unreadable") from error
    bare = head[:2] == b"\x08\x00" and len(head) == 132  # old exports lack the preamble, and begin with group 0008
    if head[128:132] != b"DICM" and not bare:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = None if tags is None else list(tags)
            return pydicom.dcmread(os.fspath(path), stop_before_pixels=True, specific_tags=wanted, force=bare)
    except Exception as error:  # malformed files raise many unrelated classes; all mean the same to a person
        raise ImageError(f"{path}: cannot be read as DICOM ({type(error).__name__}: {error})", rule="unreadable") from (
            error
        )


def numbers(value: Any) -> tuple[float, ...]:
    """A multi-valued number as floats; () where it is not given."""
    return tuple(float(part) for part in _several(value) if part not in (None, ""))


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, (str, int, float)) else list(value)
