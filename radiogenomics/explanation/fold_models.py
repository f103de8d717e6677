"""One outer fold, explained: the declared final model is fitted as the evaluation fitted it, and explains the patients it
never saw. Finished folds are kept under the hash of all that decides them."""

from __future__ import annotations

import hashlib
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from radiogenomics.compute import map_items, single_threaded
from radiogenomics.compute.mapping import Outcome
from radiogenomics.evaluation.fold_cache import part_key, task_digest
from radiogenomics.evaluation.outer_fold import Part, Task, fit_in_fold, training_rows
from radiogenomics.explanation.coalitions import modality_effects
from radiogenomics.fusion.columns import modality_columns
from radiogenomics.storage.feature_cache import FeatureCache, cache_key


class FoldExplanation(NamedTuple):
    """What the model of one outer fold says of the patients it never saw. NaN where it abstains.

    Attributes
    ----------
    names : names of the q contributions that count for any of them.
    shap : (n, q) log-odds. base : (n,) log-odds. log_odds : (n,) of the prediction.
    modalities : names of the m modalities. effect, standard_error : (n, m) probability, see `coalitions.Effects`.
    prevalence : share of events among the training patients. method : 'exact' or 'sampled'.
    """

    names: list[str]
    shap: np.ndarray
    base: np.ndarray
    log_odds: np.ndarray
    modalities: list[str]
    effect: np.ndarray
    standard_error: np.ndarray
    prevalence: float
    method: str


def explain_parts(
    parts: list[Part], task: Task, name: str, *, cache: FeatureCache | None = None, **work: Any
) -> list[Outcome[FoldExplanation]]:
    """The explanation of each part, in their order; those found in the cache are not computed again.

    Parameters
    ----------
    name : the model that is explained, one of `outer_fold.built_models`.
    work : workers, scheduler and on_progress of `radiogenomics.compute.map_items`.
    """
    base = cache_key("explained fold", name, task_digest(task), _code())
    folder = None if cache is None else str(cache.folder)
    outcomes = map_items(partial(_explained, task=task, name=name, base=base, folder=folder), parts, **work)
    return [Outcome(None if o.value is None else _restored(o.value), o.error) for o in outcomes]


def explain_part(part: Part, task: Task, name: str) -> FoldExplanation:
    """Fit the model on the part's training patients and explain its test patients."""
    model = fit_in_fold(part, task, name)
    X = task.X.iloc[part.test]
    with single_threaded():
        shap, base = model.contributions(X)
        blocks = modality_columns([str(c) for c in X.columns], X.shape[1])
        prevalence = float(task.target[training_rows(part, task)].mean())
        seed = np.random.SeedSequence([task.resampling.random_state, 17, part.repeat, part.fold])
        effects = modality_effects(model, X, blocks, prevalence, random_state=int(seed.generate_state(1)[0]))
        said = model.decision_function(X)
    counting = np.flatnonzero((np.nan_to_num(shap) != 0).any(axis=0))
    every = model.contribution_names()
    return FoldExplanation(
        [every[i] for i in counting],
        shap[:, counting],
        base,
        said,
        list(blocks),
        effects.effect,
        effects.standard_error,
        prevalence,
        effects.method,
    )


def _explained(part: Part, *, task: Task, name: str, base: str, folder: str | None) -> dict[str, Any]:
    if folder is None:
        return _payload(explain_part(part, task, name))
    cache, key = FeatureCache(folder), part_key(base, part)
    known = cache.get(key)
    if known is not None and set(known) == set(FoldExplanation._fields):
        return dict(known)
    payload = _payload(explain_part(part, task, name))
    cache.put(key, payload)
    return payload


def _payload(found: FoldExplanation) -> dict[str, Any]:
    """As JSON holds it: numbers to the bit, NaN as null, a table with its shape."""
    return {key: _plain(value) if isinstance(value, np.ndarray) else value for key, value in found._asdict().items()}


def _plain(values: np.ndarray) -> dict[str, Any]:
    numbers = [None if np.isnan(v) else float(v) for v in values.ravel()]
    return {"shape": list(values.shape), "values": numbers}


def _restored(payload: dict[str, Any]) -> FoldExplanation:
    plain: dict[str, Any] = {
        key: np.array(value["values"], dtype=float).reshape(value["shape"]) if isinstance(value, dict) else value
        for key, value in payload.items()
    }
    return FoldExplanation(**plain)


@once
def _code() -> str:
    """Digest of the source that decides an explanation beside what decides a prediction."""
    folder = Path(__file__).parent
    total = hashlib.sha256()
    for name in ("coalitions.py", "fold_models.py"):
        total.update((folder / name).read_bytes())
    return total.hexdigest()
