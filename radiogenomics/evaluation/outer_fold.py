"""The work of one outer fold: every model and floor is fitted on the same training patients and predicts the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.compute import single_threaded
from radiogenomics.evaluation.left_out import left_out_fusions
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.floor import ConfounderFloor
from radiogenomics.fusion.registry import build_models
from radiogenomics.fusion.robustness import Readings, unreliable_columns


class Task(NamedTuple):
    """What every outer fold shares. Rows of all tables stand in the same order."""

    X: pd.DataFrame
    target: np.ndarray
    floors: dict[str, pd.DataFrame]
    models: Models
    resampling: Resampling
    imaging: tuple[str, ...]
    readings: tuple[Readings, ...] = ()


class Part(NamedTuple):
    """One outer fold of one repeat."""

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


def predict_part(part: Part, task: Task) -> pd.DataFrame:
    """Out-of-fold predictions of one part, by `schemas.OUT_OF_FOLD`."""
    with single_threaded():
        frames = [_table(task, part, name, *prediction) for name, prediction in _predictions(part, task)]
    return pd.concat(frames, ignore_index=True)


def built_models(task: Task, train: np.ndarray | None = None) -> dict[str, Any]:
    """The models that every outer fold fits, unfitted, by name.

    `train` are the rows of its training patients: what they show to be unreliable is left out. None: nothing is.
    """
    modalities = modality_columns([str(c) for c in task.X.columns], task.X.shape[1])
    barred = () if train is None else unreliable_columns(task.readings, task.X.index[train])
    built = build_models(task.models, modalities, task.resampling, imaging=task.imaging, unreliable=barred)
    return built | left_out_fusions(built, modalities)


def training_rows(part: Part, task: Task) -> np.ndarray:
    """Positions of the part's training patients that have any modality: nothing can be learned from the others."""
    modalities = modality_columns([str(c) for c in task.X.columns], task.X.shape[1])
    here = np.asarray(presence(task.X.to_numpy(), modalities).any(axis=1))
    return part.train[here[part.train]]


def fit_in_fold(part: Part, task: Task, name: str) -> Any:
    """One model as `predict_part` fits it: the same training patients, settings and seeds."""
    with single_threaded():
        train = training_rows(part, task)
        return built_models(task, train)[name].fit(task.X.iloc[train], task.target[train])


def _predictions(part: Part, task: Task) -> Any:
    """Name, log-odds and modalities used of each model, one after another."""
    train = training_rows(part, task)
    X_train, y_train, X_test = task.X.iloc[train], task.target[train], task.X.iloc[part.test]
    fitted: dict[str, Any] = {}
    for name, model in built_models(task, train).items():
        if hasattr(model, "fit_combination"):  # averages and late fusion stand on the models fitted just before
            fitted[name] = model.fit_combination(X_train, y_train, fitted)
        else:
            fitted[name] = model.fit(X_train, y_train)
        yield name, (model.decision_function(X_test), [";".join(used) for used in model.used(X_test)])
    for name, columns in task.floors.items():
        floor = ConfounderFloor().fit(columns.iloc[part.train], task.target[part.train])
        yield f"floor/{name}", (floor.decision_function(columns.iloc[part.test]), [name] * len(part.test))


def _table(task: Task, part: Part, name: str, log_odds: np.ndarray, used: list[str]) -> pd.DataFrame:
    abstained = np.isnan(log_odds)
    return pd.DataFrame(
        {
            "patient_id": task.X.index[part.test].astype(str),
            "model": name,
            "repeat": part.repeat,
            "fold": part.fold,
            "probability": expit(log_odds),
            "label": task.target[part.test],
            "modalities_used": ["" if silent else names for names, silent in zip(used, abstained, strict=True)],
            "abstained": abstained,
        }
    )
