"""Outer folds that were computed already: a killed evaluation computes only what is missing.

An entry is named by the hash of everything that decides it: the tables, the settings, the patients of the fold, the source
code of the models and the versions of the libraries. What comes from here is therefore the same to the bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import radiogenomics
from radiogenomics.compute import map_items
from radiogenomics.compute.mapping import Outcome
from radiogenomics.evaluation.outer_fold import Part, Task, predict_part
from radiogenomics.storage.feature_cache import FeatureCache, cache_key
from radiogenomics.storage.library_versions import installed_versions

_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "xgboost-cpu", "xgboost", "torch", "lifelines")


class Work(NamedTuple):
    """What is done with a part, what decides the result beside the part, and the types of the result's columns.

    Columns that `types` does not name are numbers.
    """

    predict: Callable[..., pd.DataFrame]  # (part, task)
    digest: Callable[[Any], str]
    types: Mapping[str, type]


def predict_parts(
    parts: list[Part], task: Any, *, cache: FeatureCache | None = None, kind: Work | None = None, **work: Any
) -> list[Outcome[pd.DataFrame]]:
    """Predictions of each part, in their order; those found in the cache are not computed again.

    Parameters
    ----------
    kind : what is done with a part; None: classifiers (`CLASSIFIERS`), and `task` is a `Task`.
    work : workers, scheduler and on_progress of `radiogenomics.compute.map_items`; progress counts found parts too.
    """
    kind = kind or CLASSIFIERS
    if cache is None:
        return map_items(partial(kind.predict, task=task), parts, **work)
    base = kind.digest(task)
    found: list[Outcome[pd.DataFrame] | None] = [_outcome(_stored(cache, part_key(base, part), kind)) for part in parts]
    missing = [index for index, outcome in enumerate(found) if outcome is None]
    report = work.pop("on_progress", None)
    done = len(parts) - len(missing)
    if report is not None and done:
        report(done, len(parts))
    fresh = map_items(
        partial(predict_and_keep, task=task, base=base, folder=str(cache.folder), kind=kind),
        [parts[index] for index in missing],
        on_progress=None if report is None else lambda now, _: report(done + now, len(parts)),
        **work,
    )
    for index, outcome in zip(missing, fresh, strict=True):
        found[index] = outcome
        key = part_key(base, parts[index])
        if outcome.value is not None and cache.get(key) is None:  # a cluster's worker may keep it elsewhere
            cache.put(key, _payload(outcome.value))
    return [outcome for outcome in found if outcome is not None]


def predict_and_keep(part: Part, *, task: Any, base: str, folder: str, kind: Work | None = None) -> pd.DataFrame:
    """`predict_part`, from the cache where it is there, put there where it was not."""
    kind = kind or CLASSIFIERS
    cache, key = FeatureCache(folder), part_key(base, part)
    known = _stored(cache, key, kind)
    if known is not None:
        return known
    table = kind.predict(part, task)
    cache.put(key, _payload(table))
    return table


def task_digest(task: Task) -> str:
    """Hash of all that the parts of a task share."""
    resampling = task.resampling.model_dump(mode="json", include={"inner_folds", "random_state"})
    return cache_key(
        "outer fold",
        frame_digest(task.X),
        array_digest(task.target),
        {name: frame_digest(table) for name, table in task.floors.items()},
        task.models.model_dump(mode="json"),
        resampling,
        list(task.imaging),
        [readings.digest() for readings in task.readings],
        code_digest(),
    )


def part_key(base: str, part: Part) -> str:
    """Name of one part's entry."""
    return cache_key(base, part.repeat, part.fold, array_digest(part.train), array_digest(part.test))


def _outcome(table: pd.DataFrame | None) -> Outcome[pd.DataFrame] | None:
    return None if table is None else Outcome(table, None)


def _payload(table: pd.DataFrame) -> dict[str, Any]:
    return {
        str(name): [None if isinstance(value, float) and np.isnan(value) else value for value in column.tolist()]
        for name, column in table.items()
    }


def _stored(cache: FeatureCache, key: str, kind: Work) -> pd.DataFrame | None:
    payload = cache.get(key)
    if payload is None or not set(kind.types) <= set(payload):
        return None
    table = pd.DataFrame(payload)
    return table.astype({name: kind.types.get(name, float) for name in table.columns})


CLASSIFIERS = Work(
    predict_part,
    task_digest,
    {
        "patient_id": object,
        "model": object,
        "repeat": int,
        "fold": int,
        "probability": float,
        "label": int,
        "modalities_used": object,
        "abstained": bool,
    },
)


def array_digest(values: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and content."""
    plain = np.ascontiguousarray(values)
    return hashlib.sha256(f"{plain.dtype.str}{plain.shape}".encode() + plain.tobytes()).hexdigest()


def frame_digest(table: pd.DataFrame) -> str:
    """SHA-256 of a table with its index and columns."""
    total = hashlib.sha256("\0".join([*map(str, table.columns), "\n", *map(str, table.index)]).encode())
    for _, column in table.items():
        if pd.api.types.is_numeric_dtype(column):
            total.update(array_digest(column.to_numpy(dtype=float)).encode())
        else:
            total.update("\0".join("\1" if pd.isna(v) else str(v) for v in column).encode())
    return total.hexdigest()


@once
def code_digest() -> dict[str, str]:
    """Digest of the source that decides a prediction, and the versions of the libraries below it."""
    root = Path(radiogenomics.__file__).parent
    files = [
        *sorted((root / "fusion").rglob("*.py")),
        root / "evaluation/outer_fold.py",
        root / "evaluation/survival_fold.py",
        root / "evaluation/left_out.py",
        root / "imaging/box_network.py",
        root / "imaging/patch_blocks.py",
    ]
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return {"source": total.hexdigest(), **installed_versions(_LIBRARIES)}
