"""One table file to text cells with line numbers: delimited text or Parquet, plain or gzip, or a clear error.

Nothing is guessed about values here: every cell stays the text that stands in the file, stripped of surrounding blanks
only by whoever reads it as a value. Line numbers are those a person sees in an editor, so that messages can name them.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.exceptions import ConfigurationError, TableError

_DELIMITERS = ("\t", ",", ";", "|")
_GZIP_MAGIC = b"\x1f\x8b"


class RawTable(NamedTuple):
    """The cells of one file.

    Attributes
    ----------
    cells : DataFrame of str, one column per column of the file; indexed by line number in the file (header counted).
    ragged : line number -> what is wrong, for lines whose number of cells is not that of the header. Their cells are
        padded with blanks or cut, and must not be used as data.
    label : how messages name the file.
    """

    cells: pd.DataFrame
    ragged: dict[int, str]
    label: str

    def column(self, name: str) -> str:
        """The name under which `name` stands in the table; blanks around names do not count.

        Raises
        ------
        TableError
            No such column; the message suggests the nearest one.
        """
        wanted = name.strip()
        if wanted in self.cells.columns:
            return wanted
        raise TableError(missing_column(self.label, wanted, self.cells.columns), rule="missing_column")


def missing_column(label: str, wanted: str, present: pd.Index | list[str]) -> str:
    """Message for a column that is not there."""
    names = [str(name) for name in present]
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wanted.lower(), list(lowered), n=1, cutoff=0.5)
    shown = ", ".join(f"'{name}'" for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    hint = f"; did you mean '{lowered[near[0]]}'?" if near else f"; it has {shown}"
    return f"{label}: no column '{wanted}'{hint}"


def read_table(path: Path, *, label: str | None = None, header_only: bool = False) -> RawTable:
    """Read a table as text.

    Parameters
    ----------
    path : a ``.parquet`` file, or delimited text (tab, comma, semicolon or bar: by extension, checked against the header),
        UTF-8 with or without a byte order mark, gzip allowed. ``#`` lines before the header and blank lines are skipped.
    label : how messages name the file; its name when left out.
    header_only : read no data lines (for wide matrices of which only the column names matter).

    Raises
    ------
    TableError
        The file is missing, empty, not UTF-8, a truncated gzip, has a duplicated or blank column name, or broken quoting.
    """
    label = label or path.name
    if not path.is_file():
        raise TableError(f"{label}: no such file ({path})", rule="file_missing")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(path, label, header_only)
    return _read_delimited(path, label, header_only)


def _read_parquet(path: Path, label: str, header_only: bool) -> RawTable:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{label}: not a readable Parquet file ({error})", rule="parquet") from error
    _check_header([str(name) for name in table.column_names], label)
    columns: dict[str, list[str]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        try:
            text = pc.fill_null(pc.cast(column, pa.string()), "")
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise TableError(
                f"{label}: column '{name}' of type {column.type} cannot be read as text", rule="type"
            ) from error
        columns[str(name).strip()] = [] if header_only else text.to_pylist()
    rows = 0 if header_only else table.num_rows
    return RawTable(pd.DataFrame(columns, index=pd.RangeIndex(2, rows + 2), dtype=object), {}, label)


def _decoded(path: Path, label: str) -> str:
    raw = path.read_bytes()
    if raw.startswith(_GZIP_MAGIC):
        try:
            raw = gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TableError(f"{label}: gzip file is truncated or damaged ({error})", rule="gzip") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{label}: UTF-16 text; save it as UTF-8", rule="encoding")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TableError(
            f"{label} line {line}: not UTF-8 text (byte 0x{raw[error.start]:02x}); save it as UTF-8", rule="encoding"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise TableError(f"{label} line {line}: contains a NUL byte; this is not a text table", rule="encoding")
    return text


def _delimiter(header: str, path: Path) -> str:
    """The extension's delimiter, unless the header line holds another one and not that one."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    expected = "," if suffixes and suffixes[-1] == ".csv" else "\t"
    if expected in header:
        return expected
    present = [d for d in _DELIMITERS if d in header]
    return max(present, key=header.count) if present else expected


def _lines(text: str, delimiter: str, first_line: int, label: str) -> Iterator[tuple[int, list[str]]]:
    """Line number of each record's first line, and its cells; blank lines are no records.

    cBioPortal's tab-separated files hold stray quotes inside comments, so quoting counts in a tab-separated file only
    where the header itself is quoted.
    """
    header = text[: text.find("\n")] if "\n" in text else text
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if delimiter != "\t" or '"' in header else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    line = first_line
    try:
        for cells in reader:
            if cells and not (len(cells) == 1 and not cells[0].strip()):
                yield line, cells
            line = first_line + reader.line_num
    except csv.Error as error:
        raise TableError(f"{label} line {line}: {error}; is a quote left open?", rule="quoting") from error


def _read_delimited(path: Path, label: str, header_only: bool) -> RawTable:
    text = _decoded(path, label)
    start, skipped = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].strip()
        if line and not line.startswith("#"):
            break
        start, skipped = end + 1, skipped + 1
    body = text[start:]
    if not body.strip():
        raise TableError(f"{label}: empty file; expected a header line and rows", rule="empty_file")
    header_line = body.split("\n", 1)[0]
    if header_only:
        body = header_line
    records = _lines(body, _delimiter(header_line, path), skipped + 1, label)
    _, header = next(records)
    names = [name.strip() for name in header]
    unnamed = 0
    while names and not names[-1]:  # spreadsheets leave trailing delimiters
        names.pop()
        unnamed += 1
    _check_header(names, label)
    rows, numbers, ragged = [], [], {}
    for number, cells in records:
        extra = cells[len(names) :]
        if len(cells) < len(names) or any(cell.strip() for cell in extra) or len(extra) > unnamed:
            ragged[number] = f"{len(cells)} cells where the header has {len(names)}"
            cells = cells + [""] * (len(names) - len(cells))
        rows.append(cells[: len(names)])
        numbers.append(number)
    index = pd.Index(numbers, dtype="int64")
    return RawTable(pd.DataFrame(rows, columns=names, index=index, dtype=object), ragged, label)


def _check_header(names: list[str], label: str) -> None:
    repeated = sorted(name for name, count in Counter(n.strip() for n in names).items() if count > 1)
    if repeated:
        shown = ", ".join(f"'{name}'" for name in repeated[:5])
        raise TableError(
            f"{label}: column names must be unique; {shown} stands more than once in the header",
            rule="duplicated_header",
        )


def declared_path(cohort: Cohort, relative: str, key: str, *, folder_allowed: bool = False) -> Path:
    """The resolved path of a declared file.

    Raises
    ------
    ConfigurationError
        Nothing is there; the message names the key of ``cohort.yaml``.
    """
    path = cohort.path(relative)
    if path.is_file() or (folder_allowed and path.is_dir()):
        return path
    raise ConfigurationError(f"{cohort.file}: {key}: no such file {path}", rule="file_missing")
