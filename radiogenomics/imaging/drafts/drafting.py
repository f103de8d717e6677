"""Draft contours for every lesion of a cohort that has a box or a diameter and no contour."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.change import files_signature
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.contour_origin import DRAFT, sidecar_of
from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.cohort.prompts import Prompt
from radiogenomics.cohort.schemas import LESIONS, conform
from radiogenomics.compute import map_items
from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.code_version import code_version
from radiogenomics.imaging.drafts.contour_file import grid_of, write_contour
from radiogenomics.imaging.drafts.contours import Draft, draft_contour
from radiogenomics.imaging.drafts.ellipsoid import ellipsoid_of
from radiogenomics.imaging.drafts.quality import DraftMeasures, dice, draft_problems
from radiogenomics.imaging.drafts.segmenter import find_segmenter, run_segmenter
from radiogenomics.imaging.extraction import quarantine_of, records_of
from radiogenomics.imaging.geometry import turned_back
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.lesion_step import READ_BY
from radiogenomics.imaging.reading import decode_lesion, files_of_lesion
from radiogenomics.storage.atomic import file_digest

_DECIDING = ("scipy", "scikit-image", "numpy", *READ_BY)

DRAFT_COLUMNS = [
    *("patient_id", "study_id", "lesion_id", "images", "kind", "prompt", "method", "status", "rules", "reason"),
    *DraftMeasures._fields,
    *("dice_with_drawn", "volume_error", "image", "draft", "second", "drawn", "series", "roi"),
]


class DraftedLesions(NamedTuple):
    """What `draft_lesions` made.

    Attributes
    ----------
    lesions : by `schemas.LESIONS`, every lesion that has a contour now; `contour` says which are drafts.
    drafts : one row a prompt, columns `DRAFT_COLUMNS`: `status` 'draft' (used as a draft), 'not used' (it failed its own
        quality control, with `rules` and `reason`) or 'compared' (a drawn contour is there and is what counts;
        `dice_with_drawn` and `volume_error`, (draft - drawn) / drawn, say how far the draft is from it). `draft` and `second`
        are the files of both contours, '' where none could be made.
    quarantine : by `schemas.QUARANTINE`, level 'lesion': lesions without a contour whose draft may not be used.
    """

    lesions: pd.DataFrame
    drafts: pd.DataFrame
    quarantine: pd.DataFrame


class _Task(NamedTuple):
    lesion: dict[str, Any]
    settings: DraftContours
    program: str
    weights: Path | None
    folder: Path


def draft_lesions(
    cohort: Cohort,
    lesions: pd.DataFrame,
    folder: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> DraftedLesions:
    """Draft a contour for each lesion that has a prompt, unless its images refuse drafts.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`, from `declared_lesions`; a lesion without a contour has an empty `mask`.
    folder : where contours are kept, by a name made of all that decides them; one that is there is not made again.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`.

    Raises
    ------
    ConfigurationError
        A segmenter is declared that is not installed or has no weights.
    """
    records = records_of(lesions)
    wanted = [index for index, record in enumerate(records) if _prompt(record) and _uses_drafts(cohort, record)]
    programs = {name: _program(cohort, name) for name in {records[index]["images"] for index in wanted}}
    tasks = [
        _Task(records[i], cohort.images[records[i]["images"]].draft_contours, *programs[records[i]["images"]], folder)
        for i in wanted
    ]
    outcomes = map_items(_draft_one, tasks, workers=workers, scheduler=scheduler, on_progress=on_progress)
    rows: list[dict[str, Any]] = []
    errors: dict[int, Exception] = {}
    for index, task, outcome in zip(wanted, tasks, outcomes, strict=True):
        found = outcome.value or _failed(outcome.error)
        drawn = bool(records[index]["mask"])
        row = _row(task, found, drawn)
        rows.append(row)
        if drawn:
            continue
        records[index]["mask"] = row["draft"]
        if row["status"] == "not used":
            text = f"{records[index]['images']} {records[index]['lesion_id']}: {row['reason']}"
            known = outcome.error if outcome.error is not None else ImageError(text, rule=row["rules"].split(";")[0])
            errors[index] = known
    kept = [record for index, record in enumerate(records) if index not in errors]
    table = pd.DataFrame(kept, columns=lesions.columns) if kept else lesions.iloc[:0]
    drafts = pd.DataFrame(rows, columns=DRAFT_COLUMNS)
    return DraftedLesions(conform(table, LESIONS), drafts, quarantine_of(records, errors))


def _prompt(record: Mapping[str, Any]) -> str:
    prompt = record.get("prompt")
    return prompt if isinstance(prompt, str) else ""


def _uses_drafts(cohort: Cohort, record: Mapping[str, Any]) -> bool:
    return cohort.images[record["images"]].draft_contours.use != "refuse"


def _program(cohort: Cohort, name: str) -> tuple[str, Path | None]:
    segmenter = cohort.images[name].draft_contours.segmenter
    if segmenter is None:
        return "", None
    weights = cohort.path(segmenter.weights)
    key = f"{cohort.file}: images.{name}.draft_contours.segmenter"
    return find_segmenter(segmenter, weights, key), weights


def _row(task: _Task, found: Mapping[str, Any], drawn: bool) -> dict[str, Any]:
    broken = found["problems"]
    row = {key: task.lesion.get(key) for key in ("patient_id", "study_id", "lesion_id", "images", "kind", "image")}
    row |= {key: task.lesion.get(key) for key in ("series", "roi")}
    row |= {"prompt": Prompt.of_text(task.lesion["prompt"]).kind, "method": task.settings.method}
    row |= {"drawn": task.lesion["mask"], "status": "compared" if drawn else "not used" if broken else "draft"}
    row |= {
        "rules": ";".join(dict.fromkeys(rule for rule, _ in broken)),
        "reason": "; ".join(text for _, text in broken),
    }
    row |= found["measures"]
    return row | {key: found[key] for key in ("draft", "second", "dice_with_drawn", "volume_error")}


def _failed(error: Exception | None) -> dict[str, Any]:
    """A prompt of which no draft could be made."""
    rule = getattr(error, "rule", "") or "unexpected"
    nothing = dict.fromkeys(DraftMeasures._fields, float("nan"))
    files: dict[str, Any] = {"draft": "", "second": "", "dice_with_drawn": float("nan"), "volume_error": float("nan")}
    return {"measures": nothing, "problems": [(rule, str(error))], **files}


def _draft_one(task: _Task) -> dict[str, Any]:
    """Draft one lesion, or take what was made before of the same image, prompt, settings and code."""
    lesion, what = task.lesion, f"{task.lesion['images']} {task.lesion['lesion_id']}"
    file = task.folder / lesion["images"] / f"{_plain(lesion['lesion_id'])}-{_key(task)[:16]}.nii.gz"
    second = file.with_name(file.name.replace(".nii.gz", "-second.nii.gz"))
    known = _known(file, second)
    if known is None:
        read = read_lesion({**lesion, "mask": ""})
        stored = turned_back(read.image, read.turned)
        ellipsoid = ellipsoid_of(Prompt.of_text(lesion["prompt"]), stored, what)
        segmented = None
        if task.settings.segmenter is not None and task.weights is not None:
            segmented = run_segmenter(read.image, task.settings.segmenter, task.program, task.weights, what)
        made = draft_contour(read.image, lesion["kind"], ellipsoid, task.settings, what, segmented)
        known = {"measures": made.measures._asdict(), **_against_drawn(lesion, made)}
        told = {
            "decision": "draft",
            "initials": "",
            **{key: lesion[key] for key in ("patient_id", "study_id", "lesion_id", "images")},
            "prompt": json.loads(lesion["prompt"]),
            "settings": task.settings.model_dump(mode="json"),
            "found": {key: _json(value) for key, value in known.items()},
        }
        for target, voxels in (
            (second, made.second),
            (file, made.draft),
        ):  # the draft last: its sidecar says it is done
            write_contour(target, turned_back(grid_of(read.image, voxels), read.turned), DRAFT, told)
    measures = DraftMeasures(**known["measures"])
    return {
        **known,
        "problems": draft_problems(measures, task.settings),
        "draft": str(file),
        "second": str(second),
    }


def _against_drawn(lesion: Mapping[str, Any], made: Draft) -> dict[str, float]:
    """How far a draft is from the contour that a person drew, where there is one."""
    if not lesion["mask"]:
        return {"dice_with_drawn": float("nan"), "volume_error": float("nan")}
    _, drawn = read_lesion(lesion).arrays()
    return {
        "dice_with_drawn": dice(made.draft, drawn),
        "volume_error": float(made.draft.sum() / drawn.sum() - 1),
    }


def _known(file: Path, second: Path) -> dict[str, Any] | None:
    if not (file.is_file() and second.is_file() and sidecar_of(file).is_file()):
        return None
    found = json.loads(sidecar_of(file).read_text(encoding="utf-8"))["found"]
    return {key: np.nan if value is None else value for key, value in found.items()}


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def _key(task: _Task) -> str:
    """SHA-256 over all that decides a draft: image, prompt, what is drawn, settings, code, libraries and weights."""
    settings = task.settings.model_dump(mode="json", include=_OF_CONTOUR)
    files = [[file.name, file_digest(file)] for file in files_of_lesion(task.lesion)]
    weights = files_signature([task.weights, Path(task.program)]) if task.weights is not None else ""
    code = code_version(_draft_one, decode_lesion, draft_contour, run_segmenter)
    libraries = {name: version(name) for name in _DECIDING}
    parts = [
        task.lesion["kind"],
        task.lesion["prompt"],
        task.lesion.get("roi"),
        settings,
        files,
        weights,
        code,
        libraries,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


_OF_CONTOUR = {"method", "soft_tissue_hu", "uptake_share", "segmenter"}
"""Settings that decide the contour; the others decide only whether it may be used."""


def _plain(name: str) -> str:
    """An identifier as part of a file name; its first characters, for people: the rest of the name tells files apart."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:60].lstrip(".") or "lesion"
