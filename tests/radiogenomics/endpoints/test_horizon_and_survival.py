"""Labels at a horizon and times with events, from durations and from dates."""

from __future__ import annotations

import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.endpoints import derive_labels, derive_survival, label_agreement
from radiogenomics.exceptions import ConfigurationError

DURATIONS = (
    "id,months,status,said\nP1,4.0,1:Progressed,NO\nP2,12,0:Not Progressed,YES\nP3,5.9,0:Not Progressed,NE\n"
    "P4,7,1:Progressed,YES\nP5,,0:Not Progressed,NO\nP6,6,1:Progressed,NO\nP7,6,0:Not Progressed,YES\n"
)
DATES = (
    "id,start,recurred,last\nP1,2020-01-01,2020-03-01,2021-01-01\nP2,2020-01-01,,2022-01-01\nP3,2020-01-01,,2020-02-01\n"
    "P4,2020-01-01,2019-12-01,2021-01-01\nP5,,2020-03-01,2021-01-01\nP6,2020-01-01,03/04/2020,2021-01-01\n"
)


def labels_of(write_cohort_files, table, **label):
    cohort = write_cohort_files(
        {"clinical.csv": table},
        endpoints={"y": {"label": {"rule": "horizon", **label}, "modalities": ["clinical"]}},
        clinical={
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {"dummy": {"column": "id", "type": "category", "categories": ["P1", "P2"]}},
        },
    )
    manifest = read_inputs(cohort).manifest
    labels, aside = derive_labels(cohort, manifest)
    return labels.set_index("patient_id"), aside, cohort, manifest


def test_censored_before_the_horizon_is_not_evaluable_and_neither_is_an_unknown_time(write_cohort_files):
    labels, _, _, _ = labels_of(write_cohort_files, DURATIONS, time="months", event="status", horizon_months=6)
    assert [None if pd.isna(v) else int(v) for v in labels["label"]] == [0, 1, None, 1, None, 0, 1]
    assert "not evaluable, censored before 6 months" in labels.loc["P3", "reason"]
    assert labels.loc["P4", "source_rows"] == "clinical.csv:5"
    assert set(labels["rule"]) == {"horizon"}


def test_recurrence_within_a_horizon_from_dates_is_the_other_way_round(write_cohort_files):
    labels, aside, _, _ = labels_of(
        write_cohort_files, DATES, index_date="start", event_date="recurred", last_date="last", horizon_months=12, positive="event"
    )  # fmt: skip
    assert [None if pd.isna(v) else int(v) for v in labels["label"]] == [1, 0, None, None, None, None]
    assert set(zip(aside["patient_id"], aside["rule"], strict=True)) == {
        ("P4", "before_index_date"),
        ("P6", "not_a_date"),
    }


def test_a_unit_that_is_not_months_is_converted(write_cohort_files):
    table = "id,days,event\nP1,182,0\nP2,183,0\n"
    labels, _, _, _ = labels_of(write_cohort_files, table, time="days", event="event", unit="days", horizon_months=6)
    assert pd.isna(labels.loc["P1", "label"])  # 6 months are 182.6 days
    assert labels.loc["P2", "label"] == 1


def test_a_second_source_that_disagrees_makes_the_label_missing_and_is_listed(write_cohort_files):
    compare = {"column": "said", "positive": ["YES"], "negative": ["NO"]}
    table = DURATIONS.replace("P4,7,1:Progressed,YES", "P4,7,1:Progressed,NO")
    labels, aside, cohort, manifest = labels_of(
        write_cohort_files, table, time="months", event="status", horizon_months=6, compare=compare
    )
    assert pd.isna(labels.loc["P4", "label"])
    assert "sources disagree" in labels.loc["P4", "reason"]
    assert aside[["patient_id", "rule"]].to_numpy().tolist() == [["P4", "sources_disagree"]]
    assert pd.isna(labels.loc["P5", "label"])  # the rule knows nothing: the other source does not fill it in
    agreement = label_agreement(cohort, manifest, "y")
    assert agreement.loc[~agreement["agree"], "patient_id"].tolist() == ["P4", "P5"]


def test_time_to_event_keeps_time_and_event_in_months(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id,weeks,dead\nP1,52,1\nP2,10,0\nP3,x,0\n"},
        survival={"os": {"time": "weeks", "event": "dead", "unit": "weeks"}},
    )
    survival, aside = derive_survival(cohort, read_inputs(cohort).manifest)
    assert survival["time_months"].round(2).tolist()[:2] == [11.96, 2.30]
    assert survival["event"].tolist()[:2] == [1, 0]
    assert pd.isna(survival["event"].iloc[2])
    assert aside["rule"].tolist() == ["not_a_time"]


def test_a_rule_needs_durations_or_dates_and_not_half_of_both(write_cohort_files):
    with pytest.raises(ConfigurationError, match="give `time` and `event`, or `index_date`"):
        labels_of(write_cohort_files, DURATIONS, time="months", event_date="status")
