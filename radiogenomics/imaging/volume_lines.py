"""Points on a grid seen as lines along an axis."""

from __future__ import annotations

import numpy as np


def ends_of_lines(points: np.ndarray, along: int, across: tuple[int, int]) -> np.ndarray:
    """First and last point of each line along an axis.

    Parameters
    ----------
    points : int (n, 3), not negative.
    along, across : the axis of the lines, and the two others.
    """
    width = int(points[:, across[1]].max()) + 1
    line = points[:, across[0]] * width + points[:, across[1]]
    order = np.lexsort((points[:, along], line))
    edge = np.flatnonzero(np.diff(line[order], prepend=-1))
    last = np.append(edge[1:], line.size) - 1
    return points[order[np.unique(np.concatenate([edge, last]))]]
