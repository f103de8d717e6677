"""Predictions in the shape of an ADaM basic data structure: one row a patient, model, repeat and parameter.

The variables follow the CDISC ADaM Implementation Guide 1.3 (BDS): PARAMCD and PARAM stand one to one, AVAL holds numbers
and AVALC text, ASEQ numbers the rows of a subject. It is ADaM-shaped, not ADaM-compliant: there is no ADSL behind it, and
model, fold and repeat are variables of our own.
"""

from __future__ import annotations

import pandas as pd

from radiogenomics.exceptions import InputError
from radiogenomics.exports.exported import Exported
from radiogenomics.storage.prediction_columns import COLUMNS, Column

_BY_NAME = {column.name: column for column in COLUMNS}
_PARAMETERS = (
    "probability", "lower", "upper", "label", "abstained", "prediction_set", "set_level", "in_domain",
    "horizon_months", "risk_score", "time_months", "event",
)  # fmt: skip
_YES_NO = {"label", "abstained", "in_domain", "event"}
_KEPT = (
    "created_at", "endpoint", "kind", "model", "model_id", "repeat", "fold", "modalities_used", "abstention_reason", "snapshot_id",
    "model_hash", "labels_id", "settings_id", "code_version", "simulated",
)  # fmt: skip
_RENAMED = {"created_at": ("ADTM", "Analysis date and time (UTC)")}

_ANALYSIS = (
    Column("PARAMCD", "text", "PARAMCD", "Parameter code", "which value the row holds: the SAS name of that column"),
    Column("PARAM", "text", "PARAM", "Parameter", "the same in words, with the endpoint; one to one with PARAMCD"),
    Column(
        "AVAL",
        "number",
        "AVAL",
        "Analysis value",
        "the value as a number; missing where it is missing",
        "float64",
        nullable=True,
    ),
    Column(
        "AVALC",
        "text",
        "AVALC",
        "Analysis value (C)",
        "Y or N, or the prediction set; '' for probabilities",
        default="",
    ),
    Column(
        "ASEQ",
        "integer",
        "ASEQ",
        "Analysis sequence number",
        "number of the row within the subject, from 1",
        "int64",
        least=1,
    ),
)


def adam_table(rows: pd.DataFrame) -> Exported:
    """Rows of one cohort and endpoint, melted to parameters; one that no row has is left out.

    Raises
    ------
    InputError
        Rows of several endpoints: PARAMCD would not name one parameter.
    """
    endpoints = sorted(rows["endpoint"].unique())
    if len(endpoints) != 1:
        raise InputError(
            f"the ADaM-shaped form holds one endpoint a file, so that PARAMCD means one thing; choose --endpoint, one of {endpoints}",
            rule="adam_endpoints",
        )
    kept = tuple(_kept(name) for name in _KEPT)
    base = pd.DataFrame({column.name: rows[name] for name, column in zip(_KEPT, kept, strict=True)})
    base.insert(0, "STUDYID", rows["cohort"])
    base.insert(1, "USUBJID", rows["patient_id"])
    parts = [
        _parameter(base, rows[name], _BY_NAME[name], endpoints[0])
        for name in _PARAMETERS
        if name == "probability" or bool((rows[name].notna() & (rows[name].astype(str) != "")).any())
    ]
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    table["ASEQ"] = table.groupby("USUBJID").cumcount() + 1
    columns = (_as_sas("cohort"), _as_sas("patient_id"), *_ANALYSIS, *kept)
    return Exported(
        rows=table[[column.name for column in columns]],
        columns=columns,
        name="adpred",
        sas_name="ADPRED",
        title=f"Predictions of {endpoints[0]}: one row a subject, model, repeat and parameter",
        description="ADaM-shaped (basic data structure). Research use only, not a medical device.",
        key=("STUDYID", "USUBJID", "ASEQ"),
        simulated=bool(rows["simulated"].any()),
    )


def _parameter(base: pd.DataFrame, values: pd.Series, column: Column, endpoint: str) -> pd.DataFrame:
    text = column.type == "text"
    number = pd.Series(float("nan"), index=values.index) if text else values.astype("Float64").astype("float64")
    code = pd.Series("", index=values.index)
    if text:
        code = values.astype(str)
    elif column.name in _YES_NO:
        code = number.map({1.0: "Y", 0.0: "N"}).fillna("")
    return base.assign(PARAMCD=column.sas_name, PARAM=f"{column.label}: {endpoint}", AVAL=number, AVALC=code)


def _as_sas(name: str) -> Column:
    column = _BY_NAME[name]
    return Column(**{**column.__dict__, "name": column.sas_name})


def _kept(name: str) -> Column:
    column = _as_sas(name)
    if name not in _RENAMED:
        return column
    sas_name, label = _RENAMED[name]
    return Column(**{**column.__dict__, "name": sas_name, "sas_name": sas_name, "label": label})
