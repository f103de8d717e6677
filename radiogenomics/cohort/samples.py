"""From sample barcodes to patients: the rows of mutation, panel and expression files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Mutations, SampleMap
from radiogenomics.cohort.identities import RowIdentities, SampleLookup
from radiogenomics.cohort.reading import RawTable, declared_path, read_table
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.storage.atomic import file_digest, folder_digest

BARCODE = "Tumor_Sample_Barcode"
PANEL_SAMPLE = "SAMPLE_ID"
PANEL = "mutations"
"""Column of a cBioPortal gene-panel matrix with the panel that the sample's mutations were called on."""

NON_SYNONYMOUS = frozenset(
    {
        "Missense_Mutation",
        "Nonsense_Mutation",
        "Nonstop_Mutation",
        "Frame_Shift_Del",
        "Frame_Shift_Ins",
        "In_Frame_Del",
        "In_Frame_Ins",
        "Splice_Site",
        "Translation_Start_Site",
    }
)
"""MAF classes that change the protein (NCI GDC MAF format 1.0, 'Variant_Classification'; the default of maftools,
Mayakonda et al., Genome Res 2018)."""

OTHER_CLASSES = frozenset(
    {
        "Silent", "Splice_Region", "Intron", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "IGR", "RNA", "lincRNA", "Targeted_Region",
    }
)  # fmt: skip
"""MAF classes that do not change the protein, as far as is known."""

NOT_SOMATIC = frozenset({"germline", "wildtype", "none"})
"""Values of Mutation_Status (lower case) that are not somatic variants. 'UNKNOWN' and blank are kept: the file is a
somatic one."""


def sample_lookup(declared: SampleMap | None, sample_tables: Mapping[str, Mapping[str, str]]) -> SampleLookup:
    """How a sample barcode leads to a patient, as declared."""
    if declared is None:
        return SampleLookup()
    if declared.pattern is not None:
        try:
            groups = re.compile(declared.pattern).groups
        except re.error as error:
            raise ConfigurationError(
                f"samples.pattern: '{declared.pattern}' is no regular expression: {error}", rule="pattern"
            ) from error
        if groups < 1:
            raise ConfigurationError(
                f"samples.pattern: '{declared.pattern}' needs a group in parentheses that is the patient, e.g. '^(P-\\d+)-T'",
                rule="pattern",
            )
        return SampleLookup(pattern=declared.pattern)
    assert declared.table is not None  # the configuration requires one of both
    if declared.table not in sample_tables:
        raise ConfigurationError(
            f"samples.table: clinical table '{declared.table}' must have one_row_per: sample to lead from samples to patients",
            rule="sample_table",
        )
    return SampleLookup(table=sample_tables[declared.table], table_name=declared.table)


def mutation_sources(
    cohort: Cohort, declared: Mutations, lookup: SampleLookup, patients: list[str]
) -> Iterator[tuple[str, str, Path, RowIdentities]]:
    """The rows of the MAF and of the panel matrix: source, file as declared, path, identities."""
    path = declared_path(cohort, declared.maf, "mutations.maf")
    raw = read_table(path, label=declared.maf)
    identities = _sample_identities(raw, declared.maf, BARCODE, lookup, patients)
    gene, kind = raw.cells[raw.column("Hugo_Symbol")], raw.cells[raw.column("Variant_Classification")]
    identities.refuse(
        {r: f"{declared.maf} line {r}: Hugo_Symbol is blank" for r in gene.index[gene.str.strip() == ""]}, "blank_gene"
    )
    strange = kind[~kind.str.strip().isin(NON_SYNONYMOUS | OTHER_CLASSES)]
    identities.refuse(
        {
            r: f"{declared.maf} line {r}: Variant_Classification '{strange[r]}' is not one of the MAF format's"
            for r in strange.index
        },
        "unknown_variant_classification",
    )
    if "Mutation_Status" in raw.cells.columns:
        status = raw.cells["Mutation_Status"].str.strip()
        rows = status.index[status.str.lower().isin(NOT_SOMATIC)]
        identities.refuse(
            {r: f"{declared.maf} line {r}: Mutation_Status '{status[r]}' is not somatic" for r in rows}, "not_somatic"
        )
    identities.identical(raw.cells)
    yield "mutations", declared.maf, path, identities

    if declared.panel_matrix is not None:
        path = declared_path(cohort, declared.panel_matrix, "mutations.panel_matrix")
        raw = read_table(path, label=declared.panel_matrix)
        identities = _sample_identities(raw, declared.panel_matrix, PANEL_SAMPLE, lookup, patients)
        raw.column(PANEL)
        identities.unique(["sample_id"], raw.cells)
        yield "mutation_panels", declared.panel_matrix, path, identities


