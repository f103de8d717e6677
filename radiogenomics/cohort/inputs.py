"""Manifest and quarantine: every input row of a cohort is in exactly one of them.

``read_inputs`` looks at every declared file once and says which rows are used, for which patient, and which are set
aside, and why. ``source_rows`` gives the used rows of one source back, as text, to whoever makes features of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort import lesions, samples
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.identities import RowIdentities
from radiogenomics.cohort.reading import RawTable, declared_path, read_table
from radiogenomics.cohort.schemas import MANIFEST, QUARANTINE, conform, empty
from radiogenomics.exceptions import ConfigurationError, IntegrityError, TableError
from radiogenomics.storage.atomic import file_digest

REFERENCE = "reference/"
"""Prefix of sources that describe methods, not patients (gene panels): used whole, in no manifest."""


class Inputs(NamedTuple):
    """What came in.

    Attributes
    ----------
    manifest : DataFrame by `schemas.MANIFEST`: the rows that are used.
    quarantine : DataFrame by `schemas.QUARANTINE`, all of level 'row': the rows that are set aside.
    files : DataFrame `source, file, sha256, rows`, one row a file: its digest and how many rows it has. For images found
        by a path pattern, `file` is the pattern, `sha256` is that of the listing of paths and sizes, and a row is a
        patient of whom image or mask was found.
    """

    manifest: pd.DataFrame
    quarantine: pd.DataFrame
    files: pd.DataFrame


class _Gathering:
    """Rows and files of all sources as they are read."""

    def __init__(self) -> None:
        self.used: list[pd.DataFrame] = []
        self.refused: list[pd.DataFrame] = []
        self.files: list[tuple[str, str, str, int]] = []

    def add(
        self,
        source: str,
        file: str,
        digest: str,
        identities: RowIdentities,
        *,
        files: pd.Series | None = None,
        rows: pd.Series | None = None,
    ) -> pd.DataFrame:
        table = identities.table.assign(source=source, file=file)
        table.index.name = "row"
        table = table.reset_index()
        if files is not None:
            table["file"] = files.to_numpy()
            table["row"] = 1 if rows is None else rows.to_numpy()  # a file of a pattern is its own single row
        used = table[table["rule"].isna()]
        self.used.append(used)
        self.refused.append(table[table["rule"].notna()].assign(level="row"))
        self.files.append((source, file, digest, len(table)))
        return used


def read_inputs(cohort: Cohort) -> Inputs:
    """Read every declared file and say, row by row, what is used and what is set aside.

    Sources are named ``clinical/<table>``, ``lesions/<images>``, ``imaging_tables/<name>``, ``mutations``,
    ``mutation_panels`` and ``expression`` (a row is a sample). The patients of the cohort are those of the used rows of
    its clinical tables. The rules for rows stand in :mod:`radiogenomics.cohort.identities`.

    Raises
    ------
    ConfigurationError
        A declared file does not exist.
    TableError
        A file cannot be read, lacks a declared column, or leaves no patient.
    """
    gathering = _Gathering()
    patients: dict[str, None] = {}
    sample_tables: dict[str, dict[str, str]] = {}
    for name, table in cohort.clinical.tables.items():
        path = declared_path(cohort, table.file, f"clinical.tables.{name}.file")
        raw = read_table(path, label=table.file)
        identities = RowIdentities(raw.cells.index, table.file)
        identities.ragged(raw)
        identities.identifiers("patient_id", raw.cells[raw.column(table.patient_id)], table.patient_id)
        key = ["patient_id"]
        if table.one_row_per == "sample":
            assert table.sample_id is not None  # the configuration requires it
            identities.identifiers("sample_id", raw.cells[raw.column(table.sample_id)], table.sample_id)
            key = ["sample_id"]
        identities.unique(key, raw.cells)
        used = gathering.add(f"clinical/{name}", table.file, file_digest(path), identities)
        patients.update(dict.fromkeys(used["patient_id"]))
        if table.one_row_per == "sample":
            sample_tables[name] = dict(zip(used["sample_id"], used["patient_id"], strict=True))
    if not patients:
        names = ", ".join(t.file for t in cohort.clinical.tables.values())
        raise TableError(f"{names}: no usable row, so the cohort has no patient", rule="no_patients")

    known = list(patients)
    for name, images in cohort.images.items():
        found = lesions.find_lesions(cohort, name, images, known)
        gathering.add(f"lesions/{name}", found.file, found.digest, found.identities, files=found.files, rows=found.rows)
    for name, imaging in cohort.imaging_tables.items():
        path = declared_path(cohort, imaging.file, f"imaging_tables.{name}.file")
        raw = read_table(path, label=imaging.file)
        identities = RowIdentities(raw.cells.index, imaging.file)
        identities.ragged(raw)
        identities.identifiers("patient_id", raw.cells[raw.column(imaging.patient_id)], imaging.patient_id)
        key = ["patient_id"]
        if imaging.lesion_id is not None:
            identities.identifiers("lesion_id", raw.cells[raw.column(imaging.lesion_id)], imaging.lesion_id)
            key = ["patient_id", "lesion_id"]
        identities.known_patients(known)
        identities.unique(key, raw.cells)
        gathering.add(f"imaging_tables/{name}", imaging.file, file_digest(path), identities)
    if cohort.mutations is not None:
        lookup = samples.sample_lookup(cohort.mutations.samples, sample_tables)
        for source, file, path, rows in samples.mutation_sources(cohort, cohort.mutations, lookup, known):
            gathering.add(source, file, file_digest(path), rows)
        if cohort.mutations.panels is not None:
            path = declared_path(cohort, cohort.mutations.panels, "mutations.panels", folder_allowed=True)
            genes, digest = samples.read_panels(path, cohort.mutations.panels)
            gathering.files.append((f"{REFERENCE}panels", cohort.mutations.panels, digest, len(genes)))
    if cohort.expression is not None:
        lookup = samples.sample_lookup(cohort.expression.samples, sample_tables)
        path = declared_path(cohort, cohort.expression.file, "expression.file")
        rows = samples.expression_samples(path, cohort.expression.file, lookup, known)
        gathering.add("expression", cohort.expression.file, file_digest(path), rows)
    return _conformed(gathering)


def _conformed(gathering: _Gathering) -> Inputs:
    used = pd.concat(gathering.used, ignore_index=True)
    refused = pd.concat(gathering.refused, ignore_index=True)
    return Inputs(
        manifest=conform(used[list(MANIFEST.columns)], MANIFEST),
        quarantine=conform(refused[list(QUARANTINE.columns)], QUARANTINE) if len(refused) else empty(QUARANTINE),
        files=pd.DataFrame(gathering.files, columns=["source", "file", "sha256", "rows"]),
    )


def account(inputs: Inputs) -> pd.DataFrame:
    """Whether rows in = rows used + rows set aside, for each source.

    Returns
    -------
    DataFrame `source, file, rows, used, quarantined, balanced`.
    """
    used = inputs.manifest["source"].value_counts()
    rows_aside = inputs.quarantine[inputs.quarantine["level"] == "row"]
    aside = rows_aside["source"].value_counts()
    table = inputs.files[["source", "file", "rows"]].copy()
    table["used"] = [
        int(rows if source.startswith(REFERENCE) else used.get(source, 0))
        for source, rows in zip(table["source"], table["rows"], strict=True)
    ]
    table["quarantined"] = [int(aside.get(source, 0)) for source in table["source"]]
    table["balanced"] = table["rows"] == table["used"] + table["quarantined"]
    return table


def cohort_patients(manifest: pd.DataFrame) -> list[str]:
    """The patients of the cohort, sorted: those of the used rows of the clinical tables."""
    clinical = manifest["source"].str.startswith("clinical/")
    return sorted(set(manifest.loc[clinical, "patient_id"]))


def source_rows(cohort: Cohort, manifest: pd.DataFrame, source: str, files: pd.DataFrame | None = None) -> pd.DataFrame:
    """The used rows of one source, read again.

    Parameters
    ----------
    manifest : DataFrame by `schemas.MANIFEST`.
    source : e.g. ``clinical/main``; the sources that the cohort declares.
    files : `Inputs.files`; where given, the file's digest must still be the one recorded there.

    Returns
    -------
    DataFrame of text, one row a manifest row and in its order: `patient_id`, `row`, `study_id`, `lesion_id`, `sample_id`
    (None where the source has none), then the columns of the file. For ``lesions/<images>`` the columns `image` and
    `mask` are absolute paths and `roi` is always there (blank: not given). ``expression`` gives identities only.

    Raises
    ------
    IntegrityError
        The file changed since the manifest was made.
    """
    rows = manifest[manifest["source"] == source]
    identity = rows[["patient_id", "row", "study_id", "lesion_id", "sample_id"]].reset_index(drop=True)
    if rows.empty:
        return identity
    kind, _, name = source.partition("/")
    if kind == "lesions":
        _check_digest(source, files, lambda: lesions.digest(cohort, name, cohort_patients(manifest)))
        return lesions.lesion_rows(cohort, name, rows.reset_index(drop=True), identity)
    path, patient_column, sample_column = _location(cohort, kind, name)
    _check_digest(source, files, lambda: file_digest(path))
    if kind == "expression":
        return identity
    raw = read_table(path, label=str(rows["file"].iloc[0]))
    _check_unchanged(raw, rows, patient_column, "patient_id")
    _check_unchanged(raw, rows, sample_column, "sample_id")
    cells = raw.cells.loc[rows["row"]].reset_index(drop=True)
    return pd.concat([identity, cells.drop(columns=[c for c in identity.columns if c in cells.columns])], axis=1)


def _location(cohort: Cohort, kind: str, name: str) -> tuple[Path, str | None, str | None]:
    """Path of a source's file, and the columns with the patient's and the sample's identifier."""
    if kind == "clinical":
        table = cohort.clinical.tables[name]
        return cohort.path(table.file), table.patient_id, table.sample_id
    if kind == "imaging_tables":
        return cohort.path(cohort.imaging_tables[name].file), cohort.imaging_tables[name].patient_id, None
    if kind == "mutations" and cohort.mutations is not None:
        return cohort.path(cohort.mutations.maf), None, samples.BARCODE
    if kind == "mutation_panels" and cohort.mutations is not None and cohort.mutations.panel_matrix is not None:
        return cohort.path(cohort.mutations.panel_matrix), None, samples.PANEL_SAMPLE
    if kind == "expression" and cohort.expression is not None:
        return cohort.path(cohort.expression.file), None, None
    raise ConfigurationError(
        f"{cohort.file}: source '{kind}{'/' if name else ''}{name}' is not declared", rule="unknown_source"
    )


def _check_digest(source: str, files: pd.DataFrame | None, digest: Callable[[], str]) -> None:
    if files is None:
        return
    recorded = files.loc[files["source"] == source, "sha256"]
    if recorded.empty or recorded.iloc[0] != digest():
        raise IntegrityError(
            f"source '{source}' changed since the manifest was made; read the inputs again", rule="file_changed"
        )


def _check_unchanged(raw: RawTable, rows: pd.DataFrame, column: str | None, identity: str) -> None:
    """The identifiers must still stand on the lines where the manifest saw them."""
    if column is None:
        return
    now = raw.cells[raw.column(column)].reindex(rows["row"])
    changed = rows.loc[(now.str.strip() != rows.set_index("row")[identity]).to_numpy(), "row"]
    if len(changed):
        raise IntegrityError(
            f"{raw.label} line {changed.iloc[0]}: not the row that the manifest recorded; the file changed, read the inputs again",
            rule="file_changed",
        )
