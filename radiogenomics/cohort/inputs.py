"""Manifest and quarantine: every input row of a cohort is in exactly one of them.

``read_inputs`` looks at every declared file once and says which rows are used, for which patient, and which are set
aside, and why. ``source_rows`` gives the used rows of one source back, as text, to whoever makes features of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort import lesions, mutation_files, panels, samples
from radiogenomics.cohort.configuration import Cohort, Expression, VariantRule
from radiogenomics.cohort.identities import RowIdentities
from radiogenomics.cohort.omics_settings import PACKAGED
from radiogenomics.cohort.reading import RawTable, declared_path, read_table
from radiogenomics.cohort.schemas import MANIFEST, QUARANTINE, conform, empty
from radiogenomics.exceptions import ConfigurationError, IntegrityError, TableError
from radiogenomics.storage.atomic import file_digest

REFERENCE = "reference/"
"""Prefix of sources that describe methods, not patients (gene panels): used whole, in no manifest."""


FILE = "maf_file"
"""Column of the rows of `mutations` that says which MAF a row is from."""

_SAMPLE_COLUMNS: dict[str, str | None] = {
    "mutations": samples.BARCODE,
    "mutation_panels": samples.PANEL_SAMPLE,
    "copy_number": None,
    "structural_variants": mutation_files.SV_SAMPLE,
    "segments": mutation_files.SEGMENT_SAMPLE,
}


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
    ``mutation_panels``, ``copy_number``, ``structural_variants``, ``segments``, ``expression`` and ``omics/<name>`` (in
    copy number, expression and other omics a row is a sample). The patients of the cohort are those of the used rows of
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
        for source, file, path, rows in mutation_files.mutation_sources(cohort, cohort.mutations, lookup, known):
            gathering.add(source, file, file_digest(path), rows)
        if cohort.mutations.panels is not None:
            covered = panels.declared_panels(cohort, cohort.mutations.panels)
            gathering.files.append((f"{REFERENCE}panels", cohort.mutations.panels, covered.digest, len(covered.genes)))
    for name, file in declared_references(cohort).items():
        path = declared_path(cohort, file, name)
        gathering.files.append((f"{REFERENCE}{name}", file, file_digest(path), len(read_table(path, label=file).cells)))
    for source, (declared_at, omics) in cohort.omics_tables().items():
        lookup = samples.sample_lookup(omics.samples, sample_tables)
        path = declared_path(cohort, omics.file, f"{declared_at}.file")
        rows = samples.omics_samples(path, omics.file, omics.orientation, lookup, known)
        gathering.add(source, omics.file, file_digest(path), rows)
    return _conformed(gathering)


def declared_references(cohort: Cohort) -> dict[str, str]:
    """Tables of methods that an institution declares in place of the packaged ones: name -> file as declared."""
    found: dict[str, str | None] = {}
    if cohort.mutations is not None:
        found |= {"hotspots": cohort.mutations.hotspots, "pathways": cohort.mutations.pathways}
    for source, (_, omics) in cohort.omics_tables().items():
        found[f"symbols/{source}"] = omics.symbols
        found["signatures"] = omics.signatures if isinstance(omics, Expression) else found.get("signatures")
    for name, endpoint in cohort.endpoints.items():
        if isinstance(endpoint.label, VariantRule):
            found[f"variants/{name}"] = endpoint.label.variants
    return {name: file for name, file in found.items() if file is not None and file != PACKAGED}


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
    aside_rows = inputs.quarantine[inputs.quarantine["level"] == "row"]
    table = inputs.files[["source", "file", "rows"]].copy()
    # where a source has several files each is counted alone; images found by a pattern are many files of one declaration
    several = set(table.loc[table["source"].duplicated(), "source"])
    used, aside = (_counts(rows, several) for rows in (inputs.manifest, aside_rows))
    keys = [(s, f if s in several else "") for s, f in zip(table["source"], table["file"], strict=True)]
    table["used"] = [
        int(rows if source.startswith(REFERENCE) else used.get((source, file), 0))
        for (source, file), rows in zip(keys, table["rows"], strict=True)
    ]
    table["quarantined"] = [int(aside.get(key, 0)) for key in keys]
    table["balanced"] = table["rows"] == table["used"] + table["quarantined"]
    return table


def _counts(rows: pd.DataFrame, several: set[str]) -> Counter[tuple[str, str]]:
    """How many rows each source has, and each of its files where it has several."""
    return Counter((s, f if s in several else "") for s, f in zip(rows["source"], rows["file"], strict=True))


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
    `mask` are absolute paths and `roi` is always there (blank: not given). ``mutations`` has `maf_file` as well.
    ``expression``, ``omics/<name>`` and ``copy_number`` give identities only.

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
    patient_column, sample_column, matrix = _identity_columns(cohort, source)
    parts = []
    for file in dict.fromkeys(rows["file"]):
        path = cohort.path(file)
        _check_digest(source, files, partial(file_digest, path), file)
        if matrix:
            continue
        part = rows[rows["file"] == file]
        raw = read_table(path, label=str(file))
        _check_unchanged(raw, part, patient_column, "patient_id")
        _check_unchanged(raw, part, sample_column, "sample_id")
        cells = raw.cells.loc[part["row"]].reset_index(drop=True)
        parts.append(cells.assign(**{FILE: file}) if source == "mutations" else cells)
    if matrix:
        return identity
    cells = pd.concat(parts, ignore_index=True).fillna("")
    return pd.concat([identity, cells.drop(columns=[c for c in identity.columns if c in cells.columns])], axis=1)


def _identity_columns(cohort: Cohort, source: str) -> tuple[str | None, str | None, bool]:
    """The columns with the patient's and the sample's identifier, and whether the source is molecules by samples."""
    kind, _, name = source.partition("/")
    if kind == "clinical" and name in cohort.clinical.tables:
        return cohort.clinical.tables[name].patient_id, cohort.clinical.tables[name].sample_id, False
    if kind == "imaging_tables" and name in cohort.imaging_tables:
        return cohort.imaging_tables[name].patient_id, None, False
    if cohort.mutations is not None and source in _SAMPLE_COLUMNS:
        return None, _SAMPLE_COLUMNS[source], source == "copy_number"
    if source in cohort.omics_tables():
        return None, None, True
    raise ConfigurationError(f"{cohort.file}: source '{source}' is not declared", rule="unknown_source")


def _check_digest(source: str, files: pd.DataFrame | None, digest: Callable[[], str], file: str | None = None) -> None:
    if files is None:
        return
    recorded = files.loc[(files["source"] == source) & ((files["file"] == file) | (file is None)), "sha256"]
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
