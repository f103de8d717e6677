"""The estimators: unimodal, early and late fusion. Loaded when asked for, because scikit-learn takes a second."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.fusion.floor import ConfounderFloor
    from radiogenomics.fusion.registry import ALGORITHMS, TRUSTED_TYPES, build_models, fit_final

__all__ = ["ALGORITHMS", "TRUSTED_TYPES", "ConfounderFloor", "build_models", "fit_final"]

_HOME = {
    "ALGORITHMS": "registry",
    "TRUSTED_TYPES": "registry",
    "build_models": "registry",
    "fit_final": "registry",
    "ConfounderFloor": "floor",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
