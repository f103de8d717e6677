"""What the tables of a folder probably are: variants, panels, copy number, expression, lesions, clinical."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.column_guess import guess_column, looks_like_identifier
from radiogenomics.cohort.gene_names import is_ensembl
from radiogenomics.cohort.reading import RawTable, read_table
from radiogenomics.cohort.samples import ANNOTATIONS
from radiogenomics.exceptions import TableError

_SUFFIXES = (".csv", ".tsv", ".txt", ".maf", ".seg", ".parquet", ".pq")
_SYMBOL = re.compile(r"^[A-Z][A-Z0-9-]{1,14}$|^C\d+orf\d+$")
MOST_COLUMNS_OF_CLINICAL = 400


class FoundTable(NamedTuple):
    """One file of a folder.

    Attributes
    ----------
    file : path below the folder.
    kind : maf, panel_matrix, panels, copy_number, structural_variants, segments, expression, lesions, clinical,
        imaging_features, or unreadable.
    raw : its cells (None where unreadable).
    problem : why it cannot be read.
    """

    file: str
    kind: str
    raw: RawTable | None = None
    problem: str = ""


def find_tables(folder: Path) -> list[FoundTable]:
    """Every table in a folder and the folders below it (not below folders of images), sorted by name."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
        relative = path.relative_to(folder)
        if len(relative.parts) > 2 or path.name.startswith((".", "meta_")):
            continue
        if suffixes and suffixes[-1] == ".h5ad":
            found.append(FoundTable(relative.as_posix(), "expression"))
            continue
        if not suffixes or suffixes[-1] not in _SUFFIXES or path.name.lower().startswith(("readme", "license")):
            continue
        try:
            raw = read_table(path, label=relative.as_posix())
        except TableError as error:
            found.append(FoundTable(relative.as_posix(), "unreadable", problem=error.message))
            continue
        found.append(FoundTable(relative.as_posix(), kind_of(raw), raw))
    return found


def kind_of(raw: RawTable) -> str:
    """What a table probably is, from its columns and first cells."""
    columns = list(raw.cells.columns)
    names = set(columns)
    for kind, needed in (
        ("maf", {"Hugo_Symbol", "Tumor_Sample_Barcode"}),
        ("structural_variants", {"Sample_Id", "Site1_Hugo_Symbol"}),
        ("segments", {"ID", "loc.start", "loc.end", "seg.mean"}),
        ("panel_matrix", {"SAMPLE_ID", "mutations"}),
        ("panels", {"panel", "gene"}),
        ("lesions", {"patient_id", "image", "mask"}),
    ):
        if needed <= names:
            return kind
    if raw.cells.empty or len(columns) < 2:
        return "other"
    first = raw.cells.iloc[:, 0].astype(str).str.strip()
    samples = [c for c in columns[1:] if c not in ANNOTATIONS]
    if len(first) >= 20 and len(samples) >= 3 and not looks_like_identifier(columns[0]) and _genes(first):
        values = pd.to_numeric(raw.cells[samples].head(50).to_numpy().ravel(), errors="coerce")
        known = pd.Series(values).dropna()
        if len(known) and known.isin([-2, -1.5, -1, 0, 1, 2]).all():
            return "copy_number"
        return "expression" if len(known) else "other"
    if len(samples) >= 50 and _genes(pd.Series(samples)):
        return "expression"
    identifiers = any(looks_like_identifier(c) for c in columns)
    if len(columns) > MOST_COLUMNS_OF_CLINICAL or (len(columns) > 50 and _radiomic(columns)):
        return "imaging_features" if identifiers else "other"
    return "clinical" if identifiers or guess_column("id", first).kind == "identifier" else "other"


def _genes(names: Iterable[str]) -> bool:
    listed = [str(name) for name in names]
    return sum(bool(_SYMBOL.match(name)) or is_ensembl(name) for name in listed) > 0.8 * len(listed)


def _radiomic(columns: list[str]) -> bool:
    return sum(c.startswith(("original_", "wavelet", "log-sigma", "embedding")) for c in columns) > 20


def sample_pattern(samples: list[str], patients: list[str]) -> str | None:
    """A pattern whose first group is the patient, where sample barcodes begin with patient identifiers."""
    known = set(patients)
    if not samples or sum(s in known for s in samples) > len(samples) / 2:
        return None
    shapes = sorted({re.sub(r"\d+", lambda _: r"\d+", re.escape(p)) for p in patients})
    if not shapes or len(shapes) > 3:
        return None
    pattern = f"^({'|'.join(shapes)})(?![0-9])"
    matched = [re.match(pattern, sample) for sample in samples]
    hits = sum(m is not None and m.group(1) in known for m in matched)
    return pattern if hits > len(samples) / 2 else None


def guessed_scale(raw: RawTable) -> str:
    """The scale that the numbers of an expression table probably have."""
    samples = [c for c in raw.cells.columns[1:] if c not in ANNOTATIONS]
    values = pd.to_numeric(raw.cells[samples].head(200).to_numpy().ravel(), errors="coerce")
    known = pd.Series(values).dropna()
    if known.empty:
        return "log"
    if (known < 0).mean() > 0.1:
        return "z_score"
    if (known == known.round()).all() and known.max() > 50:
        return "counts"
    return "tpm" if known.max() > 64 else "log"
