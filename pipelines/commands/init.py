"""``radiogenomics init``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from radiogenomics.cohort import load_cohort
from radiogenomics.cohort.starting_file import CONFIRM, starting_file
from radiogenomics.exceptions import InputError
from radiogenomics.storage import write_text


def init(folder: Path, name: str | None, err: Console) -> None:
    """Write a starting ``cohort.yaml`` into a folder of tables, every guess marked.

    Raises
    ------
    InputError
        There is a ``cohort.yaml`` already, no such folder, or no clinical table in it.
    """
    file = folder / "cohort.yaml"
    if file.exists():
        raise InputError(f"{file}: is there already; remove it or edit it", rule="file_exists")
    text = starting_file(folder, name)
    write_text(file, text)
    load_cohort(file)
    guesses = sum(CONFIRM in line for line in text.splitlines())
    err.print(f"{file}: written, with {guesses} guesses to confirm (marked CONFIRM)", highlight=False, soft_wrap=True)
    err.print(f"next: radiogenomics check {file}", highlight=False, soft_wrap=True)
