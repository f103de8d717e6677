"""Which lesion of a later study is which lesion of the baseline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

CLEARLY_NEARER = 2.0
"""A match by distance is accepted where the next nearest candidate is at least so many times further away (after Lowe's
ratio test for matching image features, Int J Comput Vis 2004;60:91-110)."""


class Pairs(NamedTuple):
    """Lesions of one later study against those of the baseline.

    Attributes
    ----------
    matched : (baseline lesion_id, later lesion_id).
    absent : baseline lesions without counterpart, with why.
    new : later lesions without counterpart, with why.
    ambiguous : later lesions that may be one of several, with why; they are neither matched nor new.
    """

    matched: list[tuple[str, str]]
    absent: dict[str, str]
    new: dict[str, str]
    ambiguous: dict[str, str]


def match_by_label(baseline: pd.DataFrame, later: pd.DataFrame) -> Pairs:
    """Lesions with the same label are the same lesion.

    Parameters
    ----------
    baseline, later : `lesion_id` and `label` (None: not given), of one patient and one study each.
    """
    known = _by_label(baseline)
    seen = _by_label(later)
    ambiguous = {
        lesion: "it has no label" if label is None else f"label '{label}' stands twice in a study"
        for lesion, label in zip(later["lesion_id"], later["label"], strict=True)
        if label is None or len(seen[label]) > 1 or len(known.get(label, ())) > 1
    }
    matched = [
        (known[label][0], lesions[0])
        for label, lesions in seen.items()
        if len(lesions) == 1 and len(known.get(label, ())) == 1
    ]
    new = {
        lesions[0]: f"no lesion of the baseline has label '{label}'"
        for label, lesions in seen.items()
        if len(lesions) == 1 and label not in known
    }
    found = {first for first, _ in matched}
    absent = {
        str(lesion): "it has no label" if label is None else f"no lesion has label '{label}'"
        for lesion, label in zip(baseline["lesion_id"], baseline["label"], strict=True)
        if lesion not in found
    }
    return Pairs(matched, absent, new, ambiguous)


def _by_label(lesions: pd.DataFrame) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for lesion, label in zip(lesions["lesion_id"], lesions["label"], strict=True):
        if label is not None:
            found.setdefault(str(label), []).append(str(lesion))
    return found


def match_by_distance(baseline: pd.DataFrame, later: pd.DataFrame, maximum_mm: float) -> Pairs:
    """Lesions whose centres are nearest, each other's choice, and clearly nearer than any other.

    The assignment minimises the sum of distances (Hungarian method). A lesion with a second candidate that is less than
    `CLEARLY_NEARER` times as far, within `maximum_mm`, is ambiguous: it is named, and not matched.

    Parameters
    ----------
    baseline, later : `lesion_id`, `x_mm`, `y_mm`, `z_mm`, of one patient and one study each.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    axes = ["x_mm", "y_mm", "z_mm"]
    first, second = [str(v) for v in baseline["lesion_id"]], [str(v) for v in later["lesion_id"]]
    if not first or not second:
        none = "the other study has no lesion"
        return Pairs([], dict.fromkeys(first, none), dict.fromkeys(second, none), {})
    distance = cdist(baseline[axes].to_numpy(float), later[axes].to_numpy(float))
    matched: list[tuple[str, str]] = []
    ambiguous: dict[str, str] = {}
    touched: set[str] = set()
    for i, j in zip(*linear_sum_assignment(np.minimum(distance, 2 * maximum_mm)), strict=True):
        d = distance[i, j]
        if d > maximum_mm:
            continue
        others = np.concatenate([np.delete(distance[i], j), np.delete(distance[:, j], i)])
        rival = float(others.min()) if others.size else np.inf
        if rival <= maximum_mm and rival < CLEARLY_NEARER * d:
            ambiguous[second[j]] = f"{d:.1f} mm from one lesion and {rival:.1f} mm from another"
            touched.add(first[i])
        else:
            matched.append((first[i], second[j]))
    paired = {a for a, _ in matched} | touched
    placed = {b for _, b in matched} | set(ambiguous)
    far = f"no lesion within {maximum_mm:g} mm"
    return Pairs(
        matched,
        {lesion: far for lesion in first if lesion not in paired},
        {lesion: far for lesion in second if lesion not in placed},
        ambiguous,
    )
