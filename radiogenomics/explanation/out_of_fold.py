"""Out-of-fold explanations: each patient is explained by models that never saw him, and the folds say how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.configuration import Explanations, Models, Resampling
from radiogenomics.cohort.schemas import (
    EXPLANATION_FOLDS,
    EXPLANATIONS,
    EXPLANATIONS_BY_REPEAT,
    FEATURE_DICTIONARY,
    IMPORTANCE,
    MODALITY_EFFECTS,
    STABILITY,
    conform,
    empty,
)
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.nested import fold_parts
from radiogenomics.evaluation.outer_fold import Part, Task, built_models
from radiogenomics.exceptions import ComputationError, ConfigurationError, IntegrityError, RadiogenomicsError
from radiogenomics.explanation.fold_models import FoldExplanation, explain_parts
from radiogenomics.explanation.importance import importance_table, stability_table
from radiogenomics.explanation.shap_values import contribution_values, units_of
from radiogenomics.fusion.columns import feature_of, modality_columns, modality_of, presence
from radiogenomics.fusion.robustness import Readings
from radiogenomics.storage.feature_cache import FeatureCache

AGREEMENT = 1e-9
"""How far a refitted model may lie from the stored out-of-fold probability."""


class OutOfFoldExplanations(NamedTuple):
    """What moves the predictions of the final model, by models that never saw the patient.

    Attributes
    ----------
    features : by `schemas.EXPLANATIONS`; values are means over repeats, and so are the log-odds they add up to.
    by_repeat : by `schemas.EXPLANATIONS_BY_REPEAT`. folds : by `schemas.EXPLANATION_FOLDS`.
    modalities : by `schemas.MODALITY_EFFECTS`. importance, stability : by their schemas.
    dictionary : by `schemas.FEATURE_DICTIONARY` (and further columns that it has), of the features that count.
    """

    features: pd.DataFrame
    by_repeat: pd.DataFrame
    folds: pd.DataFrame
    modalities: pd.DataFrame
    importance: pd.DataFrame
    stability: pd.DataFrame
    dictionary: pd.DataFrame


class Stacked(NamedTuple):
    """All folds side by side: rows are patients, NaN where the model abstained.

    Attributes
    ----------
    patients : (n,). target : (n,) of 0/1. fold : (n, r). names : q contributions. shap : (n, r, q). base, log_odds : (n, r).
    modalities : m names. effect, error : (n, r, m). prevalence : (n, r). method : of the effects.
    """

    patients: pd.Index
    target: np.ndarray
    fold: np.ndarray
    names: list[str]
    shap: np.ndarray
    base: np.ndarray
    log_odds: np.ndarray
    modalities: list[str]
    effect: np.ndarray
    error: np.ndarray
    prevalence: np.ndarray
    method: str


def explain_out_of_fold(
    X: pd.DataFrame,
    y: pd.Series,
    folds: pd.DataFrame,
    dictionary: pd.DataFrame,
    *,
    name: str,
    models: Models,
    resampling: Resampling,
    settings: Explanations | None = None,
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    out_of_fold: pd.DataFrame | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cache: FeatureCache | None = None,
) -> OutOfFoldExplanations:
    """Refit the model `name` in every outer fold of an evaluation and let it explain the patients tested there.

    Parameters
    ----------
    X, y, models, resampling, imaging, readings : as given to `evaluate`.
    folds : `Evaluation.folds`. dictionary : by `schemas.FEATURE_DICTIONARY`.
    out_of_fold : `Evaluation.out_of_fold`; given, every refitted model must say what the evaluated one said.
    workers, scheduler, on_progress, cache : as in `evaluate`; one item is one outer fold.

    Raises
    ------
    ConfigurationError
        No model of that name is built from these modalities.
    IntegrityError
        A refitted model says something else than the stored predictions: data or code changed since the evaluation.
    ComputationError
        A fold failed.
    """
    settings = settings or Explanations()
    given = align(X, y, pd.DataFrame(index=X.index), imaging)
    task = Task(given.X, given.target, {}, models, resampling, given.imaging, tuple(readings))
    known = built_models(task)
    if name not in known:
        raise ConfigurationError(f"final_model: no model '{name}'; valid here: {', '.join(known)}", rule="final_model")
    parts = fold_parts(_in_order(folds, given.X.index), len(given.X))
    outcomes = explain_parts(
        parts, task, name, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    found = []
    for part, outcome in zip(parts, outcomes, strict=True):
        if outcome.value is None:
            if isinstance(outcome.error, RadiogenomicsError):
                raise outcome.error
            where = f"repeat {part.repeat}, fold {part.fold}"
            raise ComputationError(
                f"explanations, {where}: {outcome.error}", rule="outer_fold_failed"
            ) from outcome.error
        found.append(outcome.value)
    stacked = _stack(parts, found, given.X, given.target)
    if out_of_fold is not None:
        _require_agreement(stacked, out_of_fold, name)
    importance = importance_table(stacked, given.X, name, settings, units_of(dictionary))
    return OutOfFoldExplanations(
        _features(stacked, given.X, name, units_of(dictionary)),
        _by_repeat(stacked),
        _folds(stacked, name),
        _modalities(stacked, given.X, name),
        conform(importance, IMPORTANCE) if len(importance) else empty(IMPORTANCE),
        conform(stability_table(stacked, given.X, settings), STABILITY),
        _own_dictionary(stacked.names, dictionary),
    )


def _in_order(folds: pd.DataFrame, patients: pd.Index) -> pd.DataFrame:
    """The folds with each repeat's patients in the order of the tables."""
    place = pd.Series(range(len(patients)), index=patients)
    position = folds["patient_id"].map(place)
    if position.isna().any() or len(folds) != len(patients) * folds["repeat"].nunique():
        raise IntegrityError(
            f"explanations: the folds are of {folds['patient_id'].nunique()} patients, the table has {len(patients)}; "
            "evaluate again",
            rule="same_patients",
        )
    return folds.assign(position=position).sort_values(["repeat", "position"], ignore_index=True)


