"""Change of a lesion, and of all of a patient's, with the limits that measurement error sets.

On the log scale the error of a change is the root of the sum of both errors' squares; within +-1.96 of it nothing is
shown to have changed (Bland, Altman, Stat Methods Med Res 1999;8:135-160; Obuchowski, Bullen, Stat Methods Med Res
2018;27:3171-3194). The limits assume that errors of different lesions and dates are independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Z = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


class Change(NamedTuple):
    """A later value against an earlier one.

    Attributes
    ----------
    relative : later / earlier - 1. lower, upper : its 95 % limits by measurement error.
    within_error : whether the limits include no change.
    """

    relative: float
    lower: float
    upper: float
    within_error: bool


UNKNOWN = Change(math.nan, math.nan, math.nan, False)
GONE = Change(-1.0, -1.0, -1.0, False)
"""Nothing is left; nothing was measured that could be in error."""


def volume_change(before: float, after: float, log_sd_before: float, log_sd_after: float) -> Change:
    """Change of a volume, whose errors are standard deviations of its logarithm."""
    if before > 0 and after == 0:
        return GONE
    if not (before > 0 and after > 0):
        return UNKNOWN
    ratio, error = math.log(after / before), Z * math.hypot(log_sd_before, log_sd_after)
    lower, upper = math.expm1(ratio - error), math.expm1(ratio + error)
    return Change(math.expm1(ratio), lower, upper, lower <= 0.0 <= upper)


def sum_change(before: float, after: float, sd_before: float, sd_after: float) -> Change:
    """Change of a sum of diameters or of volumes; errors in the same unit, to the first order."""
    relative = [error / value if value > 0 else 0.0 for value, error in ((before, sd_before), (after, sd_after))]
    return volume_change(before, after, *relative)


def total(values: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    """Sum and its standard error from independent values and errors in the same unit."""
    return float(sum(values)), float(math.sqrt(sum(error**2 for error in errors)))


def doubling_days(before: float, after: float, days: float) -> float:
    """Volume doubling time, days (Schwartz, Cancer 1961;14:1272-1294): days ln 2 / ln(after / before).

    Below 0 for a lesion that shrinks: the time in which it halves. NaN where the volumes are equal.
    """
    if not (before > 0 and after > 0 and days > 0) or after == before:
        return math.nan
    return days * math.log(2.0) / math.log(after / before)


def growth_per_year(change: Change, days: float) -> tuple[float, float, float]:
    """Doublings of the volume a year, with 95 % limits. Unlike the doubling time it has limits where it is about 0."""
    if not days > 0 or math.isnan(change.relative):
        return math.nan, math.nan, math.nan
    values = [math.log2(1.0 + v) * 365.25 / days for v in (change.relative, change.lower, change.upper)]
    return values[0], values[1], values[2]
