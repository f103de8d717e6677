"""What moves a prediction: SHAP values, effects of whole modalities, how far to trust them, where in the image they arise. Loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.explanation.class_activation import ActivationMap, embedding_map, network_map
    from radiogenomics.explanation.model_map import lesion_map
    from radiogenomics.explanation.out_of_fold import OutOfFoldExplanations, explain_out_of_fold
    from radiogenomics.explanation.patient_choice import telling_patients
    from radiogenomics.explanation.shap_values import explain, modality_contributions

_HOMES = {
    "ActivationMap": "class_activation",
    "OutOfFoldExplanations": "out_of_fold",
    "embedding_map": "class_activation",
    "explain": "shap_values",
    "explain_out_of_fold": "out_of_fold",
    "lesion_map": "model_map",
    "modality_contributions": "shap_values",
    "network_map": "class_activation",
    "telling_patients": "patient_choice",
}

__all__ = [
    "ActivationMap",
    "OutOfFoldExplanations",
    "embedding_map",
    "explain",
    "explain_out_of_fold",
    "lesion_map",
    "modality_contributions",
    "network_map",
    "telling_patients",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
