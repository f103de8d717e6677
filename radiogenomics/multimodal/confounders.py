"""What is known of a patient that is not biology: hospital, scanner, panel, volume, for the floor of every figure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from radiogenomics.cohort.clinical_columns import column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.multimodal.aggregation import to_patients

FEW = 5
"""A column of numbers with at most so many distinct values is a category (a site code, a tube voltage), not a quantity."""


def confounder_table(
    cohort: Cohort,
    manifest: pd.DataFrame,
    acquisition: pd.DataFrame | None,
    features: Mapping[str, Features],
    files: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The declared confounders of every patient of the cohort.

    Parameters
    ----------
    acquisition : DataFrame `patient_id, images` and one column per header field, one row a study; None where no images
        are read. Several studies of a patient are given as their values joined by ' + ', or the mean of a number.
    features : modality -> features, for confounders of the form ``modality:feature``.

    Returns
    -------
    DataFrame indexed by `patient_id` (sorted), columns ``<confounder>:<column>``: float, or text with None. A clinical or
    acquisition column is a number where every known value is one and more than `FEW` differ.

    Raises
    ------
    ConfigurationError
        A source or a column is not there; the message names the key.
    """
    patients = pd.Index(cohort_patients(manifest), name="patient_id")
    columns: dict[str, pd.Series] = {}
    for name, confounder in cohort.confounders.items():
        key = f"confounders.{name}"
        kind, _, which = confounder.source.partition("/")
        if kind == "clinical":
            if which not in cohort.clinical.tables and (which or len(cohort.clinical.tables) > 1):
                raise ConfigurationError(
                    f"{cohort.file}: {key}.source: '{confounder.source}' names no clinical table; "
                    f"write clinical/<table> with one of {sorted(cohort.clinical.tables)}",
                    rule="unknown_table",
                )
            table = which or cohort.clinical_table(None)
            rows = table_rows(cohort, manifest, table, files)
            for column in _columns(cohort, key, confounder.columns):
                texts = column_texts(rows, column, cohort.clinical.missing, cohort.clinical.tables[table].file)
                columns[f"{name}:{column.strip()}"] = _typed(texts.text.reindex(patients))
        elif kind == "acquisition":
            if which not in cohort.images:
                raise ConfigurationError(
                    f"{cohort.file}: {key}.source: no images '{which}'; declared are {sorted(cohort.images)}",
                    rule="unknown_images",
                )
            for column in _columns(cohort, key, confounder.columns):
                columns[f"{name}:{column}"] = _acquired(cohort, key, acquisition, which, column).reindex(patients)
        else:
            columns[f"{name}:{confounder.source.partition(':')[2]}"] = _feature(
                cohort, key, confounder.source, features
            ).reindex(patients)
    complete = pd.DataFrame(columns, index=patients)
    for name in complete.columns:
        if complete[name].dtype == object:  # reindexing leaves NaN where a patient has no row
            complete[name] = complete[name].where(complete[name].notna(), None)
    return complete


def _columns(cohort: Cohort, key: str, declared: tuple[str, ...]) -> tuple[str, ...]:
    if not declared:
        raise ConfigurationError(
            f"{cohort.file}: {key}.columns: name at least one column of the source", rule="missing_key"
        )
    return declared


def _typed(texts: pd.Series) -> pd.Series:
    known = texts.dropna()
    numbers = pd.to_numeric(known, errors="coerce")
    if len(known) and numbers.notna().all() and numbers.nunique() > FEW:
        return numbers.astype(float).reindex(texts.index)
    return texts.astype(object).where(texts.notna(), None)


def _acquired(cohort: Cohort, key: str, acquisition: pd.DataFrame | None, images: str, column: str) -> pd.Series:
    if acquisition is None or column not in acquisition.columns:
        present = (
            []
            if acquisition is None
            else [c for c in acquisition.columns if c not in {"patient_id", "study_id", "images", "lesion_id"}]
        )
        near = difflib.get_close_matches(column, present, n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else f"; there are {present}"
        raise ConfigurationError(
            f"{cohort.file}: {key}.columns: no acquisition field '{column}'{hint}", rule="missing_column"
        )
    rows = acquisition[acquisition["images"] == images]
    values = rows[column]
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > FEW:
        return values.astype(float).groupby(rows["patient_id"]).mean()
    texts = values.map(
        lambda value: (
            None
            if value is None or value is pd.NA or value != value
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )
    )
    joined = {
        str(patient): " + ".join(sorted(set(group.dropna()))) or None
        for patient, group in texts.groupby(rows["patient_id"])
    }
    return pd.Series(joined, dtype=object)


def _feature(cohort: Cohort, key: str, source: str, features: Mapping[str, Features]) -> pd.Series:
    modality, _, feature = source.partition(":")
    if modality not in features:
        raise ConfigurationError(
            f"{cohort.file}: {key}.source: '{source}' is neither clinical/<table>, acquisition/<images> nor <modality>:<feature> with a modality "
            f"of {sorted(features)}",
            rule="unknown_modality",
        )
    table = to_patients(cohort, features[modality], modality).values
    if feature not in table.columns:
        near = difflib.get_close_matches(feature, [str(c) for c in table.columns], n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ConfigurationError(
            f"{cohort.file}: {key}.source: modality '{modality}' has no feature '{feature}'{hint}",
            rule="unknown_feature",
        )
    return pd.Series(table[feature].to_numpy(dtype=np.float64), index=pd.Index(table["patient_id"], name="patient_id"))
