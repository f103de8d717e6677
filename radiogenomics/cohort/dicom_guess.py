"""What the DICOM files below a folder probably are: images with regions of interest, and the patients they are of."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from radiogenomics.cohort.dicom_lesions import regions_of
from radiogenomics.cohort.dicom_tree import (
    IMAGE_MODALITIES,
    ROI_MODALITIES,
    DicomFile,
    DicomIndex,
    dicom_index,
    read_header,
)
from radiogenomics.exceptions import ImageError

_TUMOUR = ("gtv", "tumour", "tumor", "lesion", "nodule", "mass", "itv", "ctv")
"""What names of a tumour's outline hold, the likeliest first."""


class FoundImages(NamedTuple):
    """Images of one kind with regions of interest.

    Attributes
    ----------
    kind : CT, PT or MR.
    folder : path below the folder that was searched; '.' is that folder itself.
    roi : pattern of the regions that are probably meant.
    names : each name of a region, and in how many files it stands; the most frequent first.
    patients : PatientIDs of the series of this kind.
    """

    kind: str
    folder: str
    roi: str
    names: tuple[tuple[str, int], ...]
    patients: tuple[str, ...]


def find_images(folder: Path) -> list[FoundImages]:
    """Images of each kind below a folder that any region of interest was drawn on."""
    index = dicom_index(folder)
    if not index.files:
        return []
    place = os.path.relpath(os.path.commonpath([file.path.parent for file in index.files]), folder)
    names = _names_by_kind(index)
    found = []
    for kind in IMAGE_MODALITIES:
        if not names[kind]:
            continue
        patients = sorted({files[0].patient for files in index.series(kind).values()} - {""})
        counted = tuple(sorted(names[kind].items(), key=lambda item: (-item[1], item[0])))
        found.append(FoundImages(kind, Path(place).as_posix(), _pattern(names[kind]), counted, tuple(patients)))
    return found


def patients_table(folder: Path) -> str:
    """A clinical table, as CSV, of the patients whose images lie below a folder: identifier, sex and age by the headers.

    An age is that of the first study in the order of the files; what a header does not say is empty.
    """
    first: dict[str, DicomFile] = {}
    for file in sorted(dicom_index(folder).files, key=lambda file: not file.is_slice):  # a volume's header says most
        if file.patient:
            first.setdefault(file.patient, file)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["patient_id", "sex", "age_years"])
    for patient in sorted(first):
        header = read_header(first[patient].path, tags=["PatientSex", "PatientAge"])
        sex = str(header.get("PatientSex", "") or "").strip().upper()
        age = re.fullmatch(r"(\d{3})Y", str(header.get("PatientAge", "") or "").strip())
        table.writerow([patient, sex if sex in ("F", "M") else "", int(age.group(1)) if age else ""])
    return text.getvalue()


def _names_by_kind(index: DicomIndex) -> dict[str, Counter[str]]:
    kind_of_series = {file.series: file.modality for file in index.files if file.is_slice}
    kind_of_frame = {file.frame_of_reference: file.modality for file in index.files if file.is_slice}
    names: dict[str, Counter[str]] = {kind: Counter() for kind in IMAGE_MODALITIES}
    for file in index.files:
        if file.modality not in ROI_MODALITIES:
            continue
        try:
            regions = regions_of(file)
        except ImageError:  # `radiogenomics check` says so
            continue
        kinds = {kind_of_series.get(uid) for uid in regions.referenced}
        kinds = kinds or {kind_of_frame.get(uid) for uid in regions.frames_of_reference}
        for kind in kinds & set(IMAGE_MODALITIES):
            names[str(kind)].update({name.strip() for name in regions.names if name.strip()})
    return names


def _pattern(names: Counter[str]) -> str:
    """`GTV*` where names begin so, `*lesion*` where they hold the word; else the most frequent name."""
    for word in _TUMOUR:
        hits = [name for name in names if word in name.lower()]
        if hits:
            shown = word.upper() if word in ("gtv", "itv", "ctv") else word
            return f"{shown}*" if all(name.lower().startswith(word) for name in hits) else f"*{shown}*"
    return names.most_common(1)[0][0]
