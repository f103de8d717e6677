"""Images and regions of interest to features per lesion.

Names are loaded when first used, so that importing the package loads neither torch nor pyradiomics.
"""

from __future__ import annotations

import importlib
from typing import Any

_ORIGIN = {
    "Lesion": "reading",
    "LesionQuality": "quality",
    "check_lesions": "quality",
    "cnn_embeddings": "embedding",
    "contact_sheet": "lesion_pictures",
    "declared_lesions": "lesions",
    "delta_features": "follow_up.delta",
    "follow_up_tables": "follow_up.tables",
    "draft_lesions": "drafts.drafting",
    "draft_sheet": "drafts.pictures",
    "imaging_table_features": "ready_made",
    "lesion_patches": "patches",
    "lesion_volumetrics": "volumetrics",
    "lesions_by_study": "studies",
    "of_baseline": "studies",
    "radiomic_features": "radiomic_extraction",
    "read_lesion": "guarded_reading",
}

__all__ = sorted(_ORIGIN)


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ORIGIN[name]}"), name)


def __dir__() -> list[str]:
    return __all__
