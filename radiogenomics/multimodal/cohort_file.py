"""The joined cohort on disk, as ``.h5mu``."""

from __future__ import annotations

from pathlib import Path

import mudata

from radiogenomics.exceptions import IntegrityError, NotMaterialisedError
from radiogenomics.storage.atomic import write_atomically
from radiogenomics.storage.mudata_file import read_mudata, write_mudata


def write_cohort(joined: mudata.MuData, path: Path) -> None:
    """Write a joined cohort (see `join_cohort`) atomically."""
    write_atomically(Path(path), lambda temporary: write_mudata(joined, temporary))


def read_cohort(path: Path) -> mudata.MuData:
    """Read a joined cohort.

    Raises
    ------
    NotMaterialisedError
        There is no such file.
    IntegrityError
        The file is damaged, or is not a joined cohort.
    """
    path = Path(path)
    if not path.is_file():
        raise NotMaterialisedError(f"{path}: no joined cohort here; materialise it first", rule="not_materialised")
    try:
        joined = read_mudata(path)
    except (OSError, KeyError, ValueError) as error:
        raise IntegrityError(f"{path}: damaged or not an .h5mu file ({error})", rule="unreadable") from error
    lacking = [key for key in ("cohort", "simulated", "snapshot_id", "labels", "confounders") if key not in joined.uns]
    if lacking:
        raise IntegrityError(
            f"{path}: an .h5mu file, but not a joined cohort (uns lacks {lacking})", rule="unknown_format"
        )
    return joined
