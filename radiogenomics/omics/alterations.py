"""Which genes are altered, by class of alteration, and in which samples that could be seen.

================  ==================================================================================================
any               a non-synonymous variant (`samples.NON_SYNONYMOUS`)
truncating        nonsense, frameshift, splice site, translation start or nonstop variant
missense          missense variant
hotspot           missense or in-frame variant at a residue of the hotspot table, or marked in the MAF's `Hotspot`
amplification     copy-number call of 2
deep_deletion     copy-number call of -1.5 or -2
fusion            structural variant that joins the gene to another one
================  ==================================================================================================
"""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.omics_settings import PACKAGED, AlterationClass
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import TableError
from radiogenomics.omics.copy_number import AMPLIFIED, DELETED, CopyNumber, fused_genes, read_copy_number
from radiogenomics.omics.protein_change import parse_protein_change
from radiogenomics.omics.sequencing import Sequencing

TRUNCATING = frozenset(
    {
        "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "Splice_Site", "Translation_Start_Site", "Nonstop_Mutation",
    }
)  # fmt: skip
_IN_PLACE = frozenset({"Missense_Mutation", "In_Frame_Del", "In_Frame_Ins"})
SOURCES: dict[AlterationClass, str] = {
    "any": "mutations", "truncating": "mutations", "missense": "mutations", "hotspot": "mutations",
    "amplification": "copy_number", "deep_deletion": "copy_number", "fusion": "structural_variants",
}  # fmt: skip
"""Class -> the source that it derives from."""


def reference_table(name: str) -> Path:
    """A cited table that comes with this package."""
    return Path(str(resources.files("radiogenomics.omics") / "reference" / name))


def read_hotspots(cohort: Cohort, declared: str) -> dict[str, frozenset[int]]:
    """Gene -> residues at which variants recur, from a table `gene,residue`.

    Raises
    ------
    TableError
        A residue is no number.
    """
    packaged = declared == PACKAGED
    path = reference_table("hotspots.csv") if packaged else declared_path(cohort, declared, "mutations.hotspots")
    raw = read_table(path, label=declared)
    gene, residue = (raw.cells[raw.column(name)].str.strip() for name in ("gene", "residue"))
    bad = residue.index[~residue.str.fullmatch(r"\d+")]
    if len(bad):
        raise TableError(f"{declared} line {bad[0]}: residue '{residue[bad[0]]}' is no number", rule="type")
    return {str(name): frozenset(int(r) for r in group) for name, group in residue.groupby(gene.map(current_symbol))}


class Alterations:
    """Alterations of the samples that count, class by class; copy number and fusions are read when first asked for."""

    def __init__(
        self, cohort: Cohort, manifest: pd.DataFrame, sequencing: Sequencing, files: pd.DataFrame | None = None
    ) -> None:
        self._cohort, self._manifest, self._files = cohort, manifest, files
        self.sequencing = sequencing
        assert cohort.mutations is not None
        self._declared = cohort.mutations
        self.patients = sorted(set(sequencing.samples["patient_id"]))
        self._patient_of = dict(zip(sequencing.samples["sample_id"], sequencing.samples["patient_id"], strict=True))
        place = {patient: at for at, patient in enumerate(self.patients)}
        self._position = {sample: place[patient] for sample, patient in self._patient_of.items()}
        self._seen: dict[str, frozenset[str]] = {}

    @cached_property
    def copy_number(self) -> CopyNumber:
        """Copy-number calls of all used samples."""
        return read_copy_number(self._cohort, self._manifest, self._files)

    @cached_property
    def _by_class(self) -> dict[str, dict[str, frozenset[str]]]:
        """Class of variant -> gene -> altered samples."""
        variants = self.sequencing.variants[self.sequencing.variants["non_synonymous"]]
        kind = variants["classification"]
        chosen = {"any": variants, "truncating": variants[kind.isin(TRUNCATING)]}
        chosen["missense"] = variants[kind == "Missense_Mutation"]
        chosen["hotspot"] = (
            variants[self._at_hotspot(variants)] if "hotspot" in self._declared.classes else variants[:0]
        )
        return {
            name: {str(gene): frozenset(group["sample_id"]) for gene, group in rows.groupby("gene")}
            for name, rows in chosen.items()
        }

    def _at_hotspot(self, variants: pd.DataFrame) -> pd.Series:
        hotspots = read_hotspots(self._cohort, self._declared.hotspots)
        marked = variants["hotspot"].str.lower().isin({"1", "y", "yes", "true"})
        listed = [
            kind in _IN_PLACE and self._listed(hotspots.get(gene, frozenset()), change)
            for kind, gene, change in zip(
                variants["classification"], variants["gene"], variants["protein_change"], strict=True
            )
        ]
        return marked | pd.Series(listed, index=variants.index, dtype=bool)

    @staticmethod
    def _listed(residues: frozenset[int], text: str) -> bool:
        change = parse_protein_change(text)
        return any(change.first <= residue <= change.last for residue in residues)

    @cached_property
    def _fusions(self) -> dict[str, frozenset[str]]:
        rows = fused_genes(self._cohort, self._manifest, self._files)
        return {str(gene): frozenset(group["sample_id"]) for gene, group in rows.groupby("gene")}

    def genes(self, kind: AlterationClass) -> list[str]:
        """Every gene with this class of alteration in a sample that counts, sorted."""
        if SOURCES[kind] == "mutations":
            return sorted(self._by_class[kind])
        if kind == "fusion":
            return sorted(gene for gene, samples in self._fusions.items() if samples & set(self._patient_of))
        calls = self.copy_number.calls.reindex(list(self._patient_of))
        called = (calls >= AMPLIFIED) if kind == "amplification" else (calls <= DELETED)
        return sorted(str(gene) for gene in calls.columns[called.any().to_numpy()])

    def _looked_at(self, gene: str) -> frozenset[str]:
        if gene not in self._seen:
            self._seen[gene] = self.sequencing.samples_looked_at(gene)
        return self._seen[gene]

    def samples(self, gene: str, kind: AlterationClass) -> tuple[frozenset[str], frozenset[str]]:
        """Samples with this alteration of the gene, and samples in which it could be seen."""
        if SOURCES[kind] == "mutations":
            return self._by_class[kind].get(gene, frozenset()), self._looked_at(gene)
        if kind == "fusion":
            return self._fusions.get(gene, frozenset()), self._looked_at(gene)
        if gene not in self.copy_number.calls.columns:
            return frozenset(), frozenset()
        calls = self.copy_number.calls[gene].dropna()
        called = (calls >= AMPLIFIED) if kind == "amplification" else (calls <= DELETED)
        altered, seen = frozenset(calls.index[called.to_numpy()]), frozenset(calls.index)
        return altered, seen if self.sequencing.covered is None else seen & self._looked_at(gene)

    def column(self, gene: str, kind: AlterationClass) -> np.ndarray:
        """1, 0 or NaN for each of `patients`: altered in any sample, in none of those in which it could be seen, unseen."""
        altered, seen = self.samples(gene, kind)
        values = np.full(len(self.patients), np.nan)
        for samples, value in ((seen, 0.0), (altered, 1.0)):
            values[[self._position[sample] for sample in samples if sample in self._position]] = value
        return values