def _stack(parts: list[Part], found: list[FoldExplanation], X: pd.DataFrame, target: np.ndarray) -> Stacked:
    order = {str(column): i for i, column in enumerate(X.columns)}
    names = sorted({name for one in found for name in one.names}, key=lambda n: (order.get(n, len(order)), n))
    place = {name: i for i, name in enumerate(names)}
    repeats = sorted({part.repeat for part in parts})
    n, r, m = len(X), len(repeats), len(found[0].modalities)
    shap, base, said = np.zeros((n, r, len(names))), np.full((n, r), np.nan), np.full((n, r), np.nan)
    effect, error = np.full((n, r, m), np.nan), np.full((n, r, m), np.nan)
    fold, prevalence = np.zeros((n, r), dtype=int), np.full((n, r), np.nan)
    for part, one in zip(parts, found, strict=True):
        repeat = repeats.index(part.repeat)
        columns = np.array([place[name] for name in one.names], dtype=int)
        shap[part.test[:, None], repeat, columns[None, :]] = one.shap
        base[part.test, repeat], said[part.test, repeat] = one.base, one.log_odds
        effect[part.test, repeat], error[part.test, repeat] = one.effect, one.standard_error
        fold[part.test, repeat], prevalence[part.test, repeat] = part.fold, one.prevalence
    shap[np.isnan(base)] = np.nan
    modalities = found[0].modalities
    return Stacked(
        X.index, target, fold, names, shap, base, said, modalities, effect, error, prevalence, found[0].method
    )


def _require_agreement(stacked: Stacked, out_of_fold: pd.DataFrame, name: str) -> None:
    own = out_of_fold[out_of_fold["model"] == name]
    stored = own.pivot(index="patient_id", columns="repeat", values="probability").reindex(stacked.patients).to_numpy()
    again = expit(stacked.log_odds)
    gap = np.abs(again - stored)
    if (
        stored.shape != again.shape
        or (np.isnan(stored) != np.isnan(again)).any()
        or np.nanmax(gap, initial=0) > AGREEMENT
    ):
        raise IntegrityError(
            f"explanations: the refitted {name} says {np.nanmax(gap, initial=0):.2g} else than its stored out-of-fold "
            "predictions: data or code changed since; evaluate again",
            rule="not_reproduced",
        )


def _answered(stacked: Stacked) -> np.ndarray:
    """Patients for whom the model answered in any repeat: (n,) bool."""
    return np.asarray(~np.isnan(stacked.base).all(axis=1))


