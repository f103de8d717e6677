"""A cohort cut down to the sources that are there: new patients bring any subset of what the training cohort had."""

from __future__ import annotations

from typing import Any

from radiogenomics.cohort.configuration import Clinical, Cohort, Images
from radiogenomics.cohort.omics_settings import Mutations, OmicsTable
from radiogenomics.cohort.reading import read_table
from radiogenomics.exceptions import ConfigurationError


def present_sources(cohort: Cohort) -> tuple[Cohort, list[str]]:
    """The cohort without the sources whose files, and the clinical variables whose columns, do not exist.

    Returns
    -------
    The narrower cohort, without endpoints, and one sentence for each thing that is not there.

    Raises
    ------
    ConfigurationError
        No clinical table is there: it says which patients there are (its identifier column is enough).
    """
    absent: list[str] = []

    def there(file: str, what: str) -> bool:
        exists = cohort.path(file).exists()
        if not exists:
            absent.append(f"{what}: no file {file}")
        return exists

    tables = {name: t for name, t in cohort.clinical.tables.items() if there(t.file, f"clinical table '{name}'")}
    if not tables:
        files = ", ".join(t.file for t in cohort.clinical.tables.values())
        raise ConfigurationError(
            f"{cohort.path('.')}: none of the clinical tables {files} is there; at least one must name the patients "
            "(its identifier column is enough)",
            rule="no_patients",
        )
    found: dict[str, Any] = {
        "clinical": _clinical(cohort, tables, absent),
        "images": {n: i for n, i in cohort.images.items() if _images(cohort, n, i, absent)},
        "imaging_tables": {n: t for n, t in cohort.imaging_tables.items() if there(t.file, f"imaging table '{n}'")},
        "omics": {
            n: t
            for n, t in cohort.omics.items()
            if there(t.file, f"omics table '{n}'") and _mapped(t, f"omics.{n}", tables, absent)
        },
        "mutations": None,
        "expression": None,
        "endpoints": {},
        "survival": {},
    }
    if cohort.mutations is not None and all(there(maf, "mutations") for maf in cohort.mutations.mafs):
        found["mutations"] = cohort.mutations if _mapped(cohort.mutations, "mutations", tables, absent) else None
    if cohort.expression is not None and there(cohort.expression.file, "expression"):
        found["expression"] = cohort.expression if _mapped(cohort.expression, "expression", tables, absent) else None
    narrowed = cohort.model_copy(update=found)
    narrowed._file = cohort.file
    return narrowed, absent


def _clinical(cohort: Cohort, tables: dict[str, Any], absent: list[str]) -> Clinical:
    """Clinical tables that are there, with the variables that have their columns."""
    headers = {
        name: set(read_table(cohort.path(t.file), label=t.file).cells.columns.str.strip()) for name, t in tables.items()
    }
    index = cohort.clinical.index_date
    if index is not None and index.column.strip() not in headers.get(cohort.clinical_table(index.table), set()):
        absent.append(f"clinical.index_date: no column '{index.column}'")
        index = None
    variables = {}
    for name, variable in cohort.clinical.variables.items():
        header = headers.get(cohort.clinical_table(variable.table))
        needed = [variable.column, *([variable.recorded_on] if variable.recorded_on is not None else [])]
        lacking = [column for column in needed if header is None or column.strip() not in header]
        if lacking or (variable.recorded_on is not None and index is None):
            absent.append(f"clinical variable '{name}': no column '{(lacking or ['index_date'])[0]}'")
            continue
        variables[name] = variable
    return cohort.clinical.model_copy(update={"tables": tables, "variables": variables, "index_date": index})


def _images(cohort: Cohort, name: str, images: Images, absent: list[str]) -> bool:
    place = images.lesions or (images.dicom.folder if images.dicom is not None else None)
    if place is None and images.image is not None:  # a pattern: what stands before its first placeholder
        place = images.image.split("{", 1)[0].rpartition("/")[0] or "."
    exists = place is not None and cohort.path(place).exists()
    if not exists:
        absent.append(f"images '{name}': nothing at {place}")
    return exists


def _mapped(declared: Mutations | OmicsTable, what: str, tables: dict[str, Any], absent: list[str]) -> bool:
    """Whether the clinical tables that lead from its samples to patients are there."""
    needed = {getattr(declared.samples, "table", None), declared.choose.table} - {None, *tables}
    if needed:
        absent.append(
            f"{what}: its samples are mapped by clinical table '{sorted(map(str, needed))[0]}', which is not there"
        )
    return not needed
