"""Malformed inputs that are planted on purpose, each of a kind that real cohorts have.

Every one is listed in ``truth.json`` with its place, so that one can check that each ends in quarantine and that nothing else
does. None touches a patient's good data: a faulty lesion stands beside the patient's own, a faulty row beside the good ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.simulation.genes import KRAS
from radiogenomics.simulation.images import Study
from radiogenomics.simulation.nifti import write_volume
from radiogenomics.simulation.tables import maf_row, sample_id

STRANGER = "SIM-9999"
"""A patient whom no clinical table knows."""


@dataclass
class Fault:
    """One planted fault: its kind and where a person finds it.

    `row` is the line of the file, header and comment lines counted from 1, or the column for the expression table.
    """

    fault: str
    source: str
    file: str
    row: int | None
    patient_id: str | None = None
    lesion_id: str | None = None
    sample_id: str | None = None
    column: str | None = None
    what: str = ""


@dataclass
class Planted:
    """The list of faults while it grows."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.faults.append(fault)

    def as_list(self) -> list[dict[str, Any]]:
        """Plain values, for truth.json."""
        return [asdict(fault) for fault in self.faults]


def faulty_lesions(
    folder: Path, studies: dict[str, Study], rows: list[dict[str, str]], generator: np.random.Generator
) -> list[tuple[str, str, dict[str, str]]]:
    """Write faulty image files and give the manifest rows that point at them.

    Parameters
    ----------
    studies : patient -> study, of the patients whose images are NIfTI.
    rows : the good rows of ``lesions.csv``.

    Returns
    -------
    (fault, what is wrong in words, row) for each.
    """
    patients = sorted(studies)
    chosen = [patients[i] for i in generator.permutation(len(patients))]
    found: list[tuple[str, str, dict[str, str]]] = []

    def add(fault: str, what: str, patient: str, study: str, image: str, mask: str, roi: str = "") -> None:
        lesion = f"{patient}-X{len(found) + 1}"
        row = {"patient_id": patient, "study_id": study, "lesion_id": lesion, "image": image, "mask": mask, "roi": roi}
        found.append((fault, what, row))

    def place(number: int) -> tuple[str, Study, str]:
        patient = chosen[number % len(chosen)]
        return patient, studies[patient], f"images/{patient}"

    patient, study, base = place(0)
    shifted = (study.origin_mm[0] + 5.0, *study.origin_mm[1:])
    write_volume(folder / base / "shifted.nii.gz", study.masks[0].astype(np.uint8), study.spacing_mm, shifted)
    add(
        "mask_shifted_grid", "the mask's grid lies 5 mm beside the image's",
        patient, f"{patient}-CT1", f"{base}/CT.nii.gz", f"{base}/shifted.nii.gz",
    )  # fmt: skip

    patient, study, base = place(1)
    write_volume(
        folder / base / "empty.nii.gz", np.zeros_like(study.volume, dtype=np.uint8), study.spacing_mm, study.origin_mm
    )
    add(
        "mask_empty", "the mask has no voxel inside",
        patient, f"{patient}-CT1", f"{base}/CT.nii.gz", f"{base}/empty.nii.gz",
    )  # fmt: skip

    for number, suffix in ((2, ".nii.gz"), (3, ".nii")):
        patient, study, base = place(number)
        name = f"CT_broken{suffix}"
        write_volume(folder / base / name, study.volume, study.spacing_mm, study.origin_mm)
        content = (folder / base / name).read_bytes()
        (folder / base / name).write_bytes(content[: int(0.6 * len(content))])
        own = f"own_{number}.nii.gz"
        write_volume(folder / base / own, study.masks[0].astype(np.uint8), study.spacing_mm, study.origin_mm)
        add(
            "image_truncated_gzip" if suffix == ".nii.gz" else "image_truncated",
            "the image file ends after 60 % of its bytes", patient, f"{patient}-CT2", f"{base}/{name}", f"{base}/{own}",
        )  # fmt: skip

    patient, study, base = place(4)
    own = "single.nii.gz"
    write_volume(folder / base / own, study.masks[0].astype(np.uint8), study.spacing_mm, study.origin_mm)
    add(
        "roi_absent", "label 7 does not occur in the mask",
        patient, f"{patient}-CT1", f"{base}/CT.nii.gz", f"{base}/{own}", "7",
    )  # fmt: skip

    patient, _, base = place(5)
    add(
        "file_absent", "the mask file does not exist",
        patient, f"{patient}-CT1", f"{base}/CT.nii.gz", f"{base}/never_exported.nii.gz",
    )  # fmt: skip

    good = rows[int(generator.integers(len(rows)))]
    found.append(
        ("patient_id_missing", "the row has no patient_id", {**good, "patient_id": "", "lesion_id": "SIM-LOST-X1"})
    )
    found.append(
        (
            "patient_unknown", "no clinical table has this patient",
            {**good, "patient_id": STRANGER, "study_id": f"{STRANGER}-CT1", "lesion_id": f"{STRANGER}-L1"},
        )
    )  # fmt: skip
    return found


def spoil_clinical(table: pd.DataFrame, planted: Planted, generator: np.random.Generator) -> pd.DataFrame:
    """One age out of range, and one patient's row given twice."""
    table = table.copy()
    first, second = (int(i) for i in generator.permutation(len(table))[:2])
    table.loc[first, "age_years"] = "430"
    planted.add(
        Fault(
            "value_out_of_range", "clinical/main", "clinical.csv", first + 2, str(table.loc[first, "patient_id"]),
            column="age_years", what="an age of 430 years",
        )
    )  # fmt: skip
    table = pd.concat([table, table.iloc[[second]]], ignore_index=True)
    planted.add(
        Fault(
            "row_duplicated", "clinical/main", "clinical.csv", len(table) + 1, str(table.loc[second, "patient_id"]),
            what=f"the same as line {second + 2}",
        )
    )  # fmt: skip
    return table


def spoil_maf(table: pd.DataFrame, planted: Planted, generator: np.random.Generator) -> pd.DataFrame:
    """One variant whose barcode belongs to nobody. The file's first line is a comment, so data start at line 3."""
    at = int(generator.integers(0, len(table) + 1))
    barcode = sample_id(STRANGER)
    row = pd.DataFrame([maf_row(KRAS[0], barcode, generator)])
    planted.add(
        Fault("sample_unknown", "mutations", "mutations.maf", at + 3, sample_id=barcode, what="a barcode nobody has")
    )
    parts = [part for part in (table.iloc[:at], row, table.iloc[at:]) if len(part)]
    return pd.concat(parts, ignore_index=True)


def spoil_expression(table: pd.DataFrame, planted: Planted, generator: np.random.Generator) -> pd.DataFrame:
    """One sample whose patient is not of the cohort."""
    at = int(generator.integers(1, table.shape[1] + 1))
    barcode = sample_id(STRANGER)
    table = table.copy()
    table.insert(at, barcode, np.round(generator.uniform(3, 9, len(table)), 4))
    planted.add(
        Fault(
            "sample_unknown", "expression", "expression.tsv", at + 1, STRANGER, sample_id=barcode,
            what="a sample of a patient whom no clinical table has",
        )
    )  # fmt: skip
    return table
