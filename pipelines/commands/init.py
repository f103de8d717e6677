"""``radiogenomics init``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from radiogenomics.cohort import load_cohort
from radiogenomics.cohort.dicom_guess import find_images, patients_table
from radiogenomics.cohort.starting_file import CONFIRM, starting_file
from radiogenomics.exceptions import InputError
from radiogenomics.storage import write_text

PATIENTS = "patients.csv"


def init(folder: Path, name: str | None, err: Console) -> None:
    """Write a starting ``cohort.yaml`` into a folder of tables and images, every guess marked.

    Where there are DICOM images and no table of patients, one is made from the headers: ``patients.csv``.

    Raises
    ------
    InputError
        There is a ``cohort.yaml`` already, no such folder, or neither a clinical table nor images with regions in it.
    """
    file = folder / "cohort.yaml"
    if file.exists():
        raise InputError(f"{file}: is there already; remove it or edit it", rule="file_exists")
    try:
        text = starting_file(folder, name)
    except InputError as error:
        if error.rule != "no_clinical_table" or (folder / PATIENTS).exists() or not find_images(folder):
            raise
        write_text(folder / PATIENTS, patients_table(folder))
        err.print(
            f"{folder / PATIENTS}: written from the headers of the images; add what you know of each patient",
            highlight=False,
            soft_wrap=True,
        )
        text = starting_file(folder, name)
    write_text(file, text)
    load_cohort(file)
    guesses = sum(CONFIRM in line for line in text.splitlines())
    err.print(f"{file}: written, with {guesses} guesses to confirm (marked CONFIRM)", highlight=False, soft_wrap=True)
    err.print(f"next: radiogenomics check {file}", highlight=False, soft_wrap=True)
