"""The frame of an endpoint: predictors, labels and confounders of the patients who can be learned from."""

from __future__ import annotations

import difflib
from typing import NamedTuple

import mudata
import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Endpoint, TimeToEvent
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY
from radiogenomics.endpoints.leakage import declared_endpoint, matches, refused_features
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.multimodal.join import LABEL, _obs_name
from radiogenomics.multimodal.sites import site_column


class EndpointFrame(NamedTuple):
    """What models of one endpoint are given.

    Attributes
    ----------
    X : DataFrame of float, indexed by `patient_id` (sorted), columns ``modality:feature``; a modality that a patient lacks
        is NaN in all of its columns. Where harmonisation is declared, a last column ``site:<confounder>`` with the site's
        code, which is no predictor.
    y : Series of int (1, 0), same index.
    confounders : DataFrame, same index, columns ``<confounder>:<column>``; float, or text with None.
    refused : DataFrame `modality, feature, rule, reason`: features that may not or shall not predict it.
    dictionary : DataFrame by `schemas.FEATURE_DICTIONARY` of the predictors in X, in their order.
    endpoint : its name.
    excluded : DataFrame `patient_id, reason`: patients of the cohort that are not in X, and why.
    groups : Series of text, same index: what must not straddle folds, as `resampling.group` declares; None: the patient.
    """

    X: pd.DataFrame
    y: pd.Series
    confounders: pd.DataFrame
    refused: pd.DataFrame
    dictionary: pd.DataFrame
    endpoint: str
    excluded: pd.DataFrame
    groups: pd.Series | None = None


def endpoint_frame(cohort: Cohort, joined: mudata.MuData, endpoint_name: str) -> EndpointFrame:
    """Predictors, labels and confounders of an endpoint, for labelled patients with at least one of its modalities.

    Raises
    ------
    ConfigurationError
        No such endpoint; a pattern of `include` names no feature; `include` and `exclude` leave no feature.
    LeakageError
        `include` names a refused feature outright.
    ComputationError
        No patient is left.
    """
    predictors, dictionary, refused = _predictors(cohort, joined, endpoint_name)
    labels = _labels(joined, endpoint_name)
    has_any = predictors.notna().any(axis=1)
    excluded: list[tuple[str, str]] = []
    used: list[str] = []
    modalities = ", ".join(cohort.endpoints[endpoint_name].modalities)
    for row in labels.to_dict("records"):
        patient = row["patient_id"]
        if np.isnan(row["label"]):
            excluded.append((patient, row["reason"]))
        elif not bool(has_any.get(patient, False)):
            excluded.append((patient, f"has none of the modalities {modalities}"))
        else:
            used.append(patient)
    if not used:
        raise ComputationError(
            f"endpoint '{endpoint_name}': no labelled patient has any of {modalities}", rule="no_patients"
        )
    index = pd.Index(sorted(used), name="patient_id", dtype=object)
    confounders = joined_confounders(joined).loc[index]
    return EndpointFrame(
        X=_with_site(cohort, predictors.loc[index], joined),
        y=labels.set_index("patient_id")["label"].reindex(index).astype("int64").rename(endpoint_name),
        confounders=confounders,
        refused=refused,
        dictionary=dictionary,
        endpoint=endpoint_name,
        excluded=pd.DataFrame(excluded, columns=["patient_id", "reason"]),
        groups=fold_groups(cohort, confounders),
    )


def fold_groups(cohort: Cohort, confounders: pd.DataFrame) -> pd.Series | None:
    """The group of each patient by `resampling.group`; None where that is the patient. A patient of no known group is its own.

    Parameters
    ----------
    confounders : indexed by patient_id, columns ``<confounder>:<column>``.

    Raises
    ------
    ConfigurationError
        There is no such column.
    """
    declared = cohort.resampling.group
    if declared == "patient_id":
        return None
    if declared not in confounders.columns:
        raise ConfigurationError(
            f"{cohort.file}: resampling.group: no confounder column '{declared}'; there are {list(confounders.columns)}",
            rule="unknown_group",
        )
    column = confounders[declared]
    patients = pd.Series([f"patient {name}" for name in column.index], index=column.index, dtype=object)
    return patients.where(column.isna(), "group " + column.astype(str)).rename(declared)


def patient_frame(cohort: Cohort, joined: mudata.MuData, endpoint_name: str) -> pd.DataFrame:
    """The predictors of an endpoint for every patient with any modality, labelled or not; same columns as its frame's X."""
    return _with_site(cohort, _predictors(cohort, joined, endpoint_name)[0], joined)


