"""Gene panels: which genes each covers, and how many megabases of coding sequence it reads.

Packaged are MSK-IMPACT of 341, 410 and 468 genes (Cheng et al., J Mol Diagn 17:251-264, 2015), with genes and profiled
coding base pairs as cBioPortal's reference data give them (datahub, reference_data/gene_panels).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.omics_settings import PACKAGED
from radiogenomics.cohort.reading import declared_path, read_table
from radiogenomics.exceptions import TableError
from radiogenomics.storage.atomic import file_digest, folder_digest


class Panels(NamedTuple):
    """What panels cover.

    Attributes
    ----------
    genes : DataFrame `panel, gene`, without repetition.
    size_mb : panel -> megabases of coding sequence, for the panels of which it is said.
    digest : SHA-256 of the file or folder.
    """

    genes: pd.DataFrame
    size_mb: dict[str, float]
    digest: str


def packaged(name: str) -> Path:
    """A table that comes with this package."""
    return Path(str(resources.files("radiogenomics.cohort") / "reference" / name))


def declared_panels(cohort: Cohort, declared: str) -> Panels:
    """The panels that `mutations.panels` names."""
    if declared == PACKAGED:
        return read_panels(packaged("panels.csv"), PACKAGED)
    return read_panels(declared_path(cohort, declared, "mutations.panels", folder_allowed=True), declared)


def read_panels(path: Path, label: str) -> Panels:
    """Which genes each panel covers.

    Parameters
    ----------
    path : a table with columns `panel` and `gene` (and `coding_mb` where known), or a folder of cBioPortal gene-panel
        files (``stable_id:``, ``gene_list:`` and where known ``number_of_profiled_coding_base_pairs:`` lines in each
        ``data_gene_panel_*.txt``). Previous symbols of a gene become its current one.

    Raises
    ------
    TableError
        A column is missing, a cell is blank, or a panel file lacks a line.
    """
    if path.is_dir():
        found = [_cbioportal_panel(file) for file in sorted(path.glob("data_gene_panel_*.txt"))]
        if not found:
            raise TableError(f"{label}: no file data_gene_panel_*.txt in this folder", rule="no_panels")
        pairs = [(name, current_symbol(gene)) for name, genes, _ in found for gene in genes]
        genes = pd.DataFrame(pairs, columns=["panel", "gene"]).drop_duplicates(ignore_index=True)
        return Panels(genes, {name: size for name, _, size in found if size is not None}, folder_digest(path))
    raw = read_table(path, label=label)
    if raw.ragged:
        row, what = next(iter(raw.ragged.items()))
        raise TableError(f"{label} line {row}: {what}", rule="ragged_row")
    genes = pd.DataFrame({name: raw.cells[raw.column(name)].str.strip() for name in ("panel", "gene")})
    blank = genes.index[(genes == "").any(axis=1)]
    if len(blank):
        raise TableError(f"{label} line {blank[0]}: panel or gene is blank", rule="blank_identifier")
    sizes = dict(_sizes(raw.cells, genes["panel"], label)) if "coding_mb" in raw.cells.columns else {}
    genes["gene"] = genes["gene"].map(current_symbol)
    return Panels(genes.reset_index(drop=True), sizes, file_digest(path))


def _sizes(cells: pd.DataFrame, panels: pd.Series, label: str) -> Iterator[tuple[str, float]]:
    for panel, texts in cells["coding_mb"].str.strip().groupby(panels):
        said = sorted(set(texts) - {""})
        if not said:
            continue
        try:
            size = float(said[0])
        except ValueError as error:
            raise TableError(f"{label}: panel '{panel}': coding_mb '{said[0]}' is no number", rule="type") from error
        if len(said) > 1 or size <= 0:
            raise TableError(
                f"{label}: panel '{panel}': coding_mb must be one positive number, found {said}", rule="type"
            )
        yield str(panel), size


def _cbioportal_panel(file: Path) -> tuple[str, list[str], float | None]:
    entries = {}
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            entries[key.strip()] = value
    if "stable_id" not in entries or "gene_list" not in entries:
        raise TableError(
            f"{file.name}: a gene-panel file needs the lines 'stable_id:' and 'gene_list:'", rule="panel_format"
        )
    pairs = entries.get("number_of_profiled_coding_base_pairs", "").strip()
    return entries["stable_id"].strip(), entries["gene_list"].split(), int(pairs) / 1e6 if pairs.isdigit() else None
