"""The tables of follow-up: each lesion and each patient at each later study, and which lesions have no counterpart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.follow_up_settings import LesionFollowUp
from radiogenomics.imaging.extraction import extract, records_of
from radiogenomics.imaging.follow_up.change import doubling_days, growth_per_year, sum_change, total, volume_change
from radiogenomics.imaging.follow_up.matching import Pairs, match_by_distance, match_by_label
from radiogenomics.imaging.follow_up.measures import STEP
from radiogenomics.imaging.follow_up.response import by_volume, recist, target_lesions
from radiogenomics.imaging.studies import without_drafts
from radiogenomics.storage.feature_cache import FeatureCache

LESION_COLUMNS = (
    "patient_id", "images", "study_id", "days", "baseline_lesion_id", "lesion_id",
    "volume_before_mm3", "volume_after_mm3", "volume_change", "volume_lower", "volume_upper", "volume_within_error",
    "diameter_before_mm", "diameter_after_mm", "diameter_change", "diameter_lower", "diameter_upper", "diameter_within_error",
    "doubling_days", "doublings_per_year", "doublings_lower", "doublings_upper",
)  # fmt: skip
PATIENT_COLUMNS = (
    "patient_id", "images", "study_id", "days", "days_after_index", "lesions", "targets",
    "sum_before_mm", "sum_after_mm", "sum_change", "sum_lower", "sum_upper", "recist", "recist_within_error",
    "volume_before_mm3", "volume_after_mm3", "volume_change", "volume_lower", "volume_upper", "volume_response",
    "volume_within_error", "new", "absent", "ambiguous", "note",
)  # fmt: skip
UNMATCHED_COLUMNS = ("patient_id", "images", "study_id", "lesion_id", "what", "reason")


class FollowedUp(NamedTuple):
    """Changes since the baseline.

    Attributes
    ----------
    lesions : one row a matched lesion and later study, `LESION_COLUMNS`. Changes are later / earlier - 1.
    patients : one row a patient, image name and later study, `PATIENT_COLUMNS`; RECIST 1.1 by sums of target lesions, volumes
        by sums of all lesions of the baseline.
    unmatched : lesions without counterpart, `UNMATCHED_COLUMNS`; `what` is absent, new or ambiguous.
    measures : what `measures.measures_of_lesion` measured, one row a lesion, the baseline's included.
    quarantine : by `schemas.QUARANTINE`: lesions that could not be measured.
    """

    lesions: pd.DataFrame
    patients: pd.DataFrame
    unmatched: pd.DataFrame
    measures: pd.DataFrame
    quarantine: pd.DataFrame


def follow_up_tables(
    cohort: Cohort,
    baseline: pd.DataFrame,
    later: pd.DataFrame,
    studies: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FollowedUp:
    """Measure the lesions of patients with later studies, match them, and say what changed.

    Parameters
    ----------
    baseline, later : DataFrames by `schemas.LESIONS` that passed quality control.
    studies : `studies.Studies.studies`; labels : columns images, lesion_id, label.
    cache, workers, scheduler, on_progress : as for `radiomic_features`.
    """
    settings = {
        name: {"contour_sd_mm": images.follow_up.contour_sd_mm}
        for name, images in cohort.images.items()
        if images.follow_up is not None
    }
    times = studies[studies["images"].isin(list(settings)) & (studies["role"] == "follow_up")]
    followed = set(zip(times["patient_id"], times["images"], strict=True))
    wanted = pd.concat([baseline, later], ignore_index=True)
    keys = pd.Series(list(zip(wanted["patient_id"], wanted["images"], strict=True)), index=wanted.index, dtype=object)
    wanted = wanted[keys.isin(list(followed)).to_numpy(dtype=bool)] if len(wanted) else wanted
    measurable = without_drafts(cohort, wanted)  # a draft that is left out was not measured: its study says so
    found = extract(
        STEP, measurable, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    named = found.values.merge(labels, on=["images", "lesion_id"], how="left")
    named["label"] = named["label"].astype(object).where(named["label"].notna(), None)
    lost = set(
        zip(
            *(wanted.loc[~wanted["lesion_id"].isin(named["lesion_id"]), c] for c in ("images", "study_id")), strict=True
        )
    )
    result = _Tables()
    for (patient, images), visits in times.groupby(["patient_id", "images"], sort=True):
        declared = cohort.images[str(images)].follow_up
        assert declared is not None  # `settings` has those that declare it
        own = named[(named["patient_id"] == patient) & (named["images"] == images)]
        _patient(result, declared, own, visits.sort_values("days"), lost)
    return FollowedUp(
        pd.DataFrame(result.lesions, columns=list(LESION_COLUMNS)),
        pd.DataFrame(result.patients, columns=list(PATIENT_COLUMNS)),
        pd.DataFrame(result.unmatched, columns=list(UNMATCHED_COLUMNS)),
        named.drop(columns="label"),
        found.quarantine,
    )


@dataclass
class _Tables:
    lesions: list[dict[str, Any]] = field(default_factory=list)
    patients: list[dict[str, Any]] = field(default_factory=list)
    unmatched: list[dict[str, Any]] = field(default_factory=list)


def _patient(
    result: _Tables, declared: LesionFollowUp, own: pd.DataFrame, visits: pd.DataFrame, lost: set[tuple[str, str]]
) -> None:
    """All later studies of one patient, in order."""
    first = own[~own["study_id"].isin(list(visits["study_id"]))].set_index("lesion_id", drop=False).rename_axis(None)
    targets = target_lesions(first)
    smallest = _Sums.of(first, targets)
    start = smallest
    for visit in records_of(visits):
        key = {"patient_id": visit["patient_id"], "images": visit["images"], "study_id": visit["study_id"]}
        now = own[own["study_id"] == visit["study_id"]].set_index("lesion_id", drop=False).rename_axis(None)
        pairs = (
            match_by_label(first, now)
            if declared.match == "label"
            else match_by_distance(first, now, declared.maximum_distance_mm)
        )
        _name_unmatched(result, key, pairs)
        known, seen = ({row["lesion_id"]: row for row in records_of(part)} for part in (first, now))
        for before, after in pairs.matched:
            result.lesions.append(_lesion_row(key, visit["days"], known[before], seen[after]))
        failed = (visit["images"], visit["study_id"]) in lost or bool(visit.get("set_aside", 0))
        gone = declared.absent == "gone" and not failed and not pairs.ambiguous
        after_all = _Sums.matched(now, pairs, list(first["lesion_id"]), targets, gone)
        row = _patient_row(visit, declared, start, smallest, after_all, pairs, bool(targets), len(first), failed)
        result.patients.append({**key, **row, "targets": len(targets)})
        smallest = smallest.smaller(after_all)


class _Sums(NamedTuple):
    """Sum of target diameters and total volume, each with its standard error; NaN where a lesion was not measured."""

    diameters: tuple[float, float]
    volume: tuple[float, float]

    @classmethod
    def of(cls, lesions: pd.DataFrame, targets: list[str]) -> _Sums:
        chosen = lesions.loc[targets]
        return cls(
            total(chosen["diameter_mm"].tolist(), chosen["diameter_sd_mm"].tolist()) if targets else (np.nan, np.nan),
            total(lesions["volume_mm3"].tolist(), (lesions["volume_mm3"] * lesions["log_volume_sd"]).tolist())
            if len(lesions)
            else (np.nan, np.nan),
        )

    @classmethod
    def matched(cls, now: pd.DataFrame, pairs: Pairs, every: list[str], targets: list[str], gone: bool) -> _Sums:
        """The same lesions at a later study; one without counterpart is 0 where it is `gone`, else nothing is known."""
        where = dict(pairs.matched)
        diameters = [where[t] for t in targets if t in where]
        volumes = [where[t] for t in every if t in where]
        sums = cls.of(now.loc[volumes], diameters)
        known_targets = bool(targets) and (gone or len(diameters) == len(targets))
        known = bool(every) and (gone or len(volumes) == len(every))
        unknown, nothing = (np.nan, np.nan), (0.0, 0.0)
        return cls(
            (sums.diameters if diameters else nothing) if known_targets else unknown,
            (sums.volume if volumes else nothing) if known else unknown,
        )

    def smaller(self, other: _Sums) -> _Sums:
        return _Sums(
            other.diameters if other.diameters[0] < self.diameters[0] else self.diameters,
            other.volume if other.volume[0] < self.volume[0] else self.volume,
        )


def _patient_row(
    visit: dict[str, Any],
    declared: LesionFollowUp,
    start: _Sums,
    smallest: _Sums,
    now: _Sums,
    pairs: Pairs,
    has_targets: bool,
    lesions: int,
    failed: bool,
) -> dict[str, Any]:
    new = bool(pairs.new) and declared.new == "progression"
    called = recist(start.diameters[0], smallest.diameters[0], now.diameters[0], new=new)
    named = by_volume(start.volume[0], smallest.volume[0], now.volume[0], declared.volume_response, new=new)
    by_sum = sum_change(start.diameters[0], now.diameters[0], start.diameters[1], now.diameters[1])
    by_total = sum_change(start.volume[0], now.volume[0], start.volume[1], now.volume[1])
    decides = [
        sum_change(low[0], after[0], low[1], after[1]) if category == "PD" else change
        for category, low, after, change in (
            (called, smallest.diameters, now.diameters, by_sum),
            (named, smallest.volume, now.volume, by_total),
        )
    ]
    notes = [f"{len(pairs.new)} new"] if pairs.new else []
    notes += [f"{len(pairs.absent)} absent"] if pairs.absent else []
    notes += [f"{len(pairs.ambiguous)} not matched for certain"] if pairs.ambiguous else []
    notes += [] if has_targets else ["no measurable lesion at the baseline"]
    notes += ["a lesion of this study was set aside"] if failed else []
    return {
        "days": int(visit["days"]),
        "days_after_index": float(visit["days_after_index"]),
        "lesions": lesions,
        "sum_before_mm": start.diameters[0],
        "sum_after_mm": now.diameters[0],
        "sum_change": by_sum.relative,
        "sum_lower": by_sum.lower,
        "sum_upper": by_sum.upper,
        "recist": called,
        "recist_within_error": decides[0].within_error and not new,
        "volume_before_mm3": start.volume[0],
        "volume_after_mm3": now.volume[0],
        "volume_change": by_total.relative,
        "volume_lower": by_total.lower,
        "volume_upper": by_total.upper,
        "volume_response": named,
        "volume_within_error": decides[1].within_error and not new,
        "new": len(pairs.new),
        "absent": len(pairs.absent),
        "ambiguous": len(pairs.ambiguous),
        "note": "; ".join(notes),
    }


def _lesion_row(key: dict[str, Any], days: int, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    volume = volume_change(before["volume_mm3"], after["volume_mm3"], before["log_volume_sd"], after["log_volume_sd"])
    diameter = sum_change(
        before["diameter_mm"], after["diameter_mm"], before["diameter_sd_mm"], after["diameter_sd_mm"]
    )
    growth = growth_per_year(volume, float(days))
    return {
        **key,
        "days": int(days),
        "baseline_lesion_id": before["lesion_id"],
        "lesion_id": after["lesion_id"],
        "volume_before_mm3": before["volume_mm3"],
        "volume_after_mm3": after["volume_mm3"],
        **dict(zip(("volume_change", "volume_lower", "volume_upper", "volume_within_error"), volume, strict=True)),
        "diameter_before_mm": before["diameter_mm"],
        "diameter_after_mm": after["diameter_mm"],
        **dict(
            zip(("diameter_change", "diameter_lower", "diameter_upper", "diameter_within_error"), diameter, strict=True)
        ),
        "doubling_days": doubling_days(before["volume_mm3"], after["volume_mm3"], float(days)),
        **dict(zip(("doublings_per_year", "doublings_lower", "doublings_upper"), growth, strict=True)),
    }


def _name_unmatched(result: _Tables, key: dict[str, Any], pairs: Pairs) -> None:
    for what, lesions in (("absent", pairs.absent), ("new", pairs.new), ("ambiguous", pairs.ambiguous)):
        for lesion, reason in lesions.items():
            result.unmatched.append({**key, "lesion_id": lesion, "what": what, "reason": reason})
