"""The frame of an endpoint with time and event: predictors, times, events and confounders."""

from __future__ import annotations

from typing import NamedTuple

import mudata
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.exceptions import ComputationError
from radiogenomics.multimodal.frame import _predictors, fold_groups, joined_confounders


class SurvivalFrame(NamedTuple):
    """What survival models of one endpoint are given.

    Attributes
    ----------
    X : DataFrame of float, indexed by `patient_id` (sorted), columns ``modality:feature``; a modality that a patient lacks
        is NaN in all of its columns.
    time : Series of float, same index: months to the event or to the end of observation.
    event : Series of int, same index: 1 where the event was seen, 0 where the patient was censored.
    confounders : DataFrame, same index, columns ``<confounder>:<column>``; float, or text with None.
    refused : DataFrame `modality, feature, rule, reason`: features that may not or shall not predict it.
    dictionary : DataFrame by `schemas.FEATURE_DICTIONARY` of the predictors in X, in their order.
    endpoint : its name.
    excluded : DataFrame `patient_id, reason`: patients of the cohort that are not in X, and why.
    groups : Series of text, same index: what must not straddle folds, as `resampling.group` declares; None: the patient.
    """

    X: pd.DataFrame
    time: pd.Series
    event: pd.Series
    confounders: pd.DataFrame
    refused: pd.DataFrame
    dictionary: pd.DataFrame
    endpoint: str
    excluded: pd.DataFrame
    groups: pd.Series | None


def survival_frame(cohort: Cohort, joined: mudata.MuData, survival: pd.DataFrame, name: str) -> SurvivalFrame:
    """Predictors, times and confounders of the patients whose time is known and who have any of the modalities.

    Parameters
    ----------
    survival : DataFrame by `schemas.SURVIVAL`.

    A patient observed for no time at all (0 months, censored) tells nothing and is excluded.

    Raises
    ------
    ConfigurationError
        No such endpoint, or its patterns name no feature.
    ComputationError
        No patient is left.
    """
    predictors, dictionary, refused = _predictors(cohort, joined, name)
    rows = survival[survival["endpoint"] == name].sort_values("patient_id").set_index("patient_id")
    has_any = predictors.notna().any(axis=1)
    modalities = ", ".join(cohort.survival[name].modalities)
    excluded, used = [], []
    for patient, row in rows.iterrows():
        if pd.isna(row["event"]) or pd.isna(row["time_months"]):
            excluded.append((patient, row["reason"]))
        elif not bool(has_any.get(patient, False)):
            excluded.append((patient, f"has none of the modalities {modalities}"))
        elif row["time_months"] == 0 and row["event"] == 0:
            excluded.append((patient, "censored on the index date"))
        else:
            used.append(patient)
    if not used:
        raise ComputationError(
            f"survival.{name}: no patient with a known time has any of {modalities}", rule="no_patients"
        )
    index = pd.Index(used, name="patient_id", dtype=object)
    confounders = joined_confounders(joined).loc[index]
    return SurvivalFrame(
        X=predictors.loc[index],
        time=rows.loc[index, "time_months"].astype(float),
        event=rows.loc[index, "event"].astype(int),
        confounders=confounders,
        refused=refused,
        dictionary=dictionary,
        endpoint=name,
        excluded=pd.DataFrame(excluded, columns=["patient_id", "reason"]),
        groups=fold_groups(cohort, confounders),
    )
