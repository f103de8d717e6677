"""Endpoints with time and event: progression-free and overall survival, for survival models."""

from __future__ import annotations

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.cohort.schemas import SURVIVAL, conform, empty
from radiogenomics.cohort.set_aside import together
from radiogenomics.endpoints.follow_up import observations
from radiogenomics.endpoints.rules import version

RULE = "time_to_event"


def derive_survival(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time and event of every patient of the cohort, for each endpoint under `survival`.

    Returns
    -------
    survival : DataFrame by `schemas.SURVIVAL`, one row for every patient and endpoint; months; <NA> where not known.
    quarantine : DataFrame by `schemas.QUARANTINE`, level 'value'.
    """
    patients = cohort_patients(manifest)
    records: list[dict[str, object]] = []
    quarantines: list[pd.DataFrame] = []
    for name, declared in cohort.survival.items():
        found, aside = observations(cohort, manifest, name, declared, patients, files)
        quarantines.append(aside)
        for patient, seen in zip(patients, found, strict=True):
            records.append(
                {
                    "patient_id": patient,
                    "endpoint": name,
                    "time_months": seen.months,
                    "event": pd.NA if seen.event is None else int(seen.event),
                    "reason": seen.reason,
                    "rule": RULE,
                    "rule_version": version(RULE),
                    "source_rows": seen.source_rows,
                }
            )
    if not records:
        return empty(SURVIVAL), together(quarantines)
    table = pd.DataFrame(records)
    table["event"] = table["event"].astype("Int8")
    table["time_months"] = table["time_months"].astype(float)
    return conform(table, SURVIVAL), together(quarantines)
