"""Features of declared lesions at every declared reading: what robustness is told from."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import KEYS
from radiogenomics.cohort.set_aside import together
from radiogenomics.compute import map_items
from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.imaging.extraction import quarantine_of, records_of
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.lesion_radiomics import radiomics_of_lesion
from radiogenomics.imaging.lesion_step import Step, finite
from radiogenomics.imaging.perturbation.readings import around, declared_readings, perturbed
from radiogenomics.imaging.radiomic_extraction import STEP as RADIOMICS
from radiogenomics.imaging.radiomic_extraction import resolved_settings
from radiogenomics.imaging.reading import Lesion, files_of_lesion
from radiogenomics.imaging.studies import without_drafts
from radiogenomics.imaging.volumetrics import volumetrics_of_lesion
from radiogenomics.storage.atomic import file_digest
from radiogenomics.storage.feature_cache import FeatureCache, cache_key


class Perturbed(NamedTuple):
    """Features of perturbed lesions.

    Attributes
    ----------
    values : `KEYS`, `reading` (``as_it_is``, ``contour/<what>``, ``acquisition/<what>``), and one float column a feature,
        named ``<modality>:<feature>``.
    quarantine : by `schemas.QUARANTINE`: readings that could not be taken, each with its reason; the others go on.
    """

    values: pd.DataFrame
    quarantine: pd.DataFrame


class _Task(NamedTuple):
    lesion: dict[str, Any]
    settings: dict[str, Any]
    readings: dict[str, dict[str, Any]]
    keys: dict[str, str]


def features_of_reading(lesion: Lesion, settings: Mapping[str, Any]) -> dict[str, float]:
    """Radiomics (where `settings` has any) and volumetrics of a lesion at `settings['reading']`."""
    seen = perturbed(lesion, settings["reading"], settings["random_state"])
    name = settings["images"]
    found = {f"volumetrics_{name}:{k}": v for k, v in volumetrics_of_lesion(seen, {}).items()}
    if settings["radiomics"] is not None:
        found |= {f"radiomics_{name}:{k}": v for k, v in radiomics_of_lesion(seen, settings["radiomics"]).items()}
    return found


STEP = Step("perturbed", 1, features_of_reading, RADIOMICS.libraries)
"""One reading of one lesion as a cached step."""


def perturbed_lesions(cohort: Cohort, lesions: pd.DataFrame, volumes: Mapping[str, float]) -> pd.DataFrame:
    """The lesions that are perturbed: the largest of each chosen patient, so that lesions are independent.

    Patients are chosen by a hash of their identifier, which knows nothing of them.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`, of the baseline. volumes : lesion_id -> mm3.
    """
    parts = []
    for name, images in cohort.images.items():
        if images.robustness is None:
            continue
        own = without_drafts(cohort, lesions[lesions["images"] == name])
        size = own["lesion_id"].map(dict(volumes)).fillna(0.0)
        ordered = own.assign(_size=size).sort_values(
            ["patient_id", "_size", "lesion_id"], ascending=[True, False, True]
        )
        largest = ordered.drop_duplicates("patient_id").drop(columns="_size")
        place = largest["patient_id"].map(lambda p: hashlib.sha256(str(p).encode()).hexdigest())
        chosen = largest.loc[place.sort_values().index]
        parts.append(chosen if images.robustness.lesions is None else chosen.head(images.robustness.lesions))
    return pd.concat(parts, ignore_index=True) if parts else lesions.iloc[:0]


def perturbed_features(
    cohort: Cohort,
    lesions: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Perturbed:
    """Radiomics and volumetrics of every lesion at every declared reading.

    A lesion is read once; each reading is kept as soon as it is computed, so that a run that was killed goes on where it
    was.

    Parameters
    ----------
    lesions : what `perturbed_lesions` chose.
    cache, workers, scheduler, on_progress : as for `radiomic_features`; one item is one lesion.
    """
    records = records_of(lesions)
    radiomics = {
        name: one.model_dump(mode="json", exclude={"preset"}) for name, one in resolved_settings(cohort).items()
    }
    digest = functools.lru_cache(maxsize=None)(file_digest)
    tasks: list[_Task] = []
    errors: dict[int, Exception] = {}
    for index, record in enumerate(records):
        robustness = cohort.images[record["images"]].robustness
        assert robustness is not None  # `perturbed_lesions` chose among those that declare it
        settings = {
            "images": record["images"],
            "radiomics": radiomics.get(record["images"]),
            "random_state": robustness.random_state,
        }
        readings = declared_readings(robustness)
        try:
            keys = {name: _key(record, {**settings, "reading": one}, digest) for name, one in readings.items()}
        except RadiogenomicsError as error:
            errors[index], keys = error, {}
        tasks.append(_Task(record, settings, readings if keys else {}, keys))
    outcomes = map_items(
        functools.partial(_all_readings, cache), tasks, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    rows: list[dict[str, Any]] = []
    aside: list[pd.DataFrame] = []
    for index, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        if outcome.value is None or index in errors:
            problem = errors.get(index) or outcome.error
            assert problem is not None  # an outcome has a value or an error
            aside.append(quarantine_of([record], {0: problem}))
            continue
        identity = {key: str(record[key]) for key in KEYS}
        for reading, found in outcome.value.items():
            if isinstance(found, RadiogenomicsError):
                table = quarantine_of([record], {0: found})
                aside.append(table.assign(reason=f"{reading}: " + table["reason"]))
            else:
                rows.append({**identity, "reading": reading, **found})
    return Perturbed(pd.DataFrame(rows, columns=None if rows else [*KEYS, "reading"]), together(aside))


def _key(record: Mapping[str, Any], settings: Mapping[str, Any], digest: Callable[[Path], str]) -> str:
    files = [[file.name, digest(file)] for file in files_of_lesion(record)]
    return cache_key("perturbed", STEP.identity(), settings, record["kind"], record.get("roi"), files)


def _all_readings(cache: FeatureCache | None, task: _Task) -> dict[str, dict[str, float] | RadiogenomicsError]:
    """Values of each reading, or the error that says why it could not be taken."""
    found: dict[str, dict[str, float] | RadiogenomicsError] = {}
    lesion: Lesion | None = None
    for name, reading in task.readings.items():
        known = cache.get(task.keys[name]) if cache is not None else None
        if known is not None:
            found[name] = known
            continue
        if lesion is None:
            lesion = around(read_lesion(task.lesion), whole=_looks_at_all(task.settings["radiomics"]))
        try:
            values = finite(STEP.compute(lesion, {**task.settings, "reading": reading}), f"{lesion.name}: {name}")
        except RadiogenomicsError as error:
            found[name] = error
            continue
        found[name] = values
        if cache is not None:
            cache.put(task.keys[name], values)
    return found


def _looks_at_all(radiomics: Mapping[str, Any] | None) -> bool:
    """Whether features depend on the whole image: its mean and spread, or a filter that takes it as periodic."""
    if radiomics is None:
        return False
    return bool(radiomics["normalise"]) or any(one["filter"] == "simoncelli" for one in radiomics["filters"])
