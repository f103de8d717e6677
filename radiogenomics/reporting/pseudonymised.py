"""Stored tables as they may leave the house: patients and lesions under pseudonyms, and no text that may name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from radiogenomics.storage.pseudonyms import Pseudonyms

_COLUMNS = ("patient_id", "sample_id", "study_id", "lesion_id")


class Naming(NamedTuple):
    """How patients are named on a page that leaves the house.

    Attributes
    ----------
    pseudonyms : None where the cohort declares none: then every table and text stays as it is.
    identifiers : of patients, samples, studies and lesions, as the inputs name them.
    configuration : the text of `cohort.yaml`. A file that it does not name may be named after a patient.
    """

    pseudonyms: Pseudonyms | None
    identifiers: frozenset[str] = frozenset()
    configuration: str = ""

    def text(self, text: str) -> str:
        """Running text with pseudonyms for identifiers."""
        return text if self.pseudonyms is None else self.pseudonyms.in_text(text, self.identifiers)

    def table(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table with pseudonyms in its columns of identifiers, in an index of patients, and in its reasons."""
        if self.pseudonyms is None:
            return table
        changed = {name: _each(table[name], self.pseudonyms.of) for name in _COLUMNS if name in table.columns}
        if "reason" in table.columns:
            changed["reason"] = _each(table["reason"], self.text)
        named = table.assign(**changed)
        if table.index.name == "patient_id":
            named.index = pd.Index([self.pseudonyms.of(str(name)) for name in table.index], name="patient_id")
        return named

    def tables(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Several tables, each as by `table`."""
        return {name: self.table(table) for name, table in tables.items()}

    def quarantine(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table by `schemas.QUARANTINE`; with pseudonyms `file` and `reason`, which quote the input, are None."""
        return table if self.pseudonyms is None else self.table(table.assign(file=None, reason=None))

    def files(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table with `source` and `file`; with pseudonyms only files that the configuration names keep their names."""
        if self.pseudonyms is None:
            return table
        shown = self.text(self.configuration)
        counted = table.groupby("source").cumcount() + 1
        named = [
            str(file) if str(file) in shown else f"{source}, file {number}"
            for file, source, number in zip(table["file"], table["source"], counted, strict=True)
        ]
        return table.assign(file=named)


def identifiers_in(*tables: pd.DataFrame) -> frozenset[str]:
    """Every identifier of a patient, sample, study or lesion in these tables."""
    columns = [table[name].dropna().astype(str) for table in tables for name in _COLUMNS if name in table.columns]
    return frozenset(name for column in columns for name in column.unique() if name.strip())


def _each(column: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """The values changed, those that are missing left; equal values once."""
    known = {value: change(str(value)) for value in column.dropna().unique()}
    return column.map(lambda value: known.get(value, value)).astype(column.dtype)
