"""The work of one outer fold for a time to an event: every model and floor on the same patients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.compute import single_threaded
from radiogenomics.evaluation.fold_cache import Work, array_digest, code_digest, frame_digest
from radiogenomics.evaluation.outer_fold import Part
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.cox_floor import EVERYBODY, CoxFloor
from radiogenomics.fusion.robustness import Readings, unreliable_columns
from radiogenomics.fusion.survival_registry import build_survival_models
from radiogenomics.storage.feature_cache import cache_key

SURVIVING = "surviving_"
"""Beginning of the columns with the predicted chance of no event until each of the task's times."""
EVENT_FREE = "event_free_"
"""Beginning of the columns with the same at each of the declared horizons."""


class SurvivalTask(NamedTuple):
    """What every outer fold shares. Rows of all tables stand in the same order; `times` are where curves are read, `horizons` the declared months."""

    X: pd.DataFrame
    time: np.ndarray
    event: np.ndarray
    floors: dict[str, pd.DataFrame]
    times: np.ndarray
    resampling: Resampling
    imaging: tuple[str, ...]
    clinical: str
    readings: tuple[Readings, ...] = ()
    horizons: tuple[float, ...] = ()


def predict_survival_part(part: Part, task: SurvivalTask) -> pd.DataFrame:
    """Out-of-fold log hazards, risk percentiles and survival chances of one part."""
    with single_threaded():
        frames = list(_predictions(part, task))
    return pd.concat(frames, ignore_index=True)


def _predictions(part: Part, task: SurvivalTask) -> Iterator[pd.DataFrame]:
    modalities = modality_columns([str(c) for c in task.X.columns], task.X.shape[1])
    here = np.asarray(presence(task.X.to_numpy(), modalities).any(axis=1))
    train = part.train[here[part.train]]
    built = build_survival_models(
        modalities,
        task.resampling,
        imaging=task.imaging,
        clinical=task.clinical,
        unreliable=unreliable_columns(task.readings, task.X.index[train]),
    )
    X_train, X_test = task.X.iloc[train], task.X.iloc[part.test]
    time, event = task.time[train], task.event[train]
    fitted: dict[str, Any] = {}
    for name, model in built.items():
        if hasattr(model, "fit_combination"):  # late fusion stands on the unimodal models fitted just before
            model.fit_combination(X_train, time, event, fitted)
        else:
            model.fit(X_train, time, event)
            head = name.split("/")[0]
            if head in modalities:
                fitted[head] = model
        yield _table(task, part, name, model, X_test, [";".join(used) for used in model.used(X_test)])
    floors = {f"floor/{name}": columns for name, columns in task.floors.items()}
    floors[EVERYBODY] = pd.DataFrame(index=task.X.index)
    for name, columns in floors.items():
        floor = CoxFloor().fit(columns.iloc[part.train], task.time[part.train], task.event[part.train])
        yield _table(task, part, name, floor, columns.iloc[part.test], [name.split("/")[1]] * len(part.test))


def _table(
    task: SurvivalTask, part: Part, name: str, model: Any, X_test: pd.DataFrame, used: list[str]
) -> pd.DataFrame:
    log_hazard = model.predict_log_hazard(X_test)
    abstained = np.isnan(log_hazard)
    chances = model.predict_survival(X_test, np.concatenate([task.times, task.horizons]))
    names = [f"{SURVIVING}{place:02d}" for place in range(len(task.times))]
    names += [f"{EVENT_FREE}{place:02d}" for place in range(len(task.horizons))]
    return pd.DataFrame(
        {
            "patient_id": task.X.index[part.test].astype(str),
            "model": name,
            "repeat": part.repeat,
            "fold": part.fold,
            "log_hazard": log_hazard,
            "risk_percentile": model.risk_percentile(log_hazard),
            "time_months": task.time[part.test],
            "event": task.event[part.test],
            "modalities_used": ["" if silent else names for names, silent in zip(used, abstained, strict=True)],
            "abstained": abstained,
            **{column: chances[:, place] for place, column in enumerate(names)},
        }
    )


def _digest(task: SurvivalTask) -> str:
    return cache_key(
        "outer fold of a survival endpoint",
        frame_digest(task.X),
        array_digest(task.time),
        array_digest(task.event),
        {name: frame_digest(table) for name, table in task.floors.items()},
        array_digest(task.times),
        task.resampling.model_dump(mode="json", include={"inner_folds", "random_state"}),
        list(task.imaging),
        task.clinical,
        [readings.digest() for readings in task.readings],
        list(task.horizons),
        code_digest(),
    )


SURVIVAL_MODELS = Work(
    predict_survival_part,
    _digest,
    {
        "patient_id": object,
        "model": object,
        "repeat": int,
        "fold": int,
        "log_hazard": float,
        "risk_percentile": float,
        "time_months": float,
        "event": int,
        "modalities_used": object,
        "abstained": bool,
    },
)
