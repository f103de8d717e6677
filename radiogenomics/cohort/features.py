"""What every feature-making function returns."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

KEYS = ("patient_id", "study_id", "lesion_id", "images")
"""Columns of a feature table that are identities, not features."""

CONTOUR = "contour"
"""Column of a table of lesions, where the cohort allows draft contours: drawn, draft or accepted. No feature either."""


class Features(NamedTuple):
    """A feature table with the description of its features and what was left out.

    Attributes
    ----------
    values : DataFrame with `patient_id` (one row a patient), or with all of `KEYS` (one row a lesion), and one float
        column a feature. NaN is 'not known'. Tables of lesions may have `CONTOUR` too.
    dictionary : DataFrame by `schemas.FEATURE_DICTIONARY`, one row a feature.
    quarantine : DataFrame by `schemas.QUARANTINE`: values and lesions that were left out, each with its reason.
    """

    values: pd.DataFrame
    dictionary: pd.DataFrame
    quarantine: pd.DataFrame


def feature_columns(values: pd.DataFrame) -> list[str]:
    """Names of the columns that are features."""
    return [column for column in values.columns if column not in KEYS and column != CONTOUR]
