"""The null audit: what does the whole pipeline find where there is nothing to find?

Labels are dealt out anew among the patients and everything is run again, from folds to fusion. The AUCs so found are what
chance alone gives this pipeline on these data; the p-value is the share of them that reach the real one [1]_, [2]_. A
pipeline that scores above 0.5 on dealt-out labels looks at the labels of its test patients somewhere: a leak.

References
----------
.. [1] Ojala, Garriga: Permutation tests for studying classifier performance, J. Mach. Learn. Res. 2010.
.. [2] Phipson, Smyth: Permutation p-values should never be zero, Stat. Appl. Genet. Mol. Biol. 2010.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.compute import map_items
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.concordance import placements
from radiogenomics.evaluation.fold_cache import predict_and_keep, task_digest
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.narrowed import models_for
from radiogenomics.evaluation.nested import fold_parts
from radiogenomics.evaluation.outer_fold import Task, predict_part
from radiogenomics.evaluation.populations import Scores, scores_by_model
from radiogenomics.exceptions import ComputationError, RadiogenomicsError
from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.robustness import Readings
from radiogenomics.storage.feature_cache import FeatureCache

OBSERVED, PERMUTED, SHUFFLED = "observed", "labels permuted", "modality shuffled"
LEAK_MARGIN = 0.03
"""How far the mean AUC on permuted labels may lie above 0.5 before the alarm asks whether chance explains it."""

Prepare = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
"""What is done to the predictors of all patients before the folds are made, given the labels; the audit runs it again."""


class NullAudit(NamedTuple):
    """What chance gives.

    Attributes
    ----------
    runs : kind, modality ('' where labels are permuted), run, model, auc; one row a run and model, the observed run too.
    summary : kind, modality, model, observed, runs, null_mean, null_lower, null_upper (2.5th and 97.5th percentile),
        p_value, alarm (bool), verdict.
    """

    runs: pd.DataFrame
    summary: pd.DataFrame


class _Run(NamedTuple):
    kind: str
    modality: str
    number: int


class _Pipeline(NamedTuple):
    X: pd.DataFrame
    target: np.ndarray
    models: Models
    resampling: Resampling
    imaging: tuple[str, ...]
    readings: tuple[Readings, ...]
    prepare: Prepare | None
    groups: pd.Series | None
    folder: str | None


def null_audit(
    X: pd.DataFrame,
    y: pd.Series,
    *,
    models: Models,
    resampling: Resampling,
    settings: Scrutiny,
    final_model: str,
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    prepare: Prepare | None = None,
    groups: pd.Series | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cache: FeatureCache | None = None,
) -> NullAudit:
    """Run the pipeline on permuted labels `settings.permutations` times, and with each modality shuffled.

    Shuffling a modality deals its rows out anew among the patients who have it: what it knows of a patient is gone, its
    distribution and who lacks it stay. Only the final model and what it is built from are fitted. The observed figure is
    of the same reduced run, with `settings.null_repeats` repeats.

    Parameters
    ----------
    X, y, models, resampling, imaging, readings, groups, workers, scheduler, on_progress, cache : as in `evaluate`; one item is one run.
    prepare : what the caller does to the predictors with the labels at hand, before cross-validation. Anything it learns
        from test patients shows here as an AUC above 0.5. A top-level function where workers are more than one.

    Raises
    ------
    ComputationError
        Neither permutations nor shuffles are declared, or a run failed.
    """
    if not settings.permutations and not settings.modality_shuffles:
        raise ComputationError("null audit: declare evaluation.permutations or modality_shuffles", rule="no_runs")
    given = align(X, y, pd.DataFrame(index=X.index), imaging)
    pipeline = _Pipeline(
        given.X,
        given.target,
        models_for(models, final_model),
        resampling.model_copy(update={"repeats": settings.null_repeats}),
        given.imaging,
        tuple(readings),
        prepare,
        groups,
        None if cache is None else str(cache.folder),
    )
    runs = [_Run(OBSERVED, "", 0)]
    runs += [_Run(PERMUTED, "", number) for number in range(settings.permutations)]
    runs += [_Run(SHUFFLED, name, n) for name in given.modalities for n in range(settings.modality_shuffles)]
    outcomes = map_items(
        partial(_aucs, pipeline=pipeline), runs, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    rows: list[dict[str, Any]] = []
    for run, outcome in zip(runs, outcomes, strict=True):
        if outcome.value is None:
            if isinstance(outcome.error, RadiogenomicsError):
                raise outcome.error
            raise ComputationError(
                f"null audit, {run.kind} {run.modality} {run.number}: {outcome.error}", rule="null_run_failed"
            ) from outcome.error
        rows += [{**run._asdict(), "model": name, "auc": auc} for name, auc in outcome.value.items()]
    table = pd.DataFrame(rows).rename(columns={"number": "run"})
    return NullAudit(table, _summary(table, final_model))


def _aucs(run: _Run, *, pipeline: _Pipeline) -> dict[str, float]:
    """Within-fold AUC of each model in one run, on the patients it predicts."""
    X, target = pipeline.X, pipeline.target
    rng = np.random.default_rng(np.random.SeedSequence([pipeline.resampling.random_state, 7, run.number]))
    if run.kind == PERMUTED:
        target = rng.permutation(target)
    if run.kind == SHUFFLED:
        X = _shuffled(X, run.modality, rng)
    labels = pd.Series(target, index=X.index)
    if pipeline.prepare is not None:
        X = pipeline.prepare(X, labels)
    given = align(X, labels, pd.DataFrame(index=X.index), pipeline.imaging)
    complete = np.asarray(presence(given.X.to_numpy(), given.modalities).all(axis=1))
    folds = outer_folds(labels, pipeline.resampling, complete=complete, groups=pipeline.groups)
    task = Task(given.X, given.target, {}, pipeline.models, pipeline.resampling, given.imaging, pipeline.readings)
    parts = fold_parts(folds, len(X))
    if pipeline.folder is None:
        tables = [predict_part(part, task) for part in parts]
    else:
        base = task_digest(task)
        tables = [predict_and_keep(part, task=task, base=base, folder=pipeline.folder) for part in parts]
    scores = scores_by_model(pd.concat(tables, ignore_index=True), X.index)
    return {name: _auc(score, given.target) for name, score in scores.items()}


def _auc(score: Scores, target: np.ndarray) -> float:
    known = ~np.isnan(score.probability).any(axis=1)
    return placements(score.probability[known], target[known], score.fold[known])[0]


def _shuffled(X: pd.DataFrame, modality: str, rng: np.random.Generator) -> pd.DataFrame:
    columns = [c for c in X.columns if str(c).split(":", 1)[0] == modality] or list(X.columns)
    having = np.flatnonzero(X[columns].notna().any(axis=1).to_numpy())
    values = X[columns].to_numpy()
    values[having] = values[rng.permutation(having)]
    changed = X.copy()
    changed[columns] = values
    return changed


def _summary(runs: pd.DataFrame, final_model: str) -> pd.DataFrame:
    observed = runs[runs["kind"] == OBSERVED].set_index("model")["auc"]
    rows = []
    for (kind, modality, model), table in runs[runs["kind"] != OBSERVED].groupby(
        ["kind", "modality", "model"], sort=False
    ):
        if kind == SHUFFLED and model != final_model:
            continue
        null, real = table["auc"].to_numpy(), float(observed[str(model)])
        p = (1 + int((null >= real - 1e-12).sum())) / (1 + len(null))
        error = float(null.std(ddof=1) / np.sqrt(len(null))) if len(null) > 1 else np.inf
        alarm = bool(kind == PERMUTED and null.mean() > 0.5 + max(LEAK_MARGIN, 3 * error))
        rows.append(
            {
                "kind": kind,
                "modality": modality,
                "model": model,
                "observed": real,
                "runs": len(null),
                "null_mean": float(null.mean()),
                "null_lower": float(np.quantile(null, 0.025)),
                "null_upper": float(np.quantile(null, 0.975)),
                "p_value": p,
                "alarm": alarm,
                "verdict": _verdict(str(kind), str(modality), str(model), real, null, p, alarm),
            }
        )
    return pd.DataFrame(rows)


def _verdict(kind: str, modality: str, model: str, real: float, null: np.ndarray, p: float, alarm: bool) -> str:
    said = f"AUC {real:.3f}; {null.mean():.3f} on average in {len(null)} runs, p = {p:.3f}"
    if alarm:
        return (
            f"LEAK: {model} scores {null.mean():.3f} on average where labels are dealt out by chance ({len(null)} runs)"
        )
    if kind == PERMUTED:
        found = "finds more than chance gives" if p < 0.05 else "no evidence of more than chance gives"
        return f"{model}: {found} ({said})"
    found = "rests on" if p < 0.05 else "no evidence that it rests on"
    return f"{model}: {found} {modality} (with it {said.replace('; ', '; shuffled ')})"
