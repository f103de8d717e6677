"""Shares of patients, with an interval that holds for small numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

Z95 = float(norm.ppf(0.975))


def wilson_interval(events: ArrayLike, n: ArrayLike, *, inflation: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a proportion [1]_: holds for small n and for 0 or n events. `events` need not be whole.

    Parameters
    ----------
    inflation : how many times the variance is that of independent patients (a design effect).

    References
    ----------
    .. [1] Wilson: Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 1927.
    """
    events, n = np.asarray(events, float), np.asarray(n, float)
    share, square = events / n, inflation * Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = np.sqrt(square) / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def weighted_difference_interval(first: float, second: float, weight: float, n: int) -> tuple[float, float]:
    """95 % interval of first - weight * second, two shares of the same n patients that exclude each other.

    By the method of variance estimates recovery [1]_ from the Wilson intervals of the two shares, with the correlation of two
    cells of a multinomial. Unlike an interval by the variance of each patient's contribution it holds where a share is 0.

    References
    ----------
    .. [1] Zou, Donner: Construction of confidence limits about effect measures: a general approach, Stat. Med. 2008.
    """
    (lower1, lower2), (upper1, upper2) = wilson_interval([first * n, second * n], [n, n])
    below1, above1 = first - lower1, upper1 - first
    below2, above2 = weight * (second - lower2), weight * (upper2 - second)
    rest = (1 - first) * (1 - second)
    correlation = -float(np.sqrt(first * second / rest)) if rest > 0 else 0.0
    value = first - weight * second
    down = below1**2 + above2**2 - 2 * correlation * below1 * above2
    up = above1**2 + below2**2 - 2 * correlation * above1 * below2
    return float(value - np.sqrt(max(down, 0.0))), float(value + np.sqrt(max(up, 0.0)))
