"""One column of a clinical table as one text per patient.

Where a patient has several samples, the samples must agree: nobody declared which one counts, so a disagreement is
missing, with the reason, rather than a choice made in silence.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.reading import missing_column
from radiogenomics.exceptions import TableError

RESERVED = frozenset({"row", "study_id", "lesion_id", "sample_id"})
"""Columns of `source_rows` that are the manifest's, whatever the file has under these names."""


class ColumnTexts(NamedTuple):
    """Texts of one column, all indexed by `patient_id` (patients that have a row in that table), sorted.

    Attributes
    ----------
    text : stripped text; None where the cell holds a code for missing, or where samples disagree.
    raw : the text before codes for missing were taken out.
    row : the first line of the file that the text comes from.
    lines : all such lines, as 'file:line;file:line'.
    disagreeing : patient -> what their samples say.
    """

    text: pd.Series
    raw: pd.Series
    row: pd.Series
    lines: pd.Series
    disagreeing: dict[str, str]


def table_rows(cohort: Cohort, manifest: pd.DataFrame, table: str, files: pd.DataFrame | None = None) -> pd.DataFrame:
    """The used rows of a clinical table (see `source_rows`)."""
    return source_rows(cohort, manifest, f"clinical/{table}", files)


def column_texts(rows: pd.DataFrame, column: str, missing: Collection[str], file: str) -> ColumnTexts:
    """One text per patient from a column of `source_rows`.

    Parameters
    ----------
    rows : used rows of one clinical table.
    column : name in the file; blanks around it do not count.
    missing : texts that mean 'not known'.
    file : how messages and `lines` name the file.

    Raises
    ------
    TableError
        The file has no such column, or the name is one of `RESERVED`.
    """
    name = column.strip()
    if name in RESERVED:
        raise TableError(
            f"{file}: a column named '{name}' cannot be a variable or a label, because the manifest uses the name; rename it",
            rule="reserved_column",
        )
    if name not in rows.columns:
        present = [c for c in rows.columns if c not in RESERVED]
        raise TableError(missing_column(file, name, present), rule="missing_column")
    codes = {code.strip() for code in missing}
    texts, raws, firsts, lines, disagreeing = {}, {}, {}, {}, {}
    for patient, group in rows.groupby("patient_id", sort=True):
        values = [str(v).strip() for v in group[name]]
        known = sorted({v for v in values if v not in codes})
        key = str(patient)
        if len(known) > 1:
            disagreeing[key] = ", ".join(f"'{v}'" for v in known)
        texts[key] = known[0] if len(known) == 1 else None
        raws[key] = known[0] if known else values[0]
        firsts[key] = int(group["row"].iloc[0])
        lines[key] = ";".join(f"{file}:{row}" for row in group["row"])
    index = pd.Index(list(texts), dtype=object, name="patient_id")
    return ColumnTexts(
        text=pd.Series(list(texts.values()), index=index, dtype=object),
        raw=pd.Series(list(raws.values()), index=index, dtype=object),
        row=pd.Series(list(firsts.values()), index=index, dtype="int64"),
        lines=pd.Series(list(lines.values()), index=index, dtype=object),
        disagreeing=disagreeing,
    )
