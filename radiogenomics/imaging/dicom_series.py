"""DICOM files to one volume in HU, SUV or arbitrary units."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from radiogenomics.cohort.dicom_tree import DicomFile, dicom_index
from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.acquisition import acquisition_of_header
from radiogenomics.imaging.dicom_frames import MAXIMUM_VOXELS, Frame, frames_of, read_header, stored_values
from radiogenomics.imaging.suv import suv_factor

if TYPE_CHECKING:
    import SimpleITK as sitk


class Series(NamedTuple):
    """A series as a volume.

    `image` in HU, SUV or arbitrary units (float32); what its headers say; and remarks (rule, text) for a person.
    """

    image: sitk.Image
    acquisition: dict[str, Any]
    frame_of_reference: str
    files: list[Path]
    remarks: tuple[tuple[str, str], ...]


def choose_series(folder: Path, kind: str, referenced: set[str]) -> list[DicomFile]:
    """The files of the series that is meant: the one that the contours or segmentation refer to, or the only one.

    Localisers and files that are no slices are passed over.

    Parameters
    ----------
    folder : with one or several series, in any order, in subfolders or not.
    kind : 'CT', 'PT' or 'MR'.
    referenced : series instance UIDs that are meant; may be empty.

    Raises
    ------
    ImageError
        No series of that kind, or several and none is referred to; a file of the folder is damaged.
    """
    index = dicom_index(folder)
    for path, rule, reason in index.broken:
        raise ImageError(reason if str(path) in reason else f"{path}: {reason}", rule=rule)
    by_series = index.series(kind)
    if not by_series:
        others = sorted({file.modality for file in index.files} - {kind})
        also = f"; found {', '.join(others)}" if others else ""
        raise ImageError(f"{folder}: no DICOM {kind} slices{also}", rule="no_series")
    meant = [uid for uid in by_series if uid in referenced]
    if len(meant) == 1:
        return by_series[meant[0]]
    if len(by_series) == 1 and not referenced:
        return next(iter(by_series.values()))
    if len(by_series) == 1:
        raise ImageError(
            f"{folder}: the ROI was drawn on another series than the {kind} series that is there", rule="other_series"
        )
    counts = ", ".join(f"{len(items)} files" for items in by_series.values())
    raise ImageError(
        f"{folder}: {len(by_series)} {kind} series ({counts}) and the ROI refers to {len(meant)} of them; "
        "put the one that is meant into a folder of its own",
        rule="several_series",
    )


def files_of_series(folder: Path, series: str) -> list[Path]:
    """The files of one series, image or not, by its UID."""
    return [file.path for file in dicom_index(folder).files if file.series == series]


def read_series(files: list[DicomFile], folder: Path, kind: str) -> Series:
    """Assemble slices, in any order, single or multi-frame, to a volume.

    Raises
    ------
    ImageError
        Slices differ in size, spacing or orientation, are missing, lie twice in the same place or are sheared, or the
        pixel data do not decode.
    """
    import SimpleITK as sitk

    files, remarks = _once_each(files)
    headers = {item.path: read_header(item.path, pixels=True) for item in files}
    frames = [frame for path, header in headers.items() for frame in frames_of(header, path)]
    if len(frames) < 2:
        raise ImageError(f"{folder}: a volume needs at least 2 slices, found {len(frames)}", rule="too_few_slices")
    first = frames[0]
    for frame in frames:
        _require_alike(first, frame)
    if len(frames) * first.shape[0] * first.shape[1] > MAXIMUM_VOXELS:
        raise ImageError(
            f"{folder}: {len(frames)} slices of {first.shape[0]} x {first.shape[1]} voxels are more than the "
            f"{MAXIMUM_VOXELS:,} allowed",
            rule="too_large",
        )
    normal = np.cross(first.orientation[:3], first.orientation[3:])
    positions = np.array([frame.position for frame in frames])
    order = np.argsort(positions @ normal, kind="stable")
    step = _slice_step(positions[order], normal, folder)
    lossy = sum(_is_lossy(header) for header in headers.values())
    if lossy:
        text = f"{lossy} of {len(headers)} files were compressed with loss: texture is altered"
        remarks.append(("lossy_compression", text))
    if kind == "CT" and not all(frame.rescaled for frame in frames):
        remarks.append(("rescale_missing", "the headers say no rescale; stored values are taken as HU"))
    image = sitk.GetImageFromArray(_voxels(headers, frames, order, kind, folder))
    image.SetSpacing((first.spacing[1], first.spacing[0], step))
    image.SetOrigin([float(v) for v in positions[order[0]]])
    image.SetDirection(np.column_stack([first.orientation[:3], first.orientation[3:], normal]).ravel().tolist())
    return Series(
        image,
        acquisition_of_header(headers[first.file]),
        files[0].frame_of_reference,
        list(dict.fromkeys(frames[index].file for index in order)),
        tuple(remarks),
    )


def _is_lossy(header: Any) -> bool:
    """By the header, or by a transfer syntax that cannot be anything else."""
    syntax = str(getattr(header.file_meta, "TransferSyntaxUID", ""))
    return str(header.get("LossyImageCompression", "") or "") == "01" or syntax in _LOSSY


_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81")
"""JPEG baseline, JPEG extended, JPEG-LS near-lossless."""


def _once_each(files: list[DicomFile]) -> tuple[list[DicomFile], list[tuple[str, str]]]:
    """Files whose SOP instance UID occurs again are the same image by DICOM; they must hold the same."""
    kept: dict[str, DicomFile] = {}
    again = 0
    for file in files:
        first = kept.setdefault(file.instance or str(file.path), file)
        if first is file:
            continue
        if _pixels_digest(file.path) != _pixels_digest(first.path):
            raise ImageError(
                f"{file.path}: the same SOP instance UID as {first.path}, but other pixels", rule="slices_twice"
            )
        again += 1
    remarks = [("files_twice", f"{again} files of the series lie in the folder twice; used once")] if again else []
    return list(kept.values()), remarks


def _pixels_digest(path: Path) -> str:
    content = read_header(path, pixels=True).get("PixelData", b"")
    return hashlib.sha256(content).hexdigest()


def _require_alike(first: Frame, frame: Frame) -> None:
    for name, here, there in (
        ("Rows and columns", frame.shape, first.shape),
        ("PixelSpacing", frame.spacing, first.spacing),
        ("ImageOrientationPatient", frame.orientation, first.orientation),
    ):
        if not np.allclose(here, there, atol=1e-4):
            raise ImageError(
                f"{frame.file}: {name} is {here}, other slices of the series have {there}", rule="slices_differ"
            )


def _slice_step(positions: np.ndarray, normal: np.ndarray, folder: Path) -> float:
    """Distance between slices in mm, the same everywhere; positions sorted, slices x 3."""
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
    shift = float(np.linalg.norm(sideways, axis=1).max())
    if shift > max(0.02 * step, 0.02):
        tilt = float(np.degrees(np.arctan2(shift, step)))
        raise ImageError(
            f"{folder}: slices are shifted sideways by {shift:.2f} mm each: gantry tilt of {tilt:.1f} degrees; resample first",
            rule="sheared",
        )
    return float((positions[-1] - positions[0]) @ normal / (len(positions) - 1))


def _voxels(headers: dict[Path, Any], frames: list[Frame], order: np.ndarray, kind: str, folder: Path) -> np.ndarray:
    """HU, SUV or arbitrary units, float32, slices x rows x columns, in the order of space."""
    place = {(frames[index].file, frames[index].number): slot for slot, index in enumerate(order)}
    acquired = min((moment for header in headers.values() if (moment := _acquired(header))), default="")
    voxels = np.empty((len(frames), *frames[0].shape), dtype=np.float32)
    scale = {(frame.file, frame.number): (frame.slope, frame.intercept) for frame in frames}
    unit = frames[0].unit
    if any(frame.unit != unit for frame in frames):
        raise ImageError(f"{folder}: frames in different units: {sorted({frame.unit for frame in frames})}", rule="suv")
    for path in list(headers):
        header = headers[path]
        values = stored_values(header, path)
        factor = suv_factor(header, acquired, str(folder), unit) if kind == "PT" else 1.0
        for number, frame in enumerate(values):
            slope, intercept = scale[path, number]
            voxels[place[path, number]] = (frame.astype(np.float64) * slope + intercept) * factor
        header.PixelData = b""  # what was decoded is not needed twice
        header._pixel_array = None
    return voxels


def _acquired(header: Any) -> str:
    day, clock = str(getattr(header, "AcquisitionDate", "") or ""), str(getattr(header, "AcquisitionTime", "") or "")
    return day + clock if len(day) == 8 and len(clock) >= 6 else ""
