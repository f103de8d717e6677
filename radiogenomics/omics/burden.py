"""Mutational burden per megabase of each sample's own panel, its comparison with a study's own, and the mark of smoking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.clinical_columns import column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics.sequencing import Sequencing, read_sequencing

_BASES = frozenset("ACGT")


def burden_by_sample(sequencing: Sequencing) -> pd.Series:
    """Non-synonymous variants per megabase of the sample's own panel, by `sample_id`; NaN where its size is not known.

    Panels of different size can be compared by it, not by counts. See Merino et al., J Immunother Cancer 8:e000147 (2020).
    """
    counts = sequencing.variants.loc[sequencing.variants["non_synonymous"], "sample_id"].value_counts()
    samples = sequencing.samples
    size = samples["panel"].map(lambda panel: sequencing.size_mb.get(panel, np.nan)).astype(float)
    rate = samples["sample_id"].map(counts).fillna(0).astype(float) / size
    return pd.Series(rate.to_numpy(), index=pd.Index(samples["sample_id"], name="sample_id"))


def burden(sequencing: Sequencing, patients: list[str]) -> np.ndarray:
    """Burden of each patient, 1/Mb: the mean over the samples that count."""
    by_sample = burden_by_sample(sequencing)
    patient = sequencing.samples["patient_id"].to_numpy()
    return by_sample.groupby(patient).mean().reindex(patients).to_numpy(dtype=float)


def smoking_fraction(sequencing: Sequencing, patients: list[str], minimum: int) -> np.ndarray:
    """Share of C>A (equivalently G>T) among the single-base variants of each patient; NaN with fewer than `minimum`.

    C>A is the mark that tobacco smoke leaves in lung cancer (Alexandrov et al., Science 354:618-622, 2016).
    """
    variants = sequencing.variants
    reference, alternate = variants["reference_allele"].str.upper(), variants["alternate_allele"].str.upper()
    single = reference.isin(_BASES) & alternate.isin(_BASES) & (reference != alternate)
    change = (reference + alternate).where(single)
    total = single.astype(float).groupby(variants["patient_id"]).sum()
    smoking = change.isin({"CA", "GT"}).astype(float).groupby(variants["patient_id"]).sum()
    share = (smoking / total.where(total >= minimum)).reindex(patients)
    return share.to_numpy(dtype=float)


def burden_agreement(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> pd.DataFrame:
    """Our burden beside the study's own column (`mutations.burden_column`), panel by panel.

    Returns
    -------
    DataFrame `panel, samples, pearson, slope, intercept, largest_difference`: the line is ours against the study's, by
    least squares; 1/Mb. Pearson and the line are NaN below three samples.

    Raises
    ------
    ConfigurationError
        `burden_column` is not declared or names no clinical table.
    """
    declared = cohort.mutations.burden_column if cohort.mutations is not None else None
    if declared is None:
        raise ConfigurationError(f"{cohort.file}: mutations.burden_column: not declared", rule="missing_key")
    table, _, column = declared.partition(":")
    if table not in cohort.clinical.tables:
        raise ConfigurationError(
            f"{cohort.file}: mutations.burden_column: no clinical table '{table}'; declared are {sorted(cohort.clinical.tables)}",
            rule="unknown_table",
        )
    sequencing = read_sequencing(cohort, manifest, files)
    rows = table_rows(cohort, manifest, table, files)
    file = cohort.clinical.tables[table].file
    by_sample = cohort.clinical.tables[table].one_row_per == "sample"
    keyed = rows.assign(patient_id=rows["sample_id"]) if by_sample else rows
    theirs = pd.to_numeric(column_texts(keyed, column, cohort.clinical.missing, file).text, errors="coerce")
    samples = sequencing.samples.assign(ours=burden_by_sample(sequencing).to_numpy())
    samples["theirs"] = samples["sample_id" if by_sample else "patient_id"].map(theirs)
    samples["panel"] = samples["panel"].fillna("(not declared)")
    both = samples.dropna(subset=["ours", "theirs"])
    records = []
    for panel, group in both.groupby("panel"):
        x, y = group["theirs"].to_numpy(float), group["ours"].to_numpy(float)
        enough = len(x) >= 3 and np.ptp(x) > 0 and np.ptp(y) > 0
        slope, intercept = np.polyfit(x, y, 1) if enough else (np.nan, np.nan)
        pearson = np.corrcoef(x, y)[0, 1] if enough else np.nan
        records.append((panel, len(x), pearson, slope, intercept, float(np.max(np.abs(x - y)))))
    columns = ["panel", "samples", "pearson", "slope", "intercept", "largest_difference"]
    return pd.DataFrame(records, columns=columns)
