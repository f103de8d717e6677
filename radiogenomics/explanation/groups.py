"""Groups of correlated features: a signal that twenty features share must not rank below one that a single feature has."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from radiogenomics.fusion.columns import modality_of

FEWEST = 10
"""Patients with both values below which a correlation is not judged."""


def correlated_groups(X: pd.DataFrame, columns: list[str], threshold: float) -> pd.Series:
    """The group of each column: within a modality, features that are correlated with one another.

    Hierarchical clustering with complete linkage on 1 - |Spearman|, cut at 1 - `threshold`: every two features of a group
    reach the threshold. Correlations are over the patients that have both values; with fewer than `FEWEST` of them, or a
    constant feature, there is none.

    Parameters
    ----------
    X : predictors, one row a patient. columns : those to be grouped; one that is not in `X` (a modality's absence, a
        modality as a whole) is a group of its own.

    Returns
    -------
    Series of int, index `columns`: number of the group, from 0 in the order of first appearance.
    """
    label: dict[str, tuple[str, int]] = {}
    for modality in dict.fromkeys(modality_of(column) for column in columns):
        own = [column for column in columns if modality_of(column) == modality]
        known = [column for column in own if column in X.columns]
        clusters = _clusters(X[known], threshold)
        label |= {column: (modality, int(number)) for column, number in zip(known, clusters, strict=True)}
        label |= {column: (column, -1) for column in own if column not in X.columns}
    numbers = {name: number for number, name in enumerate(dict.fromkeys(label[column] for column in columns))}
    return pd.Series([numbers[label[column]] for column in columns], index=columns, dtype=int)


def _clusters(values: pd.DataFrame, threshold: float) -> np.ndarray:
    if values.shape[1] < 2:
        return np.zeros(values.shape[1], dtype=int)
    related = values.corr(method="spearman", min_periods=FEWEST).abs().to_numpy(copy=True)
    distance = 1 - np.clip(np.nan_to_num(related), 0, 1)
    np.fill_diagonal(distance, 0)
    distance = (distance + distance.T) / 2
    tree = linkage(squareform(distance, checks=False), method="complete")
    return np.asarray(fcluster(tree, 1 - threshold + 1e-9, criterion="distance"))
