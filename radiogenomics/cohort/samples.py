"""From sample barcodes to patients, and the samples of tables that have molecules by samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from radiogenomics.cohort.configuration import SampleMap
from radiogenomics.cohort.identities import RowIdentities, SampleLookup
from radiogenomics.cohort.reading import read_table
from radiogenomics.exceptions import ConfigurationError, TableError

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


ANNOTATIONS = frozenset(
    {
        "Entrez_Gene_Id", "Cytoband", "Locus ID", "Locus_ID", "Description", "gene_name", "gene_type", "Gene_Symbol", "hgnc_symbol",
    }
)  # fmt: skip
"""Columns beside the first that describe the molecule of a row and are no samples."""


def matrix_samples(path: Path, file: str, lookup: SampleLookup, patients: list[str]) -> RowIdentities:
    """The samples of a text matrix with molecules in rows: `row` is the column number, the molecule's name being column 1."""
    header = read_table(path, label=file, header_only=True)
    names = {
        at: str(name) for at, name in enumerate(header.cells.columns, start=1) if at > 1 and name not in ANNOTATIONS
    }
    return _of_samples(file, names, "column", lookup, patients)


def _of_samples(
    file: str, names: Mapping[int, str], unit: str, lookup: SampleLookup, patients: list[str]
) -> RowIdentities:
    if not names:
        raise TableError(f"{file}: no sample beside the names of genes", rule="no_samples")
    rows = list(names)
    identities = RowIdentities(rows, file, unit=unit)
    identities.identifiers("sample_id", pd.Series(names, dtype=object), "sample name")
    identities.patients_of_samples(lookup)
    identities.known_patients(patients)
    identities.unique(["sample_id"], pd.DataFrame({"sample_id": list(names.values()), "position": rows}, index=rows))
    return identities


def omics_samples(
    path: Path, file: str, orientation: str | None, lookup: SampleLookup, patients: list[str]
) -> RowIdentities:
    """The samples of a table of molecules by samples, as rows.

    `row` is the column number (genes in rows, the name being column 1), the line (samples in rows, the sample's name
    being the first cell), or the position in `obs` (``.h5ad``), each from 1.

    Parameters
    ----------
    orientation : as declared; None: the side that holds more known samples. A declared one is confirmed by them.

    Raises
    ------
    TableError
        The declared orientation contradicts the samples, or there is no sample.
    """
    if path.suffix.lower() == ".h5ad":
        import anndata

        try:
            names = [str(name) for name in anndata.read_h5ad(path, backed="r").obs_names]
        except (OSError, KeyError, ValueError) as error:
            raise TableError(f"{file}: not a readable .h5ad file ({error})", rule="h5ad") from error
        return _of_samples(file, dict(enumerate(names, start=1)), "obs", lookup, patients)
    raw = read_table(path, label=file)
    first = raw.cells.iloc[:, 0].astype(str)
    known = set(patients)

    def known_among(names: Iterable[str]) -> int:
        return sum(lookup.patient(name.strip()) in known for name in names)

    in_columns, in_rows = known_among(map(str, raw.cells.columns[1:])), known_among(first)
    found = "samples_in_rows" if in_rows > in_columns else "genes_in_rows"
    if orientation is not None and found != orientation and max(in_rows, in_columns):
        raise TableError(
            f"{file}: declared as {orientation}, but {in_columns} column names and {in_rows} first cells are samples of "
            "known patients",
            rule="orientation",
        )
    if (orientation or found) == "genes_in_rows":
        return matrix_samples(path, file, lookup, patients)
    identities = _of_samples(file, dict(zip(map(int, raw.cells.index), first, strict=True)), "line", lookup, patients)
    identities.ragged(raw)
    return identities
