"""On which patients figures are compared: within a population every model stands on identical patients and folds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.fusion.columns import modality_columns, presence

ALL = "all"
COMPLETE = "complete"
MINIMUM = 5
"""A population with fewer events, or fewer non-events, gets no figures of its own ('all' always does)."""


def populations(X: pd.DataFrame, target: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> (n,) bool: patients with any modality ('all'), with every one ('complete'), and with each (its name).

    A modality whose patients are those of a population already listed gets none of its own.
    """
    blocks = modality_columns([str(c) for c in X.columns], X.shape[1])
    here = presence(X.to_numpy(dtype=float), blocks)
    found = {ALL: np.asarray(here.any(axis=1)), COMPLETE: np.asarray(here.all(axis=1))}
    for index, name in enumerate(blocks):
        if not any(np.array_equal(here[:, index], rows) for rows in found.values()):
            found[name] = here[:, index]
    return {
        name: rows
        for name, rows in found.items()
        if name == ALL or min(int(target[rows].sum()), int((1 - target[rows]).sum())) >= MINIMUM
    }


class Scores(NamedTuple):
    """Predictions of one model as matrices, rows in the order of the patients."""

    probability: np.ndarray  # (n, repeats), NaN where abstained
    fold: np.ndarray  # (n, repeats)

    def never_abstains(self, rows: np.ndarray) -> bool:
        """Whether the model predicts all of these patients in every repeat."""
        return not bool(np.isnan(self.probability[rows]).any())


def scores_by_model(out_of_fold: pd.DataFrame, patients: pd.Index) -> dict[str, Scores]:
    """The out-of-fold table as one matrix a model, models in their order of appearance."""
    result = {}
    for name, table in out_of_fold.groupby("model", sort=False):
        wide = table.pivot(index="patient_id", columns="repeat", values=["probability", "fold"]).reindex(patients)
        result[str(name)] = Scores(wide["probability"].to_numpy(dtype=float), wide["fold"].to_numpy(dtype=int))
    return result
