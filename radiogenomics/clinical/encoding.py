"""Declared clinical variables to numbers. Nothing is learned from the data: the encoding is the declaration's alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.clinical_columns import ColumnTexts, column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort, Variable
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside, together

MODALITY = "clinical"


class _Encoded(NamedTuple):
    column: str
    values: np.ndarray  # (patients,), NaN where not known
    unit: str
    family: str
    description: str


def clinical_features(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> Features:
    """Clinical features, one row for every patient of the cohort.

    ============================  ==================================================================================
    `type: number`                column `<variable>`: the number times `scale`; in `unit`
    `category`, two categories    column `<variable>=<second>`: 1 for the second declared category, 0 for the first
    `category`, three or more     columns `<variable>=<category>`, one for each declared category, 1 or 0
    `ordered`                     column `<variable>`: position in the declared order, from 0
    ============================  ==================================================================================

    A code for missing, or a patient without a row in the table, is NaN. A text that is no number, a number outside
    `minimum`..`maximum` (in `unit`, after scaling), a category that is not declared, and samples of one patient that
    disagree are NaN too, each with an entry of level 'value' in the quarantine.

    Parameters
    ----------
    manifest : DataFrame by `schemas.MANIFEST`.
    files : `Inputs.files`, to be sure that no file changed since the manifest was made.
    """
    patients = cohort_patients(manifest)
    rows = {name: table_rows(cohort, manifest, name, files) for name in cohort.clinical.tables}
    columns: dict[str, np.ndarray] = {}
    entries: list[dict[str, str]] = []
    quarantines: list[pd.DataFrame] = []
    for name, variable in cohort.clinical.variables.items():
        table = cohort.clinical_table(variable.table)
        file = cohort.clinical.tables[table].file
        texts = column_texts(rows[table], variable.column, (*cohort.clinical.missing, *variable.missing), file)
        aside = SetAside(f"clinical/{table}", file)
        for patient, said in texts.disagreeing.items():
            _set_aside(
                aside, texts, patient, "samples_disagree", f"variable '{name}': the patient's samples say {said}"
            )
        for encoded in _encode(name, variable, texts, patients, aside):
            columns[encoded.column] = encoded.values
            entries.append(
                {
                    "feature": encoded.column,
                    "modality": MODALITY,
                    "family": encoded.family,
                    "unit": encoded.unit,
                    "derived_from": f"clinical/{table}:{variable.column.strip()}",
                    "recorded": variable.recorded,
                    "description": encoded.description,
                }
            )
        quarantines.append(aside.table())
    values = pd.DataFrame({"patient_id": pd.Series(patients, dtype=object), **columns})
    dictionary = conform(pd.DataFrame(entries), FEATURE_DICTIONARY) if entries else empty(FEATURE_DICTIONARY)
    return Features(values, dictionary, together(quarantines))


def _set_aside(aside: SetAside, texts: ColumnTexts, patient: str, rule: str, reason: str) -> None:
    aside.value(row=int(texts.row[patient]), patient_id=patient, rule=rule, reason=f"{texts.lines[patient]}: {reason}")


def _encode(name: str, variable: Variable, texts: ColumnTexts, patients: list[str], aside: SetAside) -> list[_Encoded]:
    said = variable.description or f"column '{variable.column.strip()}'"
    if variable.type == "number":
        values = _numbers(name, variable, texts, patients, aside)
        return [_Encoded(name, values, variable.unit or "1", "number", said)]
    positions = _positions(name, variable, texts, patients, aside)
    if variable.type == "ordered":
        order = " < ".join(variable.categories)
        return [_Encoded(name, positions, "1", "ordered", f"{said}: {order}")]
    known = ~np.isnan(positions)
    shown = variable.categories[1:] if len(variable.categories) == 2 else variable.categories
    encoded = []
    for category in shown:
        code = variable.categories.index(category)
        values = np.where(known, (positions == code).astype(float), np.nan)
        others = f", 0: {variable.categories[0]}" if len(shown) == 1 else ""
        encoded.append(_Encoded(f"{name}={category}", values, "1", "category", f"{said}; 1: {category}{others}"))
    return encoded


def _numbers(name: str, variable: Variable, texts: ColumnTexts, patients: list[str], aside: SetAside) -> np.ndarray:
    low = -math.inf if variable.minimum is None else variable.minimum
    high = math.inf if variable.maximum is None else variable.maximum
    codes = {code.strip(): value for code, value in variable.codes.items()}
    values = np.full(len(patients), np.nan)
    for position, patient in enumerate(patients):
        if patient not in texts.text.index or patient in texts.disagreeing:
            continue
        text = texts.raw[patient] if texts.raw[patient] in codes else texts.text[patient]
        if text is None:
            continue
        number = codes[text] if text in codes else _parsed(text)
        if number is None:
            _set_aside(
                aside,
                texts,
                patient,
                "not_a_number",
                f"variable '{name}': '{text}' is not a number; declare it under `missing` or `codes`",
            )
            continue
        number *= variable.scale
        if not low <= number <= high:
            found = f"{number:g} {variable.unit}".strip()
            _set_aside(
                aside, texts, patient, "out_of_range", f"variable '{name}': {found} is outside {low:g} to {high:g}"
            )
            continue
        values[position] = number
    return values


def _parsed(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _positions(name: str, variable: Variable, texts: ColumnTexts, patients: list[str], aside: SetAside) -> np.ndarray:
    """Position of each patient's category among the declared ones, NaN where not known."""
    declared = {category.strip(): float(code) for code, category in enumerate(variable.categories)}
    values = np.full(len(patients), np.nan)
    for position, patient in enumerate(patients):
        text = texts.text.get(patient)
        if text is None:
            continue
        if text not in declared:
            _set_aside(
                aside,
                texts,
                patient,
                "undeclared_category",
                f"variable '{name}': '{text}' is not among the declared categories",
            )
            continue
        values[position] = declared[text]
    return values
