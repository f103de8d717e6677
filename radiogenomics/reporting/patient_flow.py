"""How many patients there were, how many were left out at each step and why, from tables alone."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class FlowStep(NamedTuple):
    """One box of the flow: `patients` arrive at `title`; `left_out` are the reasons with counts before the next box."""

    title: str
    patients: int
    events: int | None
    left_out: list[tuple[str, int]]


def endpoint_labels(labels: pd.DataFrame | None, endpoint: str) -> pd.DataFrame | None:
    """The rows of that endpoint."""
    return None if labels is None else labels[labels["endpoint"] == endpoint]


def patient_flow(
    labels: pd.DataFrame | None,
    endpoint: str,
    *,
    out_of_fold: pd.DataFrame | None = None,
    availability: pd.DataFrame | None = None,
    excluded: pd.DataFrame | None = None,
) -> list[FlowStep]:
    """Patients of the cohort -> labelled -> evaluated -> with every modality.

    Parameters
    ----------
    labels : by `schemas.LABELS`.
    out_of_fold : by `schemas.OUT_OF_FOLD`; its patients are the evaluated ones.
    availability : bool, one row a patient (index), one column a modality that may predict the endpoint.
    excluded : `patient_id`, `reason`: why a labelled patient was not evaluated, where it is known.

    Returns
    -------
    Steps in order; the numbers of a step and its `left_out` sum to the step before.
    """
    own = endpoint_labels(labels, endpoint)
    if own is None or own.empty:
        return []
    labelled = own[own["label"].notna()]
    missing = own[own["label"].isna()]
    steps = [FlowStep("Patients of the cohort", len(own), None, _reasons(missing["reason"]))]
    if out_of_fold is None or out_of_fold.empty:
        return [*steps, FlowStep("With a label", len(labelled), int((labelled["label"] == 1).sum()), [])]
    evaluated = set(out_of_fold["patient_id"])
    dropped = labelled[~labelled["patient_id"].isin(evaluated)]
    known = {} if excluded is None else dict(zip(excluded["patient_id"], excluded["reason"], strict=True))
    why = dropped["patient_id"].map(lambda patient: known.get(patient, "no modality that may predict this endpoint"))
    steps.append(FlowStep("With a label", len(labelled), int((labelled["label"] == 1).sum()), _reasons(why)))
    truth = out_of_fold.drop_duplicates("patient_id").set_index("patient_id")["label"]
    if availability is None or availability.empty:
        return [*steps, FlowStep("Evaluated by cross-validation", len(truth), int((truth == 1).sum()), [])]
    table = availability.reindex(truth.index).fillna(False).astype(bool)
    lacking = table.loc[~table.all(axis=1)]
    reasons = [
        (f"lack {column}", int((~lacking[column]).sum())) for column in table.columns if (~lacking[column]).any()
    ]
    incomplete = [("lack at least one modality", len(lacking))] if len(lacking) else []
    detail = "; ".join(f"{reason}: {n}" for reason, n in reasons)
    if incomplete and detail:
        incomplete = [(f"lack at least one modality ({detail})", len(lacking))]
    steps.append(FlowStep("Evaluated by cross-validation", len(truth), int((truth == 1).sum()), incomplete))
    whole = truth[table.all(axis=1)]
    return [*steps, FlowStep("With every modality", len(whole), int((whole == 1).sum()), [])]


def _reasons(reasons: pd.Series) -> list[tuple[str, int]]:
    """Reasons from the most frequent to the least, equals by name."""
    counts = reasons.fillna("no reason recorded").value_counts()
    return sorted(((str(reason), int(n)) for reason, n in counts.items()), key=lambda item: (-item[1], item[0]))


def label_reasons(labels: pd.DataFrame | None, endpoint: str) -> pd.DataFrame:
    """`label` ('event', 'no event', 'missing'), `reason`, `patients`, `rule` (with its version)."""
    columns = ["label", "reason", "patients", "rule"]
    own = endpoint_labels(labels, endpoint)
    if own is None or own.empty:
        return pd.DataFrame(columns=columns)
    names = own["label"].map({1: "event", 0: "no event"}).astype("object").where(own["label"].notna(), "missing")
    rule = own["rule"] + " v" + own["rule_version"].str.removeprefix("v")
    table = pd.DataFrame({"label": names, "reason": own["reason"], "rule": rule})
    counts = table.groupby(["label", "reason", "rule"], sort=True).size().rename("patients").reset_index()
    order = counts["label"].map({"event": 0, "no event": 1, "missing": 2})
    counts = counts.assign(order=order).sort_values(["order", "patients", "reason"], ascending=[True, False, True])
    return counts[columns].reset_index(drop=True)
