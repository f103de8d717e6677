"""``radiogenomics simulate``."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from pipelines.discovery import cohort_name
from radiogenomics.exceptions import InputError
from radiogenomics.simulation import simulate_cohort


def simulate(folder: Path, patients: int, seed: int, err: Console, follow_up: bool = False) -> None:
    """Write a simulated cohort into a new or empty folder, with progress; the folder's name becomes the cohort's.

    Raises
    ------
    InputError
        The folder holds something else.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if (folder / "truth.json").is_file():
            raise InputError(
                f"{folder}: holds a simulated cohort already; remove the folder to write it anew", rule="not_empty"
            )
        raise InputError(f"{folder}: is not an empty folder; name a new one", rule="not_empty")
    started = time.monotonic()
    with err.status(f"simulating {patients} patients") as status:
        simulate_cohort(
            folder,
            patients=patients,
            random_state=seed,
            name=cohort_name(folder),
            follow_up=follow_up,
            on_progress=lambda done, total: status.update(f"simulating: {done} of {total} patients"),
        )
    err.print(f"{folder}: {patients} simulated patients written in {time.monotonic() - started:.1f} s", highlight=False)
    err.print(f"next: radiogenomics check {folder / 'cohort.yaml'}", highlight=False, soft_wrap=True)
