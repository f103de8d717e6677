"""Declared clinical variables to numbers. Nothing is learned from the data: the encoding is the declaration's alone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.clinical.numbers import CONVERSIONS, Parsed, declared_range, parse_number
from radiogenomics.cohort.clinical_columns import ColumnTexts, column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort, Variable
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside, together
from radiogenomics.exceptions import ConfigurationError

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

    A number is converted from `column_unit`, or multiplied by `scale`. Text around it ('>70', '1-49', '12 %') is read as
    `text_numbers` declares. A variable of per cent, years or pack-years has a range even where none is declared
    (`numbers.RANGES`). A value dated after the index date (`recorded_on`) is not known.

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
        # a declared category is a category even where it is one of the cohort's codes for missing
        missing = {code.strip() for code in cohort.clinical.missing} - {c.strip() for c in variable.categories}
        texts = column_texts(rows[table], variable.column, (*sorted(missing), *variable.missing), file)
        aside = SetAside(f"clinical/{table}", file)
        if variable.recorded_on is not None:
            texts = _before_index(cohort, manifest, name, variable, texts, rows, table, aside, files)
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


def _before_index(
    cohort: Cohort,
    manifest: pd.DataFrame,
    name: str,
    variable: Variable,
    texts: ColumnTexts,
    rows: dict[str, pd.DataFrame],
    table: str,
    aside: SetAside,
    files: pd.DataFrame | None,
) -> ColumnTexts:
    """The texts of which the date is on or before the index date; the others are not known, with the reason."""
    index = cohort.clinical.index_date
    assert index is not None  # the configuration requires it beside recorded_on
    assert variable.recorded_on is not None
    table_of_index = cohort.clinical_table(index.table)
    file, index_file = cohort.clinical.tables[table].file, cohort.clinical.tables[table_of_index].file
    dated = column_texts(rows[table], variable.recorded_on, cohort.clinical.missing, file)
    starts = column_texts(rows[table_of_index], index.column, cohort.clinical.missing, index_file)
    kept = texts.text.copy()
    raw = texts.raw.copy()
    for patient in texts.text.index[texts.text.notna()]:
        day, start = (_day(said.text.get(patient), index.format) for said in (dated, starts))
        if day is not None and start is not None and day <= start:
            continue
        if day is None or start is None:
            lacking = variable.recorded_on if day is None else index.column
            rule, why = (
                "date_not_known",
                f"'{lacking}' holds no date like {index.format}, so it may be later than the index date",
            )
        else:
            rule, why = "after_index_date", f"recorded {(day - start).days} days after the index date"
        _set_aside(aside, texts, patient, rule, f"variable '{name}': {why}")
        kept[patient], raw[patient] = None, ""
    return texts._replace(text=kept, raw=raw)


def _day(text: object, form: str) -> datetime | None:
    try:
        return datetime.strptime(str(text), form)
    except ValueError:
        return None


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
    low, high = declared_range(variable)
    codes = {code.strip(): value for code, value in variable.codes.items()}
    factor, offset = _conversion(name, variable)
    values = np.full(len(patients), np.nan)
    for position, patient in enumerate(patients):
        if patient not in texts.text.index or patient in texts.disagreeing:
            continue
        text = texts.raw[patient] if texts.raw[patient] in codes else texts.text[patient]
        if text is None:
            continue
        parsed = (
            Parsed(codes[text])
            if text in codes
            else parse_number(text, variable.text_numbers, variable.column_unit or variable.unit)
        )
        if parsed.value is None:
            mend = (
                "`missing`, `codes` or `text_numbers`" if parsed.rule == "number_with_text" else "`missing` or `codes`"
            )
            reason = f"variable '{name}': '{text}' is not a number; declare it under {mend}"
            _set_aside(aside, texts, patient, parsed.rule, reason)
            continue
        number = parsed.value * factor + offset
        if not low <= number <= high:
            found = f"{number:g} {variable.unit}".strip()
            _set_aside(
                aside, texts, patient, "out_of_range", f"variable '{name}': {found} is outside {low:g} to {high:g}"
            )
            continue
        values[position] = number
    return values


def _conversion(name: str, variable: Variable) -> tuple[float, float]:
    """Factor and offset from the column's unit to the declared one."""
    if not variable.column_unit or variable.column_unit == variable.unit:
        return variable.scale, 0.0
    found = CONVERSIONS.get((variable.column_unit, variable.unit))
    if found is None:
        known = sorted({f"{a} to {b}" for a, b in CONVERSIONS})
        raise ConfigurationError(
            f"clinical.variables.{name}: no conversion from '{variable.column_unit}' to '{variable.unit}'; known are "
            f"{', '.join(known)}; or give `scale`",
            rule="unknown_unit",
        )
    return found


def _positions(name: str, variable: Variable, texts: ColumnTexts, patients: list[str], aside: SetAside) -> np.ndarray:
    """Position of each patient's category among the declared ones, NaN where not known."""
    declared = {category.strip(): float(code) for code, category in enumerate(variable.categories)}
    recoded = {text.strip(): category.strip() for text, category in variable.recode.items()}
    values = np.full(len(patients), np.nan)
    for position, patient in enumerate(patients):
        text = texts.text.get(patient)
        if text is None:
            continue
        text = recoded.get(text, text)
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
