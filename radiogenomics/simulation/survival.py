"""Overall survival of simulated patients, and the concordance that no model can exceed.

The hazard is proportional and log-linear in the latent factors and the hospital, over a Weibull baseline::

    h(t) = log(2) shape / median (t / median)^(shape - 1) exp(eta),   eta = latent @ weights + hospital effect

Observation ends with the event, at the data cut (patients enter evenly over the time of accrual) or when a patient is lost,
which happens at a constant rate and without regard to anything.

Given what its modalities show, a patient's eta is normal with a known mean (see :mod:`radiogenomics.simulation.truth`), and two
patients differ by a normal variable: whichever way its mean points, the order it says is the likelier one. The posterior mean is
therefore the best risk score. None of the endpoint's modalities shows the EGFR status, which would bend that posterior.

The best C-index is what Harrell's C [1]_ of that score tends to under the declared censoring: over pairs of a large draw, each pair
counts with the chance that the order of its events is seen, and that it is the predicted one, given both true hazards
(Rao-Blackwell), which takes the noise of the drawn times out.

References
----------
.. [1] Harrell, Lee, Mark: Multivariable prognostic models, Stat. Med. 1996.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from radiogenomics.simulation.biology import (
    MODALITIES,
    Array,
    Biology,
    Effects,
    Flags,
    HazardEffects,
    Patients,
    draw_patients,
)
from radiogenomics.simulation.truth import MONTE_CARLO_PATIENTS, MONTE_CARLO_SEED, posterior

ENDPOINT = "overall_survival"
SURVIVAL_MODALITIES = ("radiomics_ct", "clinical")
PAIRS_A_PATIENT = 16
TIME, STATUS = "os_months", "os_status"
"""Columns of the clinical table."""
CODES = ("0:LIVING", "1:DECEASED")


class Observed(NamedTuple):
    """What was observed of n patients.

    Attributes
    ----------
    months : (n,), to the event or to the end of observation, rounded to tenths, at least 0.1. event : (n,) of 0/1.
    true_months : (n,), to the event, seen or not.
    """

    months: Array
    event: np.ndarray
    true_months: Array


def log_hazard(drawn: Patients, effects: HazardEffects) -> Array:
    """True log hazard ratio against the patient of average biology at the first hospital, (n,)."""
    return drawn.latent @ effects.weights + effects.hospital * drawn.hospital


def draw_survival(drawn: Patients, effects: HazardEffects, generator: np.random.Generator) -> Observed:
    """Times and events; `generator` is the only source of randomness."""
    n = len(drawn)
    chance = generator.exponential(size=n) / np.exp(log_hazard(drawn, effects))
    true = effects.median_months * (chance / np.log(2)) ** (1 / effects.shape)
    end = _end_of_observation(n, effects, generator)
    seen = true <= end
    return Observed(np.maximum(np.round(np.minimum(true, end), 1), 0.1), seen.astype(int), true)


def _end_of_observation(n: int, effects: HazardEffects, generator: np.random.Generator) -> Array:
    cut = effects.study_months - effects.accrual_months * generator.random(n)
    return np.minimum(cut, generator.exponential(effects.lost_after_months, n))


def clinical_columns(observed: Observed) -> dict[str, list[str]]:
    """The columns `os_months` and `os_status` as a hospital writes them, one text a patient."""
    return {
        TIME: [f"{value:.1f}" for value in observed.months],
        STATUS: [CODES[value] for value in observed.event],
    }


def best_log_hazard(
    effects: HazardEffects,
    biology: Biology,
    drawn: Patients,
    modalities: tuple[str, ...] = SURVIVAL_MODALITIES,
    present: dict[str, Flags] | None = None,
) -> Array:
    """Posterior mean of the latent part of the log hazard given what these modalities show, (n,).

    `present` is source -> (n,) of bool, who has it; None: everybody has all.
    """
    sources = tuple(dict.fromkeys(MODALITIES[name] for name in modalities))
    return posterior(drawn.views, biology, sources, present).mean @ effects.weights


def best_c_index(effects: Effects, biology: Biology, patients: int = MONTE_CARLO_PATIENTS) -> dict[str, Any]:
    """What Harrell's C of the best risk score tends to under the declared censoring.

    Returns {``modality``: {name: C}, ``all``, ``all_and_hospital``, ``hospital``, ``latent``}, as `truth.attainable` for the AUC.
    Worked out once per effects and biology in a process, and handed out as a copy.
    """
    return copy.deepcopy(_best_c_index(effects.overall_survival, biology, patients))


@lru_cache(maxsize=16)
def _best_c_index(effects: HazardEffects, biology: Biology, patients: int) -> dict[str, Any]:
    generator = np.random.default_rng(MONTE_CARLO_SEED)
    drawn = draw_patients(patients, Effects(), biology, generator)
    true, hospital = log_hazard(drawn, effects), effects.hospital * drawn.hospital
    every = best_log_hazard(effects, biology, drawn)
    scores = {
        **{name: best_log_hazard(effects, biology, drawn, (name,)) for name in SURVIVAL_MODALITIES},
        "all": every,
        "all_and_hospital": every + hospital,
        "hospital": hospital,
        "latent": true,
    }
    found = _expected_concordance(scores, true, _end_of_observation(patients, effects, generator), effects)
    return {"modality": {name: found.pop(name) for name in SURVIVAL_MODALITIES}, **found}


def _expected_concordance(
    scores: dict[str, Array], true: Array, end: Array, effects: HazardEffects
) -> dict[str, float]:
    """Share of pairs ordered rightly among those whose order is seen, in expectation over the times of the events."""
    right, total = dict.fromkeys(scores, 0.0), 0.0
    for step in range(1, min(PAIRS_A_PATIENT, len(true) - 1) + 1):
        other = np.roll(np.arange(len(true)), step)
        until = np.log(2) * (np.minimum(end, end[other]) / effects.median_months) ** effects.shape
        own, theirs = np.exp(true), np.exp(true[other])
        seen = -np.expm1(-(own + theirs) * until) / (own + theirs)
        first, second = own * seen, theirs * seen  # the chance that the row, or the other, is seen to be the first
        total += float(first.sum() + second.sum())
        for name, score in scores.items():
            gap = score - score[other]
            right[name] += float((first * ((gap > 0) + 0.5 * (gap == 0))).sum())
            right[name] += float((second * ((gap < 0) + 0.5 * (gap == 0))).sum())
    return {name: value / total for name, value in right.items()}


def survival_record(
    drawn: Patients,
    ids: list[str],
    present: dict[str, Flags],
    effects: Effects,
    biology: Biology,
    observed: Observed,
) -> dict[str, Any]:
    """What is true of the endpoint, as plain values: the best C-index, and per patient the hazards and the time."""
    own = effects.overall_survival
    true, best = log_hazard(drawn, own), best_log_hazard(own, biology, drawn, present=present)
    return {
        ENDPOINT: {
            "modalities": list(SURVIVAL_MODALITIES),
            "best_c_index": best_c_index(effects, biology),
            "share_censored": float(1 - observed.event.mean()),
            "patients": {
                patient: {
                    "log_hazard": float(true[index]),
                    "best_log_hazard": float(best[index]),
                    "months": float(observed.true_months[index]),
                }
                for index, patient in enumerate(ids)
            },
        }
    }
