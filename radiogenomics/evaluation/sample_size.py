"""Is the cohort large enough? The criteria of Riley et al. for developing a prediction model, in plain words.

References
----------
.. [1] Riley et al.: Calculating the sample size required for developing a clinical prediction model, BMJ 2020.
.. [2] Riley et al.: Minimum sample size for developing a multivariable prediction model: part II, Stat. Med. 2019.
.. [3] Riley, Van Calster, Collins: A note on estimating the Cox-Snell R2 from a reported C statistic, Stat. Med. 2021.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

SHRINKAGE = 0.9
OPTIMISM = 0.05
MARGIN = 0.05


class SampleSize(NamedTuple):
    """Patients needed for a number of candidate parameters.

    Attributes
    ----------
    shrinkage, optimism, prevalence : patients by each criterion (shrinkage of 0.9; optimism of Nagelkerke's R2 up to
        0.05; overall risk to within 0.05).
    needed : the largest of them. events : of these patients. per_parameter : events per candidate parameter.
    """

    shrinkage: int
    optimism: int
    prevalence: int
    needed: int
    events: float
    per_parameter: float


def required_patients(r2: float, parameters: int, prevalence: float) -> SampleSize:
    """Patients needed by the three criteria of [1]_ and [2]_.

    Parameters
    ----------
    r2 : anticipated Cox-Snell R2, between 0 and its largest value at this prevalence.
    parameters : candidate parameters, all that were looked at, not those that were kept.
    prevalence : share of events, in (0, 1).
    """
    first = _by_shrinkage(r2, parameters, SHRINKAGE)
    shrinkage = r2 / (r2 + OPTIMISM * largest_r2(prevalence))
    second = _by_shrinkage(r2, parameters, shrinkage)
    third = int(np.ceil((norm.ppf(0.975) / MARGIN) ** 2 * prevalence * (1 - prevalence)))
    needed = max(first, second, third)
    return SampleSize(first, second, third, needed, needed * prevalence, needed * prevalence / max(parameters, 1))


def _by_shrinkage(r2: float, parameters: int, shrinkage: float) -> int:
    return int(np.ceil(parameters / ((shrinkage - 1) * np.log(1 - r2 / shrinkage))))


def affordable_parameters(n: int, r2: float, prevalence: float) -> int:
    """The most candidate parameters for which `n` patients are enough; 0 where they are not enough for one."""
    if r2 <= 0 or required_patients(r2, 1, prevalence).needed > n:
        return 0
    low, high = 1, 2
    while required_patients(r2, high, prevalence).needed <= n:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if required_patients(r2, middle, prevalence).needed <= n else (low, middle)
    return low


def largest_r2(prevalence: float) -> float:
    """The Cox-Snell R2 of a perfect model at this share of events."""
    return float(1 - np.exp(2 * (prevalence * np.log(prevalence) + (1 - prevalence) * np.log(1 - prevalence))))


def r2_from_auc(auc: float, prevalence: float) -> float:
    """Cox-Snell R2 of a calibrated model with this AUC [3]_: its log-odds are normal, equally spread in both classes.

    The expectations of [3]_ are taken by quadrature in place of simulating a large cohort.
    """
    if not 0.5 < auc < 1:
        return 0.0 if auc <= 0.5 else largest_r2(prevalence)
    distance = float(np.sqrt(2) * norm.ppf(auc))  # between the classes' means, in standard deviations
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    values = np.concatenate([points, points + distance])
    share = np.concatenate([weights * (1 - prevalence), weights * prevalence])
    slope = distance  # of the true log-odds on this scale: equal spreads make them linear
    intercept = brentq(lambda a: float(share @ expit(a + slope * values)) - prevalence, -60, 60)
    risk = np.clip(expit(intercept + slope * values), 1e-300, 1 - 1e-16)
    label = np.concatenate([np.zeros(len(points)), np.ones(len(points))])
    gain = float(share @ np.where(label == 1, np.log(risk / prevalence), np.log((1 - risk) / (1 - prevalence))))
    return float(1 - np.exp(-2 * gain))


def statement(n: int, events: int, candidates: int, auc: float) -> str:
    """Whether the cohort is large enough, in words for a clinician.

    Parameters
    ----------
    n, events : labelled patients and those with the event. candidates : predictor columns that the models look at.
    auc : the out-of-fold AUC that was reached (not that of a fit).
    """
    share = events / n if n else 0.0
    rarer = min(events, n - events)
    start = f"{n} patients, {rarer} in the rarer class; the models look at {candidates} candidate predictors"
    if not 0 < share < 1:
        return f"{start}: with one class there is nothing to learn."
    per = f"that is {rarer / max(candidates, 1):.2g} of the rarer class for each"
    r2 = r2_from_auc(auc, share)
    if r2 <= 0:
        return f"{start}, {per}. At an AUC of {auc:.2f} no number of patients can be named that would be enough."
    afford = affordable_parameters(n, r2, share)
    needed = required_patients(r2, candidates, share)
    rule = f"criteria of Riley et al. (BMJ 2020) at an AUC of {auc:.2f} and {share:.0%} events".replace("%", " %")
    if afford >= candidates:
        return f"{start}, {per}. Large enough: {needed.needed} patients are needed by the {rule}."
    enough = f"enough for {afford} predictors" if afford else "not enough for a single predictor"
    one = required_patients(r2, 1, share).needed
    single = "" if afford else f" (a model of one needs {one})"
    return (
        f"{start}, {per}. By the {rule} the cohort is {enough}{single}; all candidates without shrinkage would take "
        f"{needed.needed:,} patients. Penalties and selection inside the folds make learning possible with fewer, at the "
        "price of a model that changes with the patients it is trained on: read the intervals, and expect less elsewhere."
    )
