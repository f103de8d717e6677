"""How matrices by slice and direction become one value: IBSI's six ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

Matrix = TypeVar("Matrix")

AGGREGATIONS = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")
"""By slice and direction, averaged (BTW3); directions merged in each slice (SUJT); slices merged for each direction (JJUI);
all merged (ZW7Z); by direction in space, averaged (ITBB); merged (IAZD)."""

Features = Callable[[Matrix], dict[str, float]]
Merge = Callable[[Sequence[Matrix]], Matrix]


def aggregate(
    matrices: Mapping[tuple[int, int], Matrix], way: str, features: Features[Matrix], merge: Merge[Matrix]
) -> dict[str, float]:
    """Features of matrices, one for each slice and direction, by one of `AGGREGATIONS`.

    Parameters
    ----------
    matrices : (slice, direction) -> matrix; in space all have the same slice.
    features : features of one matrix; a matrix without entries gives {} and does not count in a mean.
    """
    if way == "2D_comb":
        groups = [[k for k in matrices if k[0] == z] for z in sorted({k[0] for k in matrices})]
    elif way == "2_5D_avg":
        groups = [[k for k in matrices if k[1] == d] for d in sorted({k[1] for k in matrices})]
    elif way.endswith("_comb"):
        groups = [list(matrices)]
    else:
        groups = [[k] for k in matrices]
    found = [features(merge([matrices[k] for k in group])) for group in groups if group]
    found = [one for one in found if one]
    if not found:
        return {}
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}
