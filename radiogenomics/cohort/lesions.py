"""Which images and masks there are: by a lesions table, a path pattern, or in a DICOM tree. Nothing is decoded here."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort, DicomTree, Images
from radiogenomics.cohort.dicom_lesions import TreeRow, tree_folder, tree_rows
from radiogenomics.cohort.draft_rows import lesion_columns, refuse_contours, refuse_prompts
from radiogenomics.cohort.folders import files_below
from radiogenomics.cohort.identities import RowIdentities
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.atomic import file_digest

COLUMNS = ("patient_id", "study_id", "lesion_id", "image", "mask")
"""Columns that a lesions table must have; `roi`, those of `prompts.COLUMNS`, `STUDY_DATE` and the column of
`follow_up.label` may be there too."""

STUDY_DATE = "study_date"
"""Column with the day of the study, as 2026-01-31 or 20260131."""

LABEL = "lesion_label"
"""Column of `lesion_rows` with what `follow_up.label` names."""


class FoundLesions(NamedTuple):
    """The rows of one ``lesions/<images>`` source.

    `files` is the file of each row for images found by a pattern or in a DICOM tree, and None where all rows are of one
    table; `rows` the place of each row in its file, where a file can hold several.
    """

    file: str
    digest: str
    identities: RowIdentities
    files: pd.Series | None
    rows: pd.Series | None = None


def find_lesions(cohort: Cohort, name: str, images: Images, patients: list[str]) -> FoundLesions:
    """Rows of ``lesions/<name>`` with identities and, where unusable, the reason."""
    if images.lesions is not None:
        return _from_table(cohort, name, images, images.lesions, patients)
    if images.dicom is not None:
        return _from_tree(cohort, name, images, images.dicom, patients)
    return _from_pattern(cohort, name, images, patients)


def _from_table(cohort: Cohort, name: str, images: Images, file: str, patients: list[str]) -> FoundLesions:
    path = declared_path(cohort, file, f"images.{name}.lesions")
    raw = read_table(path, label=file)
    for column in COLUMNS:
        raw.column(column)
    identities = RowIdentities(raw.cells.index, file)
    identities.ragged(raw)
    for column in ("patient_id", "study_id", "lesion_id"):
        identities.identifiers(column, raw.cells[column], column)
    identities.known_patients(patients)
    identities.unique(["lesion_id"], raw.cells)
    without = refuse_prompts(raw, identities, name, images, path.parent)
    for column in ("image", "mask"):
        targets = raw.cells[column].str.strip()
        rule = f"{column}_missing"
        identities.refuse(
            {
                r: f"{file} line {r}: column '{column}' is blank"
                for r in targets.index[targets == ""]
                if column == "image" or r not in without
            },
            rule,
        )
        gone = [int(r) for r in targets.index if targets[r] and not (path.parent / targets[r]).exists()]
        identities.refuse(
            {r: f"{file} line {r}: {column} '{targets[r]}' does not exist beside the table" for r in gone}, rule
        )
    masks = {int(str(r)): path.parent / cell for r, cell in raw.cells["mask"].str.strip().items() if cell}
    refuse_contours(masks, identities, name, images)
    if STUDY_DATE in raw.cells.columns:
        said = raw.cells[STUDY_DATE].str.strip()
        wrong = [int(r) for r in said.index if said[r] and study_day(said[r]) is None]
        identities.refuse(
            {r: f"{file} line {r}: {STUDY_DATE} '{said[r]}' is no date like 2026-01-31 or 20260131" for r in wrong},
            "not_a_date",
        )
    followed = cohort.images[name].follow_up
    if followed is not None and followed.match == "label":
        raw.column(followed.label)
    return FoundLesions(file, file_digest(path), identities, None)


def study_day(text: str) -> datetime.date | None:
    """The day that a text like 2026-01-31 or 20260131 means; None where it means none."""
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def _from_tree(cohort: Cohort, name: str, images: Images, tree: DicomTree, patients: list[str]) -> FoundLesions:
    """Each region that matches is a row, and so is each series, file and region that cannot be used."""
    found = tree_rows(cohort, name, images.kind, tree, patients)
    identities = RowIdentities(list(range(len(found))), tree.folder)
    for column, values in (
        ("patient_id", [row.patient for row in found]),
        ("study_id", [row.study for row in found]),
        ("lesion_id", [row.lesion for row in found]),
        ("rule", [row.rule for row in found]),
        ("reason", [row.reason for row in found]),
    ):
        identities.table[column] = pd.Series(values, index=identities.table.index, dtype=object)
    index = identities.table.index
    return FoundLesions(
        tree.folder,
        _tree_digest(cohort, name, tree),
        identities,
        pd.Series([_tree_file(cohort, row) for row in found], index=index, dtype=object),
        pd.Series([row.row for row in found], index=index, dtype="int64"),
    )


def _tree_file(cohort: Cohort, row: TreeRow) -> str:
    root = cohort.path(".")
    return row.file.relative_to(root).as_posix() if row.file.is_relative_to(root) else str(row.file)


def _tree_digest(cohort: Cohort, name: str, tree: DicomTree) -> str:
    """SHA-256 over relative paths and sizes of the tree, and the content of the table of patients."""
    folder = tree_folder(cohort, name, tree)
    total = hashlib.sha256()
    for file in files_below(folder):
        total.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\n".encode())
    if tree.patients is not None:
        total.update(file_digest(cohort.path(tree.patients.file)).encode())
    return total.hexdigest()


def _pattern_paths(cohort: Cohort, images: Images, patient: str) -> dict[str, str]:
    assert images.image is not None  # the configuration requires one of both ways
    assert images.mask is not None
    return {
        key: pattern.replace("{patient_id}", patient)
        for key, pattern in (("image", images.image), ("mask", images.mask))
    }


def _from_pattern(cohort: Cohort, name: str, images: Images, patients: list[str]) -> FoundLesions:
    """A patient whose image and mask exist is a used row; with one of both it is set aside; with neither it is no row."""
    present: list[tuple[str, dict[str, str], str | None]] = []
    for patient in sorted(patients):
        paths = _pattern_paths(cohort, images, patient)
        absent = [key for key, path in paths.items() if not cohort.path(path).exists()]
        if len(absent) < 2:
            present.append((patient, paths, absent[0] if absent else None))
    identities = RowIdentities(list(range(len(present))), str(images.image))
    identities.table["patient_id"] = [patient for patient, _, _ in present]
    for column in ("study_id", "lesion_id"):  # a pattern knows one study and one lesion a patient
        identities.table[column] = identities.table["patient_id"]
    files = []
    for row, (patient, found, lacking) in enumerate(present):
        files.append(found["image"])
        if lacking is not None:
            other = "mask" if lacking == "image" else "image"
            reason = f"patient '{patient}' has {other} {found[other]} but no {lacking} {found[lacking]}"
            identities.refuse({row: reason}, f"{lacking}_missing")
    masks = {row: cohort.path(found["mask"]) for row, (_, found, lacking) in enumerate(present) if lacking is None}
    refuse_contours(masks, identities, name, images)
    listing = _listing_digest(cohort, images, patients)
    return FoundLesions(
        str(images.image), listing, identities, pd.Series(files, index=identities.table.index, dtype=object)
    )


def _listing_digest(cohort: Cohort, images: Images, patients: list[str]) -> str:
    """SHA-256 over relative paths and sizes: tells that images came, went or changed size without reading gigabytes."""
    total = hashlib.sha256()
    for patient in sorted(patients):
        for relative in _pattern_paths(cohort, images, patient).values():
            path = cohort.path(relative)
            inside = files_below(path) if path.is_dir() else [path] if path.is_file() else []
            for file in inside:
                name = relative if file == path else f"{relative}/{file.relative_to(path).as_posix()}"
                total.update(f"{name}\0{file.stat().st_size}\n".encode())
    return total.hexdigest()


def digest(cohort: Cohort, name: str, patients: list[str]) -> str:
    """The digest that `read_inputs` records for ``lesions/<name>``, as of now."""
    images = cohort.images[name]
    if images.lesions is not None:
        return file_digest(cohort.path(images.lesions))
    if images.dicom is not None:
        return _tree_digest(cohort, name, images.dicom)
    return _listing_digest(cohort, images, patients)


def lesion_rows(cohort: Cohort, name: str, rows: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Identities of manifest rows with the absolute paths `image` and `mask`, and `roi` (blank: not given).

    Rows of a DICOM tree also have `series`, the series instance UID. Rows of a table also have `study_date` and
    `lesion_label` (blank: not given).
    """
    images = cohort.images[name]
    if images.dicom is not None:
        return _lesion_rows_of_tree(cohort, name, images, images.dicom, rows, identity)
    if images.lesions is None:
        paths = [_pattern_paths(cohort, images, patient) for patient in rows["patient_id"]]
        masks = [str(cohort.path(p["mask"])) for p in paths]
        return identity.assign(
            image=[str(cohort.path(p["image"])) for p in paths], mask=masks, roi="", **lesion_columns(masks)
        )
    table = cohort.path(images.lesions)
    raw = read_table(table, label=images.lesions)
    cells = raw.cells.loc[rows["row"]].reset_index(drop=True)
    masks = [str(_resolved(table, cell)) if cell.strip() else "" for cell in cells["mask"]]
    return identity.assign(
        image=[str(_resolved(table, cell)) for cell in cells["image"]],
        mask=masks,
        roi=cells["roi"].str.strip() if "roi" in cells.columns else "",
        **lesion_columns(masks, cells),
        **{name: cells[column].str.strip() if column in cells.columns else "" for name, column in _dated(images)},
    )


