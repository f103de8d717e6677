"""Nested cross-validation of survival models and floors on the same patients and folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Resampling, TimeToEvent
from radiogenomics.cohort.schemas import SURVIVAL_OUT_OF_FOLD, conform
from radiogenomics.evaluation.aligned import Aligned, align
from radiogenomics.evaluation.comparisons import comparisons_table, questions
from radiogenomics.evaluation.fold_cache import predict_parts
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.nested import fold_parts, results
from radiogenomics.evaluation.populations import populations
from radiogenomics.evaluation.survival_figures import (
    SurvivalScores,
    c_index_measure,
    survival_figures,
    survival_metrics,
    survival_scores,
)
from radiogenomics.evaluation.survival_fold import EVENT_FREE, SURVIVAL_MODELS, SURVIVING, SurvivalTask
from radiogenomics.evaluation.survival_scores import last_reliable_time
from radiogenomics.exceptions import ComputationError, ConfigurationError, TableError
from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.cox_floor import EVERYBODY
from radiogenomics.fusion.robustness import Readings
from radiogenomics.fusion.survival_registry import CLINICAL_AND_IMAGING, WITHOUT_IMAGING, build_survival_models
from radiogenomics.storage.feature_cache import FeatureCache

WHOLE = "late/cox_weighted"
CURVE_TIMES = 12


class SurvivalEvaluation(NamedTuple):
    """What nested cross-validation found.

    Attributes
    ----------
    out_of_fold : by `schemas.SURVIVAL_OUT_OF_FOLD`, one row a patient, model and repeat.
    at_horizons : patient_id, model, repeat, horizon_months, event_free: the predicted chance of no event until each declared horizon;
        NaN where the model abstained.
    curves : patient_id, model, repeat, time_months, survival: the predicted chance of no event until then.
    metrics : by `schemas.SURVIVAL_METRICS`, one row a model and population.
    figures : by `schemas.FIGURES`: Uno's C, AUC at the declared months, integrated Brier score and what is gained over the
        curve that is the same for everyone.
    comparisons : by `schemas.COMPARISONS`; the differences are of Harrell's C.
    folds : patient_id, repeat, fold (the fold in which the patient was tested).
    """

    out_of_fold: pd.DataFrame
    at_horizons: pd.DataFrame
    curves: pd.DataFrame
    metrics: pd.DataFrame
    figures: pd.DataFrame
    comparisons: pd.DataFrame
    folds: pd.DataFrame


def evaluate_survival(
    X: pd.DataFrame,
    time: pd.Series,
    event: pd.Series,
    confounders: pd.DataFrame,
    *,
    settings: TimeToEvent,
    resampling: Resampling,
    clinical: str = "clinical",
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    groups: pd.Series | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cache: FeatureCache | None = None,
) -> SurvivalEvaluation:
    """Evaluate every survival model and floor by repeated, nested, patient-wise cross-validation, stratified by event.

    Parameters
    ----------
    X : float table, index patient_id (unique), columns `<modality>:<feature>`; a modality all NaN is one the patient lacks.
    time, event : months (> 0, or an event at 0) and 1 seen or 0 censored, same index.
    confounders : columns `<confounder>:<column>`, same index.
    settings : the endpoint's declaration: `final_model` and `horizons_months` are used.
    clinical : name of the modality that is the clinic's own.

    The others are as in :func:`radiogenomics.evaluation.nested.evaluate`, and so is what holds of the result.

    Raises
    ------
    TableError
        Times that are negative or not known, events other than 0 and 1, patients that differ between tables.
    ConfigurationError
        `final_model` is not among the models that exist.
    ComputationError
        Too few events for the folds.
    """
    given = align(X, event, confounders, imaging)
    months = _months(time, given)
    built = build_survival_models(given.modalities, resampling, imaging=given.imaging, clinical=clinical)
    if settings.final_model not in built:
        raise ConfigurationError(
            f"final_model: no survival model '{settings.final_model}'; valid here: {', '.join(built)}",
            rule="final_model",
        )
    folds = survival_folds(given, months, resampling, groups)
    times = curve_times(months, given.target)
    task = SurvivalTask(
        given.X,
        months,
        given.target,
        given.floors,
        times,
        resampling,
        given.imaging,
        clinical,
        tuple(readings),
        settings.horizons_months,
    )
    parts = fold_parts(folds, len(given.X))
    outcomes = predict_parts(
        parts,
        task,
        kind=SURVIVAL_MODELS,
        cache=cache,
        workers=workers,
        scheduler=scheduler,
        on_progress=on_progress,
    )
    table = results(parts, outcomes)
    chances = [c for c in table.columns if c.startswith(SURVIVING)]
    beyond = [c for c in table.columns if c.startswith(EVENT_FREE)]
    out_of_fold = conform(table.drop(columns=[*chances, *beyond]), SURVIVAL_OUT_OF_FOLD)
    scores = survival_scores(table, given.X.index)
    inside = populations(given.X, given.target)
    measure = c_index_measure(scores, months, given.target)
    return SurvivalEvaluation(
        out_of_fold=out_of_fold,
        at_horizons=_long(table, beyond, np.array(settings.horizons_months), "horizon_months", "event_free"),
        curves=_long(table, chances, times, "time_months", "survival"),
        metrics=survival_metrics(scores, months, given.target, inside, clinical, times),
        figures=survival_figures(scores, months, given.target, inside, clinical, times, settings.horizons_months),
        comparisons=comparisons_table(
            _questions(scores, built, given, settings.final_model, clinical), measure, given.target, inside
        ),
        folds=folds,
    )


def survival_folds(
    given: Aligned, months: np.ndarray, resampling: Resampling, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Outer folds, stratified by event; where hardly anybody is censored, by whether the time is above the median.

    Raises
    ------
    ComputationError
        Too few events.
    """
    events = int(given.target.sum())
    needed = 2 * max(resampling.outer_folds, resampling.inner_folds + 1)
    if events < needed:
        raise ComputationError(
            f"{len(given.X)} patients with {events} events: at least {needed} events are needed for outer_folds = "
            f"{resampling.outer_folds} and inner_folds = {resampling.inner_folds}; use fewer folds or more patients",
            rule="too_few_events",
        )
    strata = given.target
    if len(strata) - events < needed:
        strata = (months > np.median(months)).astype(int)
    complete = np.asarray(presence(given.X.to_numpy(), given.modalities).all(axis=1))
    return outer_folds(pd.Series(strata, index=given.X.index), resampling, complete=complete, groups=groups)


