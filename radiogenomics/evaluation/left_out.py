"""The learned late fusion with one modality left out: what does each modality add to the others?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.registry import CLINICAL_AND_IMAGING, WITHOUT_IMAGING

WHOLE = "late/weighted"
PREFIX = "late/without_"


def left_out_fusions(built: Mapping[str, Any], modalities: Iterable[str]) -> dict[str, Any]:
    """Unfitted fusions by name, over the members of the learned late fusion of `built`; none where there is no learned late fusion.

    Where a fusion of exactly the other modalities is there already, none is made for that modality.
    """
    made = fusions_without(built, modalities)
    return {
        name: LateFusion(
            [(n, m) for n, m in built[WHOLE].members if n.split("/")[0] in set(modalities) - {left}],
            weighting="learned",
        )
        for left, name in made.items()
        if name not in built
    }


def fusions_without(built: Mapping[str, Any], modalities: Iterable[str]) -> dict[str, str]:
    """Modality -> name of the learned late fusion of all the others, whether it is in `built` or has to be made."""
    modalities = list(modalities)
    if WHOLE not in built or len(modalities) < 2:
        return {}
    there = {
        frozenset(name.split("/")[0] for name, _ in built[fusion].members): fusion
        for fusion in (WITHOUT_IMAGING, CLINICAL_AND_IMAGING)
        if fusion in built
    }
    return {left: there.get(frozenset(modalities) - {left}, f"{PREFIX}{left}") for left in modalities}
