"""Who is in the evaluation of a time to an event, who is not and why, and how long patients were observed."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.evaluation.concordance import Interval
from radiogenomics.evaluation.observed_times import median_follow_up, median_time_to_event
from radiogenomics.evaluation.survival import kaplan_meier
from radiogenomics.reporting.figures.kaplan_meier import group_names, risk_groups
from radiogenomics.reporting.patient_flow import FlowStep, patient_flow
from radiogenomics.reporting.wording import UNKNOWN, estimate, known, number

_TITLES = {"With a label": "With a known time"}
NOT_REACHED = "not reached"


def known_times(times: pd.DataFrame | None, endpoint: str) -> pd.DataFrame | None:
    """The rows of an endpoint, in the columns of labels: `label` is 1 event, 0 censored, <NA> where the time is not known.

    Parameters
    ----------
    times : by `schemas.SURVIVAL`.
    """
    if times is None:
        return None
    own = times[times["endpoint"] == endpoint]
    return own.assign(label=own["event"].where(own["time_months"].notna())).reset_index(drop=True)


def survival_flow(
    times: pd.DataFrame | None,
    endpoint: str,
    *,
    out_of_fold: pd.DataFrame | None = None,
    availability: pd.DataFrame | None = None,
    excluded: pd.DataFrame | None = None,
) -> list[FlowStep]:
    """Patients of the cohort -> with a known time -> evaluated -> with every modality; see `patient_flow.patient_flow`.

    Parameters
    ----------
    times : by `schemas.SURVIVAL`. out_of_fold : by `schemas.SURVIVAL_OUT_OF_FOLD`.
    """
    seen = None if out_of_fold is None else out_of_fold.rename(columns={"event": "label"})
    steps = patient_flow(
        known_times(times, endpoint), endpoint, out_of_fold=seen, availability=availability, excluded=excluded
    )
    return [step._replace(title=_TITLES.get(step.title, step.title)) for step in steps]


class Observed(NamedTuple):
    """One line about the times of the evaluated patients: what, its value in months as text, and on how many it rests."""

    what: str
    value: str
    n: int
    events: int


def follow_up_rows(out_of_fold: pd.DataFrame | None) -> list[Observed]:
    """Medians of follow-up and of the time to the event, with their intervals, and the span of the times, in months.

    Parameters
    ----------
    out_of_fold : by `schemas.SURVIVAL_OUT_OF_FOLD`.
    """
    if out_of_fold is None or out_of_fold.empty:
        return []
    each = out_of_fold.drop_duplicates("patient_id")
    time, event = each["time_months"].to_numpy(float), each["event"].to_numpy(int)
    said = {
        "Median follow-up (reverse Kaplan-Meier)": _months(median_follow_up(time, event)),
        "Median time to the event (Kaplan-Meier)": _months(median_time_to_event(time, event)),
        "Shortest and longest time, event or censored": f"{number(time.min(), 1)} to {number(time.max(), 1)}",
    }
    return [Observed(what, value, len(each), int(event.sum())) for what, value in said.items()]


def _months(found: Interval) -> str:
    value, lower, upper = (number(bound, 1) if known(bound) else NOT_REACHED for bound in found)
    return f"{value} ({lower} to {upper})"


def risk_group_rows(
    out_of_fold: pd.DataFrame | None, model: str, groups: int, months: list[float]
) -> list[dict[str, Any]]:
    """Of each group of predicted risk `name`, `n`, `events` and, in the order of `months`, the `free` shares without an event.

    The figures under the curves: Kaplan-Meier with 95 % interval; a dash where the group is not observed for so long.
    """
    if out_of_fold is None or out_of_fold.empty:
        return []
    patients = risk_groups(out_of_fold, model, groups)
    rows = []
    for group, name in enumerate(group_names(groups)):
        own = patients[patients["group"] == group]
        shares = [_share_without(own, at) for at in months]
        rows.append({"name": name, "n": len(own), "events": int(own["event"].sum()), "free": shares})
    return rows if len(patients) else []


def _share_without(patients: pd.DataFrame, at: float) -> str:
    if patients.empty or at > patients["time_months"].max():
        return UNKNOWN
    curve = kaplan_meier(patients["time_months"].to_numpy(float), patients["event"].to_numpy(int))
    place = int(curve.times.searchsorted(at, side="right")) - 1
    return estimate(curve.survival[place], curve.lower[place], curve.upper[place])
