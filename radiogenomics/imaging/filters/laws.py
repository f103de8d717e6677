"""Laws kernels (IBSI JTXT)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from radiogenomics.imaging.filters.boundary import SCIPY_MODE, Boundary
from radiogenomics.imaging.filters.separable import Pooling, separable_response

KERNELS: dict[str, np.ndarray] = {
    name: np.array(values, dtype=float) / np.linalg.norm(values)
    for name, values in {
        "L3": (1, 2, 1),
        "E3": (-1, 0, 1),
        "S3": (-1, 2, -1),
        "L5": (1, 4, 6, 4, 1),
        "E5": (-1, -2, 0, 2, 1),
        "S5": (-1, 0, 2, 0, -1),
        "W5": (-1, 2, 0, -2, 1),
        "R5": (1, -4, 6, -4, 1),
    }.items()
}
"""Level, edge, spot, wave and ripple, normalised."""

_NAME = re.compile(r"[LESWR][35]")


def kernel_names(kernels: str) -> list[str]:
    """'L5E5S5' -> ['L5', 'E5', 'S5'].

    Raises
    ------
    ValueError
        A part is not a Laws kernel, or there are not two or three.
    """
    names = _NAME.findall(kernels)
    unknown = [name for name in names if name not in KERNELS]
    if "".join(names) != kernels or unknown or len(names) not in (2, 3):
        raise ValueError(f"Laws kernels must be two or three of {', '.join(KERNELS)} in a row, found {kernels!r}")
    return names


def laws_filter(
    image: np.ndarray,
    kernels: str,
    *,
    rotation_invariant: bool = False,
    pooling: Pooling = "max",
    energy_distance: int | None = None,
    boundary: Boundary = "mirror",
) -> np.ndarray:
    """Response to Laws kernels along x, y (and z), e.g. ``L5E5S5``; two of them: slice by slice.

    Parameters
    ----------
    energy_distance : Chebyshev distance in voxels; given, the mean absolute response around each voxel is returned.
    """
    from scipy import ndimage

    names = kernel_names(kernels)
    response: Any = separable_response(
        image,
        [(KERNELS[name],) for name in names],
        rotation_invariant=rotation_invariant,
        pooling=pooling,
        boundary=boundary,
    )
    if energy_distance is not None:
        size = [1] * (3 - len(names)) + [2 * energy_distance + 1] * len(names)
        response = ndimage.uniform_filter(np.abs(response), size=size, mode=SCIPY_MODE[boundary])
    return response
