"""What ``cohort.yaml`` may say about mutations, copy number, fusions, expression and other omics tables."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings

PACKAGED = "packaged"
"""Stands for the cited tables that come with this package (gene panels, pathways, signatures)."""

AlterationClass = Literal["any", "truncating", "missense", "hotspot", "amplification", "deep_deletion", "fusion"]


class SampleMap(Settings):
    """How a sample barcode leads to a patient: a table, or a pattern whose first group is the patient."""

    table: str | None = Field(None, description="name of a clinical table with one_row_per: sample")
    pattern: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> SampleMap:
        if (self.table is None) == (self.pattern is None):
            raise ValueError("give either `table` or `pattern`")
        return self


class SampleChoice(Settings):
    """Which samples of a patient count, where there are several. What is not chosen is recorded with the reason.

    `any`: all of them (altered in one is altered; numbers are averaged). `primary`: those whose `column` holds one of
    `primary`. `pretreatment`: those taken on or before the index date. `latest`: the one taken last.
    """

    policy: Literal["any", "primary", "latest", "pretreatment"] = "any"
    table: str | None = Field(None, description="clinical table with one_row_per: sample that has the column")
    column: str | None = Field(
        None,
        description="primary: the kind of sample; latest, pretreatment: when it was taken, as a date "
        "(YYYY-MM-DD) or in days, weeks or months since the index date",
    )
    primary: tuple[str, ...] = Field(("Primary", "primary"), description="texts of the column that mean primary tumour")

    @model_validator(mode="after")
    def _column_given(self) -> SampleChoice:
        if self.policy != "any" and (self.table is None or self.column is None):
            raise ValueError(f"policy '{self.policy}' needs `table` and `column`")
        return self


class Mutations(Settings):
    """Somatic variants (MAF) with the gene panel of each sample, and where there are any copy number and fusions."""

    maf: str | tuple[str, ...] = Field(description="one MAF, or several")
    samples: SampleMap | None = Field(None, description="left out: Tumor_Sample_Barcode is the patient identifier")
    choose: SampleChoice = SampleChoice()
    build: Literal["GRCh37", "GRCh38"] | None = Field(
        None, description="genome build; a row on another one is set aside. Left out: all rows must agree"
    )
    panel_matrix: str | None = Field(None, description="table SAMPLE_ID -> panel name (column `mutations`)")
    panels: str | None = Field(
        None,
        description="table panel,gene of what each panel covers, a folder of cBioPortal gene-panel files, or 'packaged'; "
        "left out: all the MAF's genes",
    )
    panel_size_mb: dict[str, float] = Field(
        default_factory=dict,
        description="coding size per panel in megabases, for TMB; left out: as the panel files or the packaged table say",
    )
    copy_number: str | None = Field(None, description="genes x samples, discrete calls from -2 to 2")
    structural_variants: str | None = Field(None, description="cBioPortal's table of structural variants")
    segments: str | None = Field(None, description="copy-number segments (SEG), for the fraction of genome altered")
    segment_threshold: float = Field(0.2, gt=0, description="|log2 ratio| from which a segment counts as altered")
    genes: tuple[str, ...] = Field((), description="genes to make features of; empty: every gene altered in the cohort")
    classes: tuple[AlterationClass, ...] = Field(("any",), min_length=1, description="which features a gene has")
    hotspots: str = Field(PACKAGED, description="table gene,residue of hotspots, or 'packaged'")
    pathways: str | None = Field(None, description="table pathway,gene, or 'packaged' (Sanchez-Vega et al., Cell 2018)")
    smoking_minimum_variants: int | None = Field(
        None, ge=1, description="single-base variants from which the C>A fraction is given; left out: no such feature"
    )
    burden_column: str | None = Field(
        None, description="column <clinical table>:<column> with the study's own burden, to compare ours with"
    )
    minimum_altered: int = Field(
        1, ge=1, description="genes altered in fewer patients get no feature (a count that does not look at any label)"
    )

    @property
    def mafs(self) -> tuple[str, ...]:
        """All MAF files, in the order in which they are declared."""
        return (self.maf,) if isinstance(self.maf, str) else self.maf

    @model_validator(mode="after")
    def _sources_of_classes(self) -> Mutations:
        if not self.mafs:
            raise ValueError("`maf` names no file")
        for chosen, needed, given in (
            ("amplification", "copy_number", self.copy_number),
            ("deep_deletion", "copy_number", self.copy_number),
            ("fusion", "structural_variants", self.structural_variants),
        ):
            if chosen in self.classes and given is None:
                raise ValueError(f"class '{chosen}' needs `{needed}`")
        if self.burden_column is not None and ":" not in self.burden_column:
            raise ValueError("burden_column: write <clinical table>:<column>")
        return self


class OmicsTable(Settings):
    """One table of molecules by samples: delimited text, Parquet or ``.h5ad``."""

    file: str
    scale: Literal["counts", "tpm", "log", "z_score"]
    samples: SampleMap | None = None
    choose: SampleChoice = SampleChoice()
    orientation: Literal["genes_in_rows", "samples_in_rows"] | None = Field(
        None, description="left out: told from which side holds known samples"
    )
    identifiers: Literal["symbol", "ensembl"] = Field("symbol", description="what the molecules are named by")
    symbols: str | None = Field(
        None, description="table ensembl,symbol that turns Ensembl identifiers into symbols, where identifiers: ensembl"
    )
    duplicates: Literal["mean", "maximum", "first", "refuse"] = Field(
        "mean", description="rows with one name: their mean, the row with the largest mean, the first, or set all aside"
    )
    description: str = ""

    @model_validator(mode="after")
    def _symbols_of_ensembl(self) -> OmicsTable:
        if self.symbols is not None and self.identifiers != "ensembl":
            raise ValueError("`symbols` is for identifiers: ensembl")
        return self


class Expression(OmicsTable):
    """Gene expression, genes x samples or samples x genes, first column the identifier; or ``.h5ad``."""

    signatures: str | None = Field(None, description="table of gene sets, or 'packaged'; left out: no signature scores")
    signature_coverage: float = Field(
        0.8, gt=0, le=1, description="share of a set's genes that must be there for its score to be given"
    )
    genes: bool = Field(True, description="false: signature scores only")
