"""What was sequenced: the variants of each sample, and the genes that its panel covers.

A gene without a variant is wild type only where it was looked at: the sample was sequenced (it stands in the panel matrix
with a panel, or in the MAF), and its panel covers the gene. Without a panel matrix a patient without any variant cannot be
told from one who was not sequenced, and counts as not sequenced.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.inputs import FILE, source_rows
from radiogenomics.cohort.panels import declared_panels
from radiogenomics.cohort.samples import NON_SYNONYMOUS, PANEL
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics.sample_choice import choose_samples

NOT_PROFILED = frozenset({"", "NA", "NaN"})
"""Cells of a panel matrix that say the sample's mutations were not called."""

_TEXTS = {
    "chromosome": "Chromosome",
    "start": "Start_Position",
    "reference_allele": "Reference_Allele",
    "alternate_allele": "Tumor_Seq_Allele2",
    "hotspot": "Hotspot",
}


class Sequencing(NamedTuple):
    """Variants and coverage of the samples that count.

    Attributes
    ----------
    variants : DataFrame, one row a used MAF row: `patient_id, sample_id, file, row, gene, classification, protein_change`
        (blank where the MAF has no HGVSp_Short), `chromosome, start, reference_allele, alternate_allele, hotspot` (blank
        where the MAF has no such column) and `non_synonymous` (bool).
    samples : DataFrame, one row a sequenced sample: `patient_id, sample_id, panel` (None where none is declared).
    covered : panel -> genes that it covers. None: no `panels` declared, so every gene of the MAF counts as covered.
    maf_genes : all genes that the MAF names.
    size_mb : panel -> megabases of coding sequence, where known.
    chosen : DataFrame `patient_id, sample_id, used, reason`: which samples count by the declared policy.
    """

    variants: pd.DataFrame
    samples: pd.DataFrame
    covered: dict[str, frozenset[str]] | None
    maf_genes: frozenset[str]
    size_mb: dict[str, float]
    chosen: pd.DataFrame

    def covers(self, panel: str | None, gene: str) -> bool | None:
        """Whether a panel covers a gene; None where nobody declared it."""
        if self.covered is None:
            return True if gene in self.maf_genes else None
        if panel is None or panel not in self.covered:
            return None
        return gene in self.covered[panel]

    def samples_looked_at(self, gene: str) -> frozenset[str]:
        """Sequenced samples whose panel covers the gene."""
        covering = {panel: self.covers(panel, gene) is True for panel in self.samples["panel"].unique()}
        return frozenset(self.samples.loc[[covering[panel] for panel in self.samples["panel"]], "sample_id"])

    def patients_looked_at(self, gene: str) -> frozenset[str]:
        """Patients of whom at least one sequenced sample covers the gene."""
        return frozenset(self.samples.loc[self.samples["sample_id"].isin(self.samples_looked_at(gene)), "patient_id"])


def read_sequencing(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> Sequencing:
    """Variants and panels of the cohort's used rows, for the samples that the declared policy chooses.

    Previous gene symbols become current ones, so that one gene has one name on every panel.

    Raises
    ------
    ConfigurationError
        The cohort declares no mutations.
    """
    declared = cohort.mutations
    if declared is None:
        raise ConfigurationError(f"{cohort.file}: mutations: not declared", rule="missing_key")
    rows = source_rows(cohort, manifest, "mutations", files)

    def text(*names: str) -> pd.Series:
        for name in names:
            if name in rows.columns:
                return rows[name].str.strip()
        return pd.Series("", index=rows.index, dtype=object)

    variants = pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "sample_id": rows["sample_id"],
            "file": text(FILE),
            "row": rows["row"],
            "gene": text("Hugo_Symbol").map(current_symbol),
            "classification": text("Variant_Classification"),
            "protein_change": text("HGVSp_Short", "Protein_Change"),
            **{name: text(column) for name, column in _TEXTS.items()},
        }
    )
    variants["non_synonymous"] = variants["classification"].isin(NON_SYNONYMOUS)
    samples = _sequenced(cohort, manifest, variants, files)
    chosen = choose_samples(cohort, manifest, declared.choose, samples, files)
    used = set(chosen.loc[chosen["used"], "sample_id"])
    covered, size_mb = None, dict(declared.panel_size_mb)
    if declared.panels is not None:
        panels = declared_panels(cohort, declared.panels)
        covered = {str(panel): frozenset(group["gene"]) for panel, group in panels.genes.groupby("panel")}
        size_mb = {**panels.size_mb, **size_mb}
    return Sequencing(
        variants=variants[variants["sample_id"].isin(used)].reset_index(drop=True),
        samples=samples[samples["sample_id"].isin(used)].sort_values(["patient_id", "sample_id"], ignore_index=True),
        covered=covered,
        maf_genes=frozenset(variants["gene"]),
        size_mb=size_mb,
        chosen=chosen,
    )


def _sequenced(
    cohort: Cohort, manifest: pd.DataFrame, variants: pd.DataFrame, files: pd.DataFrame | None
) -> pd.DataFrame:
    """Every sequenced sample with its panel."""
    in_maf = variants[["patient_id", "sample_id"]].drop_duplicates()
    assert cohort.mutations is not None
    if cohort.mutations.panel_matrix is None:
        return in_maf.assign(panel=None)
    matrix = source_rows(cohort, manifest, "mutation_panels", files)
    panel = matrix[PANEL].str.strip() if len(matrix) else pd.Series(dtype=object)
    listed = matrix[["patient_id", "sample_id"]].assign(panel=panel)
    profiled = listed[~listed["panel"].isin(NOT_PROFILED)]
    unlisted = in_maf[~in_maf["sample_id"].isin(profiled["sample_id"])].assign(panel=None)
    return pd.concat([profiled, unlisted], ignore_index=True) if len(unlisted) else profiled
