"""A table of molecules by samples, read as it is declared: its sides, its names, its numbers and their scale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol, is_ensembl, turned_by_spreadsheet, without_version
from radiogenomics.cohort.omics_settings import OmicsTable
from radiogenomics.cohort.reading import RawTable, declared_path, read_table
from radiogenomics.cohort.samples import ANNOTATIONS
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import TableError

_MISSING = frozenset({"", "NA", "NaN", "nan", "null", "None"})
SHARE_OF_WRONG_NAMES = 0.5
"""Above this share of names of the other kind, the declared kind of identifier is wrong."""


class Matrix(NamedTuple):
    """Numbers of molecules by samples.

    Attributes
    ----------
    names : molecule of each column.
    values : float array (samples, molecules), NaN where not known.
    repeats : name -> how many rows had it, for names that stood more than once.
    taken : name -> which of its rows was taken (from 0), where `duplicates: maximum` chose one by the cohort's means.
    """

    names: list[str]
    values: np.ndarray
    repeats: dict[str, int]
    taken: dict[str, int]


def read_matrix(
    cohort: Cohort,
    declared: OmicsTable,
    samples: pd.DataFrame,
    aside: SetAside,
    rows: Mapping[str, tuple[int, int]] | None = None,
) -> Matrix:
    """The declared table for these samples, in their order, on the scale of the file.

    Parameters
    ----------
    samples : rows of `source_rows` of the table: `row`, `sample_id`, `patient_id`.
    aside : cells that hold no number, rows without a usable name, and repeated names as declared.
    rows : name -> (which row, of how many) where another cohort has chosen among rows with one name: its choice is taken
        instead of this cohort's own, and a name with another number of rows is set aside.

    Raises
    ------
    TableError
        No row has a name, names are not of the declared kind, or the values contradict the declared scale.
    """
    path = cohort.path(declared.file)
    if path.suffix.lower() == ".h5ad":
        names, values, lines = _from_h5ad(path, samples)
    else:
        names, values, lines = _from_text(read_table(path, label=declared.file), samples, aside)
    _check_scale(declared, values, samples)
    kept, renamed = _renamed(cohort, declared, names, lines, aside)
    if not kept:
        raise TableError(f"{declared.file}: no row with the name of a gene or molecule", rule="no_genes")
    return _one_row_a_name(declared, renamed, values[:, kept], [lines[at] for at in kept], aside, rows)


def _from_text(raw: RawTable, samples: pd.DataFrame, aside: SetAside) -> tuple[list[str], np.ndarray, list[int | None]]:
    """Names, values (samples, names) and lines."""
    columns = list(raw.cells.columns)
    in_columns = all(
        0 < int(row) <= len(columns) and columns[int(row) - 1].strip() == sample
        for row, sample in zip(samples["row"], samples["sample_id"], strict=True)
    )
    if not in_columns:  # a row is a sample
        names = [c for c in columns[1:] if c not in ANNOTATIONS]
        text = raw.cells.loc[list(samples["row"]), names].T
        return names, _numbers(raw.label, text, names, samples, aside, lines=None).T, [None] * len(names)
    ragged = raw.cells.index.isin(list(raw.ragged))
    for line, what in raw.ragged.items():
        aside.value(row=int(line), patient_id=None, rule="ragged_row", reason=f"{raw.label} line {line}: {what}")
    used = raw.cells.loc[~ragged]
    names = list(used.iloc[:, 0].astype(str).str.strip())
    text = used.iloc[:, [int(row) - 1 for row in samples["row"]]]
    lines: list[int | None] = [int(line) for line in used.index]
    return names, _numbers(raw.label, text, names, samples, aside, lines=lines).T, lines


def _numbers(
    label: str,
    text: pd.DataFrame,
    names: list[str],
    samples: pd.DataFrame,
    aside: SetAside,
    *,
    lines: list[int | None] | None,
) -> np.ndarray:
    """Values (names, samples) of a frame of text of that shape; a cell that holds no finite number is set aside."""
    stripped = text.apply(lambda column: column.str.strip())
    missing = stripped.isin(_MISSING)
    values = stripped.mask(missing).apply(lambda column: pd.to_numeric(column, errors="coerce")).to_numpy(dtype=float)
    wrong = ~np.isfinite(values) & ~missing.to_numpy()
    for at, sample in zip(*np.nonzero(wrong), strict=True):
        line = lines[at] if lines is not None else int(samples["row"].iloc[sample])
        aside.value(
            row=line,
            patient_id=str(samples["patient_id"].iloc[sample]),
            rule="not_a_number",
            reason=f"{label} line {line}: {names[at]} of sample '{samples['sample_id'].iloc[sample]}' is no finite number",
        )
    values[wrong] = np.nan
    return values


def _from_h5ad(path: Path, samples: pd.DataFrame) -> tuple[list[str], np.ndarray, list[int | None]]:
    import anndata

    stored = anndata.read_h5ad(path)
    chosen = stored[[int(row) - 1 for row in samples["row"]], :].X
    dense = chosen if isinstance(chosen, np.ndarray) else chosen.toarray()
    names = [str(name) for name in stored.var_names]
    return names, np.asarray(dense, dtype=float), [None] * len(names)


def _check_scale(declared: OmicsTable, values: np.ndarray, samples: pd.DataFrame) -> None:
    """Whether the numbers can be on the declared scale at all."""
    known = values[np.isfinite(values)]
    if not len(known):
        return

    def refuse(what: str) -> None:
        raise TableError(f"{declared.file}: scale '{declared.scale}' is declared, but {what}", rule="scale")

    if declared.scale == "counts":
        fractional = np.mean(known != np.round(known))
        if fractional > 0.01:
            refuse(f"{fractional:.0%} of the values are no whole numbers")
    elif declared.scale == "tpm":
        totals = np.nansum(values, axis=1)
        at = int(np.argmax(totals))
        if totals[at] > 1.05e6:
            refuse(f"sample '{samples['sample_id'].iloc[at]}' sums to {totals[at]:.4g}, more than a million")
    elif declared.scale == "log" and np.max(known) > 64:
        refuse(f"the largest value is {np.max(known):.4g}, which no logarithm of an expression reaches")
    elif declared.scale == "z_score" and len(known) >= 100:
        if np.min(known) >= 0:
            refuse("no value is negative")
        if np.max(np.abs(known)) > 100:
            refuse(f"the largest deviation is {np.max(np.abs(known)):.4g} SD")


def _renamed(
    cohort: Cohort, declared: OmicsTable, names: list[str], lines: list[int | None], aside: SetAside
) -> tuple[list[int], list[str]]:
    """Which rows have a usable name, and the names."""
    ensembl = sum(is_ensembl(name) for name in names)
    other = ensembl if declared.identifiers == "symbol" else len(names) - ensembl
    if names and other / len(names) > SHARE_OF_WRONG_NAMES:
        raise TableError(
            f"{declared.file}: identifiers '{declared.identifiers}' are declared, but {ensembl} of {len(names)} names are "
            "Ensembl identifiers",
            rule="identifiers",
        )
    symbols = _symbol_table(cohort, declared.symbols) if declared.symbols is not None else None
    kept, renamed = [], []
    for at, name in enumerate(names):
        line = lines[at]
        where = f"{declared.file}" + (f" line {line}" if line is not None else "")
        if name == "":
            aside.value(row=line, patient_id=None, rule="blank_gene", reason=f"{where}: no gene symbol")
            continue
        if declared.identifiers == "symbol" and turned_by_spreadsheet(name):
            aside.value(
                row=line,
                patient_id=None,
                rule="gene_turned_date",
                reason=f"{where}: '{name}' is a date or a number: a spreadsheet changed the gene's name",
            )
            continue
        if declared.identifiers == "ensembl":
            plain = without_version(name)
            if symbols is not None and plain not in symbols:
                aside.value(
                    row=line,
                    patient_id=None,
                    rule="unknown_identifier",
                    reason=f"{where}: '{plain}' is not in {declared.symbols}",
                )
                continue
            renamed.append(symbols[plain] if symbols is not None else plain)
        else:
            renamed.append(current_symbol(name))
        kept.append(at)
    return kept, renamed


def _symbol_table(cohort: Cohort, declared: str) -> dict[str, str]:
    raw = read_table(declared_path(cohort, declared, "symbols"), label=declared)
    ensembl, symbol = (raw.cells[raw.column(name)].str.strip() for name in ("ensembl", "symbol"))
    pairs = zip(ensembl.map(without_version), symbol.map(current_symbol), strict=True)
    return {name: text for name, text in pairs if text}


def _one_row_a_name(
    declared: OmicsTable,
    names: list[str],
    values: np.ndarray,
    lines: list[int | None],
    aside: SetAside,
    chosen: Mapping[str, tuple[int, int]] | None,
) -> Matrix:
    """Rows with one name, as declared: their mean, the one with the largest mean, the first, or none of them."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(at)
    repeats = {name: len(rows) for name, rows in places.items() if len(rows) > 1}
    columns, kept = [], []
    taken: dict[str, int] = {}
    for name, rows in places.items():
        block = values[:, rows]
        if len(rows) == 1:
            column = block[:, 0]
        elif declared.duplicates == "mean":
            known = np.isfinite(block)
            total = known.sum(axis=1)
            column = np.where(total > 0, np.where(known, block, 0.0).sum(axis=1) / np.maximum(total, 1), np.nan)
        elif declared.duplicates == "first":
            column = block[:, 0]
        elif declared.duplicates == "maximum" and chosen is None:
            known = np.isfinite(block)
            means = np.where(known, block, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            taken[name] = int(np.argmax(np.where(known.any(axis=0), means, -np.inf)))
            column = block[:, taken[name]]
        elif declared.duplicates == "maximum" and chosen is not None and chosen.get(name, (0, 0))[1] == len(rows):
            taken[name] = chosen[name][0]
            column = block[:, taken[name]]
        elif declared.duplicates == "maximum":
            trained = chosen.get(name, (0, 1))[1] if chosen is not None else 1
            aside.value(
                row=lines[rows[0]],
                patient_id=None,
                rule="duplicate_gene",
                reason=f"{declared.file}: '{name}' stands {len(rows)} times, and {trained} times in the cohort that chose among "
                "its rows",
            )
            continue
        else:
            where = ", ".join(str(lines[i]) for i in rows if lines[i] is not None)
            aside.value(
                row=lines[rows[0]],
                patient_id=None,
                rule="duplicate_gene",
                reason=f"{declared.file}: '{name}' stands {len(rows)} times" + (f" (lines {where})" if where else ""),
            )
            continue
        kept.append(name)
        columns.append(column)
    return Matrix(kept, np.column_stack(columns) if columns else np.empty((len(values), 0)), repeats, taken)
