"""Several studies of a patient: when each was, which is the baseline, and which lesions are of it.

The baseline is the last study at or before the index date, else the first study. Features of the baseline alone describe a
patient; later studies are follow-up. Dates are read to put studies in order; what is kept is the number of days between
them, because a date is an identifying attribute (DICOM PS3.15, table E.1-1).
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.clinical_columns import column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import CONTOUR
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.lesions import LABEL, STUDY_DATE, study_day
from radiogenomics.cohort.schemas import QUARANTINE, conform, empty
from radiogenomics.imaging.extraction import records_of

STUDY_COLUMNS = ("patient_id", "images", "study_id", "role", "days", "days_after_index", "note")


class Studies(NamedTuple):
    """Lesions by study.

    Attributes
    ----------
    baseline : rows of the lesions table that are of their patient's baseline.
    later : rows of later studies, for images that declare `follow_up`.
    studies : one row a patient, image name and study: `role` (baseline, follow_up, earlier, unreadable), `days` after the
        baseline, `days_after_index` (NaN where not known), `note` (text), `set_aside` (lesions that quality control left out).
    labels : columns images, lesion_id, label: what a lesion is called at every date, where the lesions table says it.
    quarantine : by `schemas.QUARANTINE`, level 'lesion': lesions of patients whose baseline cannot be told, and of studies
        that nothing uses.
    """

    baseline: pd.DataFrame
    later: pd.DataFrame
    studies: pd.DataFrame
    labels: pd.DataFrame
    quarantine: pd.DataFrame


def lesions_by_study(cohort: Cohort, manifest: pd.DataFrame, lesions: pd.DataFrame, qc: pd.DataFrame) -> Studies:
    """Which of the usable lesions are of the baseline, and when the later ones were seen.

    A patient with one study needs no date. One with several needs the date of each: column `study_date` of the lesions
    table, else StudyDate of the DICOM files. Where a date is lacking, a study without any usable lesion does not count; if
    several are left, nobody can tell the baseline, and their lesions are set aside.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    qc : what `check_lesions` says of them.
    """
    usable = usable_lesions(lesions, qc)
    said, labels = _said(cohort, manifest)
    several = lesions.groupby(["patient_id", "images"])["study_id"].nunique().gt(1).any()
    index = _index_days(cohort, manifest) if several else {}
    readable = set(zip(usable["patient_id"], usable["images"], usable["study_id"], strict=True))
    rows: list[dict[str, Any]] = []
    aside: list[dict[str, Any]] = []
    for (patient, images), own in lesions.groupby(["patient_id", "images"], sort=False):
        studies = list(dict.fromkeys(own["study_id"]))
        if len(studies) == 1:
            rows.append(_row(patient, images, studies[0], "baseline", 0, float("nan"), ""))
            continue
        days = {study: _days_of(own[own["study_id"] == study], said) for study in studies}
        if not all(days.values()):
            lost = [study for study in studies if (patient, images, study) not in readable]
            rows += [
                _row(patient, images, study, "unreadable", 0, float("nan"), "no usable lesion, no date")
                for study in lost
            ]
            days = {study: found for study, found in days.items() if study not in lost}
        if len(days) < 2:
            rows += [_row(patient, images, s, "baseline", 0, float("nan"), "the only usable study") for s in days]
            continue
        problem = _problem(days)
        if problem is not None:
            mine = usable[(usable["patient_id"] == patient) & (usable["images"] == images)]
            aside += [_aside(lesion, *problem) for lesion in records_of(mine)]
            continue
        rows += _in_order(cohort, str(patient), str(images), {s: next(iter(d)) for s, d in days.items()}, index)
    table = pd.DataFrame(rows, columns=list(STUDY_COLUMNS))
    placed = usable.merge(table[["patient_id", "images", "study_id", "role", "days"]], how="left")
    roles = placed["role"].to_numpy()
    followed = usable["images"].isin([n for n, i in cohort.images.items() if i.follow_up is not None]).to_numpy()
    later = (roles == "follow_up") & followed
    unused = np.isin(roles.astype(object).astype(str), ("earlier", "follow_up")) & ~later
    aside += [_aside(lesion, "not_baseline", _unused(lesion)) for lesion in records_of(placed[unused])]
    return Studies(
        usable[roles == "baseline"].reset_index(drop=True),
        usable[later].reset_index(drop=True),
        _with_set_aside(table, qc),
        pd.DataFrame([(*key, label) for key, label in labels.items()], columns=["images", "lesion_id", "label"]),
        conform(pd.DataFrame(aside), QUARANTINE) if aside else empty(QUARANTINE),
    )


def usable_lesions(lesions: pd.DataFrame, qc: pd.DataFrame) -> pd.DataFrame:
    """The lesions that quality control did not set aside, in their order."""
    kept = qc.loc[qc["status"] != "quarantined", ["images", "lesion_id"]]
    return lesions.merge(kept, on=["images", "lesion_id"], validate="one_to_one")


def _unused(lesion: dict[str, Any]) -> str:
    days = int(lesion["days"])
    if days < 0:
        return f"its study '{lesion['study_id']}' is {-days} days before the baseline, which is the last one by the index date"
    return f"its study '{lesion['study_id']}' is {days} days after the baseline, and images.{lesion['images']} declares no follow_up"


def _with_set_aside(studies: pd.DataFrame, qc: pd.DataFrame) -> pd.DataFrame:
    keys = ["patient_id", "images", "study_id"]
    lost = qc[qc["status"] == "quarantined"].groupby(keys).size().rename("set_aside").reset_index()
    counted = studies.merge(lost, on=keys, how="left")
    return counted.assign(set_aside=counted["set_aside"].fillna(0).astype(int))


def _row(patient: Any, images: Any, study: str, role: str, days: int, after: float, note: str) -> dict[str, Any]:
    return dict(zip(STUDY_COLUMNS, (patient, images, study, role, days, after, note), strict=True))


def _said(
    cohort: Cohort, manifest: pd.DataFrame
) -> tuple[dict[tuple[str, str], datetime.date], dict[tuple[str, str], str]]:
    """What lesions tables say: (images, lesion_id) -> day, and -> label."""
    days: dict[tuple[str, str], datetime.date] = {}
    labels: dict[tuple[str, str], str] = {}
    for name, images in cohort.images.items():
        if images.lesions is None or not (manifest["source"] == f"lesions/{name}").any():
            continue
        for row in source_rows(cohort, manifest, f"lesions/{name}").to_dict("records"):
            key = (name, str(row["lesion_id"]))
            day = study_day(str(row[STUDY_DATE]))
            if day is not None:
                days[key] = day
            if row[LABEL]:
                labels[key] = str(row[LABEL])
    return days, labels


def _days_of(lesions: pd.DataFrame, said: dict[tuple[str, str], datetime.date]) -> set[datetime.date]:
    """The days that the lesions of one study are said to be of; empty where nobody says."""
    found = {said[key] for key in zip(lesions["images"], lesions["lesion_id"], strict=True) if key in said}
    if found:
        return found
    days = {_dicom_day(row) for row in records_of(lesions)}
    return {day for day in days if day is not None}


def _dicom_day(lesion: dict[str, Any]) -> datetime.date | None:
    """StudyDate of a lesion's series; None where the image is no DICOM series or does not say."""
    from radiogenomics.exceptions import ImageError
    from radiogenomics.imaging.dicom_frames import read_header
    from radiogenomics.imaging.reading import files_of_lesion

    folder = Path(lesion["image"])
    if not folder.is_dir():
        return None
    try:
        file = next(path for path in files_of_lesion(lesion) if folder in path.parents)
        return study_day(str(read_header(file).get("StudyDate", "") or ""))
    except (ImageError, StopIteration):  # quality control says what is wrong with the file
        return None


