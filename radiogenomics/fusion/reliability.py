"""Which features survive a second contour: the intraclass correlation over repeated delineations of the same lesions.

It looks at no label and at no patient's outcome, so it may be computed once, outside the folds; still, the best table of
repeated contours comes from other patients.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from radiogenomics.exceptions import TableError

GOOD = 0.75
"""Koo, Li: A guideline of selecting and reporting intraclass correlation coefficients, J. Chiropr. Med. 2016: above 0.75
reliability is good."""


class Agreement(NamedTuple):
    """Intraclass correlation with its 95 % interval."""

    icc: float
    lower: float
    upper: float


class Agreements(NamedTuple):
    """Intraclass correlations of p features.

    Attributes
    ----------
    icc, lower, upper : (p,), NaN where nothing varies.
    shares : (3, p): variance between lesions, between readings, and the rest, as shares of their sum.
    within : (p,), mean variance of a lesion's readings, in the feature's unit squared.
    """

    icc: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    shares: np.ndarray
    within: np.ndarray


def intraclass_correlation(ratings: np.ndarray) -> Agreement:
    """ICC(2,1) of one feature; see `agreements`.

    Parameters
    ----------
    ratings : (n lesions, k readings), no NaN; n and k at least 2.

    Returns
    -------
    Agreement; NaN where nothing varies.
    """
    found = agreements(ratings[:, :, None])
    return Agreement(float(found.icc[0]), float(found.lower[0]), float(found.upper[0]))


def agreements(ratings: np.ndarray) -> Agreements:
    """ICC(2,1) [1]_ [2]_ of many features: two-way random effects, absolute agreement, a single reading.

    Two-way, because every lesion is read in the same ways; absolute agreement, because a feature that every second reading
    shifts is not the same feature; random, because the readings stand for others like them [3]_.

    Parameters
    ----------
    ratings : (n lesions, k readings, p features), no NaN; n and k at least 2.

    References
    ----------
    .. [1] Shrout, Fleiss: Intraclass correlations, uses in assessing rater reliability, Psychol. Bull. 1979.
    .. [2] McGraw, Wong: Forming inferences about some intraclass correlation coefficients, Psychol. Methods 1996 (interval).
    .. [3] Koo, Li: A guideline of selecting and reporting intraclass correlation coefficients, J. Chiropr. Med. 2016.
    """
    n, k, _ = ratings.shape
    if n < 2 or k < 2:
        raise TableError(
            f"repeated contours: at least 2 lesions with 2 readings each are needed, found {n} with {k}",
            rule="too_few_readings",
        )
    grand = ratings.mean(axis=(0, 1))
    by_lesion, by_reading = ratings.mean(axis=1), ratings.mean(axis=0)
    between = k * ((by_lesion - grand) ** 2).sum(axis=0) / (n - 1)
    raters = n * ((by_reading - grand) ** 2).sum(axis=0) / (k - 1)
    rest = ratings - by_lesion[:, None] - by_reading[None] + grand
    residual = (rest**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    denominator = between + (k - 1) * residual + k * (raters - residual) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = np.where(denominator > 1e-300, (between - residual) / denominator, np.nan)
        lower, upper = _interval(icc, between, raters, residual, n, k)
    same = (residual <= 1e-12 * between) & (raters <= 1e-12 * between)
    known = ~np.isnan(icc)
    parts = np.maximum([(between - residual) / k, (raters - residual) / n, residual], 0.0)
    total = parts.sum(axis=0)
    return Agreements(
        icc,
        np.where(same & known, icc, lower),
        np.where(same & known, icc, upper),
        np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0),
        ratings.var(axis=1, ddof=1).mean(axis=0),
    )


def _interval(
    icc: np.ndarray, between: np.ndarray, raters: np.ndarray, residual: np.ndarray, n: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of ICC(A,1) by McGraw and Wong, table 7."""
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * raters + b * residual) ** 2 / (
        (a * raters) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1))
    )
    above = f_distribution.ppf(0.975, n - 1, freedom)
    below = f_distribution.ppf(0.975, freedom, n - 1)
    shared = k * raters + (k * n - k - n) * residual
    lower = n * (between - above * residual) / (above * shared + n * between)
    upper = n * (below * between - residual) / (shared + n * below * between)
    return lower, upper


def unreliable_features(
    repeats: pd.DataFrame, modality: str, *, lesion: str = "lesion_id", reading: str = "reading", minimum: float = GOOD
) -> tuple[str, ...]:
    """Predictor columns `<modality>:<feature>` whose intraclass correlation is below `minimum`, or cannot be told.

    Parameters
    ----------
    repeats : one row a lesion and reading, with the columns `lesion` and `reading`; every other column is a feature. Lesions
        that lack a reading are left out, feature by feature.

    Raises
    ------
    TableError
        A key column is missing, a lesion was read twice under one name, or there are fewer than two readings.
    """
    for column in (lesion, reading):
        if column not in repeats.columns:
            raise TableError(
                f"repeated contours: no column '{column}'; found {list(repeats.columns)[:8]}", rule="missing_column"
            )
    twice = repeats.duplicated([lesion, reading])
    if twice.any():
        first = repeats[twice].iloc[0]
        raise TableError(
            f"repeated contours: lesion '{first[lesion]}' stands twice under reading '{first[reading]}'", rule="unique"
        )
    low = []
    for feature in repeats.columns.drop([lesion, reading]):
        wide = repeats.pivot(index=lesion, columns=reading, values=feature).dropna().to_numpy(dtype=float)
        agreement = intraclass_correlation(wide)
        if not agreement.icc >= minimum:
            low.append(f"{modality}:{feature}")
    return tuple(low)
