"""Which column belongs to which modality, and which patient has which modality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from radiogenomics.cohort.encoder_settings import VOXELS
from radiogenomics.exceptions import TableError
from radiogenomics.multimodal.sites import SITE

SEPARATOR = ":"
SINGLE = "all"
"""Name of the one modality that a plain array, or a table without `modality:` prefixes, is taken to be."""

IMAGING_PREFIXES = ("radiomics", "embedding", "volumetrics", "delta", VOXELS)
"""Modalities computed from images are named so (docs/architecture.md)."""


def modality_of(column: str) -> str:
    """The modality of a predictor column named `<modality>:<feature>`."""
    return column.split(SEPARATOR, 1)[0]


def feature_of(column: str) -> str:
    """The feature's own name within its modality."""
    return column.split(SEPARATOR, 1)[-1]


def modality_columns(names: Sequence[str] | None, n_features: int) -> dict[str, np.ndarray]:
    """Positions of each modality's columns, modalities in order of first appearance.

    Columns `site:<confounder>` say where a patient was scanned; they are no modality and no model's predictors.

    Parameters
    ----------
    names : column names, or None for a plain array (then all columns are one modality, `SINGLE`).
    n_features : number of columns.

    Raises
    ------
    TableError
        Some names carry a modality prefix and others do not.
    """
    if names is None or not any(SEPARATOR in name for name in names):
        return {SINGLE: np.arange(n_features)}
    bare = [name for name in names if SEPARATOR not in name]
    if bare:
        raise TableError(
            f"predictor column '{bare[0]}': name it <modality>:<feature>; {len(bare)} of {len(names)} columns have no modality",
            rule="column_without_modality",
        )
    found: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        if modality_of(name) == SITE:
            continue
        found.setdefault(modality_of(name), []).append(position)
    return {modality: np.asarray(positions) for modality, positions in found.items()}


def presence(values: np.ndarray, blocks: dict[str, np.ndarray]) -> np.ndarray:
    """Which row has which modality: bool array (n_rows, n_modalities). Absent means every column is NaN."""
    if not blocks:
        return np.zeros((len(values), 0), dtype=bool)
    return np.column_stack([~np.isnan(values[:, columns]).all(axis=1) for columns in blocks.values()])


def reliable_columns(
    blocks: dict[str, np.ndarray], names: Sequence[str] | None, unreliable: Iterable[str]
) -> dict[str, np.ndarray]:
    """The blocks without unreliable columns; modalities of which nothing is left go, unless that is all of them.

    Parameters
    ----------
    blocks : positions of each modality's columns. names : of all columns; None for a plain array, whose columns all stay.
    unreliable : names of columns that may not enter (see :mod:`radiogenomics.fusion.robustness`).
    """
    barred = set(unreliable)
    if not barred or names is None:
        return blocks
    kept = {name: columns[[str(names[column]) not in barred for column in columns]] for name, columns in blocks.items()}
    return {name: columns for name, columns in kept.items() if len(columns)} or kept


def imaging_modalities(modalities: Iterable[str], declared: Iterable[str] = ()) -> set[str]:
    """The modalities that come from images: by their prefix, or because they are declared so (ready-made tables)."""
    declared = set(declared)
    return {name for name in modalities if name.startswith(IMAGING_PREFIXES) or name in declared}


def holds_voxels(modality: str) -> bool:
    """Whether a modality's columns are packed voxels, which only a network over boxes may see."""
    return modality.startswith(f"{VOXELS}_")


def predictors_in(X: pd.DataFrame) -> int:
    """How many candidate predictors a table has; a box of voxels counts as one, its network's score."""
    modalities = [modality_of(str(column)) for column in X.columns]
    return sum(not holds_voxels(m) for m in modalities) + len({m for m in modalities if holds_voxels(m)})
