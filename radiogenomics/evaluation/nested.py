"""Nested cross-validation of every model and floor on the same patients and folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.cohort.schemas import OUT_OF_FOLD, conform
from radiogenomics.compute.mapping import Outcome
from radiogenomics.evaluation.aligned import Aligned, align
from radiogenomics.evaluation.calibration_curve import calibration_bins
from radiogenomics.evaluation.comparisons import auc_measure, comparisons_table, questions
from radiogenomics.evaluation.figures import figures_table
from radiogenomics.evaluation.fold_cache import predict_parts
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.left_out import WHOLE, fusions_without
from radiogenomics.evaluation.metrics import metrics_table
from radiogenomics.evaluation.outer_fold import Part, Task
from radiogenomics.evaluation.populations import Scores, populations, scores_by_model
from radiogenomics.exceptions import ComputationError, ConfigurationError, RadiogenomicsError
from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.registry import CLINICAL_AND_IMAGING, WITHOUT_IMAGING, build_models
from radiogenomics.fusion.robustness import Readings
from radiogenomics.storage.feature_cache import FeatureCache

WEIGHTED = WHOLE


class Evaluation(NamedTuple):
    """What nested cross-validation found.

    Attributes
    ----------
    out_of_fold : by `schemas.OUT_OF_FOLD`, one row a patient, model and repeat.
    metrics : by `schemas.METRICS`, one row a model and population.
    comparisons : by `schemas.COMPARISONS`, one row a question and population.
    folds : patient_id, repeat, fold (the fold in which the patient was tested).
    figures : by `schemas.FIGURES`: average precision, parts of the Brier score, operating points, net benefit.
    calibration_curve : of the final model, see `calibration_curve.calibration_bins`; probabilities are means over repeats.
    """

    out_of_fold: pd.DataFrame
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    folds: pd.DataFrame
    figures: pd.DataFrame
    calibration_curve: pd.DataFrame


def evaluate(
    X: pd.DataFrame,
    y: pd.Series,
    confounders: pd.DataFrame,
    *,
    models: Models,
    resampling: Resampling,
    settings: Scrutiny | None = None,
    final_model: str = WEIGHTED,
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    groups: pd.Series | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cache: FeatureCache | None = None,
) -> Evaluation:
    """Evaluate every model and confounder floor by repeated, nested, stratified, patient-wise cross-validation.

    Everything that is learned (imputation, scaling, preselection, tuning, calibration, fusion weights) is learned from the
    training patients of each outer fold. The result does not depend on the order of rows or columns, nor on `workers`.

    Parameters
    ----------
    X : float table, index patient_id (unique), columns `<modality>:<feature>`; a modality all NaN is one the patient lacks.
    y : 0/1 labels with the same index; patients without a label are left out by the caller.
    confounders : columns `<confounder>:<column>`, same index; text is a category, numbers are numbers. May have no columns.
    models, resampling, settings : the sections `models`, `resampling` and `evaluation` of the configuration.
    final_model : the declared final model; the comparisons of 'the fusion' are about it.
    imaging : modalities from images whose names do not say so (ready-made tables).
    readings : perturbed lesions, from which each fold learns which features are unreliable and left out.
    groups : what must not straddle outer folds beside the patient.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`; one item is one outer fold.
    cache : where finished outer folds are kept and found again; None: nowhere.

    Raises
    ------
    TableError
        Labels other than 0 and 1, duplicated patients, patients of one table that another lacks, infinite values.
    ConfigurationError
        `final_model` or an algorithm is not among those that exist.
    ComputationError
        Too few patients of one class for the folds.
    """
    settings = settings or Scrutiny()
    given = align(X, y, confounders, imaging)
    X, target, from_images, modalities = given.X, given.target, given.imaging, given.modalities
    built = build_models(models, modalities, resampling, imaging=from_images)
    if final_model not in built:
        raise ConfigurationError(
            f"final_model: no model '{final_model}'; valid here: {', '.join(built)}", rule="final_model"
        )
    complete = np.asarray(presence(X.to_numpy(), modalities).all(axis=1))
    folds = outer_folds(pd.Series(target, index=X.index), resampling, complete=complete, groups=groups)
    out_of_fold = predictions(
        fold_parts(folds, len(X)),
        Task(X, target, given.floors, models, resampling, from_images, tuple(readings)),
        workers=workers,
        scheduler=scheduler,
        on_progress=on_progress,
        cache=cache,
    )
    scores = scores_by_model(out_of_fold, X.index)
    groups_of_patients = populations(X, target)
    clinical = models.clinical_baseline
    others = set(modalities) - {clinical, *from_images}  # with none, 'imaging over clinical' says it all
    asked = questions(
        scores,
        final=final_model,
        imaging_model=_imaging_with_clinical(list(built), given, clinical),
        without_imaging=WITHOUT_IMAGING if {WITHOUT_IMAGING, WEIGHTED} <= set(built) and others else None,
        whole=WEIGHTED,
        clinical=clinical,
        left_out=fusions_without(built, modalities),
    )
    return Evaluation(
        out_of_fold=out_of_fold,
        metrics=metrics_table(scores, target, groups_of_patients, clinical),
        comparisons=comparisons_table(asked, auc_measure(scores, target), target, groups_of_patients),
        folds=folds,
        figures=figures_table(scores, target, groups_of_patients, clinical, settings),
        calibration_curve=_calibration_curve(scores[final_model], target),
    )


def predictions(
    parts: list[Part],
    task: Task,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cache: FeatureCache | None = None,
) -> pd.DataFrame:
    """Predictions of all parts by `schemas.OUT_OF_FOLD`; the first part that fails is the error.

    Raises
    ------
    ComputationError
        A part failed; the message names its repeat and fold. A `RadiogenomicsError` is raised as it is.
    """
    tables = results(
        parts, predict_parts(parts, task, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress)
    )
    return conform(tables, OUT_OF_FOLD)


def results(parts: list[Part], outcomes: list[Outcome[pd.DataFrame]]) -> pd.DataFrame:
    """The tables of all parts, one below the other; the first part that failed is the error.

    Raises
    ------
    ComputationError
        A part failed; the message names its repeat and fold. A `RadiogenomicsError` is raised as it is.
    """
    frames = []
    for part, outcome in zip(parts, outcomes, strict=True):
        if outcome.error is not None or outcome.value is None:
            where = f"repeat {part.repeat}, fold {part.fold}"
            if isinstance(outcome.error, RadiogenomicsError):
                raise outcome.error
            raise ComputationError(f"evaluation, {where}: {outcome.error}", rule="outer_fold_failed") from outcome.error
        frames.append(outcome.value)
    return pd.concat(frames, ignore_index=True)


def _calibration_curve(score: Scores, target: np.ndarray) -> pd.DataFrame:
    known = ~np.isnan(score.probability).any(axis=1)
    return calibration_bins(target[known], score.probability[known].mean(axis=1))


def _imaging_with_clinical(names: list[str], given: Aligned, clinical: str) -> str | None:
    """The fusion of exactly the imaging and clinical modalities: its own model, or the whole where there is nothing else."""
    if CLINICAL_AND_IMAGING in names:
        return CLINICAL_AND_IMAGING
    only = given.imaging and set(given.modalities) == {clinical, *given.imaging}
    return WEIGHTED if only and WEIGHTED in names else None


def fold_parts(folds: pd.DataFrame, n: int) -> list[Part]:
    """The outer folds of a table patient_id, repeat, fold whose patients stand in the order of the n rows of the tables."""
    parts = []
    for repeat, table in folds.groupby("repeat"):
        fold = table["fold"].to_numpy()
        positions = np.arange(n)
        for number in np.unique(fold):
            parts.append(Part(int(str(repeat)), int(number), positions[fold != number], positions[fold == number]))
    return parts
