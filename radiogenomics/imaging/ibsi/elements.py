"""What stands in the matrices: runs (IBSI TP0I), size zones (9SAK), distance zones (VMDZ), dependences (REK0)."""

from __future__ import annotations

import itertools

import numpy as np

from radiogenomics.imaging.ibsi.emphasis import LevelSize, level_size
from radiogenomics.imaging.ibsi.neighbours import Step, Voxels

FULL_3D: tuple[Step, ...] = tuple(
    (z, y, x) for z, y, x in itertools.product((-1, 0, 1), repeat=3) if (z, y, x) != (0, 0, 0)
)
FULL_2D: tuple[Step, ...] = tuple(step for step in FULL_3D if step[0] == 0)


def runs(voxels: Voxels, step: Step) -> LevelSize:
    """Runs of equal grey level along a direction."""
    level, length = voxels.runs(step)
    return level_size(level, length, voxels.level.size)


def zones(levels: np.ndarray, distance: np.ndarray) -> tuple[LevelSize, LevelSize]:
    """Size zones and distance zones: connected voxels of the same grey level (26 neighbours; 8 in a slice).

    Parameters
    ----------
    levels : int (z, y, x) or (y, x), 0 outside the intensity mask.
    distance : int of the same shape: steps to the edge of the morphological mask, 1 at the edge.
    """
    from scipy import ndimage
    from skimage.measure import label

    labels, count = label(levels, background=0, connectivity=levels.ndim, return_num=True)
    inside = levels > 0
    flat = labels[inside]
    sizes = np.bincount(flat, minlength=count + 1)[1:]
    level = np.zeros(count + 1, dtype=np.int32)
    level[flat] = levels[inside]
    nearest = ndimage.minimum(distance[inside], flat, np.arange(1, count + 1)) if count else np.zeros(0)
    total = int(inside.sum())
    return (
        level_size(level[1:], sizes, total),
        level_size(level[1:], np.asarray(nearest).astype(np.int64), total),
    )


def edge_distance(mask: np.ndarray) -> np.ndarray:
    """Steps from each voxel of a mask to its edge (6 neighbours; 4 in a slice), 1 at the edge; int."""
    from scipy import ndimage

    padded = ndimage.distance_transform_cdt(np.pad(mask, 1), metric="taxicab")
    return padded[tuple(slice(1, -1) for _ in range(mask.ndim))]


def dependences(voxels: Voxels, steps: tuple[Step, ...]) -> LevelSize:
    """For each voxel how many of its neighbours have the same grey level, itself counted (distance 1, coarseness 0)."""
    equal = np.ones(voxels.level.size, dtype=np.int32)
    for step in steps:
        equal += voxels.neighbour(step) == voxels.level
    return level_size(voxels.level, equal, voxels.level.size)
