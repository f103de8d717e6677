"""IBSI's published reference values and response maps: reading them, and when a value agrees with one."""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from radiogenomics.exceptions import TableError


class Reference(NamedTuple):
    """A published value.

    Attributes
    ----------
    value : as published, with about three digits.
    tolerance : how far a compliant value may lie from it; 0 where none is published.
    rounding : half a unit of the last published digit: what the published value itself may be off by.
    """

    value: float
    tolerance: float
    rounding: float

    def agrees(self, found: float) -> bool:
        """Whether a value is within the tolerance, or is the same as far as the published digits go."""
        return abs(found - self.value) <= max(self.tolerance, self.rounding) * (1 + 1e-9)


def read_feature_references(path: Path) -> dict[str, Reference]:
    """Table ``reference value;tolerance;tag`` by tag. Rows without a value (no consensus) are left out.

    Raises
    ------
    TableError
        The file is missing, or a row has no number where one is needed.
    """
    return {row[2]: _reference(path, line, row[0], row[1]) for line, row in _rows(path, 3) if row[0]}


def read_filter_references(path: Path) -> dict[str, dict[str, Reference]]:
    """Table ``filter_id;feature;feature_tag;consensus_value;tolerance``: filter, tag -> value."""
    found: dict[str, dict[str, Reference]] = {}
    for line, row in _rows(path, 5):
        if row[3]:
            found.setdefault(row[0], {})[row[2]] = _reference(path, line, row[3], row[4])
    return found


def _rows(path: Path, columns: int) -> list[tuple[int, list[str]]]:
    if not path.is_file():
        raise TableError(f"{path}: no such file", rule="file_missing")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(enumerate(csv.reader(stream, delimiter=";"), start=1))[1:]
    for line, row in rows:
        if row and len(row) != columns:
            raise TableError(f"{path} row {line}: {columns} columns expected, found {len(row)}", rule="columns")
    return [(line, row) for line, row in rows if row]


def _reference(path: Path, line: int, value: str, tolerance: str) -> Reference:
    try:
        number, allowed = Decimal(value), Decimal(tolerance or "0")
    except InvalidOperation as error:
        raise TableError(
            f"{path} row {line}: a number expected, found {value!r} and {tolerance!r}", rule="number"
        ) from error
    return Reference(float(number), float(allowed), _half_of_last_digit(number))


def _half_of_last_digit(number: Decimal) -> float:
    """Values are published with three significant digits, trailing zeros not written (0.5 stands for 0.500)."""
    return float(Decimal(5).scaleb(number.adjusted() - 3)) if number else 0.0
