"""``truth.json``: what is true of a simulated cohort, patient by patient and as a whole.

===============  ===================================================================================================
simulated        true, always
random_state     the seed; with ``name``, ``patients_drawn``, ``effects`` and ``noise`` it gives the same cohort again
effects          per endpoint: prevalence, and log-odds per unit of each latent factor, for women, for the second hospital;
                 for a time to an event log hazard ratios, the baseline and the censoring
noise            per source: standard deviation of what it shows of each factor (factors it does not show are left out)
best_auc         per endpoint: the area that no model exceeds, for each ``modality``, for ``all`` of the endpoint's modalities,
                 for ``all_and_hospital``, for the ``hospital`` alone, and for the ``latent`` factors themselves
survival         per time to an event: the ``modalities`` that may predict it, ``best_c_index`` (as ``best_auc``, of Harrell's C under the
                 declared censoring), ``share_censored``, and per patient the true ``log_hazard``, the ``best_log_hazard`` given the
                 sources there are, and the true ``months`` to the event, seen or not
planted          every malformed input with its file, row and kind
follow_up        where there are later studies: per patient and study, the baseline included, days since the start of therapy, and
                 per tumour its true volume (mm3) and longest axial diameter (mm), and how far outside it the contour was
                 drawn (mm); a tumour that is gone has volume 0
patients         per patient: latent values, what each source shows of them (``views``), which sources there are (``has``),
                 the true ``probability`` of each outcome, the ``best_probability`` given the sources there are, and the outcome
===============  ===================================================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from radiogenomics.simulation.biology import (
    ENDPOINTS,
    HOSPITALS,
    LATENTS,
    SOURCES,
    Array,
    Biology,
    Effects,
    Flags,
    Patients,
)
from radiogenomics.simulation.survival import Observed, survival_record
from radiogenomics.simulation.truth import attainable, best_for_patients


def truth_record(
    drawn: Patients,
    ids: list[str],
    present: dict[str, Flags],
    formats: list[str],
    effects: Effects,
    biology: Biology,
    seed: int,
    name: str,
    planted: list[dict[str, Any]],
    survival: Observed,
    follow_up: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """All that is true of the cohort, as plain values for JSON.

    `present` is source -> (n,) of bool, who has it; `formats` the file format of each patient's images, '' for none;
    `survival` what was observed of the time to an event.
    """
    best = {endpoint: best_for_patients(endpoint, effects, biology, drawn, present) for endpoint in ENDPOINTS}
    people = {}
    for index, patient in enumerate(ids):
        people[patient] = {
            "hospital": HOSPITALS[drawn.hospital[index]],
            "female": bool(drawn.female[index]),
            "format": formats[index] or None,
            "has": [source for source in SOURCES if present[source][index]],
            "latent": _named(drawn.latent[index]),
            "views": {source: _named(drawn.views[source][index]) for source in SOURCES},
            "probability": {endpoint: float(drawn.probability[endpoint][index]) for endpoint in ENDPOINTS},
            "best_probability": {endpoint: float(best[endpoint][index]) for endpoint in ENDPOINTS},
            "outcome": {endpoint: int(drawn.outcome[endpoint][index]) for endpoint in ENDPOINTS},
        }
    later = {} if follow_up is None else {"follow_up": follow_up}
    return {
        **later,
        "simulated": True,
        "name": name,
        "random_state": seed,
        "patients_drawn": len(ids),
        "latent_factors": list(LATENTS),
        "effects": effects.as_dict(),
        "noise": {source: _named(biology.view(source).noise) for source in SOURCES},
        "best_auc": attainable(effects, biology),
        "survival": survival_record(drawn, ids, present, effects, biology, survival),
        "planted": planted,
        "patients": people,
    }


def _named(values: Array) -> dict[str, float]:
    """Latent factor -> value, leaving out what is not seen."""
    return {name: float(value) for name, value in zip(LATENTS, values, strict=True) if np.isfinite(value)}