def _sample_identities(
    raw: RawTable, file: str, column: str, lookup: SampleLookup, patients: list[str]
) -> RowIdentities:
    identities = RowIdentities(raw.cells.index, file)
    identities.ragged(raw)
    identities.identifiers("sample_id", raw.cells[raw.column(column)], column)
    identities.patients_of_samples(lookup)
    identities.known_patients(patients)
    return identities


def expression_samples(path: Path, file: str, lookup: SampleLookup, patients: list[str]) -> RowIdentities:
    """The samples of an expression file as rows: `row` is the column number (gene x sample text, the gene symbol being
    column 1) or the position in `obs` (``.h5ad``), both from 1."""
    if path.suffix.lower() == ".h5ad":
        import anndata

        names = [str(name) for name in anndata.read_h5ad(path, backed="r").obs_names]
        rows = list(range(1, len(names) + 1))
    else:
        header = read_table(path, label=file, header_only=True)
        names = [str(name) for name in header.cells.columns[1:]]
        rows = list(range(2, len(names) + 2))
    if not names:
        raise TableError(f"{file}: no sample columns beside the gene column", rule="no_samples")
    identities = RowIdentities(rows, file, unit="column" if rows[0] == 2 else "obs")
    identities.identifiers("sample_id", pd.Series(names, index=rows, dtype=object), "sample name")
    identities.patients_of_samples(lookup)
    identities.known_patients(patients)
    identities.unique(["sample_id"], pd.DataFrame({"sample_id": names, "position": rows}, index=rows))
    return identities


def read_panels(path: Path, label: str) -> tuple[pd.DataFrame, str]:
    """Which genes each panel covers.

    Parameters
    ----------
    path : a table with columns `panel` and `gene`, or a folder of cBioPortal gene-panel files (``stable_id:`` and
        ``gene_list:`` lines in each ``data_gene_panel_*.txt``).

    Returns
    -------
    DataFrame `panel, gene` without repetition, and the SHA-256 of the file or folder.
    """
    if path.is_dir():
        pairs = [pair for file in sorted(path.glob("data_gene_panel_*.txt")) for pair in _cbioportal_panel(file)]
        if not pairs:
            raise TableError(f"{label}: no file data_gene_panel_*.txt in this folder", rule="no_panels")
        return pd.DataFrame(pairs, columns=["panel", "gene"]).drop_duplicates(ignore_index=True), folder_digest(path)
    raw = read_table(path, label=label)
    if raw.ragged:
        row, what = next(iter(raw.ragged.items()))
        raise TableError(f"{label} line {row}: {what}", rule="ragged_row")
    genes = pd.DataFrame({name: raw.cells[raw.column(name)].str.strip() for name in ("panel", "gene")})
    blank = genes.index[(genes == "").any(axis=1)]
    if len(blank):
        raise TableError(f"{label} line {blank[0]}: panel or gene is blank", rule="blank_identifier")
    return genes.reset_index(drop=True), file_digest(path)


def _cbioportal_panel(file: Path) -> Iterator[tuple[str, str]]:
    entries = {}
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            entries[key.strip()] = value
    if "stable_id" not in entries or "gene_list" not in entries:
        raise TableError(
            f"{file.name}: a gene-panel file needs the lines 'stable_id:' and 'gene_list:'", rule="panel_format"
        )
    for gene in entries["gene_list"].split():
        yield entries["stable_id"].strip(), gene
