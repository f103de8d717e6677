"""Shares of patients, with an interval that holds for small numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

Z95 = float(norm.ppf(0.975))


def wilson_interval(events: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a proportion [1]_: holds for small n and for 0 or n events. `events` need not be whole.

    References
    ----------
    .. [1] Wilson: Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 1927.
    """
    events, n = np.asarray(events, float), np.asarray(n, float)
    share, square = events / n, Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
