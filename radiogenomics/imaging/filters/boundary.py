"""What lies beyond the edge of an image."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Boundary = Literal["zero", "nearest", "periodic", "mirror"]

SCIPY_MODE: dict[str, str] = {"zero": "constant", "nearest": "nearest", "periodic": "wrap", "mirror": "reflect"}
"""IBSI's names -> those of scipy.ndimage."""

_NUMPY_MODE: dict[str, Any] = {"zero": "constant", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}


def padded(image: np.ndarray, margin: tuple[int, ...], boundary: Boundary) -> np.ndarray:
    """The image with `margin` voxels more at both ends of each axis."""
    return np.pad(image, [(m, m) for m in margin], mode=_NUMPY_MODE[boundary])
