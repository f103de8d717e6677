"""Gene expression to features: one column a gene, in the declared scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.reading import RawTable, read_table
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import ConfigurationError, TableError

MODALITY = "expression"
_MISSING = frozenset({"", "NA", "NaN", "nan", "null", "None"})
_UNITS = {"counts": "counts", "tpm": "TPM", "log": "log2", "z_score": "SD"}


def expression_features(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> Features:
    """Expression of each gene, one row for every patient with a used sample.

    Rows with the same gene symbol are averaged, and so are the samples of one patient (over the values that are there).
    Counts and TPM become log2(1 + x), which needs nothing learned from other patients; `log` and `z_score` stay as they
    are. A cell that holds no number, and a negative count or TPM, is NaN with a quarantine entry of level 'value'; a row
    without a gene symbol is left out with an entry.

    Returns
    -------
    Features: values `patient_id` and one float column a gene; `derived_from` is 'expression:<gene>'.

    Raises
    ------
    ConfigurationError
        The cohort declares no expression.
    """
    declared = cohort.expression
    if declared is None:
        raise ConfigurationError(f"{cohort.file}: expression: not declared", rule="missing_key")
    samples = source_rows(cohort, manifest, "expression", files)
    aside = SetAside("expression", declared.file)
    path = cohort.path(declared.file)
    if path.suffix.lower() == ".h5ad":
        genes, matrix = _from_h5ad(path, samples)
    else:
        genes, matrix = _from_text(read_table(path, label=declared.file), samples, aside)
    if declared.scale in {"counts", "tpm"}:
        matrix = _log2(genes, matrix, samples, declared.scale, aside)
    table = pd.DataFrame(matrix, columns=pd.Index(genes, dtype=object))
    repeats = pd.Series(genes).value_counts()
    if (repeats > 1).any():
        table = table.T.groupby(level=0, sort=False).mean().T  # the mean of the rows that name the gene
    by_patient = table.groupby(samples["patient_id"].to_numpy(), sort=True).mean()
    values = pd.concat(
        [
            pd.DataFrame({"patient_id": pd.Series(list(by_patient.index), dtype=object)}),
            by_patient.reset_index(drop=True).astype(float),
        ],
        axis=1,
    )
    noted = {gene: f"; mean of {count} rows with this symbol" for gene, count in repeats.items() if count > 1}
    scale = "log2(1 + x) of " + declared.scale if declared.scale in {"counts", "tpm"} else declared.scale
    dictionary = pd.DataFrame(
        {
            "feature": [str(g) for g in by_patient.columns],
            "modality": MODALITY,
            "family": "expression",
            "unit": f"log2({_UNITS[declared.scale]} + 1)"
            if declared.scale in {"counts", "tpm"}
            else _UNITS[declared.scale],
            "derived_from": [f"expression:{g}" for g in by_patient.columns],
            "recorded": "baseline",
            "description": [f"expression of {g}, {scale}{noted.get(g, '')}" for g in by_patient.columns],
        }
    )
    return Features(values, conform(dictionary, FEATURE_DICTIONARY), aside.table())


def _from_text(raw: RawTable, samples: pd.DataFrame, aside: SetAside) -> tuple[list[str], np.ndarray]:
    """Gene symbols, and values of shape (samples, genes), from a genes x samples table."""
    ragged = dict(raw.ragged)
    symbols = raw.cells.iloc[:, 0].astype(str).str.strip()
    for line in raw.cells.index[symbols.eq("") | raw.cells.index.isin(list(ragged))]:
        reason = ragged.get(line, "no gene symbol")
        rule = "ragged_row" if line in ragged else "blank_gene"
        aside.value(row=int(line), patient_id=None, rule=rule, reason=f"{raw.label} line {line}: {reason}")
    used = symbols.ne("") & ~raw.cells.index.isin(list(ragged))
    if not used.any():
        raise TableError(f"{raw.label}: no row with a gene symbol", rule="no_genes")
    columns = [int(row) - 1 for row in samples["row"]]
    text = raw.cells.loc[used].iloc[:, columns]
    missing = text.apply(lambda column: column.str.strip()).isin(_MISSING)
    values = text.mask(missing).apply(lambda column: pd.to_numeric(column, errors="coerce")).to_numpy(dtype=float)
    wrong = ~np.isfinite(values) & ~missing.to_numpy()
    for gene_at, sample_at in zip(*np.nonzero(wrong), strict=True):
        line, gene = int(text.index[gene_at]), str(symbols[text.index[gene_at]])
        aside.value(
            row=line,
            patient_id=str(samples["patient_id"].iloc[sample_at]),
            rule="not_a_number",
            reason=f"{raw.label} line {line}: {gene} of sample '{samples['sample_id'].iloc[sample_at]}' is no finite number",
        )
    values[wrong] = np.nan
    return list(symbols[used]), values.T


def _from_h5ad(path: Path, samples: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    import anndata

    stored = anndata.read_h5ad(path)
    chosen = stored[[int(row) - 1 for row in samples["row"]], :].X
    dense = chosen if isinstance(chosen, np.ndarray) else chosen.toarray()
    return [str(name) for name in stored.var_names], np.asarray(dense, dtype=float)


def _log2(genes: list[str], matrix: np.ndarray, samples: pd.DataFrame, scale: str, aside: SetAside) -> np.ndarray:
    negative = matrix < 0
    for sample_at, gene_at in zip(*np.nonzero(negative), strict=True):
        aside.value(
            row=None,
            patient_id=str(samples["patient_id"].iloc[sample_at]),
            rule="out_of_range",
            reason=f"{genes[gene_at]} of sample '{samples['sample_id'].iloc[sample_at]}' is negative, which scale '{scale}' cannot be",
        )
    return np.log2(1 + np.where(negative, np.nan, matrix))
