"""Configuration, identities, table schemas, manifest, quarantine.

Names are loaded when first used, so that a worker that needs settings alone does not load pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.cohort.configuration import Cohort
    from radiogenomics.cohort.inputs import Inputs, account, cohort_patients, read_inputs, source_rows
    from radiogenomics.cohort.loading import load_cohort

__all__ = ["Cohort", "Inputs", "account", "cohort_patients", "load_cohort", "read_inputs", "source_rows"]

_ORIGIN = {**dict.fromkeys(__all__, "inputs"), "Cohort": "configuration", "load_cohort": "loading"}


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ORIGIN[name]}"), name)


def __dir__() -> list[str]:
    return __all__
