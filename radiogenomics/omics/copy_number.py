"""Copy number and fusions: discrete calls per gene, segments, structural variants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.mutation_files import SV_GENES
from radiogenomics.cohort.reading import read_table
from radiogenomics.cohort.set_aside import SetAside

AMPLIFIED, DELETED = 2.0, -1.5
"""Calls from which a gene is amplified or deeply deleted. cBioPortal reads -1.5 (a partial deletion) as -2."""

_MISSING = frozenset({"", "NA", "NaN", "nan"})


class CopyNumber(NamedTuple):
    """Discrete calls.

    Attributes
    ----------
    calls : DataFrame, one row a sample (index `sample_id`) and one column a gene: -2 to 2, NaN where not called.
    quarantine : cells that are no call.
    """

    calls: pd.DataFrame
    quarantine: pd.DataFrame


def read_copy_number(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> CopyNumber:
    """Discrete copy-number calls of the used samples. Of rows with the same gene the strongest call counts."""
    assert cohort.mutations is not None
    assert cohort.mutations.copy_number is not None
    file = cohort.mutations.copy_number
    aside = SetAside("copy_number", file)
    samples = source_rows(cohort, manifest, "copy_number", files)
    raw = read_table(cohort.path(file), label=file)
    for line, what in raw.ragged.items():
        aside.value(row=line, patient_id=None, rule="ragged_row", reason=f"{file} line {line}: {what}")
    cells = raw.cells.drop(index=list(raw.ragged))
    text = cells.iloc[:, [int(row) - 1 for row in samples["row"]]].apply(lambda column: column.str.strip())
    missing = text.isin(_MISSING)
    values = text.mask(missing).apply(lambda column: pd.to_numeric(column, errors="coerce")).to_numpy(dtype=float)
    wrong = ~missing.to_numpy() & ~(np.abs(values) <= 2)
    genes = cells.iloc[:, 0].str.strip().map(current_symbol)
    for at, sample in zip(*np.nonzero(wrong), strict=True):
        line = int(cells.index[at])
        aside.value(
            row=line,
            patient_id=str(samples["patient_id"].iloc[sample]),
            rule="no_copy_number_call",
            reason=f"{file} line {line}: '{text.iloc[at, sample]}' of {genes.iloc[at]} is no call between -2 and 2",
        )
    values[wrong] = np.nan
    table = pd.DataFrame(values.T, index=pd.Index(samples["sample_id"], dtype=object), columns=list(genes))
    if table.columns.has_duplicates:
        named, several = list(dict.fromkeys(table.columns)), table.columns.duplicated(keep=False)
        merged = table.loc[:, several].T.groupby(level=0, sort=False).agg(_strongest).T
        table = pd.concat([table.loc[:, ~several], merged], axis=1)[named]
    return CopyNumber(table, aside.table())


def _strongest(calls: pd.Series) -> float:
    known = calls.dropna().to_numpy(dtype=float)
    return float(known[np.argmax(np.abs(known))]) if len(known) else float("nan")


def fused_genes(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> pd.DataFrame:
    """Genes that a structural variant joins to another gene.

    A rearrangement within one gene, or of one that has no partner gene, is no fusion.

    Returns
    -------
    DataFrame `patient_id, sample_id, row, gene, partner`, two rows a fusion.
    """
    rows = source_rows(cohort, manifest, "structural_variants", files)
    columns = ["patient_id", "sample_id", "row", "gene", "partner"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    first, second = (rows[name].str.strip().map(current_symbol) for name in SV_GENES)
    fused = (first != "") & (second != "") & (first != second)
    base = rows.loc[fused, ["patient_id", "sample_id", "row"]]
    both = [base.assign(gene=a[fused], partner=b[fused]) for a, b in ((first, second), (second, first))]
    return pd.concat(both, ignore_index=True)[columns].sort_values(["row", "gene"], ignore_index=True)


def fraction_genome_altered(
    cohort: Cohort, manifest: pd.DataFrame, threshold: float, files: pd.DataFrame | None = None
) -> pd.Series:
    """Share of the segmented genome whose absolute log2 ratio reaches `threshold`, by `sample_id`.

    The definition is cBioPortal's, with its threshold of 0.2 as default.
    """
    rows = source_rows(cohort, manifest, "segments", files)
    if rows.empty:
        return pd.Series(dtype=float)
    start, end, mean = (rows[name].astype(float) for name in ("loc.start", "loc.end", "seg.mean"))
    length = end - start
    altered = length.where(mean.abs() >= threshold, 0.0)
    total = length.groupby(rows["sample_id"]).sum()
    return altered.groupby(rows["sample_id"]).sum() / total.where(total > 0)
