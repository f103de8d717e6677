"""Alterations by pathway: ten pathways of cancer signalling, or a table that the institution declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.omics_settings import PACKAGED
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import TableError
from radiogenomics.omics.alterations import Alterations, reference_table

PREFIX = "pathway_"


def read_pathways(cohort: Cohort, declared: str) -> pd.DataFrame:
    """The declared pathways.

    Parameters
    ----------
    declared : path of a table `pathway, gene` and optionally `role` (`oncogene`, `suppressor` or blank), or 'packaged':
        the curated pathways of Sanchez-Vega et al., Cell 173:321-337 (2018).

    Returns
    -------
    DataFrame `pathway, gene, role`, without repetition, current symbols.

    Raises
    ------
    TableError
        A column is missing, or a cell is blank.
    """
    packaged = declared == PACKAGED
    path = reference_table("pathways.csv") if packaged else declared_path(cohort, declared, "mutations.pathways")
    raw = read_table(path, label=declared)
    table = pd.DataFrame({name: raw.cells[raw.column(name)].str.strip() for name in ("pathway", "gene")})
    blank = table.index[(table == "").any(axis=1)]
    if len(blank):
        raise TableError(f"{declared} line {blank[0]}: pathway or gene is blank", rule="blank_identifier")
    table["role"] = raw.cells["role"].str.strip() if "role" in raw.cells.columns else ""
    table["gene"] = table["gene"].map(current_symbol)
    return table.drop_duplicates(["pathway", "gene"], ignore_index=True)


def pathway_column(alterations: Alterations, genes: pd.DataFrame, sources: set[str]) -> np.ndarray:
    """1 where a gene of the pathway is altered, 0 where none is of those that the patient's panel covers, NaN where it
    covers none.

    Altered is: a non-synonymous variant; a fusion; amplification of an oncogene, deep deletion of a suppressor (a gene
    without a role counts for neither).

    Parameters
    ----------
    genes : rows of `read_pathways` of one pathway.
    sources : which of 'copy_number' and 'structural_variants' are declared.
    """
    columns = []
    for entry in genes.to_dict("records"):
        gene = str(entry["gene"])
        columns.append(alterations.column(gene, "any"))
        if "structural_variants" in sources:
            columns.append(alterations.column(gene, "fusion"))
        if "copy_number" in sources and entry["role"] == "oncogene":
            columns.append(alterations.column(gene, "amplification"))
        if "copy_number" in sources and entry["role"] == "suppressor":
            columns.append(alterations.column(gene, "deep_deletion"))
    stacked = np.vstack(columns)
    altered, seen = np.any(stacked == 1.0, axis=0), np.any(~np.isnan(stacked), axis=0)
    return np.where(altered, 1.0, np.where(seen, 0.0, np.nan))
