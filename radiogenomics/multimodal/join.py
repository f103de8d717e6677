"""All modalities of a cohort joined in one MuData: one row a patient, labels beside the features, never among them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import anndata
import mudata
import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features, feature_columns
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, LABELS, conform
from radiogenomics.exceptions import ComputationError, TableError
from radiogenomics.multimodal.aggregation import to_patients

LABEL = "label__"
CONFOUNDER = "confounder__"


def join_cohort(
    cohort: Cohort, features: Mapping[str, Features], labels: pd.DataFrame, confounders: pd.DataFrame
) -> mudata.MuData:
    """Join modalities, labels and confounders of a cohort.

    Parameters
    ----------
    features : modality -> features, one row a patient (a ready-made table may have one row a lesion: it is aggregated as
        declared). A patient with no value at all in a modality lacks it.
    labels : DataFrame by `schemas.LABELS`, a row for every patient and endpoint.
    confounders : DataFrame indexed by `patient_id`, columns ``<confounder>:<column>`` (see `confounder_table`).

    Returns
    -------
    MuData with one AnnData a modality, in the order of ``cohort.modalities()``: `X` of shape (patients that have it,
    features), float64, NaN where not known; `var` is the feature dictionary, `var_names` are ``modality:feature``.
    `obs` has `label__<endpoint>` (1, 0, NaN) and `confounder__<name>__<column>`; its patients are those with at least one
    modality. `uns`: `cohort`, `simulated`, `snapshot_id` (SHA-256 of the content, the same for any order of rows and
    columns), `created_by`, `labels` (the whole table with reasons, of all patients), `confounders` (their names in order).

    Raises
    ------
    TableError
        A patient stands twice in a modality, or stands in no row of `labels`; or a feature and its dictionary differ.
    ComputationError
        No patient has any modality.
    """
    labels = conform(labels, LABELS).sort_values(["endpoint", "patient_id"], ignore_index=True)
    order = [m for m in cohort.modalities() if m in features] + [m for m in features if m not in cohort.modalities()]
    modalities = {}
    for name in order:
        part = _annotated(name, to_patients(cohort, features[name], name))
        if part.n_obs:
            modalities[name] = part
    if not modalities:
        raise ComputationError(f"cohort '{cohort.name}': no patient has any modality", rule="no_patients")
    _check_patients(modalities, labels, cohort)
    with mudata.set_options(pull_on_update=False):
        joined = mudata.MuData(modalities)
    patients = joined.obs_names
    obs: dict[str, pd.Series | pd.Categorical] = {
        f"{LABEL}{endpoint}": group.set_index("patient_id")["label"].astype("float64").reindex(patients)
        for endpoint, group in labels.groupby("endpoint", sort=True)
    }
    for column in confounders.columns:
        values = confounders[column].reindex(patients)
        name = _obs_name(column)
        obs[name] = (
            values.astype(float)
            if pd.api.types.is_numeric_dtype(values)
            else pd.Categorical(values, categories=sorted(set(values.dropna())))
        )
    joined.obs = pd.DataFrame(obs, index=patients)
    joined.uns["cohort"] = cohort.name
    joined.uns["simulated"] = bool(cohort.simulated)
    joined.uns["created_by"] = f"radiogenomics {_version()}"
    joined.uns["labels"] = _plain(labels)
    joined.uns["confounders"] = np.array([str(c) for c in confounders.columns], dtype=object)
    joined.uns["snapshot_id"] = _snapshot(modalities, labels, confounders)
    return joined


def _annotated(modality: str, features: Features) -> anndata.AnnData:
    values, dictionary = features.values, conform(features.dictionary, FEATURE_DICTIONARY)
    repeated = values.loc[values["patient_id"].duplicated(), "patient_id"]
    if len(repeated):
        raise TableError(f"modality '{modality}': patient '{repeated.iloc[0]}' stands more than once", rule="duplicate")
    names = feature_columns(values)
    if list(dictionary["feature"]) != names:
        unknown = sorted(set(names) ^ set(dictionary["feature"]))
        if unknown:
            raise TableError(
                f"modality '{modality}': features and their dictionary differ in {unknown[:3]}", rule="dictionary"
            )
        dictionary = dictionary.set_index("feature", drop=False).loc[names].reset_index(drop=True)
    ordered = values.sort_values("patient_id", ignore_index=True)
    matrix = ordered[names].to_numpy(dtype=np.float64)
    has = np.isfinite(matrix).any(axis=1)
    var = dictionary.assign(modality=modality)
    var.index = pd.Index([f"{modality}:{name}" for name in names], dtype=object)
    obs = pd.DataFrame(index=pd.Index(ordered.loc[has, "patient_id"].astype(str).to_list(), dtype=object))
    return anndata.AnnData(X=matrix[has], obs=obs, var=var)


def _version() -> str:
    try:
        return version("radiogenomics")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def _check_patients(modalities: Mapping[str, anndata.AnnData], labels: pd.DataFrame, cohort: Cohort) -> None:
    if not cohort.endpoints:
        return
    known = set(labels["patient_id"])
    for name, part in modalities.items():
        strangers = [p for p in part.obs_names if p not in known]
        if strangers:
            raise TableError(
                f"modality '{name}': patient '{strangers[0]}' is not a patient of the cohort (no row in labels)",
                rule="unknown_patient",
            )


def _obs_name(column: str) -> str:
    """A confounder's column in `obs`; '/' would make a group in the file."""
    confounder, _, item = str(column).partition(":")
    return f"{CONFOUNDER}{confounder}__{item}".replace("/", "|")


def _plain(labels: pd.DataFrame) -> pd.DataFrame:
    """Labels in types that every version of the file format can hold: floats, and text without nulls."""
    plain = pd.DataFrame({c: labels[c].fillna("").astype(str) for c in labels.columns if c != "label"})
    plain.insert(2, "label", labels["label"].astype("float64"))
    plain.index = plain.index.astype(str)
    return plain


def _snapshot(modalities: Mapping[str, anndata.AnnData], labels: pd.DataFrame, confounders: pd.DataFrame) -> str:
    """SHA-256 over content in a canonical order."""
    total = hashlib.sha256()
    for name in sorted(modalities):
        part = modalities[name]
        rows, columns = np.argsort(part.obs_names.to_numpy(dtype=str)), np.argsort(part.var_names.to_numpy(dtype=str))
        matrix = np.asarray(part.X, dtype="<f8")[np.ix_(rows, columns)]
        matrix = np.where(np.isnan(matrix), np.nan, matrix + 0.0)  # one NaN, one zero
        total.update("\0".join([name, *part.obs_names[rows], *part.var_names[columns]]).encode())
        total.update(np.ascontiguousarray(matrix).tobytes())
        total.update(part.var.sort_index().to_csv().encode())
    total.update(labels.to_csv(index=False).encode())
    canonical = confounders.sort_index().reindex(columns=sorted(confounders.columns))
    total.update(canonical.to_csv().encode())
    return total.hexdigest()[:16]


def availability(cohort: mudata.MuData) -> pd.DataFrame:
    """Which patient has which modality: bool, patients (sorted) x modalities."""
    patients = sorted(cohort.obs_names)
    return pd.DataFrame(
        {name: pd.Index(patients).isin(part.obs_names) for name, part in cohort.mod.items()},
        index=pd.Index(patients, name="patient_id"),
    )
