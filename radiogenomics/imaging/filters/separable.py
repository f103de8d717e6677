"""Filters that are a product of one-dimensional kernels, and their right-angle rotations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from radiogenomics.imaging.filters.boundary import SCIPY_MODE, Boundary

Pooling = Literal["max", "average"]

Cascade = tuple[np.ndarray, ...]
"""Kernels that are applied one after the other along the same axis (several for a wavelet of a higher level)."""


def right_angle_rotations(dimensions: int) -> list[tuple[tuple[int, ...], tuple[bool, ...]]]:
    """The proper rotations by right angles: 24 in space, 4 in a plane.

    Each as: which of the kernels (x, y, z) each axis x, y, z gets, and whether it is turned round.
    """
    found = []
    for order in itertools.permutations(range(dimensions)):
        matrix = np.eye(dimensions)[list(order)]
        for flips in itertools.product((False, True), repeat=dimensions):
            if np.linalg.det(matrix * np.where(flips, -1, 1)[:, None]) > 0:
                found.append((order, flips))
    return found


def separable_response(
    image: np.ndarray,
    kernels: Sequence[Cascade],
    *,
    rotation_invariant: bool = False,
    pooling: Pooling = "average",
    boundary: Boundary = "mirror",
) -> np.ndarray:
    """Response to a separable filter; rotation invariant: pooled over all right-angle rotations of it.

    Parameters
    ----------
    image : float (z, y, x).
    kernels : for axes x, y (and z in space), as convolution kernels.
    """
    dimensions = len(kernels)
    rotations = right_angle_rotations(dimensions)
    if not rotation_invariant:
        rotations = [(tuple(range(dimensions)), (False,) * dimensions)]
    chosen = [
        tuple(_turned(kernels[which], flip) for which, flip in zip(order, flips, strict=True))
        for order, flips in rotations
    ]
    pooled: np.ndarray | None = None
    number = 0
    for response in _responses(image.astype(np.float64), chosen, boundary):
        number += 1
        if pooled is None:
            pooled = response.copy()
        elif pooling == "max":
            np.maximum(pooled, response, out=pooled)
        else:
            pooled += response
    assert pooled is not None
    return pooled / number if pooling == "average" else pooled


def _turned(cascade: Cascade, flip: bool) -> Cascade:
    return tuple(kernel[::-1] for kernel in cascade) if flip else cascade


def _responses(image: np.ndarray, chosen: Sequence[tuple[Cascade, ...]], boundary: Boundary) -> Iterator[np.ndarray]:
    """One response for each combination; what combinations share along their first axes is computed once."""
    keys = [tuple(tuple(k.tobytes() for k in cascade) for cascade in combination) for combination in chosen]
    order = sorted(range(len(chosen)), key=lambda index: keys[index])
    stack: list[tuple[tuple, np.ndarray]] = []  # (key so far, image filtered along the axes so far)
    for index in order:
        shared = 0
        while shared < len(stack) and stack[shared][0] == keys[index][: shared + 1]:
            shared += 1
        del stack[shared:]
        for axis in range(shared, len(chosen[index])):
            before = stack[axis - 1][1] if axis else image
            stack.append((keys[index][: axis + 1], _along(before, chosen[index][axis], 2 - axis, boundary)))
        yield stack[-1][1]


def _along(image: np.ndarray, cascade: Cascade, axis: int, boundary: Boundary) -> np.ndarray:
    from scipy import ndimage

    for kernel in cascade:
        image = ndimage.convolve1d(image, kernel, axis=axis, mode=SCIPY_MODE[boundary])
    return image
