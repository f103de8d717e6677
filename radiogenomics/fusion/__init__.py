"""The estimators: unimodal, early, intermediate and late fusion; survival models. Loaded when asked for, because scikit-learn takes a second."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.fusion.floor import ConfounderFloor
    from radiogenomics.fusion.registry import ALGORITHMS, TRUSTED_TYPES, build_models, fit_final
    from radiogenomics.fusion.reliability import unreliable_features
    from radiogenomics.fusion.survival_registry import SURVIVAL_ALGORITHMS, build_survival_models, fit_final_survival
    from radiogenomics.fusion.tuning import tuning_budget

__all__ = [
    "ALGORITHMS",
    "SURVIVAL_ALGORITHMS",
    "TRUSTED_TYPES",
    "ConfounderFloor",
    "build_models",
    "build_survival_models",
    "fit_final",
    "fit_final_survival",
    "tuning_budget",
    "unreliable_features",
]

_HOME = {
    "ALGORITHMS": "registry",
    "TRUSTED_TYPES": "registry",
    "build_models": "registry",
    "fit_final": "registry",
    "ConfounderFloor": "floor",
    "SURVIVAL_ALGORITHMS": "survival_registry",
    "build_survival_models": "survival_registry",
    "fit_final_survival": "survival_registry",
    "tuning_budget": "tuning",
    "unreliable_features": "reliability",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
