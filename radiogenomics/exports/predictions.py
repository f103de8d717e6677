"""Predictions as a file: CSV, Parquet, SAS transport or ADaM-shaped, each with its data dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radiogenomics.exceptions import InputError
from radiogenomics.exports.adam import adam_table
from radiogenomics.exports.data_package import describe
from radiogenomics.exports.exported import Exported, predictions_table
from radiogenomics.exports.sas import write_xpt
from radiogenomics.storage.atomic import write_atomically
from radiogenomics.storage.prediction_columns import Column

FORMATS = ("csv", "parquet", "xpt", "adam")
_ADAM_ENDINGS = {".xpt": "xpt", ".csv": "csv", ".parquet": "parquet"}


def export_predictions(rows: pd.DataFrame, output: Path, form: str) -> Path:
    """Write rows (schema ``PREDICTIONS``) to `output` and describe them in the ``datapackage.json`` beside it.

    Parameters
    ----------
    form : ``csv``, ``parquet``, ``xpt`` (SAS transport, version 5) or ``adam`` (ADaM-shaped; written as the ending of
        `output` says: ``.xpt``, ``.csv`` or ``.parquet``).

    Returns
    -------
    The data dictionary.

    Raises
    ------
    InputError
        An ADaM-shaped export whose file has another ending, or rows that the form cannot hold; nothing is written.
    """
    if form == "adam":
        if output.suffix.lower() not in _ADAM_ENDINGS:
            raise InputError(
                f"{output}: an ADaM-shaped file ends in {', '.join(_ADAM_ENDINGS)}, found '{output.suffix}'",
                rule="ending",
            )
        return write_table(adam_table(rows), output, _ADAM_ENDINGS[output.suffix.lower()])
    return write_table(predictions_table(rows), output, form)


def write_table(table: Exported, output: Path, form: str) -> Path:
    """Write an exported table and describe it."""
    columns: Sequence[Column] = table.columns
    if form == "xpt":
        columns = write_xpt(table, output)
    elif form == "csv":
        write_atomically(output, lambda path: _as_text(table).to_csv(path, index=False))
    else:
        write_atomically(output, lambda path: table.rows.to_parquet(path, index=False), suffix=".parquet")
    return describe(output, table, columns)


def _as_text(table: Exported) -> pd.DataFrame:
    """Times by ISO 8601, yes/no as TRUE and FALSE: what R, SAS and pandas read without being told."""
    made = {}
    for column in table.columns:
        values = table.rows[column.name]
        if column.type == "datetime":
            made[column.name] = values.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif column.type == "boolean":
            made[column.name] = values.map({True: "TRUE", False: "FALSE"}, na_action="ignore")
    return table.rows.assign(**made)
