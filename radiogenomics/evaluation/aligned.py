"""The tables of an evaluation in one order, checked: no result may depend on how the caller sorted them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.columns import SEPARATOR, imaging_modalities, modality_columns


class Aligned(NamedTuple):
    """Rows of all tables stand in the same order, by patient.

    Attributes
    ----------
    X : (n, p) float, columns sorted. target : (n,) of 0/1. floors : each confounder's own columns.
    modalities : positions of each modality's columns. imaging : names of those that come from images, sorted.
    """

    X: pd.DataFrame
    target: np.ndarray
    floors: dict[str, pd.DataFrame]
    modalities: dict[str, np.ndarray]
    imaging: tuple[str, ...]


def align(X: pd.DataFrame, y: pd.Series, confounders: pd.DataFrame, imaging: Iterable[str] = ()) -> Aligned:
    """Sort the tables by patient and the columns by name. Parameters as in `evaluate`.

    Raises
    ------
    TableError
        Labels other than 0 and 1, duplicated patients, patients of one table that another lacks, infinite values.
    """
    for what, index in (("X", X.index), ("y", y.index), ("confounders", confounders.index)):
        if index.has_duplicates:
            raise TableError(
                f"{what}: patient {index[index.duplicated()][0]!r} stands twice; one row a patient", rule="unique"
            )
    for what, index in (("y", y.index), ("confounders", confounders.index)):
        odd = X.index.symmetric_difference(index)
        if len(odd):
            raise TableError(
                f"{what}: patients differ from those of X, first {odd[0]!r} of {len(odd)}", rule="same_patients"
            )
    wrong = y[~y.isin([0, 1])]
    if len(wrong):
        raise TableError(f"y: labels are 0 or 1, found {wrong.iloc[0]} for patient '{wrong.index[0]}'", rule="labels")
    order = X.index.astype(str).argsort(kind="stable")
    X = X.iloc[order][sorted(X.columns)].astype(float)
    X.index = X.index.astype(str)
    infinite = np.isinf(X.to_numpy())
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise TableError(f"X: column '{X.columns[column]}' is infinite for patient '{X.index[row]}'", rule="finite")
    y, confounders = y.copy(), confounders.copy()
    y.index, confounders.index = y.index.astype(str), confounders.index.astype(str)
    modalities = modality_columns([str(c) for c in X.columns], X.shape[1])
    return Aligned(
        X,
        y.reindex(X.index).to_numpy(dtype=int),
        _floors(confounders.reindex(X.index)[sorted(confounders.columns)]),
        modalities,
        tuple(sorted(imaging_modalities(modalities, imaging))),
    )


def _floors(confounders: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = dict.fromkeys(str(column).split(SEPARATOR, 1)[0] for column in confounders.columns)
    return {
        name: confounders[[c for c in confounders.columns if str(c).split(SEPARATOR, 1)[0] == name]] for name in names
    }