def _problem(days: dict[str, set[datetime.date]]) -> tuple[str, str] | None:
    """Rule and reason why the studies of a patient cannot be put in order."""
    names = ", ".join(f"'{study}'" for study in days)
    undated = [study for study, found in days.items() if not found]
    if undated:
        return "study_date_unknown", (
            f"the patient has {len(days)} studies ({names}) and '{undated[0]}' has no date, so the baseline cannot be told; "
            f"give column {STUDY_DATE}, or keep one study"
        )
    several = [study for study, found in days.items() if len(found) > 1]
    if several:
        dates = ", ".join(str(day) for day in sorted(days[several[0]]))
        return "study_dates_disagree", f"the lesions of study '{several[0]}' have different dates: {dates}"
    if len({next(iter(found)) for found in days.values()}) < len(days):
        return "study_dates_tie", f"two studies ({names}) are of the same day, so the baseline cannot be told"
    return None


def _in_order(
    cohort: Cohort, patient: str, images: str, days: dict[str, datetime.date], index: dict[str, datetime.date]
) -> list[dict[str, Any]]:
    ordered = sorted(days, key=lambda study: days[study])
    start, note = index.get(patient), ""
    before = [study for study in ordered if start is not None and days[study] <= start]
    baseline = before[-1] if before else ordered[0]
    if cohort.clinical.index_date is not None and not before:
        note = "the index date is not known" if start is None else "no study at or before the index date"
    rows = []
    for study in ordered:
        since = (days[study] - days[baseline]).days
        role = "baseline" if study == baseline else "follow_up" if since > 0 else "earlier"
        after = float("nan") if start is None else float((days[study] - start).days)
        rows.append(_row(patient, images, study, role, since, after, note if study == baseline else ""))
    return rows


def _index_days(cohort: Cohort, manifest: pd.DataFrame) -> dict[str, datetime.date]:
    """The index date of each patient of whom it is known."""
    declared = cohort.clinical.index_date
    if declared is None:
        return {}
    table = cohort.clinical_table(declared.table)
    texts = column_texts(
        table_rows(cohort, manifest, table),
        declared.column,
        cohort.clinical.missing,
        cohort.clinical.tables[table].file,
    ).text.dropna()
    found = {}
    for patient, text in texts.items():
        try:
            found[str(patient)] = datetime.datetime.strptime(str(text), declared.format).date()
        except ValueError:  # the endpoint that uses it says so
            continue
    return found


def _aside(lesion: dict[str, Any], rule: str, reason: str) -> dict[str, Any]:
    return {
        "source": f"lesions/{lesion['images']}",
        "file": lesion["file"],
        "row": lesion["row"],
        "patient_id": lesion["patient_id"],
        "lesion_id": lesion["lesion_id"],
        "level": "lesion",
        "rule": rule,
        "reason": f"{lesion['images']} {lesion['lesion_id']}: {reason}",
    }


def of_baseline(acquisition: pd.DataFrame, studies: pd.DataFrame) -> pd.DataFrame:
    """The rows of an acquisition table that are of baseline studies."""
    baseline = studies.loc[studies["role"] == "baseline", ["patient_id", "images", "study_id"]]
    return acquisition.merge(baseline, on=["patient_id", "images", "study_id"])


def without_drafts(cohort: Cohort, lesions: pd.DataFrame) -> pd.DataFrame:
    """The lesions without those whose contour is a draft, but for images that include drafts."""
    if CONTOUR not in lesions.columns:
        return lesions
    including = [name for name, images in cohort.images.items() if images.draft_contours.use == "include"]
    return lesions[(lesions[CONTOUR] != "draft") | lesions["images"].isin(including)]
