"""All texture families of one ROI, from one discretisation."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator

import numpy as np

import radiogenomics.imaging.ibsi.cooccurrence as cooccurrence
import radiogenomics.imaging.ibsi.elements as elements
import radiogenomics.imaging.ibsi.emphasis as emphasis
import radiogenomics.imaging.ibsi.grey_tone_difference as grey_tone_difference
from radiogenomics.imaging.ibsi.aggregation import AGGREGATIONS, aggregate
from radiogenomics.imaging.ibsi.neighbours import HALF_2D, HALF_3D, Voxels

FAMILIES = ("cm", "rlm", "szm", "dzm", "ngt", "ngl")
"""Co-occurrence, run length, size zone, distance zone, grey-tone difference, dependence."""


def texture_features(
    levels: np.ndarray,
    morphological: np.ndarray,
    aggregations: Collection[str] = ("3D_avg",),
    families: Collection[str] = FAMILIES,
) -> dict[str, float]:
    """Texture features, named ``<family>_<feature>_<aggregation>``; zone and neighbourhood families know only the dimension.

    Parameters
    ----------
    levels : int (z, y, x): grey levels from 1 in the intensity mask, 0 elsewhere.
    morphological : bool (z, y, x), for the distances of distance zones.
    aggregations : some of `aggregation.AGGREGATIONS`.
    """
    found: dict[str, float] = {}
    for dimension in ("2D", "2_5D", "3D"):
        ways = [way for way in AGGREGATIONS if way in aggregations and way.rpartition("_")[0] == dimension]
        if ways:
            parts = list(_parts(levels, morphological, flat=dimension != "3D"))
            found |= _of_parts(parts, dimension, ways, families)
    return found


def _parts(levels: np.ndarray, morphological: np.ndarray, *, flat: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The whole volume, or its slices that hold a voxel, each still with three axes."""
    if not flat:
        yield levels, morphological
        return
    for z in np.flatnonzero(levels.any(axis=(1, 2))):
        yield levels[z : z + 1], morphological[z : z + 1]


def _of_parts(
    parts: list[tuple[np.ndarray, np.ndarray]], dimension: str, ways: list[str], families: Collection[str]
) -> dict[str, float]:
    flat = dimension != "3D"
    half, full = (HALF_2D, elements.FULL_2D) if flat else (HALF_3D, elements.FULL_3D)
    highest = max(int(levels.max()) for levels, _ in parts)
    voxels = {z: Voxels(levels) for z, (levels, _) in enumerate(parts)}
    for one in voxels.values():
        one.highest = highest  # matrices of slices must have one size to be merged
    found: dict[str, float] = {}
    if "cm" in families:
        counts = {
            (z, d): cooccurrence.cooccurrence_matrix(one, step)
            for z, one in voxels.items()
            for d, step in enumerate(half)
        }
        for way in ways:
            values = aggregate(counts, way, cooccurrence.cooccurrence_features, cooccurrence.merged)
            found |= {f"cm_{name}_{way}": value for name, value in values.items()}
    if "rlm" in families:
        lengths = {(z, d): elements.runs(one, step) for z, one in voxels.items() for d, step in enumerate(half)}
        for way in ways:
            values = aggregate(
                lengths, way, lambda m: emphasis.emphasis_features(m, emphasis.RUN_TAGS), emphasis.merged
            )
            found |= {f"rlm_{name}_{way}": value for name, value in values.items()}
    # by slice, the mean of the slices' features; in 2.5-D and 3-D one matrix
    way = "2D_comb" if dimension == "2D" else "3D_comb"
    if "szm" in families or "dzm" in families:
        both = {(z, 0): _zones(levels, mask, flat) for z, (levels, mask) in enumerate(parts)}
        for family, place, tags in (("szm", 0, emphasis.SIZE_ZONE_TAGS), ("dzm", 1, emphasis.DISTANCE_ZONE_TAGS)):
            if family in families:
                chosen = {key: pair[place] for key, pair in both.items()}
                values = aggregate(
                    chosen, way, functools.partial(emphasis.emphasis_features, names=tags), emphasis.merged
                )
                found |= {f"{family}_{name}_{dimension}": value for name, value in values.items()}
    if "ngt" in families:
        tones = {(z, 0): grey_tone_difference.grey_tone_difference(one, full) for z, one in voxels.items()}
        values = aggregate(tones, way, grey_tone_difference.grey_tone_difference_features, grey_tone_difference.merged)
        found |= {f"ngt_{name}_{dimension}": value for name, value in values.items()}
    if "ngl" in families:
        depend = {(z, 0): elements.dependences(one, full) for z, one in voxels.items()}
        values = aggregate(
            depend,
            way,
            lambda m: emphasis.emphasis_features(m, emphasis.DEPENDENCE_TAGS, "dc_energy"),
            emphasis.merged,
        )
        found |= {f"ngl_{name}_{dimension}": value for name, value in values.items()}
    return found


def _zones(levels: np.ndarray, mask: np.ndarray, flat: bool) -> tuple[emphasis.LevelSize, emphasis.LevelSize]:
    if flat:
        levels, mask = levels[0], mask[0]
    return elements.zones(levels, elements.edge_distance(mask))
