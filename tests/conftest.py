"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ.setdefault(_variable, "1")  # tests run side by side: threads of libraries would only wait for each other

REPOSITORY = Path(__file__).resolve().parent.parent


def shared_data_folder() -> Path | None:
    """The folder with the public data sets: RADIOGENOMICS_DATA, or `shared/data` beside the repository."""
    declared = os.environ.get("RADIOGENOMICS_DATA")
    folder = Path(declared) if declared else REPOSITORY.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data, or a skip that says why."""
    folder = shared_data_folder()
    if folder is None:
        pytest.skip(
            "public data not found: set RADIOGENOMICS_DATA to the folder that holds nsclc_radiogenomics/ and the others"
        )
    return folder
