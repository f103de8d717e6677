"""The rows of variant, panel, copy-number, fusion and segment files: which are used, for whom, and which are not and why.

Rules beside those of :mod:`radiogenomics.cohort.identities`:

================================  ===========================================================================
blank_gene                        no gene symbol
gene_turned_date                  the symbol became a date or a number in a spreadsheet
unknown_variant_classification    not one of the MAF format's classes
not_somatic                       Mutation_Status (SV_Status) says germline, wild type or none
wrong_build                       the variant is on another genome build than the declared one
duplicate                         the same variant of the same sample stands in another file already
bad_segment                       a segment whose ends or mean are no numbers, or that ends before it starts
================================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import turned_by_spreadsheet
from radiogenomics.cohort.identities import RowIdentities, SampleLookup
from radiogenomics.cohort.omics_settings import Mutations
from radiogenomics.cohort.reading import RawTable, declared_path, read_table
from radiogenomics.cohort.samples import (
    BARCODE,
    NON_SYNONYMOUS,
    NOT_SOMATIC,
    OTHER_CLASSES,
    PANEL,
    PANEL_SAMPLE,
    matrix_samples,
)
from radiogenomics.exceptions import TableError

Source = tuple[str, str, Path, RowIdentities]
"""Name of the source, file as declared, path, identities of its rows."""

SV_SAMPLE, SV_GENES = "Sample_Id", ("Site1_Hugo_Symbol", "Site2_Hugo_Symbol")
SEGMENT_SAMPLE, SEGMENT_NUMBERS = "ID", ("loc.start", "loc.end", "seg.mean")
BUILDS = {
    "grch37": "GRCh37", "37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "hs37d5": "GRCh37",
    "grch38": "GRCh38", "38": "GRCh38", "hg38": "GRCh38",
}  # fmt: skip
"""Spellings of NCBI_Build (lower case) -> genome build."""

_VARIANT = (
    "Hugo_Symbol", "Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2",
)  # fmt: skip


def mutation_sources(
    cohort: Cohort, declared: Mutations, lookup: SampleLookup, patients: list[str]
) -> Iterator[Source]:
    """The rows of every file under `mutations`, source by source and file by file."""
    yield from _mafs(cohort, declared, lookup, patients)
    if declared.panel_matrix is not None:
        path = declared_path(cohort, declared.panel_matrix, "mutations.panel_matrix")
        raw = read_table(path, label=declared.panel_matrix)
        identities = _identities(raw, declared.panel_matrix, PANEL_SAMPLE, lookup, patients)
        raw.column(PANEL)
        identities.unique(["sample_id"], raw.cells)
        yield "mutation_panels", declared.panel_matrix, path, identities
    if declared.copy_number is not None:
        path = declared_path(cohort, declared.copy_number, "mutations.copy_number")
        yield "copy_number", declared.copy_number, path, matrix_samples(path, declared.copy_number, lookup, patients)
    if declared.structural_variants is not None:
        path = declared_path(cohort, declared.structural_variants, "mutations.structural_variants")
        yield "structural_variants", declared.structural_variants, path, _structural(path, declared, lookup, patients)
    if declared.segments is not None:
        path = declared_path(cohort, declared.segments, "mutations.segments")
        yield "segments", declared.segments, path, _segments(path, declared.segments, lookup, patients)


def _identities(raw: RawTable, file: str, column: str, lookup: SampleLookup, patients: list[str]) -> RowIdentities:
    identities = RowIdentities(raw.cells.index, file)
    identities.ragged(raw)
    identities.identifiers("sample_id", raw.cells[raw.column(column)], column)
    identities.patients_of_samples(lookup)
    identities.known_patients(patients)
    return identities


def _mafs(cohort: Cohort, declared: Mutations, lookup: SampleLookup, patients: list[str]) -> Iterator[Source]:
    seen: dict[tuple[str, ...], str] = {}
    builds: dict[str, str] = {}
    for file in declared.mafs:
        path = declared_path(cohort, file, "mutations.maf")
        raw = read_table(path, label=file)
        identities = _identities(raw, file, BARCODE, lookup, patients)
        gene, kind = raw.cells[raw.column("Hugo_Symbol")], raw.cells[raw.column("Variant_Classification")]
        _genes(identities, gene, file, "Hugo_Symbol")
        strange = kind[~kind.str.strip().isin(NON_SYNONYMOUS | OTHER_CLASSES)]
        identities.refuse(
            {
                r: f"{file} line {r}: Variant_Classification '{strange[r]}' is not one of the MAF format's"
                for r in strange.index
            },
            "unknown_variant_classification",
        )
        _somatic(identities, raw, file, "Mutation_Status")
        _same_build(identities, raw, file, declared.build, builds)
        identities.identical(raw.cells)
        if len(declared.mafs) > 1:
            _seen_before(identities, raw, file, seen)
        yield "mutations", file, path, identities


def _genes(identities: RowIdentities, gene: pd.Series, file: str, column: str) -> None:
    text = gene.str.strip()
    identities.refuse({r: f"{file} line {r}: {column} is blank" for r in text.index[text == ""]}, "blank_gene")
    turned = {name for name in text.unique() if turned_by_spreadsheet(name)}
    identities.refuse(
        {
            r: f"{file} line {r}: {column} '{text[r]}' is a date or a number: a spreadsheet changed the gene's name"
            for r in text.index[text.isin(turned)]
        },
        "gene_turned_date",
    )


def _somatic(identities: RowIdentities, raw: RawTable, file: str, column: str) -> None:
    if column not in raw.cells.columns:
        return
    status = raw.cells[column].str.strip()
    rows = status.index[status.str.lower().isin(NOT_SOMATIC)]
    identities.refuse({r: f"{file} line {r}: {column} '{status[r]}' is not somatic" for r in rows}, "not_somatic")


def _same_build(
    identities: RowIdentities, raw: RawTable, file: str, declared: str | None, seen: dict[str, str]
) -> None:
    """With a declared build, rows on another are set aside; without one, all rows of all files must agree."""
    if "NCBI_Build" not in raw.cells.columns:
        return
    text = raw.cells["NCBI_Build"].str.strip()
    build = text.str.lower().map(lambda said: BUILDS.get(said, said))
    said = build[build != ""]
    if declared is not None:
        wrong = said.index[said != declared]
        identities.refuse(
            {r: f"{file} line {r}: NCBI_Build '{text[r]}' is not the declared {declared}" for r in wrong}, "wrong_build"
        )
        return
    for found in said.unique():
        seen.setdefault(found, f"{file} line {said.index[said == found][0]} is on {found}")
    if len(seen) > 1:
        raise TableError(
            f"{'; '.join(seen.values())}: variants of two genome builds cannot be compared; say which under mutations.build "
            "and the others are set aside",
            rule="wrong_build",
        )


def _seen_before(identities: RowIdentities, raw: RawTable, file: str, seen: dict[tuple[str, ...], str]) -> None:
    """Of a variant that stands in two files for the same sample, the first counts."""
    columns = [name for name in _VARIANT if name in raw.cells.columns]
    if "Start_Position" not in columns:
        return
    usable = identities.table.index[identities.table["rule"].isna()]
    again = {}
    mine: dict[tuple[str, ...], str] = {}
    for row, cells in raw.cells.loc[usable, [BARCODE, *columns]].iterrows():
        key = tuple(str(cell).strip() for cell in cells)
        if key in seen:
            again[int(str(row))] = f"{file} line {row}: the same variant stands in {seen[key]}"
        mine.setdefault(key, f"{file} line {row}")
    identities.refuse(again, "duplicate")
    seen.update({key: where for key, where in mine.items() if key not in seen})


def _structural(path: Path, declared: Mutations, lookup: SampleLookup, patients: list[str]) -> RowIdentities:
    file = str(declared.structural_variants)
    raw = read_table(path, label=file)
    identities = _identities(raw, file, SV_SAMPLE, lookup, patients)
    first, second = (raw.cells[raw.column(name)].str.strip() for name in SV_GENES)
    blank = first.index[(first == "") & (second == "")]
    identities.refuse({r: f"{file} line {r}: neither site names a gene" for r in blank}, "blank_gene")
    _somatic(identities, raw, file, "SV_Status")
    identities.identical(raw.cells)
    return identities


def _segments(path: Path, file: str, lookup: SampleLookup, patients: list[str]) -> RowIdentities:
    raw = read_table(path, label=file)
    identities = _identities(raw, file, SEGMENT_SAMPLE, lookup, patients)
    numbers = pd.DataFrame({n: pd.to_numeric(raw.cells[raw.column(n)], errors="coerce") for n in SEGMENT_NUMBERS})
    bad = numbers.isna().any(axis=1) | (numbers["loc.end"] < numbers["loc.start"])
    identities.refuse(
        {
            r: f"{file} line {r}: a segment needs numbers in {', '.join(SEGMENT_NUMBERS)} and must not end before it starts"
            for r in numbers.index[bad]
        },
        "bad_segment",
    )
    identities.identical(raw.cells)
    return identities
