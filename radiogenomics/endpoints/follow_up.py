"""From the index date to an event or to the end of observation: months and whether the event happened."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.clinical_columns import ColumnTexts, column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.label_settings import FollowUp, HorizonRule
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.endpoints.columns import as_number, not_known, set_aside
from radiogenomics.endpoints.label import Label

DAYS_PER_MONTH = 365.25 / 12
PER_MONTH = {"days": DAYS_PER_MONTH, "weeks": DAYS_PER_MONTH / 7, "months": 1.0, "years": 1 / 12}
"""How many of a unit make a month."""


class Observation(NamedTuple):
    """How long a patient was observed.

    Attributes
    ----------
    months : time to the event, or to the end of observation; None where not known.
    event : whether the event happened; None where not known.
    reason : what the tables say, or why time and event are not known.
    source_rows : 'file:line', or None.
    """

    months: float | None
    event: bool | None
    reason: str
    source_rows: str | None


def observations(
    cohort: Cohort,
    manifest: pd.DataFrame,
    name: str,
    declared: FollowUp,
    patients: list[str],
    files: pd.DataFrame | None = None,
) -> tuple[list[Observation], pd.DataFrame]:
    """Time and event of each patient, and the quarantine of what could not be read.

    An event code that is not declared, a time that is no number or negative, a date that is no date, an event before the
    index date: not known, each with an entry.
    """
    table = cohort.clinical_table(declared.table)
    file = cohort.clinical.tables[table].file
    rows = table_rows(cohort, manifest, table, files)
    aside = SetAside(f"clinical/{table}", file)
    texts = {c: column_texts(rows, c, cohort.clinical.missing, file) for c in declared.columns()}
    if declared.time is not None and declared.event is not None:
        time, event = texts[declared.time], texts[declared.event]
        found = [_by_duration(p, name, declared, time, event, file, aside) for p in patients]
    else:
        found = [_by_dates(p, name, declared, texts, file, aside) for p in patients]
    return found, aside.table()


def _by_duration(
    patient: str, name: str, declared: FollowUp, time: ColumnTexts, event: ColumnTexts, file: str, aside: SetAside
) -> Observation:
    for column, texts in ((str(declared.time), time), (str(declared.event), event)):
        early = not_known(patient, texts, column.strip(), file, name, aside)
        if early is not None:
            return Observation(None, None, early.reason, early.source_rows)
    lines = str(time.lines[patient])
    said = str(event.text[patient])
    happened = _code(said, declared)
    if happened is None:
        reason = f"'{declared.event}' is '{said}', which is neither an event nor a censoring code"
        set_aside(aside, event, patient, "unlisted_code", f"'{name}': {reason}")
        return Observation(None, None, reason, lines)
    number = as_number(str(time.text[patient]))
    if number is None or number < 0:
        reason = f"'{declared.time}' is '{time.text[patient]}', which is no time of 0 or more"
        set_aside(aside, time, patient, "not_a_time", f"'{name}': {reason}")
        return Observation(None, None, reason, lines)
    said = f"{'event' if happened else 'no event until'} {'at ' if happened else ''}{number:g} {declared.unit}"
    return Observation(number / PER_MONTH[declared.unit], happened, said, lines)


def _code(text: str, declared: FollowUp) -> bool | None:
    """Whether a code means event; cBioPortal writes '1:Progressed', of which the digit decides."""
    for said in (text, text.split(":", 1)[0]):
        if said in declared.event_codes:
            return True
        if said in declared.censored_codes:
            return False
    return None


def _by_dates(
    patient: str, name: str, declared: FollowUp, texts: dict[str, ColumnTexts], file: str, aside: SetAside
) -> Observation:
    days: dict[str, datetime | None] = {}
    lines = None
    for role in ("index_date", "event_date", "last_date"):
        column = str(getattr(declared, role))
        said = texts[column]
        early = not_known(patient, said, column.strip(), file, name, aside)
        lines = lines or (early.source_rows if early else str(said.lines[patient]))
        if early is not None:
            if role == "index_date" or patient not in said.text.index or patient in said.disagreeing:
                return Observation(None, None, early.reason, early.source_rows)
            days[role] = None
            continue
        try:
            days[role] = datetime.strptime(str(said.text[patient]), declared.date_format)
        except ValueError:
            reason = f"'{column}' is '{said.text[patient]}', which is no date like {declared.date_format}"
            set_aside(aside, said, patient, "not_a_date", f"'{name}': {reason}")
            return Observation(None, None, reason, lines)
    index, event, last = days["index_date"], days["event_date"], days["last_date"]
    end = event or last
    assert index is not None
    if end is None:
        return Observation(None, None, f"neither '{declared.event_date}' nor '{declared.last_date}' is known", lines)
    months = (end - index).days / DAYS_PER_MONTH
    if months < 0:
        column = str(declared.event_date if event else declared.last_date)
        reason = f"'{column}' is before '{declared.index_date}'"
        set_aside(aside, texts[column], patient, "before_index_date", f"'{name}': {reason}")
        return Observation(None, None, reason, lines)
    said_when = f"event on {end:%Y-%m-%d}" if event else f"no event until {end:%Y-%m-%d}"
    return Observation(months, event is not None, f"{said_when}, {months:.1f} months after the index date", lines)


def horizon_label(seen: Observation, rule: HorizonRule, landmark_days: int | None = None) -> Label:
    """The label at the horizon: an event at or before it; event-free where observed up to it or beyond; else missing.

    With a landmark (days after the index date) it is missing too where the event, or the end of observation, was by then.
    """
    if seen.months is None or seen.event is None:
        return Label(None, seen.reason, seen.source_rows)
    if landmark_days is not None and seen.months * DAYS_PER_MONTH <= landmark_days:
        return Label(None, f"not at risk at the landmark of {landmark_days} days ({seen.reason})", seen.source_rows)
    within = seen.event and seen.months <= rule.horizon_months
    months = f"{rule.horizon_months:g} months"
    if not within and not seen.event and seen.months < rule.horizon_months:
        return Label(None, f"not evaluable, censored before {months} ({seen.reason})", seen.source_rows)
    positive = within == (rule.positive == "event")
    said = f"event within {months}" if within else f"no event within {months}"
    return Label(int(positive), f"{said} ({seen.reason})", seen.source_rows)
