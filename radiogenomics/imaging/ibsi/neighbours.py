"""The voxels of a ROI in one flat, padded array, so that a step to a neighbour is an addition."""

from __future__ import annotations

import itertools

import numpy as np

Step = tuple[int, int, int]
"""To a neighbour: z, y, x."""

HALF_3D: tuple[Step, ...] = tuple(
    (z, y, x) for z, y, x in itertools.product((0, 1, -1), repeat=3) if (z, y, x) > (0, 0, 0)
)
"""13 directions, one of each opposite pair; steps z, y, x."""

HALF_2D: tuple[Step, ...] = tuple(step for step in HALF_3D if step[0] == 0)
"""The 4 of them within a slice."""


class Voxels:
    """Grey levels of the voxels of a ROI.

    Parameters
    ----------
    levels : int (z, y, x): grey levels from 1 inside the ROI, 0 outside.
    """

    def __init__(self, levels: np.ndarray) -> None:
        padded = np.pad(levels.astype(np.int32), 1)
        self.shape = padded.shape
        self.padded = padded.ravel()
        self.index = np.flatnonzero(self.padded)
        self.level = self.padded[self.index]
        self.highest = int(self.level.max()) if self.level.size else 0
        self._neighbours: dict[Step, np.ndarray] = {}

    def stride(self, step: Step) -> int:
        """How far the neighbour at `step` (z, y, x) is in the flat array."""
        _, ny, nx = self.shape
        return (step[0] * ny + step[1]) * nx + step[2]

    def neighbour(self, step: Step) -> np.ndarray:
        """Grey level of each voxel's neighbour, int32 (n,); 0 where it is outside the ROI."""
        if step not in self._neighbours:
            self._neighbours[step] = self.padded[self.index + self.stride(step)]
        return self._neighbours[step]

    def runs(self, step: Step) -> tuple[np.ndarray, np.ndarray]:
        """Level and length of each run of equal levels along a direction, int (m,) both.

        In the flat array a step is a constant stride: cut into rows of that length, the columns are the lines along the
        step, and the padding keeps one apart from the next.
        """
        stride = self.stride(step)
        rows = -(-self.padded.size // stride)
        lines = np.zeros(rows * stride, dtype=np.int16 if self.highest < 2**15 else np.int32)
        lines[: self.padded.size] = self.padded
        lines = lines.reshape(rows, stride).T.ravel()
        last = np.flatnonzero(lines[1:] != lines[:-1])  # the padding ends every line with a 0
        level, length = lines[last], np.diff(last, prepend=-1)
        inside = np.greater(level, 0)
        return level[inside], length[inside]
