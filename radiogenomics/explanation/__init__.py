"""SHAP values of a fitted model, and where in the image a network's part comes from. Loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.explanation.class_activation import ActivationMap, embedding_map, network_map
    from radiogenomics.explanation.model_map import lesion_map
    from radiogenomics.explanation.patient_choice import telling_patients
    from radiogenomics.explanation.shap_values import explain, modality_contributions

__all__ = [
    "ActivationMap",
    "embedding_map",
    "explain",
    "lesion_map",
    "modality_contributions",
    "network_map",
    "telling_patients",
]

_HOME = {
    "ActivationMap": "class_activation",
    "embedding_map": "class_activation",
    "network_map": "class_activation",
    "lesion_map": "model_map",
    "telling_patients": "patient_choice",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'shap_values')}"), name)
