"""Features of a matrix of grey level against size (runs, zones, distances, dependences)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class LevelSize(NamedTuple):
    """A sparse matrix: `number[k]` elements of grey level `level[k]` and size `size[k]`.

    `voxels` is how many voxels the elements were made from; in a merged matrix every one counts each time.
    """

    level: np.ndarray
    size: np.ndarray
    number: np.ndarray
    voxels: int


def level_size(level: np.ndarray, size: np.ndarray, voxels: int) -> LevelSize:
    """The matrix of elements with these grey levels and sizes (int (n,), from 1)."""
    if level.size == 0:
        return LevelSize(level, size, np.zeros(0), voxels)
    width = int(size.max()) + 1
    codes = level.astype(np.int64) * width + size
    if (int(level.max()) + 1) * width <= 4 * codes.size + 65536:
        table = np.bincount(codes)
        found = np.flatnonzero(table)
        counts = table[found]
    else:
        found, counts = np.unique(codes, return_counts=True)
    return LevelSize((found // width).astype(float), (found % width).astype(float), counts.astype(float), voxels)


def merged(matrices: Sequence[LevelSize]) -> LevelSize:
    """All elements of several matrices in one. Entries of the same level and size may stand twice."""
    if len(matrices) == 1:
        return matrices[0]
    level, size, count = (np.concatenate([m[part] for m in matrices]) for part in range(3))
    voxels = sum(m.voxels for m in matrices)
    if level.size == 0:
        return LevelSize(level, size, count, voxels)
    width = int(size.max()) + 1
    codes, place = np.unique((level * width + size).astype(np.int64), return_inverse=True)
    return LevelSize(
        (codes // width).astype(float), (codes % width).astype(float), np.bincount(place, weights=count), voxels
    )


def emphasis_features(matrix: LevelSize, names: Sequence[str], energy: str | None = None) -> dict[str, float]:
    """The 16 features that runs, size zones, distance zones and dependences share; {} for a matrix without elements.

    Parameters
    ----------
    names : the tags, in the order: small, large, low level, high level, small low, small high, large low, large high,
        level non-uniformity, the same normalised, size non-uniformity, the same normalised, percentage, level variance,
        size variance, entropy.
    energy : tag of the energy, where the family has one.
    """
    i, j, n, voxels = matrix
    total = float(n.sum())
    if not total > 0:
        return {}
    p = n / total
    i2, j2 = i * i, j * j
    by_level = np.bincount(i.astype(np.int64), weights=n)
    by_size = np.bincount(j.astype(np.int64), weights=n)
    level_sum, size_sum = float(by_level @ by_level), float(by_size @ by_size)
    level_mean, size_mean = float(p @ i), float(p @ j)
    values = (
        p @ (1 / j2),
        p @ j2,
        p @ (1 / i2),
        p @ i2,
        p @ (1 / (i2 * j2)),
        p @ (i2 / j2),
        p @ (j2 / i2),
        p @ (i2 * j2),
        level_sum / total,
        level_sum / total**2,
        size_sum / total,
        size_sum / total**2,
        total / voxels,
        p @ (i - level_mean) ** 2,
        p @ (j - size_mean) ** 2,
        -(p @ np.log2(p)),
    )
    found = {name: float(value) for name, value in zip(names, values, strict=True)}
    if energy is not None:
        found[energy] = float(p @ p)
    return found


RUN_TAGS = (
    "sre",
    "lre",
    "lgre",
    "hgre",
    "srlge",
    "srhge",
    "lrlge",
    "lrhge",
    "glnu",
    "glnu_norm",
    "rlnu",
    "rlnu_norm",
    "r_perc",
    "gl_var",
    "rl_var",
    "rl_entr",
)
SIZE_ZONE_TAGS = (
    "sze",
    "lze",
    "lgze",
    "hgze",
    "szlge",
    "szhge",
    "lzlge",
    "lzhge",
    "glnu",
    "glnu_norm",
    "zsnu",
    "zsnu_norm",
    "z_perc",
    "gl_var",
    "zs_var",
    "zs_entr",
)
DISTANCE_ZONE_TAGS = (
    "sde",
    "lde",
    "lgze",
    "hgze",
    "sdlge",
    "sdhge",
    "ldlge",
    "ldhge",
    "glnu",
    "glnu_norm",
    "zdnu",
    "zdnu_norm",
    "z_perc",
    "gl_var",
    "zd_var",
    "zd_entr",
)
DEPENDENCE_TAGS = (
    "lde",
    "hde",
    "lgce",
    "hgce",
    "ldlge",
    "ldhge",
    "hdlge",
    "hdhge",
    "glnu",
    "glnu_norm",
    "dcnu",
    "dcnu_norm",
    "dc_perc",
    "gl_var",
    "dc_var",
    "dc_entr",
)
