"""Imaging features that somebody else computed: a table of radiomics or embeddings, taken as it is."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort, ImagingTable
from radiogenomics.cohort.features import KEYS, Features
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.imaging.radiomic_dictionary import ibsi_code

_FAMILIES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm", "diagnostics")
_MISSING = {"", "NA", "NaN", "nan", "None", "null"}


def imaging_table_features(
    cohort: Cohort, manifest: pd.DataFrame, name: str, files: pd.DataFrame | None = None
) -> Features:
    """Features of the ready-made table `name`.

    Which columns are features: those that match one of `include` (all, where it is empty) and none of `exclude`, and that
    hold a number in every cell that is not missing. A column asked for by `include` that holds text is an error; a column
    nobody asked for is left out in the same case. Infinite values are NaN with a quarantine entry of level 'value'.

    Returns
    -------
    Features: one row a patient that is in the table, or one row a lesion (`patient_id, study_id, lesion_id, images`, where
    `images` is the table's name) where `lesion_id` is declared.

    Raises
    ------
    ConfigurationError
        A pattern of `include` matches no column, or no column is left.
    """
    declared = cohort.imaging_tables[name]
    rows = source_rows(cohort, manifest, f"imaging_tables/{name}", files)
    identities = {"row", "sample_id", *KEYS, declared.patient_id.strip(), (declared.lesion_id or "").strip()}
    candidates = [c for c in rows.columns if c not in identities]
    wanted = _wanted(cohort, name, declared, candidates)
    aside = SetAside(f"imaging_tables/{name}", declared.file)
    columns: dict[str, np.ndarray] = {}
    for column in wanted:
        text = rows[column].astype(str).str.strip()
        missing = text.isin(_MISSING).to_numpy()
        numbers = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype=float)
        unparsed = np.isnan(numbers) & ~missing
        if unparsed.any():
            if declared.include:
                first = int(np.flatnonzero(unparsed)[0])
                raise TableError(
                    f"{declared.file} line {rows['row'].iloc[first]}: column '{column}' holds text where a number is expected",
                    rule="not_a_number",
                )
            line = int(rows["row"].iloc[int(np.flatnonzero(unparsed)[0])])
            aside.value(
                row=None,
                patient_id=None,
                rule="column_not_numeric",
                reason=f"{declared.file}: column '{column}' holds text (first on line {line}) and is no feature",
            )
            continue
        for position in np.flatnonzero(np.isinf(numbers)):
            row, patient = int(rows["row"].iloc[position]), str(rows["patient_id"].iloc[position])
            aside.value(
                row=row,
                patient_id=patient,
                lesion_id=rows["lesion_id"].iloc[position],
                rule="not_finite",
                reason=f"{declared.file} line {row}: column '{column}' is infinite",
            )
        columns[column] = np.where(np.isfinite(numbers), numbers, np.nan)
    if not columns:
        raise ConfigurationError(
            f"{cohort.file}: imaging_tables.{name}: {declared.file} has no numeric column to use", rule="no_features"
        )
    _check_volume(cohort, name, declared, columns)
    keys: dict[str, pd.Series] = {"patient_id": rows["patient_id"].astype(object)}
    if declared.lesion_id is not None:
        study = rows["study_id"].where(rows["study_id"].notna(), rows["patient_id"])
        keys |= {
            "study_id": study,
            "lesion_id": rows["lesion_id"],
            "images": pd.Series(name, index=rows.index, dtype=object),
        }
    values = pd.concat([pd.DataFrame(keys), pd.DataFrame(columns, index=rows.index)], axis=1)
    dictionary = pd.DataFrame(
        {
            "feature": list(columns),
            "modality": name,
            "family": [_family(c) for c in columns],
            "unit": "unknown",
            "derived_from": [f"imaging_tables/{name}:{c}" for c in columns],
            "recorded": "baseline",
            "description": [f"{declared.description or name}: {c}" for c in columns],
            "ibsi_code": [ibsi_code(c) for c in columns],
        }
    )
    values = values.sort_values([k for k in KEYS if k in values.columns], ignore_index=True)
    return Features(
        values, conform(dictionary, FEATURE_DICTIONARY) if len(dictionary) else empty(FEATURE_DICTIONARY), aside.table()
    )


def _wanted(cohort: Cohort, name: str, declared: ImagingTable, candidates: list[str]) -> list[str]:
    for pattern in declared.include:
        if not any(fnmatchcase(c, pattern) for c in candidates):
            near = difflib.get_close_matches(pattern, candidates, n=1, cutoff=0.5)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ConfigurationError(
                f"{cohort.file}: imaging_tables.{name}.include: '{pattern}' matches no column of {declared.file}{hint}",
                rule="unknown_feature",
            )
    chosen = [c for c in candidates if not declared.include or any(fnmatchcase(c, p) for p in declared.include)]
    return [c for c in chosen if not any(fnmatchcase(c, p) for p in declared.exclude)]


def _check_volume(cohort: Cohort, name: str, declared: ImagingTable, columns: dict[str, np.ndarray]) -> None:
    if declared.volume is not None and declared.volume not in columns:
        near = difflib.get_close_matches(declared.volume, list(columns), n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ConfigurationError(
            f"{cohort.file}: imaging_tables.{name}.volume: '{declared.volume}' is not among the features{hint}",
            rule="unknown_feature",
        )


def _family(column: str) -> str:
    """pyradiomics names are `<image>_<family>_<feature>`; other names have no family that we know."""
    parts = column.split("_")
    return next((part for part in parts if part in _FAMILIES), "imaging")
