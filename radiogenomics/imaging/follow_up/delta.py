"""Change since the baseline as features: modality ``delta_<images>``, one row a patient."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features, feature_columns
from radiogenomics.cohort.follow_up_settings import Delta
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import together
from radiogenomics.imaging.extraction import records_of
from radiogenomics.imaging.radiomic_extraction import radiomic_features
from radiogenomics.storage.feature_cache import FeatureCache

MEASURES = {
    "log_volume_ratio": ("1", "natural logarithm of total volume, later over baseline"),
    "sum_of_diameters_change": ("1", "change of the sum of target diameters, later over baseline less 1"),
    "doublings_per_year": ("1/year", "doublings of the total volume a year"),
    "new_lesions": ("1", "number of lesions that the baseline did not have"),
}


def delta_features(
    cohort: Cohort,
    patients: pd.DataFrame,
    lesions: pd.DataFrame,
    later: pd.DataFrame,
    radiomics: Features | None,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Change of each patient from the baseline to the last study within `follow_up.delta`.

    Where `clinical.index_date` is declared, the study must lie within `until_days` after the index date too, and a patient whose
    index date is not known has no such features. Every feature is recorded as follow-up: the leakage guard refuses it
    unless the endpoint declares a landmark at or after `until_days`.

    Parameters
    ----------
    patients, lesions : of `tables.FollowedUp`.
    later : DataFrame by `schemas.LESIONS`: the lesions of later studies.
    radiomics : radiomic features of the baseline, for differences; None where none are asked for.

    Returns
    -------
    Features with one row a patient and image name; `lesion_id` repeats `patient_id`. The dictionary says which column is of
    which modality.
    """
    values: list[pd.DataFrame] = []
    dictionary: list[dict[str, str]] = []
    aside: list[pd.DataFrame] = []
    for name, images in cohort.images.items():
        delta = images.follow_up.delta if images.follow_up is not None else None
        if delta is None:
            continue
        chosen = _chosen(patients[patients["images"] == name], delta, cohort.clinical.index_date is not None)
        table = pd.DataFrame([_measures(row) for row in records_of(chosen)], columns=["patient_id", *MEASURES])
        described = {feature: (unit, text) for feature, (unit, text) in MEASURES.items()}
        if delta.radiomics and radiomics is not None:
            work = {"cache": cache, "workers": workers, "scheduler": scheduler, "on_progress": on_progress}
            differences, units, quarantine = _differences(cohort, name, delta, chosen, lesions, later, radiomics, work)
            table = table.merge(differences, on="patient_id", how="left")
            described |= units
            aside.append(quarantine)
        table["study_id"], table["lesion_id"] = chosen["study_id"].to_numpy(), chosen["patient_id"].to_numpy()
        values.append(table.assign(images=name))
        dictionary += [_entry(name, feature, unit, text) for feature, (unit, text) in described.items()]
    keys = ["patient_id", "study_id", "lesion_id", "images"]
    joined = pd.concat(values, ignore_index=True) if values else pd.DataFrame(columns=keys)
    joined = joined[[*keys, *(c for c in joined.columns if c not in keys)]]
    kept = [entry for entry in dictionary if entry["feature"] in joined.columns]
    return Features(
        joined, conform(pd.DataFrame(kept), FEATURE_DICTIONARY) if kept else empty(FEATURE_DICTIONARY), together(aside)
    )


def _entry(name: str, feature: str, unit: str, text: str) -> dict[str, str]:
    return {
        "feature": feature,
        "modality": f"delta_{name}",
        "family": "change",
        "unit": unit,
        "derived_from": f"lesions/{name}:follow_up",
        "recorded": "follow_up",
        "description": text,
    }


def _chosen(patients: pd.DataFrame, delta: Delta, indexed: bool) -> pd.DataFrame:
    """The last study of each patient that lies within the window."""
    inside = patients["days"].between(delta.from_days, delta.until_days)
    if indexed:
        inside &= patients["days_after_index"] <= delta.until_days
    return (
        patients[inside]
        .sort_values(["patient_id", "days"])
        .groupby("patient_id", as_index=False)
        .tail(1)
        .reset_index(drop=True)
    )


def _measures(row: dict[str, Any]) -> dict[str, Any]:
    before, after = row["volume_before_mm3"], row["volume_after_mm3"]
    ratio = math.log(after / before) if before > 0 and after > 0 else math.nan
    return {
        "patient_id": row["patient_id"],
        "log_volume_ratio": ratio,
        "sum_of_diameters_change": row["sum_change"],
        "doublings_per_year": ratio / math.log(2.0) * 365.25 / row["days"],
        "new_lesions": float(row["new"]),
    }


def _differences(
    cohort: Cohort,
    name: str,
    delta: Delta,
    chosen: pd.DataFrame,
    lesions: pd.DataFrame,
    later: pd.DataFrame,
    radiomics: Features,
    work: dict[str, Any],
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]], pd.DataFrame]:
    """Radiomic features of the later study less those of the baseline, of the largest lesion that both have."""
    pairs = lesions[lesions["images"] == name].merge(chosen[["patient_id", "study_id"]], on=["patient_id", "study_id"])
    pairs = pairs.sort_values(["patient_id", "volume_before_mm3"]).groupby("patient_id", as_index=False).tail(1)
    again = later[(later["images"] == name) & later["lesion_id"].isin(pairs["lesion_id"])]
    second = radiomic_features(cohort, again, **work)
    first = radiomics.values[radiomics.values["images"] == name].set_index("lesion_id")
    after = second.values.set_index("lesion_id")
    pairs = pairs[pairs["baseline_lesion_id"].isin(first.index) & pairs["lesion_id"].isin(after.index)]
    names = [f for f in feature_columns(second.values) if any(fnmatch.fnmatchcase(f, p) for p in delta.radiomics)]
    difference = after.loc[pairs["lesion_id"], names].to_numpy(float) - first.loc[
        pairs["baseline_lesion_id"], names
    ].to_numpy(float)
    own = radiomics.dictionary[radiomics.dictionary["modality"] == f"radiomics_{name}"].set_index("feature")
    units = {f: (str(own.loc[f, "unit"]), f"later less baseline: {own.loc[f, 'description']!s}") for f in names}
    table = pd.DataFrame(np.asarray(difference), columns=names)
    table.insert(0, "patient_id", pairs["patient_id"].to_numpy())
    return table, units, second.quarantine