def _with_site(cohort: Cohort, predictors: pd.DataFrame, joined: mudata.MuData) -> pd.DataFrame:
    declared = cohort.models.harmonisation
    if declared is None:
        return predictors
    site = site_column(joined_confounders(joined), declared.site).reindex(predictors.index)
    return pd.concat([predictors, site], axis=1)


def _predictors(cohort: Cohort, joined: mudata.MuData, name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """X of all patients, its dictionary, and the features that were left out."""
    endpoint = declared_endpoint(cohort, name)
    present = [m for m in endpoint.modalities if m in joined.mod]
    if not present:
        raise ComputationError(
            f"endpoint '{name}': no patient has any of {', '.join(endpoint.modalities)}", rule="no_patients"
        )
    columns = list(FEATURE_DICTIONARY.columns)
    described = [joined.mod[m].var.reindex(columns=columns, fill_value="") for m in present]
    dictionary = pd.concat([part.astype(str) for part in described])
    refused = refused_features(cohort, name, dictionary)
    _check_patterns(cohort, name, endpoint, dictionary)
    names = dictionary.index.to_list()
    leaking = set(refused["modality"] + ":" + refused["feature"])
    left_out = [(n, _declared_out(n, endpoint)) for n in names if n not in leaking]
    declared = [(*n.split(":", 1), rule, f"the configuration says so ({rule})") for n, rule in left_out if rule]
    kept = [n for n, rule in left_out if rule is None]
    if not kept:
        raise ConfigurationError(
            f"{cohort.file}: endpoints.{name}: no feature is left to predict it", rule="no_features"
        )
    refused = (
        pd.concat([refused, pd.DataFrame(declared, columns=refused.columns)], ignore_index=True)
        if declared
        else refused
    )
    patients = pd.Index(sorted(joined.obs_names), name="patient_id", dtype=object)
    parts = [
        pd.DataFrame(joined.mod[m].X, index=joined.mod[m].obs_names, columns=joined.mod[m].var_names).reindex(patients)
        for m in present
    ]
    return pd.concat(parts, axis=1)[kept].astype("float64"), dictionary.loc[kept].reset_index(drop=True), refused


def _declared_out(column: str, endpoint: Endpoint | TimeToEvent) -> str | None:
    modality = column.split(":", 1)[0]
    narrowed = tuple(p for p in endpoint.include if matches(modality, (p.split(":", 1)[0],)))
    if narrowed and not matches(column, narrowed):
        return "not_included"
    return "excluded" if matches(column, endpoint.exclude) else None


def _check_patterns(cohort: Cohort, name: str, endpoint: Endpoint | TimeToEvent, dictionary: pd.DataFrame) -> None:
    names = dictionary.index.to_list()
    for pattern in endpoint.include:
        if not any(matches(n, (pattern,)) for n in names):
            near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.5)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ConfigurationError(
                f"{cohort.file}: endpoints.{name}.include: '{pattern}' names no feature{hint}", rule="unknown_feature"
            )
    for pattern in endpoint.exclude:
        if not any(matches(m, (pattern.split(":", 1)[0],)) for m in cohort.modalities()):
            raise ConfigurationError(
                f"{cohort.file}: endpoints.{name}.exclude: '{pattern}' is not modality:feature with one of {sorted(cohort.modalities())}",
                rule="unknown_feature",
            )


def _labels(joined: mudata.MuData, name: str) -> pd.DataFrame:
    labels = joined.uns["labels"]
    mine = labels[labels["endpoint"] == name].sort_values("patient_id", ignore_index=True)
    if mine.empty or f"{LABEL}{name}" not in joined.obs.columns:
        raise ComputationError(
            f"endpoint '{name}': the joined cohort has no labels for it; join it again", rule="no_labels"
        )
    return mine


def joined_confounders(joined: mudata.MuData) -> pd.DataFrame:
    """The confounders of all patients: columns `<confounder>:<column>`, float, or text with None."""
    columns = {}
    for column in joined.uns["confounders"]:
        values = joined.obs[_obs_name(str(column))]
        if pd.api.types.is_numeric_dtype(values):
            columns[str(column)] = values.astype(float)
        else:
            texts = values.astype(object)
            columns[str(column)] = texts.where(texts.notna(), None)
    table = pd.DataFrame(columns, index=joined.obs_names)
    return table.rename_axis("patient_id")  # naming the index in place would name the joined cohort's too
