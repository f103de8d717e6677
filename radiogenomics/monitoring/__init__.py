"""Champion against challenger: whether a retrained model may take the place of the one in use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.monitoring.promotion import Comparison, compare_models, settle_stage

__all__ = ["Comparison", "compare_models", "settle_stage"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.promotion"), name)
