"""Nested cross-validation of every model and floor on the same patients and folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.cohort.schemas import OUT_OF_FOLD, conform
from radiogenomics.compute import map_items
from radiogenomics.evaluation.comparisons import comparisons_table, questions
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.metrics import metrics_table
from radiogenomics.evaluation.outer_fold import Part, Task, predict_part
from radiogenomics.evaluation.populations import populations, scores_by_model
from radiogenomics.exceptions import ComputationError, ConfigurationError, RadiogenomicsError, TableError
from radiogenomics.fusion.columns import SEPARATOR, imaging_modalities, modality_columns, presence
from radiogenomics.fusion.registry import CLINICAL_AND_IMAGING, WITHOUT_IMAGING, build_models

WEIGHTED = "late/weighted"


class Evaluation(NamedTuple):
    """What nested cross-validation found.

    Attributes
    ----------
    out_of_fold : by `schemas.OUT_OF_FOLD`, one row a patient, model and repeat.
    metrics : by `schemas.METRICS`, one row a model and population.
    comparisons : by `schemas.COMPARISONS`, one row a question and population.
    folds : patient_id, repeat, fold (the fold in which the patient was tested).
    """

    out_of_fold: pd.DataFrame
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    folds: pd.DataFrame


def evaluate(
    X: pd.DataFrame,
    y: pd.Series,
    confounders: pd.DataFrame,
    *,
    models: Models,
    resampling: Resampling,
    final_model: str = WEIGHTED,
    imaging: Iterable[str] = (),
    groups: pd.Series | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate every model and confounder floor by repeated, nested, stratified, patient-wise cross-validation.

    Everything that is learned (imputation, scaling, preselection, tuning, calibration, fusion weights) is learned from the
    training patients of each outer fold. The result does not depend on the order of rows or columns, nor on `workers`.

    Parameters
    ----------
    X : float table, index patient_id (unique), columns `<modality>:<feature>`; a modality all NaN is one the patient lacks.
    y : 0/1 labels with the same index; patients without a label are left out by the caller.
    confounders : columns `<confounder>:<column>`, same index; text is a category, numbers are numbers. May have no columns.
    models, resampling : the sections of the configuration.
    final_model : the declared final model; the comparisons of 'the fusion' are about it.
    imaging : modalities from images whose names do not say so (ready-made tables).
    groups : what must not straddle outer folds beside the patient.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`; one item is one outer fold.

    Raises
    ------
    TableError
        Labels other than 0 and 1, duplicated patients, patients of one table that another lacks, infinite values.
    ConfigurationError
        `final_model` or an algorithm is not among those that exist.
    ComputationError
        Too few patients of one class for the folds.
    """
    X, target, confounders = _aligned(X, y, confounders)
    labels = pd.Series(target, index=X.index)
    modalities = modality_columns([str(c) for c in X.columns], X.shape[1])
    from_images = tuple(sorted(imaging_modalities(modalities, imaging)))
    names = list(build_models(models, modalities, resampling, imaging=from_images))
    if final_model not in names:
        raise ConfigurationError(
            f"final_model: no model '{final_model}'; valid here: {', '.join(names)}", rule="final_model"
        )
    complete = np.asarray(presence(X.to_numpy(), modalities).all(axis=1))
    folds = outer_folds(labels, resampling, complete=complete, groups=groups)
    task = Task(X, target, _floors(confounders), models, resampling, from_images)
    parts = _parts(folds, len(X))
    outcomes = map_items(
        partial(predict_part, task=task), parts, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    frames = []
    for part, outcome in zip(parts, outcomes, strict=True):
        if outcome.error is not None or outcome.value is None:
            where = f"repeat {part.repeat}, fold {part.fold}"
            if isinstance(outcome.error, RadiogenomicsError):
                raise outcome.error
            raise ComputationError(f"evaluation, {where}: {outcome.error}", rule="outer_fold_failed") from outcome.error
        frames.append(outcome.value)
    out_of_fold = conform(pd.concat(frames, ignore_index=True), OUT_OF_FOLD)
    scores = scores_by_model(out_of_fold, X.index)
    groups_of_patients = populations(X, target)
    others = set(modalities) - {
        models.clinical_baseline,
        *from_images,
    }  # with none, 'imaging over clinical' says it all
    asked = questions(
        scores,
        final=final_model,
        imaging_model=_imaging_with_clinical(names, from_images, modalities, models.clinical_baseline),
        without_imaging=WITHOUT_IMAGING if WITHOUT_IMAGING in names and WEIGHTED in names and others else None,
        whole=WEIGHTED,
        clinical=models.clinical_baseline,
    )
    return Evaluation(
        out_of_fold=out_of_fold,
        metrics=metrics_table(scores, target, groups_of_patients, models.clinical_baseline),
        comparisons=comparisons_table(asked, scores, target, groups_of_patients),
        folds=folds,
    )


def _imaging_with_clinical(
    names: list[str], from_images: tuple[str, ...], modalities: Iterable[str], clinical: str
) -> str | None:
    """The fusion of exactly the imaging and clinical modalities: its own model, or the whole where there is nothing else."""
    if CLINICAL_AND_IMAGING in names:
        return CLINICAL_AND_IMAGING
    only = from_images and set(modalities) == {clinical, *from_images}
    return WEIGHTED if only and WEIGHTED in names else None


def _aligned(X: pd.DataFrame, y: pd.Series, confounders: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """The tables with patients and columns sorted, checked: the result must not depend on how the caller sorted them."""
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
    return X, y.reindex(X.index).to_numpy(dtype=int), confounders.reindex(X.index)[sorted(confounders.columns)]


def _floors(confounders: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each confounder's own columns."""
    names = dict.fromkeys(str(column).split(SEPARATOR, 1)[0] for column in confounders.columns)
    return {
        name: confounders[[c for c in confounders.columns if str(c).split(SEPARATOR, 1)[0] == name]] for name in names
    }


def _parts(folds: pd.DataFrame, n: int) -> list[Part]:
    parts = []
    for repeat, table in folds.groupby("repeat"):
        fold = table["fold"].to_numpy()
        positions = np.arange(n)
        for number in np.unique(fold):
            parts.append(Part(int(str(repeat)), int(number), positions[fold != number], positions[fold == number]))
    return parts
