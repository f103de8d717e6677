"""SHAP values of a fitted model, per patient, feature and modality. Loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.explanation.shap_values import explain, modality_contributions

__all__ = ["explain", "modality_contributions"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.shap_values"), name)
