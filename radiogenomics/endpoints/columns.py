"""Labels from one column of a clinical table: declared codes, best overall response, a number."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from radiogenomics.cohort.clinical_columns import ColumnTexts, column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.label_settings import ColumnRule, ResponseRule, SecondSource, ThresholdRule
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.endpoints.label import Label

NOT_EVALUABLE = ("NE", "NA", "N/A", "UNK", "Unknown", "unknown", "Not evaluable", "Not Evaluable", "not evaluable")
"""Texts of a response column that mean 'not evaluable': missing, and nothing to mend."""


def code_labels(
    cohort: Cohort,
    manifest: pd.DataFrame,
    endpoint: str,
    rule: ColumnRule | ResponseRule | SecondSource,
    patients: list[str],
    files: pd.DataFrame | None = None,
) -> tuple[list[Label], pd.DataFrame]:
    """Labels by the codes of a column, one for each of `patients`, and the quarantine of texts that are no code.

    A declared code is a code even where the cohort's list of codes for missing has it too.
    """
    table = cohort.clinical_table(rule.table)
    file = cohort.clinical.tables[table].file
    codes = {code.strip(): 1 for code in rule.positive} | {code.strip(): 0 for code in rule.negative}
    extra = NOT_EVALUABLE if isinstance(rule, ResponseRule | SecondSource) else ()
    missing = {code.strip() for code in (*cohort.clinical.missing, *extra)} - set(codes)
    column = rule.column.strip()
    texts = column_texts(table_rows(cohort, manifest, table, files), column, missing, file)
    aside = SetAside(f"clinical/{table}", file)
    labels = []
    for patient in patients:
        early = not_known(patient, texts, column, file, endpoint, aside)
        if early is not None:
            labels.append(early)
            continue
        text, lines = texts.text[patient], str(texts.lines[patient])
        if text in codes:
            labels.append(Label(codes[text], f"'{column}' is '{text}'", lines))
            continue
        reason = f"'{column}' is '{text}', which is neither a positive nor a negative code"
        set_aside(aside, texts, patient, "unlisted_code", f"endpoint '{endpoint}': {reason}")
        labels.append(Label(None, reason, lines))
    return labels, aside.table()


def threshold_labels(
    cohort: Cohort,
    manifest: pd.DataFrame,
    endpoint: str,
    rule: ThresholdRule,
    patients: list[str],
    files: pd.DataFrame | None = None,
) -> tuple[list[Label], pd.DataFrame]:
    """Labels by a number: positive from `at_least`, negative below; a text that is no number is set aside."""
    table = cohort.clinical_table(rule.table)
    file = cohort.clinical.tables[table].file
    column = rule.column.strip()
    texts = column_texts(table_rows(cohort, manifest, table, files), column, cohort.clinical.missing, file)
    aside = SetAside(f"clinical/{table}", file)
    labels = []
    for patient in patients:
        early = not_known(patient, texts, column, file, endpoint, aside)
        if early is not None:
            labels.append(early)
            continue
        text, lines = texts.text[patient], str(texts.lines[patient])
        number = as_number(text)
        if number is None:
            reason = f"'{column}' is '{text}', which is no number"
            set_aside(aside, texts, patient, "not_a_number", f"endpoint '{endpoint}': {reason}")
            labels.append(Label(None, reason, lines))
            continue
        positive = number >= rule.at_least
        said = "at least" if positive else "below"
        labels.append(Label(int(positive), f"'{column}' is {text}, {said} {rule.at_least:g}", lines))
    return labels, aside.table()


def not_known(patient: str, texts: ColumnTexts, column: str, file: str, endpoint: str, aside: SetAside) -> Label | None:
    """The label of a patient of whom the column says nothing, or None where it says something."""
    if patient not in texts.text.index:
        return Label(None, f"no usable row in {file}", None)
    lines = str(texts.lines[patient])
    if patient in texts.disagreeing:
        reason = f"the patient's samples disagree on '{column}': {texts.disagreeing[patient]}"
        set_aside(aside, texts, patient, "samples_disagree", f"endpoint '{endpoint}': {reason}")
        return Label(None, reason, lines)
    if texts.text[patient] is None:
        said = texts.raw[patient]
        return Label(None, f"'{column}' is '{said}', which means not known" if said else f"'{column}' is blank", lines)
    return None


def set_aside(aside: SetAside, texts: ColumnTexts, patient: str, rule: str, reason: str) -> None:
    """Record a value that makes no label."""
    aside.value(row=int(texts.row[patient]), patient_id=patient, rule=rule, reason=f"{texts.lines[patient]}: {reason}")


def as_number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def by_patient(patients: list[str], labels: list[Label]) -> Mapping[str, Label]:
    """Labels by patient."""
    return dict(zip(patients, labels, strict=True))
