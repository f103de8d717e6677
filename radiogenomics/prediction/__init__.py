"""A registered model applied to new patients: features by the training path, domain, abstention, validation, worklist.

Nothing is fitted here: what applying needs was learned at training time and is stored beside the model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.prediction.applying import predict_patients
    from radiogenomics.prediction.configuration import stored_configuration
    from radiogenomics.prediction.patients import at_root, new_patients, with_stored_methods
    from radiogenomics.prediction.stored import StoredModel, load_model, use_of_model
    from radiogenomics.prediction.validation import validate_model
    from radiogenomics.prediction.worklist import rank_patients

_HOME = {
    "at_root": "patients",
    "load_model": "stored",
    "new_patients": "patients",
    "predict_patients": "applying",
    "rank_patients": "worklist",
    "stored_configuration": "configuration",
    "StoredModel": "stored",
    "use_of_model": "stored",
    "validate_model": "validation",
    "with_stored_methods": "patients",
}
__all__ = [
    "StoredModel",
    "at_root",
    "load_model",
    "new_patients",
    "predict_patients",
    "rank_patients",
    "stored_configuration",
    "use_of_model",
    "validate_model",
    "with_stored_methods",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
