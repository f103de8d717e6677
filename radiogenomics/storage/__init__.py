"""Atomic writes, the content-addressed feature cache, stored artefacts, predictions and models.

Names are loaded when first used, so that a worker that needs the cache alone loads neither pandas nor DuckDB.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.storage.artefacts import ArtefactStore, Record
    from radiogenomics.storage.atomic import file_digest, write_atomically, write_text
    from radiogenomics.storage.home import Home
    from radiogenomics.storage.predictions import PredictionStore

__all__ = ["ArtefactStore", "Home", "PredictionStore", "Record", "file_digest", "write_atomically", "write_text"]

_ORIGIN = {
    **dict.fromkeys(__all__, "atomic"),
    "ArtefactStore": "artefacts",
    "Record": "artefacts",
    "Home": "home",
    "PredictionStore": "predictions",
}


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ORIGIN[name]}"), name)


def __dir__() -> list[str]:
    return __all__