def curve_times(months: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Where predicted curves are read: from the first event to where a tenth of the patients is still observed."""
    first, last = float(months[event == 1].min()), last_reliable_time(months)
    if last <= first:
        raise ComputationError(
            f"survival: nine of ten patients are observed for {last:g} months at most, and the first event is at {first:g}: "
            "nothing can be evaluated in between",
            rule="follow_up_too_short",
        )
    return np.linspace(first, last, CURVE_TIMES)


def _months(time: pd.Series, given: Aligned) -> np.ndarray:
    known = time.rename(index=str).reindex(given.X.index)
    wrong = known[~(np.isfinite(known.astype(float)) & (known >= 0))]
    if len(wrong):
        raise TableError(
            f"time of patient '{wrong.index[0]}': a finite number of months, not negative; found {wrong.iloc[0]}",
            rule="time",
        )
    return known.to_numpy(dtype=float)


def _long(table: pd.DataFrame, chances: list[str], times: np.ndarray, time: str, chance: str) -> pd.DataFrame:
    """One row a patient, model, repeat and time; the columns `chances` stand in the order of `times`."""
    long = table.melt(["patient_id", "model", "repeat"], chances, var_name=time, value_name=chance)
    long[time] = long[time].map(dict(zip(chances, times.tolist(), strict=True))).astype(float)
    return long[["patient_id", "model", "repeat", time, chance]]


def _questions(
    scores: dict[str, SurvivalScores], built: dict[str, Any], given: Aligned, final: str, clinical: str
) -> list[Any]:
    others = set(given.modalities) - {clinical, *given.imaging}
    only = bool(given.imaging) and set(given.modalities) == {clinical, *given.imaging}
    imaging_model = CLINICAL_AND_IMAGING if CLINICAL_AND_IMAGING in built else (WHOLE if only else None)
    return questions(
        [name for name in scores if name != EVERYBODY],
        final=final,
        imaging_model=imaging_model,
        without_imaging=WITHOUT_IMAGING if WITHOUT_IMAGING in built and others else None,
        whole=WHOLE,
        clinical=clinical,
    )
