"""Which images and masks there are, found through a lesions table or a path pattern. Nothing is decoded here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Images
from radiogenomics.cohort.identities import RowIdentities
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.storage.atomic import file_digest

COLUMNS = ("patient_id", "study_id", "lesion_id", "image", "mask")
"""Columns that a lesions table must have; `roi` may be there too."""


class FoundLesions(NamedTuple):
    """The rows of one ``lesions/<images>`` source.

    `files` is the file of each row for pattern-declared images, and None where all rows are of one table.
    """

    file: str
    digest: str
    identities: RowIdentities
    files: pd.Series | None


def find_lesions(cohort: Cohort, name: str, images: Images, patients: list[str]) -> FoundLesions:
    """Rows of ``lesions/<name>`` with identities and, where unusable, the reason."""
    if images.lesions is not None:
        return _from_table(cohort, name, images.lesions, patients)
    return _from_pattern(cohort, images, patients)


def _from_table(cohort: Cohort, name: str, file: str, patients: list[str]) -> FoundLesions:
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
    for column in ("image", "mask"):
        targets = raw.cells[column].str.strip()
        rule = f"{column}_missing"
        identities.refuse(
            {r: f"{file} line {r}: column '{column}' is blank" for r in targets.index[targets == ""]}, rule
        )
        gone = [int(r) for r in targets.index if targets[r] and not (path.parent / targets[r]).exists()]
        identities.refuse(
            {r: f"{file} line {r}: {column} '{targets[r]}' does not exist beside the table" for r in gone}, rule
        )
    return FoundLesions(file, file_digest(path), identities, None)


def _pattern_paths(cohort: Cohort, images: Images, patient: str) -> dict[str, str]:
    assert images.image is not None  # the configuration requires one of both ways
    assert images.mask is not None
    return {
        key: pattern.replace("{patient_id}", patient)
        for key, pattern in (("image", images.image), ("mask", images.mask))
    }


def _from_pattern(cohort: Cohort, images: Images, patients: list[str]) -> FoundLesions:
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
            inside = (
                sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path] if path.is_file() else []
            )
            for file in inside:
                name = relative if file == path else f"{relative}/{file.relative_to(path).as_posix()}"
                total.update(f"{name}\0{file.stat().st_size}\n".encode())
    return total.hexdigest()


def digest(cohort: Cohort, name: str, patients: list[str]) -> str:
    """The digest that `read_inputs` records for ``lesions/<name>``, as of now."""
    images = cohort.images[name]
    if images.lesions is not None:
        return file_digest(cohort.path(images.lesions))
    return _listing_digest(cohort, images, patients)


def lesion_rows(cohort: Cohort, name: str, rows: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Identities of manifest rows with the absolute paths `image` and `mask`, and `roi` (blank: not given)."""
    images = cohort.images[name]
    if images.lesions is None:
        paths = [_pattern_paths(cohort, images, patient) for patient in rows["patient_id"]]
        return identity.assign(
            image=[str(cohort.path(p["image"])) for p in paths],
            mask=[str(cohort.path(p["mask"])) for p in paths],
            roi="",
        )
    table = cohort.path(images.lesions)
    raw = read_table(table, label=images.lesions)
    cells = raw.cells.loc[rows["row"]].reset_index(drop=True)
    return identity.assign(
        image=[str(_resolved(table, cell)) for cell in cells["image"]],
        mask=[str(_resolved(table, cell)) for cell in cells["mask"]],
        roi=cells["roi"].str.strip() if "roi" in cells.columns else "",
    )


def _resolved(table: Path, cell: str) -> Path:
    return (table.parent / cell.strip()).resolve()
