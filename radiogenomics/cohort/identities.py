"""Which patient each input row belongs to, or why it cannot be used.

The rules, in the order in which they are tried; the first that is broken is the reason:

=========================  ==================================================================================
ragged_row                 the line has more or fewer cells than the header
blank_identifier           no patient, sample or lesion identifier
identifier_blanks          blanks around an identifier: two spellings of one patient must not become two patients
unknown_sample             a barcode that leads to no patient
unknown_patient            a patient that stands in no clinical table
duplicate                  the same row again, cell for cell: the first is used
conflicting_duplicate      rows with the same identity that differ: none is used, because nobody knows which is right
=========================  ==================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pandas as pd

from radiogenomics.cohort.reading import RawTable

IDENTITY_COLUMNS = ["row", "patient_id", "study_id", "lesion_id", "sample_id", "rule", "reason"]


class RowIdentities:
    """Identities of the rows of one source, gathered rule by rule.

    ``table`` has one row per input row: `row`, `patient_id`, `study_id`, `lesion_id`, `sample_id` and, where the row
    cannot be used, `rule` and `reason` (otherwise None).
    """

    def __init__(self, rows: pd.Index | list[int], label: str, unit: str = "line") -> None:
        self.where = f"{label} {unit}"
        self.table = pd.DataFrame(
            {name: [None] * len(rows) for name in IDENTITY_COLUMNS[1:]},
            index=pd.Index(rows, dtype="int64"),
            dtype=object,
        )

    def refuse(self, rows: Mapping[int, str], rule: str) -> None:
        """Set rows aside with their reasons; a row that is already set aside keeps its first reason."""
        for row, reason in rows.items():
            if self.table.at[row, "rule"] is None:
                self.table.at[row, "rule"] = rule
                self.table.at[row, "reason"] = reason

    def ragged(self, raw: RawTable) -> None:
        """Set aside lines whose number of cells is not that of the header."""
        self.refuse({row: f"{self.where} {row}: {what}" for row, what in raw.ragged.items()}, "ragged_row")

    def identifiers(self, column: str, values: pd.Series, name: str) -> None:
        """Take identifiers from a column of the file; blank ones and those with blanks around them are set aside."""
        text = values.astype(str)
        stripped = text.str.strip()
        blank, spaced = stripped == "", (stripped != text) & (stripped != "")
        self.refuse(
            {row: f"{self.where} {row}: column '{name}' is blank" for row in text.index[blank]}, "blank_identifier"
        )
        self.refuse(
            {
                row: f"{self.where} {row}: blanks around the identifier in column '{name}'; remove them"
                for row in text.index[spaced]
            },
            "identifier_blanks",
        )
        self.table[column] = stripped.where(~blank, None).astype(object)

    def patients_of_samples(self, samples: SampleLookup) -> None:
        """Fill `patient_id` from `sample_id`."""
        found = {s: samples.patient(s) for s in self.table["sample_id"].dropna().unique()}
        self.table["patient_id"] = [found.get(s) if s is not None else None for s in self.table["sample_id"]]
        sample = self.table["sample_id"].astype(str)
        lost = [int(r) for r in self.table.index[self.table["patient_id"].isna() & self.table["sample_id"].notna()]]
        self.refuse(
            {row: f"{self.where} {row}: sample '{sample[row]}' leads to no patient: {samples.rule}" for row in lost},
            "unknown_sample",
        )

    def known_patients(self, patients: Collection[str]) -> None:
        """Set aside rows of patients who stand in no clinical table."""
        known = set(patients)
        patient = self.table["patient_id"]
        rows = [int(r) for r in patient.index[patient.notna() & ~patient.isin(known)]]
        self.refuse(
            {
                row: f"{self.where} {row}: patient '{patient[row]}' stands in no usable row of the clinical tables"
                for row in rows
            },
            "unknown_patient",
        )

    def identical(self, cells: pd.DataFrame) -> None:
        """Of usable rows that are the same cell for cell, the first counts."""
        usable = cells.loc[self.table.index[self.table["rule"].isna()]].apply(lambda column: column.str.strip())
        repeated = usable[usable.duplicated(keep=False)]
        first: dict[tuple[str, ...], int] = {}
        again: dict[int, str] = {}
        for row, content in zip(repeated.index, repeated.itertuples(index=False, name=None), strict=True):
            if content in first:
                again[int(row)] = f"{self.where} {row}: same as line {first[content]}"
            else:
                first[content] = int(row)
        self.refuse(again, "duplicate")

    def unique(self, key: list[str], cells: pd.DataFrame) -> None:
        """One usable row per `key`: identical rows count once, rows that differ are all set aside."""
        usable = self.table[self.table["rule"].isna()]
        repeated = usable[usable.duplicated(key, keep=False)]
        for values, group in repeated.groupby(key, sort=False):
            rows = [int(r) for r in group.index]
            named = " ".join(str(v) for v in (values if isinstance(values, tuple) else (values,)))
            distinct = cells.loc[rows].map(lambda cell: str(cell).strip()).drop_duplicates()
            if len(distinct) == 1:
                self.refuse({r: f"{self.where} {r}: same as line {rows[0]}" for r in rows[1:]}, "duplicate")
                continue
            differing = [str(c) for c in distinct.columns if distinct[c].nunique() > 1]
            shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
            reason = f"'{named}' stands on lines {', '.join(map(str, rows))} with different values in {shown}; keep one"
            self.refuse({r: f"{self.where} {r}: {reason}" for r in rows}, "conflicting_duplicate")


class SampleLookup:
    """Sample barcode -> patient, by a table, by a pattern, or because the barcode is the patient."""

    def __init__(
        self, table: Mapping[str, str] | None = None, pattern: str | None = None, table_name: str = ""
    ) -> None:
        self._table = table
        self._pattern = re.compile(pattern) if pattern is not None else None
        if table is not None:
            self.rule = f"it is not in clinical.tables.{table_name}"
        elif pattern is not None:
            self.rule = f"it does not match the pattern {pattern}"
        else:
            self.rule = "it is blank"

    def patient(self, sample: str) -> str | None:
        """The patient of a sample, or None."""
        if self._table is not None:
            return self._table.get(sample)
        if self._pattern is not None:
            match = self._pattern.match(sample)
            return match.group(1) if match else None
        return sample or None
