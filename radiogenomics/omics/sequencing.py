"""What was sequenced: the variants of each sample, and the genes that its panel covers.

A gene without a variant is wild type only where it was looked at: the sample was sequenced (it stands in the panel matrix
with a panel, or in the MAF), and its panel covers the gene. Without a panel matrix a patient without any variant cannot be
told from one who was not sequenced, and counts as not sequenced.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.reading import declared_path
from radiogenomics.cohort.samples import NON_SYNONYMOUS, PANEL, read_panels
from radiogenomics.exceptions import ConfigurationError

NOT_PROFILED = frozenset({"", "NA", "NaN"})
"""Cells of a panel matrix that say the sample's mutations were not called."""


class Sequencing(NamedTuple):
    """Variants and coverage.

    Attributes
    ----------
    variants : DataFrame, one row a used MAF row: `patient_id, sample_id, row, gene, classification, protein_change`
        (blank where the MAF has no HGVSp_Short) and `non_synonymous` (bool).
    samples : DataFrame, one row a sequenced sample: `patient_id, sample_id, panel` (None where none is declared).
    covered : panel -> genes that it covers. None: no `panels` declared, so every gene of the MAF counts as covered.
    maf_genes : all genes that the MAF names.
    """

    variants: pd.DataFrame
    samples: pd.DataFrame
    covered: dict[str, frozenset[str]] | None
    maf_genes: frozenset[str]

    def covers(self, panel: str | None, gene: str) -> bool | None:
        """Whether a panel covers a gene; None where nobody declared it."""
        if self.covered is None:
            return True if gene in self.maf_genes else None
        if panel is None or panel not in self.covered:
            return None
        return gene in self.covered[panel]

    def patients_looked_at(self, gene: str) -> frozenset[str]:
        """Patients of whom at least one sequenced sample covers the gene."""
        covering = [self.covers(panel, gene) is True for panel in self.samples["panel"]]
        return frozenset(self.samples.loc[covering, "patient_id"])


def read_sequencing(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> Sequencing:
    """Variants and panels of the cohort's used rows.

    Raises
    ------
    ConfigurationError
        The cohort declares no mutations.
    """
    declared = cohort.mutations
    if declared is None:
        raise ConfigurationError(f"{cohort.file}: mutations: not declared", rule="missing_key")
    rows = source_rows(cohort, manifest, "mutations", files)
    blank = pd.Series("", index=rows.index, dtype=object)
    variants = pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "sample_id": rows["sample_id"],
            "row": rows["row"],
            "gene": rows["Hugo_Symbol"].str.strip() if len(rows) else blank,
            "classification": rows["Variant_Classification"].str.strip() if len(rows) else blank,
            "protein_change": rows["HGVSp_Short"].str.strip() if "HGVSp_Short" in rows.columns else blank,
        }
    )
    variants["non_synonymous"] = variants["classification"].isin(NON_SYNONYMOUS)
    in_maf = variants[["patient_id", "sample_id"]].drop_duplicates()
    if declared.panel_matrix is not None:
        matrix = source_rows(cohort, manifest, "mutation_panels", files)
        panel = matrix[PANEL].str.strip() if len(matrix) else pd.Series(dtype=object)
        listed = matrix[["patient_id", "sample_id"]].assign(panel=panel)
        profiled = listed[~listed["panel"].isin(NOT_PROFILED)]
        unlisted = in_maf[~in_maf["sample_id"].isin(profiled["sample_id"])].assign(panel=None)
        samples = pd.concat([profiled, unlisted], ignore_index=True) if len(unlisted) else profiled
    else:
        samples = in_maf.assign(panel=None)
    covered = None
    if declared.panels is not None:
        genes, _ = read_panels(
            declared_path(cohort, declared.panels, "mutations.panels", folder_allowed=True), declared.panels
        )
        covered = {str(panel): frozenset(group["gene"]) for panel, group in genes.groupby("panel")}
    return Sequencing(
        variants=variants,
        samples=samples.sort_values(["patient_id", "sample_id"], ignore_index=True),
        covered=covered,
        maf_genes=frozenset(variants["gene"]),
    )
