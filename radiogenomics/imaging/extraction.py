"""One computation over all lesions: read in the worker, kept in the cache, failures to quarantine."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.features import CONTOUR, KEYS
from radiogenomics.cohort.schemas import QUARANTINE, conform, empty
from radiogenomics.compute import map_items
from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.imaging.lesion_step import Step, Task, compute_task
from radiogenomics.imaging.reading import files_of_lesion
from radiogenomics.storage.atomic import file_digest
from radiogenomics.storage.feature_cache import FeatureCache, cache_key


class Extracted(NamedTuple):
    """Values by lesion, in the order of the lesions that succeeded, and what was left out.

    `values` has `KEYS` and one float column a feature; `computed` counts the lesions that were not in the cache.
    """

    values: pd.DataFrame
    quarantine: pd.DataFrame
    computed: int


def extract(
    step: Step,
    lesions: pd.DataFrame,
    settings: Mapping[str, Mapping[str, Any]],
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Extracted:
    """Apply a step to every lesion whose images have settings.

    A lesion whose files, region, settings and step are unchanged is not even opened: its first key is made of the digests
    of its files. The second key is made of the decoded voxels, so that the same image in another encoding is a hit too.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    settings : for each image name its settings, as plain values; images that are not named are passed over.
    """
    wanted = lesions[lesions["images"].isin(list(settings))]
    records = records_of(wanted)
    found = results_of(
        step, records, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    return Extracted(_table(records, found.results), quarantine_of(records, found.errors), found.computed)


class Results(NamedTuple):
    """What a step gave: by the place of the lesion, its result or its error; and how many were not in the cache."""

    results: dict[int, dict[str, Any]]
    errors: dict[int, Exception]
    computed: int


def records_of(lesions: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a lesions table as plain mappings."""
    return [{str(key): value for key, value in record.items()} for record in lesions.to_dict("records")]


def results_of(
    step: Step,
    records: list[dict[str, Any]],
    settings: Mapping[str, Mapping[str, Any]],
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Apply a step to lesions, each a mapping with the columns of `schemas.LESIONS`; see `extract`."""
    results: dict[int, dict[str, Any]] = {}
    errors: dict[int, Exception] = {}
    tasks: dict[int, Task] = {}
    digest = functools.lru_cache(maxsize=None)(file_digest)
    for index, record in enumerate(records):
        chosen = dict(settings[record["images"]])
        try:
            key = _file_key(step, record, chosen, digest) if cache is not None else ""
        except RadiogenomicsError as error:
            errors[index] = error
            continue
        known = _known(cache, key)
        if known is not None:
            results[index] = known
        else:
            tasks[index] = Task(record, chosen, key)
    done = len(records) - len(tasks)
    if on_progress is not None and done:
        on_progress(done, len(records))
    outcomes = map_items(
        functools.partial(compute_task, step, cache),
        list(tasks.values()),
        workers=workers,
        scheduler=scheduler,
        on_progress=None if on_progress is None else lambda n, _: on_progress(done + n, len(records)),
    )
    for index, outcome in zip(tasks, outcomes, strict=True):
        if outcome.error is not None:
            errors[index] = outcome.error
        else:
            assert outcome.value is not None  # an outcome has a value or an error
            results[index] = outcome.value
    return Results(results, errors, len(tasks))


def quarantine_of(records: list[dict[str, Any]], errors: Mapping[int, Exception]) -> pd.DataFrame:
    """Quarantine rows (level 'lesion') for the lesions that failed, in the order of the lesions."""
    rows = []
    for index in sorted(errors):
        record, error = records[index], errors[index]
        known = isinstance(error, RadiogenomicsError)
        rows.append(
            {
                "source": f"lesions/{record['images']}",
                "file": record["file"],
                "row": record["row"],
                "patient_id": record["patient_id"],
                "lesion_id": record["lesion_id"],
                "level": "lesion",
                "rule": (getattr(error, "rule", "") or "image") if known else "unexpected",
                "reason": str(error) if known else f"{type(error).__name__}: {error}",
            }
        )
    return conform(pd.DataFrame(rows), QUARANTINE) if rows else empty(QUARANTINE)


def _file_key(step: Step, record: Mapping[str, Any], settings: Mapping[str, Any], digest: Callable[[Path], str]) -> str:
    image, mask = Path(record["image"]), Path(record["mask"])
    files = [
        ["image" if file == image or image in file.parents else "mask", file.name, digest(file)]
        for file in files_of_lesion(record)
    ]
    suffixes = [image.suffix, mask.suffix]
    return cache_key("files", step.identity(), settings, record["kind"], record.get("roi"), suffixes, files)


def _known(cache: FeatureCache | None, key: str) -> dict[str, Any] | None:
    if cache is None:
        return None
    link = cache.get(key)
    return cache.get(str(link["content"])) if link is not None and "content" in link else None


def _table(records: list[dict[str, Any]], results: Mapping[int, dict[str, Any]]) -> pd.DataFrame:
    rows = [results[index] for index in sorted(results)]
    keys = pd.DataFrame(
        {key: [str(records[index][key]) for index in sorted(results)] for key in KEYS}, columns=list(KEYS), dtype=object
    )
    if any(record.get(CONTOUR) not in (None, "drawn") for record in records):
        keys[CONTOUR] = [str(records[index][CONTOUR]) for index in sorted(results)]
    features = pd.DataFrame(rows, dtype=float) if rows else pd.DataFrame()
    return pd.concat([keys, features], axis=1)
