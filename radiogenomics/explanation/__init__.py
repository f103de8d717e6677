"""What moves a prediction: SHAP values, effects of whole modalities, and how far to trust them. Loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.explanation.out_of_fold import OutOfFoldExplanations, explain_out_of_fold
    from radiogenomics.explanation.shap_values import explain, modality_contributions

_HOMES = {
    "OutOfFoldExplanations": "out_of_fold",
    "explain": "shap_values",
    "explain_out_of_fold": "out_of_fold",
    "modality_contributions": "shap_values",
}

__all__ = ["OutOfFoldExplanations", "explain", "explain_out_of_fold", "modality_contributions"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
