"""Whether the inputs of a cohort changed, told from file names, sizes and times without reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.folders import files_below
from radiogenomics.cohort.inputs import declared_references
from radiogenomics.cohort.omics_settings import PACKAGED


def files_signature(paths: Iterable[Path]) -> str:
    """One hash over name, size and modification time of files; a folder counts with all files below it.

    A path that does not exist counts as absent, so its appearance changes the signature.
    """
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        for file in files_below(path) if path.is_dir() else [path]:
            try:
                state = file.stat()
                total.update(f"{file}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
            except FileNotFoundError:
                total.update(f"{file}\0absent\n".encode())
    return total.hexdigest()


def part_signature(inputs: Mapping[str, pd.DataFrame], prefixes: Sequence[str]) -> str:
    """One hash over the part of a manifest that belongs to some sources, and over the digests of their files.

    Parameters
    ----------
    inputs : tables `manifest` and `files` as `read_inputs` gives them.
    prefixes : beginnings of source names, e.g. ``clinical/`` or ``expression``.
    """
    total = hashlib.sha256()
    for name in ("manifest", "files"):
        table = inputs[name]
        part = table[table["source"].str.startswith(tuple(prefixes))]
        total.update(part.to_csv(index=False).encode())
    return total.hexdigest()


def input_paths(cohort: Cohort) -> list[Path]:
    """Every file or folder that the configuration declares, the configuration itself included.

    Images named by a `lesions` table count with the whole folder of the table; images found by a pattern with the part
    of the path before the first placeholder.
    """
    paths = [cohort.file]
    paths += [cohort.path(table.file) for table in cohort.clinical.tables.values()]
    paths += [cohort.path(table.file) for table in cohort.imaging_tables.values()]
    if cohort.mutations is not None:
        of = cohort.mutations
        declared = (*of.mafs, of.panel_matrix, of.panels, of.copy_number, of.structural_variants, of.segments)
        paths += [cohort.path(item) for item in declared if item is not None and item != PACKAGED]
    paths += [cohort.path(omics.file) for _, omics in cohort.omics_tables().values()]
    paths += [cohort.path(file) for file in declared_references(cohort).values()]
    paths += image_paths(cohort)
    return paths


def image_paths(cohort: Cohort) -> list[Path]:
    """The files and folders in which the cohort's images and contours lie."""
    paths: list[Path] = []
    for images in cohort.images.values():
        if images.lesions is not None:
            paths.append(cohort.path(images.lesions).parent)
        if images.dicom is not None:
            paths.append(cohort.path(images.dicom.folder))
            if images.dicom.patients is not None:
                paths.append(cohort.path(images.dicom.patients.file))
        if images.radiomics is not None and images.radiomics.parameter_file is not None:
            paths.append(cohort.path(images.radiomics.parameter_file))
        for pattern in (images.image, images.mask):
            if pattern is not None:
                fixed = pattern.split("{", 1)[0]
                paths.append(cohort.path(fixed if fixed.endswith("/") or not fixed else str(Path(fixed).parent)))
    return paths


def input_signature(cohort: Cohort) -> str:
    """One hash over the state of all inputs; changes when a file is new, changed or gone."""
    return files_signature(input_paths(cohort))