def _dated(images: Images) -> tuple[tuple[str, str], tuple[str, str]]:
    label = images.follow_up.label if images.follow_up is not None else LABEL
    return (STUDY_DATE, STUDY_DATE), (LABEL, label)


def _lesion_rows_of_tree(
    cohort: Cohort, name: str, images: Images, tree: DicomTree, rows: pd.DataFrame, identity: pd.DataFrame
) -> pd.DataFrame:
    patients = sorted(set(rows["patient_id"]))
    found = {(_tree_file(cohort, row), row.row): row for row in tree_rows(cohort, name, images.kind, tree, patients)}
    keys = list(zip(rows["file"], rows["row"].astype(int), strict=True))
    gone = [f"{file} region {row}" for file, row in keys if (file, row) not in found or not found[file, row].series]
    if gone:
        raise IntegrityError(
            f"{tree.folder}: {gone[0]} is not what the manifest recorded; the folder changed, read the inputs again",
            rule="file_changed",
        )
    return identity.assign(
        image=[str(found[key].folder) for key in keys],
        mask=[str(found[key].file) for key in keys],
        roi=[str(found[key].roi) for key in keys],
        series=[str(found[key].series) for key in keys],
    )


def _resolved(table: Path, cell: str) -> Path:
    return (table.parent / cell.strip()).resolve()
