"""The learned late fusion with one modality left out: what does each modality add to the others?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from radiogenomics.fusion.base import ConcatenatingClassifier
from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.registry import WITHOUT_IMAGING

WHOLE = "late/weighted"
PREFIX = "late/without_"


def left_out_fusions(built: Mapping[str, Any], modalities: Iterable[str], imaging: Iterable[str]) -> dict[str, Any]:
    """Unfitted fusions by name, over the unimodal models of `built`; none where there is no learned late fusion.

    A modality that is all the imaging there is has its fusion already: `late/without_imaging`.
    """
    modalities, imaging = list(modalities), set(imaging)
    single = [(name, model) for name, model in built.items() if _unimodal(name, model, modalities)]
    if WHOLE not in built or len(modalities) < 2:
        return {}
    return {
        f"{PREFIX}{left}": LateFusion([(n, m) for n, m in single if n.split("/")[0] != left], weighting="learned")
        for left in modalities
        if not (imaging == {left} and WITHOUT_IMAGING in built)
    }


def fusion_without(modality: str, names: Iterable[str], imaging: Iterable[str]) -> str | None:
    """The name of the fusion of all but this modality, or None where it was not fitted."""
    names = set(names)
    if set(imaging) == {modality} and WITHOUT_IMAGING in names:
        return WITHOUT_IMAGING
    return f"{PREFIX}{modality}" if f"{PREFIX}{modality}" in names else None


def _unimodal(name: str, model: Any, modalities: list[str]) -> bool:
    return isinstance(model, ConcatenatingClassifier) and name.split("/")[0] in modalities
