"""What code and which libraries computed something. Imports no Dagster: commands that run no graph start without it."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import radiogenomics
from radiogenomics.storage.library_versions import installed_versions

_LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "xgboost-cpu",
    "xgboost",
    "torch",
    "onnxruntime",
    "pyradiomics-bhklab",
    "SimpleITK",
)
"""Libraries whose version may change a number."""


@cache
def source_digest(package: str) -> str:
    """SHA-256 over the source files of one package of ``radiogenomics`` ('' for the whole library)."""
    folder = Path(radiogenomics.__file__).parent / package
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes())
    return total.hexdigest()


@cache
def library_versions() -> Mapping[str, str]:
    """Installed versions of the libraries that may change a number."""
    return installed_versions(_LIBRARIES)


def code_version() -> str:
    """Version of the package and digest of its source, e.g. ``0.1.0+3fa2c91b``."""
    return f"{importlib.metadata.version('radiogenomics')}+{source_digest('')[:8]}"
