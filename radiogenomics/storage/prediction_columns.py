"""The columns of the predictions table: the one definition that validation, both stores and every export follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Type = Literal["text", "number", "integer", "boolean", "datetime"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    sas_name, label : name (at most 8 characters) and label (at most 40) in a SAS transport file.
    dtype : of pandas.
    nullable : whether a value may be missing; a text that does not apply is '' and never missing.
    values : the only ones allowed; () for any. least, most : limits of a number.
    default : what rows hold that were written before the column existed.
    lists : values joined by ';', which may outgrow the 200 characters that a SAS transport file allows.
    """

    name: str
    type: Type
    sas_name: str
    label: str
    description: str
    dtype: str = "str"
    unit: str = ""
    nullable: bool = False
    values: tuple[str | int, ...] = ()
    least: float | None = None
    most: float | None = None
    default: str | None = None
    lists: bool = False


def _text(name: str, sas_name: str, label: str, description: str, **more: object) -> Column:
    return Column(name, "text", sas_name, label, description, **more)  # type: ignore[arg-type]


def _share(name: str, sas_name: str, label: str, description: str) -> Column:
    return Column(name, "number", sas_name, label, description, "float64", "1", True, least=0.0, most=1.0)


COLUMNS: tuple[Column, ...] = (
    _text(
        "patient_id",
        "USUBJID",
        "Patient identifier",
        "the patient, as in the clinical tables; a pseudonym (HMAC-SHA256, hexadecimal) where the cohort declares them",
    ),
    _text("endpoint", "ENDPOINT", "Endpoint", "what is predicted, as named in cohort.yaml"),
    _text(
        "model_id",
        "MODELID",
        "Identifier of the model",
        "name and hash of the model: of everything that decides it (out-of-fold) or of its stored content (others)",
    ),
    _text("snapshot_id", "SNAPID", "Identifier of the cohort snapshot", "hash of the joined cohort the model was made from"),
    _text(
        "kind",
        "PREDKIND",
        "Kind of prediction",
        "out_of_fold: by models that never saw the patient in any step; locked_test: patient set aside before anything was "
        "fitted; prospective: patient without a label when predicted",
        values=("out_of_fold", "locked_test", "prospective"),
    ),
    Column(
        "repeat",
        "integer",
        "REPEAT",
        "Repeat of cross-validation (from 0)",
        "repeat of the cross-validation, from 0; missing where there are no folds",
        "Int64",
        nullable=True,
        least=0,
    ),
    Column(
        "fold",
        "integer",
        "FOLD",
        "Outer fold within the repeat (from 0)",
        "outer fold in which the patient was tested; scores compare within a fold only; missing where there are no folds",
        "Int64",
        nullable=True,
        least=0,
    ),
    _share(
        "probability", "PROB", "Calibrated probability", "calibrated probability of a positive label; of a time to an event: of the event by horizon_months; missing: the model abstained"
    ),
    _share(
        "lower",
        "PROBLO",
        "Lower limit of the 95% interval",
        "lower limit of a 95 % interval; out_of_fold: of the mean of the patient's log-odds over repeats (t), missing with one "
        "repeat; locked_test and prospective: of the share of events among patients with this score (logistic calibration of "
        "out-of-fold scores), missing for a time to an event",
    ),
    _share("upper", "PROBHI", "Upper limit of the 95% interval", "upper limit of the interval that `lower` begins"),
    Column(
        "label",
        "integer",
        "LABEL",
        "Observed label (1 positive, 0 negative)",
        "the label as observed: 1 positive, 0 negative; of a time to an event: whether it was seen by horizon_months, missing where "
        "the patient was censored before; missing is missing, never negative",
        "Int8",
        nullable=True,
        values=(0, 1),
    ),
    _text(
        "modalities_used",
        "MODUSED",
        "Modalities used",
        "modalities of this patient that went into the probability, sorted, ';' between them; '' where it abstained or for a floor",
        lists=True,
    ),
    Column("abstained", "boolean", "ABSTAIN", "Model abstained (1 yes, 0 no)", "whether the model gave no probability", "bool"),
    Column(
        "created_at",
        "datetime",
        "CREATED",
        "Date and time of prediction (UTC)",
        "when the prediction was made, in UTC to the microsecond; equal for all rows of one kind in one run",
        "datetime64[us, UTC]",
    ),
    _text("code_version", "CODEVER", "Version of the code", "version of the package and digest of its source"),
    _text("cohort", "STUDYID", "Cohort", "name of the cohort, as in cohort.yaml"),
    _text("model", "MODEL", "Model", "<modality>/<algorithm>, early/..., intermediate/..., late/..., or floor/<confounder>"),
    Column("simulated", "boolean", "SIMULATD", "Simulated data (1 yes, 0 no)", "whether the data are simulated", "bool"),
    _text("abstention_reason", "ABSREAS", "Why the model abstained", "why the model abstained; '' where it did not", default=""),
    _text(
        "prediction_set",
        "PREDSET",
        "Conformal prediction set",
        "labels that the conformal set at set_level holds; '{}' holds none; '' where no set was made",
        values=("", "{}", "{0}", "{1}", "{0,1}"),
        default="",
    ),
    _share("set_level", "SETLEVEL", "Declared level of the prediction set", "declared coverage of prediction_set; missing: no set"),
    Column(
        "in_domain",
        "boolean",
        "INDOMAIN",
        "Inside the model's domain (1 yes, 0 no)",
        "whether the patient lies inside the model's domain of applicability; missing: not judged",
        "boolean",
        nullable=True,
    ),
    _text(
        "model_hash",
        "MODHASH",
        "Hash of the model",
        "SHA-256 of the stored model's file; out-of-fold, where fold models are not stored, of everything that decides them",
        default="",
    ),
    _text(
        "labels_id",
        "LABELSID",
        "Hash of the labels",
        "SHA-256 of the labels that the model learned from: sorted lines of patient, tab, label (of a time to an event: months, tab, event)",
        default="",
    ),
    _text(
        "settings_id",
        "SETTNGID",
        "Hash of the settings",
        "SHA-256 of the part of cohort.yaml that decides the model: endpoint, resampling, models",
        default="",
    ),
    Column(
        "horizon_months",
        "number",
        "HORIZON",
        "Horizon of the probability (months)",
        "months after the index date until which the probability of the event is given; missing: the endpoint is no time to an event",
        "float64",
        "months",
        True,
        least=0.0,
    ),
    Column(
        "risk_score",
        "number",
        "RISK",
        "Predicted log hazard ratio",
        "log hazard ratio against the average training patient; out-of-fold scores compare within a fold only; missing: the model abstained, "
        "or the endpoint is no time to an event",
        "float64",
        "1",
        True,
    ),
    Column(
        "time_months",
        "number",
        "TIMEMON",
        "Observed time (months)",
        "months from the index date to the event or to the end of observation; missing: the endpoint is no time to an event, or the patient is new",
        "float64",
        "months",
        True,
        least=0.0,
    ),
    Column(
        "event",
        "integer",
        "EVENT",
        "Event seen (1 yes, 0 censored)",
        "whether the event was seen at time_months: 1, or 0 where the patient was censored; missing: the endpoint is no time to an event, or the patient is new",
        "Int8",
        nullable=True,
        values=(0, 1),
    ),
)  # fmt: skip
"""In the order of the table; a new column is added at the end, with a default."""

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)

SUPERSEDED = Column(
    "superseded_at",
    "datetime",
    "SUPERSED",
    "When a later run superseded the row",
    "created_at of the run that superseded this row; missing: the row is current",
    "datetime64[us, UTC]",
    nullable=True,
)
"""Not stored: computed on request, from what was appended later."""


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as any store returns them, with the table's columns, order and types; absent columns get their default."""
    given = {column.name: column for column in (*COLUMNS, SUPERSEDED)}
    wanted = [*NAMES, *([SUPERSEDED.name] if SUPERSEDED.name in rows.columns else [])]
    made = {}
    for name in wanted:
        column = given[name]
        values = rows[name] if name in rows.columns else pd.Series([pd.NA] * len(rows), dtype=object, index=rows.index)
        made[name] = _typed(values, column)
    return pd.DataFrame(made, index=rows.index).reset_index(drop=True)


def _typed(values: pd.Series, column: Column) -> pd.Series:
    if column.type == "datetime":
        return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
    if column.type == "text":
        return values.astype(object).where(values.notna(), column.default or "").astype(str)
    if column.type == "number":
        return pd.to_numeric(values).astype("float64")
    dtype: Any = column.dtype
    return values.astype(object).where(values.notna(), pd.NA).astype(dtype)
