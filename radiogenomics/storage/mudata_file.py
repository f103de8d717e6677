"""MuData on disk, as ``.h5mu``, without the announcements that anndata and mudata make at each read and write."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


def write_mudata(joined: Any, path: Path) -> None:
    """Write a MuData; not atomic by itself."""
    with warnings.catch_warnings():
        # changes of later versions are announced at each write; nothing here depends on them
        warnings.simplefilter("ignore", FutureWarning)
        joined.write_h5mu(path)


def read_mudata(path: Path) -> Any:
    """Read a MuData. Raises what h5py and anndata raise (OSError, KeyError, ValueError) where the file is damaged."""
    import mudata

    with warnings.catch_warnings(), mudata.set_options(pull_on_update=False):
        warnings.simplefilter("ignore", FutureWarning)
        return mudata.read_h5mu(path)
