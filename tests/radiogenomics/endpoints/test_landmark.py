"""Follow-up predicts nothing, unless an endpoint says from which day it is predicted."""

from __future__ import annotations

import pandas as pd
import pytest

from radiogenomics.cohort import read_inputs
from radiogenomics.endpoints import derive_labels, refused_features
from radiogenomics.exceptions import ConfigurationError

DICTIONARY = pd.DataFrame(
    [
        ("delta_ct", "log_volume_ratio", "lesions/ct:follow_up", "follow_up"),
        ("clinical", "late", "clinical/main:late", "follow_up"),
        ("volumetrics_ct", "volume_mm3", "lesions/ct:mask", "baseline"),
    ],
    columns=["modality", "feature", "derived_from", "recorded"],
).assign(family="x", unit="1", description="x")
HORIZON = {"rule": "horizon", "time": "days", "unit": "days", "event": "event", "horizon_months": 6}
FILES = {
    "clinical.csv": "id,start,days,event,code\nP1,2024-01-01,40,1,a\nP2,2024-01-01,100,1,b\nP3,2024-01-01,400,0,a\nP4,2024-01-01,50,0,b\n",
    "lesions.csv": "patient_id,study_id,lesion_id,image,mask,lesion_label\n",
}


def cohort_with(write_cohort_files, *, label=HORIZON, until=60, index=True, **endpoint):
    clinical = {"tables": {"main": {"file": "clinical.csv", "patient_id": "id"}}}
    return write_cohort_files(
        FILES,
        clinical=clinical | ({"index_date": {"column": "start"}} if index else {}),
        images={
            "ct": {
                "kind": "CT", "lesions": "lesions.csv", "radiomics": None, "embedding": False,
                "follow_up": {"delta": {"until_days": until}},
            }
        },
        endpoints={"benefit": {"label": label, "modalities": ["delta_ct", "volumetrics_ct"], **endpoint}},
    )  # fmt: skip


def refused(cohort) -> dict[str, str]:
    table = refused_features(cohort, "benefit", DICTIONARY)
    return dict(zip(table["modality"] + ":" + table["feature"], table["rule"], strict=True))


def test_change_since_the_baseline_is_refused_without_a_landmark(write_cohort_files) -> None:
    assert refused(cohort_with(write_cohort_files)) == {"delta_ct:log_volume_ratio": "follow_up"}


def test_change_until_the_landmark_may_predict_what_comes_after_it(write_cohort_files) -> None:
    assert refused(cohort_with(write_cohort_files, landmark_days=60)) == {}


def test_change_that_goes_on_after_the_landmark_is_refused(write_cohort_files) -> None:
    assert refused(cohort_with(write_cohort_files, until=61, landmark_days=60)) == {
        "delta_ct:log_volume_ratio": "follow_up"
    }


def test_who_was_not_at_risk_at_the_landmark_has_no_label_for_it(write_cohort_files) -> None:
    for landmark, expected in ((None, {"P1": 0, "P2": 0, "P3": 1}), (60, {"P2": 0, "P3": 1})):
        extra = {} if landmark is None else {"landmark_days": landmark}
        cohort = cohort_with(write_cohort_files, **extra)
        labels, _ = derive_labels(cohort, read_inputs(cohort).manifest)
        known = labels[labels["label"].notna()]
        assert dict(zip(known["patient_id"], known["label"], strict=True)) == expected
    reason = labels.set_index("patient_id").loc["P1", "reason"]
    assert reason.startswith("not at risk at the landmark of 60 days")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"index": False}, "needs `clinical.index_date`"),
        (
            {"label": {"column": "code", "positive": ["a"], "negative": ["b"]}},
            "does not say when its outcome was known",
        ),
        ({"landmark_days": 183}, "183 days are not before the horizon of 6 months"),
    ],
)
def test_a_landmark_that_cannot_be_kept_is_one_message(write_cohort_files, change, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        cohort_with(write_cohort_files, **{"landmark_days": 60, **change})
