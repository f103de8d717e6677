"""SAS transport files, version 5: what regulators and SAS of any age read.

The format allows names of 8 characters, labels of 40, and texts of 200 ASCII characters [1]_. Each column of the table has
its SAS name and label in `storage/prediction_columns.py`. Yes/no becomes 1/0; times become SAS datetimes in UTC; a missing
number is SAS's missing value; a list that outgrows 200 characters goes on in a second variable (MODUSED, MODUSED1, ...), as in
SDTM's supplemental qualifiers.

References
----------
.. [1] SAS Institute: TS-140, The record layout of a SAS version 5 or 6 data set in SAS transport format.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd

from radiogenomics.exceptions import TableError
from radiogenomics.exports.exported import Exported
from radiogenomics.storage.atomic import write_atomically
from radiogenomics.storage.prediction_columns import Column

LONGEST = 200
_PLAIN = {
    "–": "-",
    "—": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "ß": "ss",
    "µ": "u",
    "≥": ">=",
    "≤": "<=",
}


def write_xpt(table: Exported, path: Path) -> tuple[Column, ...]:
    """Write a transport file; gives the columns as they stand in it (by their SAS names, long lists split).

    Raises
    ------
    TableError
        An identifier that is not ASCII, or a text of more than 200 characters that is no list: neither can be shortened
        without becoming another one.
    """
    import pyreadstat

    rows, columns = sas_rows(table)
    write_atomically(
        path,
        lambda temporary: pyreadstat.write_xport(
            rows,
            str(temporary),
            file_label=("SIMULATED: " if table.simulated else "") + table.sas_name,
            column_labels=[column.label for column in columns],
            table_name=table.sas_name,
            file_format_version=5,
        ),
    )
    return columns


def sas_rows(table: Exported) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """The rows under their SAS names with values that the format can hold, and the columns they became."""
    made: dict[str, pd.Series] = {}
    columns: list[Column] = []
    for column in table.columns:
        for number, values in enumerate(_values(table.rows[column.name], column)):
            name = column.sas_name if number == 0 else f"{column.sas_name[:7]}{number}"
            made[name] = values
            columns.append(Column(**{**column.__dict__, "name": name, "sas_name": name, **_sas_type(column)}))
    return pd.DataFrame(made).reset_index(drop=True), tuple(columns)


def _sas_type(column: Column) -> dict[str, object]:
    return {"type": "integer", "values": (0, 1)} if column.type == "boolean" else {}


def _values(values: pd.Series, column: Column) -> list[pd.Series]:
    if column.type == "datetime":
        return [values.dt.tz_localize(None).astype("datetime64[us]")]
    if column.type != "text":
        return [values.astype("Float64").astype("float64")]
    texts = {value: _ascii(value, column) for value in values.unique()}
    pieces = {value: _pieces(text, column) for value, text in texts.items()}
    count = max((len(found) for found in pieces.values()), default=1)
    return [values.map({v: found[i] if i < len(found) else "" for v, found in pieces.items()}) for i in range(count)]


def _ascii(value: str, column: Column) -> str:
    if value.isascii():
        return value
    if column.name in {"patient_id", "USUBJID"}:
        raise TableError(
            f"{column.name} '{value}': a SAS transport file holds ASCII only, and an identifier is not rewritten; declare "
            "predictions.pseudonyms in cohort.yaml, or choose csv or parquet",
            rule="sas_ascii",
        )
    spelled = "".join(_PLAIN.get(character, character) for character in value)
    plain = unicodedata.normalize("NFKD", spelled)
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


def _pieces(text: str, column: Column) -> list[str]:
    if len(text) <= LONGEST:
        return [text]
    if not column.lists:
        raise TableError(
            f"{column.name}: a text of {len(text)} characters; a SAS transport file holds {LONGEST}: '{text[:40]}...'. "
            "Choose csv or parquet",
            rule="sas_length",
        )
    found, line = [], ""
    for item in text.split(";"):
        if line and len(line) + 1 + len(item) > LONGEST:
            found.append(line)
            line = item
        else:
            line = f"{line};{item}" if line else item
    return [*found, line]
