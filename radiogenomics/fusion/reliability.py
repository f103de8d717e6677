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


def intraclass_correlation(ratings: np.ndarray) -> Agreement:
    """ICC(2,1) [1]_ [2]_: two-way random effects, absolute agreement, a single rater.

    Parameters
    ----------
    ratings : (n lesions, k readings), no NaN; n and k at least 2.

    Returns
    -------
    Agreement; NaN where nothing varies.

    References
    ----------
    .. [1] Shrout, Fleiss: Intraclass correlations, uses in assessing rater reliability, Psychol. Bull. 1979.
    .. [2] McGraw, Wong: Forming inferences about some intraclass correlation coefficients, Psychol. Methods 1996 (interval).
    """
    n, k = ratings.shape
    if n < 2 or k < 2:
        raise TableError(
            f"repeated contours: at least 2 lesions with 2 readings each are needed, found {n} with {k}",
            rule="too_few_readings",
        )
    grand = ratings.mean()
    by_lesion, by_reading = ratings.mean(axis=1), ratings.mean(axis=0)
    between = k * float(((by_lesion - grand) ** 2).sum()) / (n - 1)
    raters = n * float(((by_reading - grand) ** 2).sum()) / (k - 1)
    residual = float(((ratings - by_lesion[:, None] - by_reading[None, :] + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    denominator = between + (k - 1) * residual + k * (raters - residual) / n
    if denominator <= 1e-300:
        return Agreement(np.nan, np.nan, np.nan)
    icc = (between - residual) / denominator
    if residual <= 1e-12 * between and raters <= 1e-12 * between:
        return Agreement(icc, icc, icc)
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * raters + b * residual) ** 2 / (
        (a * raters) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1))
    )
    above = float(f_distribution.ppf(0.975, n - 1, freedom))
    below = float(f_distribution.ppf(0.975, freedom, n - 1))
    shared = k * raters + (k * n - k - n) * residual
    lower = n * (between - above * residual) / (above * shared + n * between)
    upper = n * (below * between - residual) / (shared + n * below * between)
    return Agreement(float(icc), float(lower), float(upper))


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
