"""Lesions in a tree of DICOM files: regions of interest whose names match a pattern, each tied to the series it was drawn on.

What ties a region to a series is, in this order: the series instance UID that the region's file refers to; where it
refers to none, the frame of reference and the place of its contours in space. Never the name of a file or folder.

What ends in the quarantine, with rule:

=======================  ====================================================================================
link, unreadable         a link that leads in a circle or nowhere; a file that is damaged DICOM
no_roi                   a series of the kind asked for, that no region refers to
roi_no_match             an RTSTRUCT or SEG on such a series, none of whose regions matches the pattern
series_missing           a region whose series is not in the folder
series_no_volume         a region on a series that is no CT, PT or MR volume (another modality, localisers only)
series_ambiguous         a region that refers to no series, and fits none or several
patient_mismatch         a region and its series carry different PatientIDs
duplicate                the same RTSTRUCT or SEG a second time
conflicting_duplicate    the same region of the same series in several files: nobody knows which is right
unknown_patient          a PatientID that stands for no patient of the cohort
=======================  ====================================================================================
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from radiogenomics.cohort.configuration import Cohort, DicomTree
from radiogenomics.cohort.dicom_tree import (
    IMAGE_MODALITIES,
    ROI_MODALITIES,
    DicomFile,
    DicomIndex,
    dicom_index,
    numbers,
    read_header,
)
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import ConfigurationError, ImageError, TableError

_PLANE_TOLERANCE_MM = 0.1
"""How far a contour may lie from a slice to be counted as drawn on it."""


class TreeRow(NamedTuple):
    """One thing found in the tree: a lesion, or what was set aside (`rule` and `reason`).

    `file` is the file that it stands in, absolute; `row` the place of the region in that file, from 1.
    """

    file: Path
    row: int
    patient: str | None = None
    study: str | None = None
    lesion: str | None = None
    roi: str | None = None
    series: str | None = None
    folder: Path | None = None
    rule: str | None = None
    reason: str | None = None


class Regions(NamedTuple):
    """The regions of one RTSTRUCT or SEG: names in order, and the series it refers to."""

    file: DicomFile
    names: list[str]
    referenced: frozenset[str]
    frames_of_reference: frozenset[str]


def tree_folder(cohort: Cohort, name: str, tree: DicomTree) -> Path:
    """The folder that is searched.

    Raises
    ------
    ConfigurationError
        It is not there.
    """
    folder = cohort.path(tree.folder)
    if not folder.is_dir():
        raise ConfigurationError(
            f"{cohort.file}: images.{name}.dicom.folder: {folder}: no such folder", rule="file_missing"
        )
    return folder


def tree_rows(cohort: Cohort, name: str, kind: str, tree: DicomTree, patients: Collection[str]) -> list[TreeRow]:
    """Every lesion and every reason for one that is none, sorted by file and row.

    Parameters
    ----------
    name, kind, tree : of the images, as configured.
    patients : the patients of the cohort.
    """
    index = dicom_index(tree_folder(cohort, name, tree))
    series = index.series(kind)
    rows = [TreeRow(path, 1, rule=rule, reason=_named(path, reason)) for path, rule, reason in index.broken]
    seen: dict[str, Path] = {}
    tied: set[str] = set()
    for file in index.files:
        if file.modality not in ROI_MODALITIES:
            continue
        if file.instance and file.instance in seen:
            reason = f"{file.path}: the same {file.modality} as {seen[file.instance]}"
            rows.append(TreeRow(file.path, 1, rule="duplicate", reason=reason))
            continue
        seen[file.instance] = file.path
        rows += _rows_of_file(file, index, series, kind, tree.roi, tied)
    for uid, slices in series.items():
        if uid not in tied:
            reason = f"no RTSTRUCT or SEG in the folder refers to this {kind} series ({len(slices)} files)"
            first = slices[0]
            rows.append(TreeRow(first.path, 1, first.patient or None, rule="no_roi", reason=_named(first.path, reason)))
    rows = _without_conflicts(rows)
    rows = [_for_patient(row, _patient_map(cohort, name, tree), patients) for row in rows]
    return sorted(_named_lesions(rows), key=lambda row: (str(row.file), row.row))


def _named(path: Path, reason: str) -> str:
    return reason if str(path) in reason else f"{path}: {reason}"


# --------------------------------------------------------------------------------------------------- one file of regions
def _rows_of_file(
    file: DicomFile, index: DicomIndex, series: dict[str, list[DicomFile]], kind: str, pattern: str, tied: set[str]
) -> list[TreeRow]:
    """Rows of one RTSTRUCT or SEG; none where it belongs to a series of another kind."""
    try:
        regions = regions_of(file)
        uid = _series_of(regions, index, series, kind)
    except ImageError as error:
        return [TreeRow(file.path, 1, file.patient or None, rule=error.rule, reason=str(error))]
    if uid is None:
        return []
    tied.add(uid)
    matches = [place for place, name in enumerate(regions.names, start=1) if _matches(name, pattern)]
    if not matches:
        found = ", ".join(repr(name) for name in regions.names[:12]) or "none"
        reason = f"{file.path}: no region matches '{pattern}'; it has {found}"
        return [TreeRow(file.path, 1, file.patient or None, rule="roi_no_match", reason=reason)]
    slices = series[uid]
    folder = Path(os.path.commonpath([item.path.parent for item in slices]))
    rows = []
    for place in matches:
        row = TreeRow(
            file.path, place, slices[0].patient or None, slices[0].study, None, regions.names[place - 1], uid, folder
        )
        if file.patient != slices[0].patient:
            reason = f"{file.path}: its PatientID is not that of the series it refers to ({slices[0].path})"
            row = row._replace(rule="patient_mismatch", reason=reason)
        elif regions.names.count(regions.names[place - 1]) > 1:
            reason = f"{file.path}: several regions are called '{regions.names[place - 1]}'; give each its own name"
            row = row._replace(rule="conflicting_duplicate", reason=reason)
        rows.append(row)
    return rows


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name.strip().lower(), pattern.strip().lower())


_TAGS = [
    "StructureSetROISequence",
    "ReferencedFrameOfReferenceSequence",
    "SegmentSequence",
    "ReferencedSeriesSequence",
    "FrameOfReferenceUID",
]


def regions_of(file: DicomFile) -> Regions:
    """The regions of an RTSTRUCT or SEG.

    Raises
    ------
    ImageError
        They cannot be read.
    """
    header = read_header(file.path, tags=_TAGS)
    try:
        if file.modality == "SEG":
            names = [str(item.get("SegmentLabel", "")) for item in header.get("SegmentSequence") or []]
            referenced = {str(item.SeriesInstanceUID) for item in header.get("ReferencedSeriesSequence") or []}
            frames = {str(header.get("FrameOfReferenceUID", "") or "")}
        else:
            items = header.get("StructureSetROISequence") or []
            names = [str(item.get("ROIName", "")) for item in items]
            frames = {str(item.get("ReferencedFrameOfReferenceUID", "") or "") for item in items}
            referenced = set()
            for frame in header.get("ReferencedFrameOfReferenceSequence") or []:
                frames.add(str(frame.get("FrameOfReferenceUID", "") or ""))
                for study in frame.get("RTReferencedStudySequence") or []:
                    for item in study.get("RTReferencedSeriesSequence") or []:
                        referenced.add(str(item.get("SeriesInstanceUID", "")))
    except Exception as error:
        raise ImageError(
            f"{file.path}: its regions cannot be read ({type(error).__name__}: {error})", rule="unreadable"
        ) from error
    return Regions(file, names, frozenset(referenced - {""}), frozenset(frames - {""}))


# --------------------------------------------------------------------------------------------------- region to series
def _series_of(regions: Regions, index: DicomIndex, series: dict[str, list[DicomFile]], kind: str) -> str | None:
    """The series of this kind that the regions were drawn on; None where they belong to another kind.

    Raises
    ------
    ImageError
        The series is not there, or cannot be told.
    """
    path, what = regions.file.path, regions.file.modality
    if regions.referenced:
        meant = sorted(uid for uid in regions.referenced if uid in series)
        if len(meant) == 1:
            return meant[0]
        if len(meant) > 1:
            raise ImageError(f"{path}: refers to {len(meant)} {kind} series; one is needed", rule="series_ambiguous")
        present = [
            file for file in index.files if file.series in regions.referenced and file.modality not in ROI_MODALITIES
        ]
        if any(file.is_slice for file in present):
            return None
        if present:
            modality = present[0].modality or "none"
            raise ImageError(
                f"{path}: the series that this {what} refers to is no volume of {', '.join(IMAGE_MODALITIES)}: its files, such "
                f"as {present[0].path}, say modality {modality}{', localiser' if present[0].localiser else ''}",
                rule="series_no_volume",
            )
        raise ImageError(f"{path}: the series that this {what} refers to is not in the folder", rule="series_missing")
    placed = [file for file in index.files if file.is_slice and file.frame_of_reference in regions.frames_of_reference]
    candidates = {file.series: file.modality for file in placed}
    if candidates and kind not in candidates.values():
        return None
    same = sorted(uid for uid, modality in candidates.items() if modality == kind)
    fitting = same if len(candidates) == 1 else [uid for uid in same if _fits(regions, series[uid])]
    if len(fitting) == 1:
        return fitting[0]
    raise ImageError(
        f"{path}: refers to no series; of {len(same)} {kind} series in its frame of reference its regions fit "
        f"{len(fitting)} by their place",
        rule="series_ambiguous",
    )


def _fits(regions: Regions, slices: list[DicomFile]) -> bool:
    """Whether every plane of the regions lies on a slice of the series."""
    planes = _planes(regions.file)
    positions = np.array([item.position for item in slices if len(item.position) == 3])
    orientation = np.array(slices[0].orientation)
    if not len(planes) or not len(positions) or orientation.shape != (6,):
        return False
    normal = np.cross(orientation[:3], orientation[3:])
    away = np.abs((planes @ normal)[:, None] - (positions @ normal)[None, :]).min(axis=1)
    return bool(away.max() <= _PLANE_TOLERANCE_MM)


def _planes(file: DicomFile) -> np.ndarray:
    """One point (x, y, z in mm) of each plane of the regions, n x 3."""
    header: Any = read_header(file.path)
    points: list[tuple[float, ...]] = []
    try:
        for item in header.get("ROIContourSequence") or []:
            points += [numbers(contour.ContourData[:3]) for contour in item.get("ContourSequence") or []]
        for frame in header.get("PerFrameFunctionalGroupsSequence") or []:
            points.append(numbers(frame.PlanePositionSequence[0].ImagePositionPatient))
    except Exception as error:
        raise ImageError(
            f"{file.path}: the place of its regions cannot be read ({type(error).__name__}: {error})",
            rule="unreadable",
        ) from error
    return np.array([point for point in points if len(point) == 3], dtype=float).reshape(-1, 3)


# --------------------------------------------------------------------------------------------------- identities
def _without_conflicts(rows: list[TreeRow]) -> list[TreeRow]:
    """A region that is drawn in several files for one series is used from none."""
    files: dict[tuple[str | None, str | None], list[TreeRow]] = {}
    for row in rows:
        if row.rule is None:
            files.setdefault((row.series, row.roi), []).append(row)
    result = []
    for row in rows:
        same = files.get((row.series, row.roi), []) if row.rule is None else []
        if len(same) > 1:
            named = ", ".join(str(other.file) for other in same)
            reason = f"{row.file}: region '{row.roi}' of this series is drawn in {len(same)} files ({named}); keep one"
            row = row._replace(rule="conflicting_duplicate", reason=reason)
        result.append(row)
    return result


def _patient_map(cohort: Cohort, name: str, tree: DicomTree) -> dict[str, str] | None:
    """PatientID -> patient, where a table is declared.

    Raises
    ------
    TableError
        A PatientID stands in the table twice with different patients.
    """
    if tree.patients is None:
        return None
    path = declared_path(cohort, tree.patients.file, f"images.{name}.dicom.patients.file")
    raw = read_table(path, label=tree.patients.file)
    cells = raw.cells
    found: dict[str, str] = {}
    for line, dicom, patient in zip(
        cells.index, cells[raw.column(tree.patients.dicom_id)], cells[raw.column(tree.patients.patient_id)], strict=True
    ):
        key, value = dicom.strip(), patient.strip()
        if found.setdefault(key, value) != value:
            raise TableError(
                f"{tree.patients.file} line {line}: the identifier in column '{tree.patients.dicom_id}' stands for two "
                "patients",
                rule="conflicting_duplicate",
            )
    return found


def _for_patient(row: TreeRow, mapping: dict[str, str] | None, patients: Collection[str]) -> TreeRow:
    """The row with the cohort's own patient, or with the reason why there is none."""
    known = row.patient if mapping is None else mapping.get(row.patient or "")
    if row.rule is not None:
        return row._replace(patient=known)
    if not known:
        reason = "has no PatientID" if not row.patient else "its PatientID stands in no row of the declared table"
        return row._replace(patient=None, rule="unknown_patient", reason=f"{row.file}: {reason}")
    if known not in patients:
        reason = f"{row.file}: patient '{known}' stands in no usable row of the clinical tables"
        return row._replace(patient=known, rule="unknown_patient", reason=reason)
    return row._replace(patient=known)


def _named_lesions(rows: list[TreeRow]) -> list[TreeRow]:
    """Lesions named patient-region; where that is not unique, with a digest of the series at the end."""
    names = [f"{row.patient}-{row.roi}" for row in rows if row.rule is None]
    result = []
    for row in rows:
        if row.roi is not None and row.patient is not None:
            name = f"{row.patient}-{row.roi}"
            if names.count(name) > 1:
                name += f"-{hashlib.sha256(str(row.series).encode()).hexdigest()[:6]}"
            row = row._replace(lesion=name)
        result.append(row)
    return result
