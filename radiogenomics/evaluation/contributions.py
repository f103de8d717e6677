"""Figures that are a mean over patients: each patient's contribution gives the interval."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from radiogenomics.evaluation.concordance import CONFIDENCE, NOTHING, Interval

METHOD = "patients' contributions, variance within a repeat, mean over repeats, t"


def mean_interval(contributions: np.ndarray, *, least: float = -np.inf, most: float = np.inf) -> Interval:
    """Mean over patients with its 95 % interval, kept within `least` and `most`.

    Parameters
    ----------
    contributions : (n, r), what each of n patients contributes in each of r repeats.

    The variance is taken over the patients of each repeat and averaged over repeats: a repeat is not a new patient, and
    averaging a patient's repeats first would hide how far models differ.
    """
    n = len(contributions)
    if n == 0:
        return NOTHING
    mean = float(contributions.mean())
    if n < 2:
        return Interval(mean, np.nan, np.nan)
    error = float(np.sqrt(contributions.var(axis=0, ddof=1).mean() / n))
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, n - 1)) * error
    return Interval(mean, max(mean - reach, least), min(mean + reach, most))