def _features(stacked: Stacked, X: pd.DataFrame, name: str, units: dict[str, str]) -> pd.DataFrame:
    rows = np.flatnonzero(_answered(stacked))
    names, n, q = stacked.names, len(rows), len(stacked.names)
    shap = np.nanmean(stacked.shap[rows], axis=1) if n else np.zeros((0, q))
    values = contribution_values(X.iloc[rows], names)
    base = np.nanmean(stacked.base[rows], axis=1) if n else np.zeros(0)
    return conform(
        pd.DataFrame(
            {
                "patient_id": np.repeat(stacked.patients.to_numpy(dtype=object)[rows], q),
                "model": name,
                "modality": np.tile(np.array([modality_of(c) for c in names], dtype=object), n),
                "feature": np.tile(np.array([feature_of(c) for c in names], dtype=object), n),
                "value": values.ravel(),
                "shap_value": shap.ravel(),
                "base_value": np.repeat(base, q),
                "unit": np.tile(np.array([units.get(c, "") for c in names], dtype=object), n),
            }
        ),
        EXPLANATIONS,
    )


def _by_repeat(stacked: Stacked) -> pd.DataFrame:
    row, repeat, column = np.nonzero(np.nan_to_num(stacked.shap))
    names = np.array([(modality_of(c), feature_of(c)) for c in stacked.names], dtype=object).reshape(-1, 2)
    return conform(
        pd.DataFrame(
            {
                "patient_id": stacked.patients.to_numpy(dtype=object)[row],
                "repeat": repeat,
                "modality": names[column, 0],
                "feature": names[column, 1],
                "shap_value": stacked.shap[row, repeat, column],
            }
        ),
        EXPLANATIONS_BY_REPEAT,
    )


def _folds(stacked: Stacked, name: str) -> pd.DataFrame:
    row, repeat = np.nonzero(~np.isnan(stacked.base))
    return conform(
        pd.DataFrame(
            {
                "patient_id": stacked.patients.to_numpy(dtype=object)[row],
                "model": name,
                "repeat": repeat,
                "fold": stacked.fold[row, repeat],
                "label": stacked.target[row],
                "base_value": stacked.base[row, repeat],
                "shap_sum": stacked.shap[row, repeat].sum(axis=1),
                "log_odds": stacked.log_odds[row, repeat],
            }
        ),
        EXPLANATION_FOLDS,
    )


def _modalities(stacked: Stacked, X: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row a patient and modality that the patient has."""
    rows = np.flatnonzero(_answered(stacked))
    answers = (~np.isnan(stacked.base[rows])).sum(axis=1)
    effect = np.nanmean(stacked.effect[rows], axis=1)
    error = np.sqrt(np.nansum(stacked.error[rows] ** 2, axis=1)) / answers[:, None]
    heard = ~np.isnan(stacked.base[rows])
    base = np.nanmean(np.where(heard, stacked.prevalence[rows], np.nan), axis=1)
    probability = np.nanmean(expit(stacked.log_odds[rows]), axis=1)
    table = pd.DataFrame(
        {
            "patient_id": np.repeat(stacked.patients.to_numpy(dtype=object)[rows], len(stacked.modalities)),
            "model": name,
            "modality": np.tile(np.array(stacked.modalities, dtype=object), len(rows)),
            "effect": effect.ravel(),
            "standard_error": error.ravel(),
            "base_probability": np.repeat(base, len(stacked.modalities)),
            "probability": np.repeat(probability, len(stacked.modalities)),
            "label": np.repeat(stacked.target[rows], len(stacked.modalities)),
            "method": stacked.method,
        }
    )
    here = presence(X.to_numpy(), modality_columns([str(c) for c in X.columns], X.shape[1]))[rows]
    return conform(table[here.ravel()], MODALITY_EFFECTS)


def _own_dictionary(names: list[str], dictionary: pd.DataFrame) -> pd.DataFrame:
    named = dictionary["modality"].astype(str) + ":" + dictionary["feature"].astype(str)
    own = dictionary[named.isin(set(names))].reset_index(drop=True)
    missing = [column for column in FEATURE_DICTIONARY.columns if column not in own.columns]
    return own.assign(**dict.fromkeys(missing, "")).astype(dict.fromkeys(FEATURE_DICTIONARY.columns, str))
