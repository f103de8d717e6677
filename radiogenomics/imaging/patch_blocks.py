"""Voxels of a box as a few exact numbers: how a picture stands in a table of features.

A voxel is 8 bits of intensity and one of mask. Five of them make one whole number below 2^45, which a float64 holds exactly:
a box of 24 x 24 x 24 voxels is 2,765 columns in place of 27,648. Eight bits of a window of 1,400 HU are steps of 5.5 HU, below
the noise of any scanner.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.exceptions import TableError

TOGETHER = 5
"""Voxels in one number."""

_BITS = 9


def packed(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Whole numbers (float64), each five voxels in the order z, y, x; the last is filled up with zeros.

    Parameters
    ----------
    image : (s, s, s), 0 to 1. mask : the same shape, bool.
    """
    codes = np.rint(image.ravel() * 255).astype(np.int64) << 1 | mask.ravel().astype(np.int64)
    filled = np.zeros(-(-codes.size // TOGETHER) * TOGETHER, dtype=np.int64)
    filled[: codes.size] = codes
    return np.asarray((filled.reshape(-1, TOGETHER) << _BITS * np.arange(TOGETHER)).sum(axis=1).astype(np.float64))


def unpacked(blocks: np.ndarray) -> np.ndarray:
    """Boxes (n, 2, s, s, s) float32 of rows of packed numbers (n, blocks): image from 0 to 1, mask 0 or 1.

    Raises
    ------
    TableError
        A number was not made by `packed`, or their count is that of no cube.
    """
    size = edge(blocks.shape[1])
    whole = np.nan_to_num(blocks, nan=-1.0)
    if (whole < 0).any() or (whole >= 2.0 ** (_BITS * TOGETHER)).any() or (whole % 1 != 0).any():
        raise TableError("a box of voxels has columns that are missing or were changed", rule="voxel_blocks")
    codes = whole.astype(np.int64)[:, :, None] >> _BITS * np.arange(TOGETHER) & (1 << _BITS) - 1
    voxels = codes.reshape(len(blocks), -1)[:, : size**3].reshape(len(blocks), size, size, size)
    return np.stack([(voxels >> 1) / np.float32(255), voxels & 1], axis=1).astype(np.float32)


def edge(blocks: int) -> int:
    """Edge of the cube that so many packed numbers hold, voxels."""
    size = round((blocks * TOGETHER) ** (1 / 3) - 0.5) if blocks else 0
    for candidate in (size, size + 1):
        if candidate and -(-(candidate**3) // TOGETHER) == blocks:
            return candidate
    raise TableError(f"{blocks} columns of packed voxels make no cube", rule="voxel_blocks")
