"""Who was left out and why: the sums close."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from radiogenomics.cohort import schemas
from radiogenomics.reporting.patient_flow import label_reasons, patient_flow


def test_each_step_is_the_one_before_less_those_left_out(tables) -> None:
    steps = patient_flow(
        tables["labels"],
        tables["endpoint"],
        out_of_fold=tables["out_of_fold"],
        availability=tables["availability"],
    )
    assert [step.patients for step in steps] == [211, 172, 172, 65]
    for before, after in pairwise(steps):
        assert before.patients - sum(n for _, n in before.left_out) == after.patients


def test_a_labelled_patient_that_was_not_evaluated_is_listed_with_its_reason(tables) -> None:
    gone = tables["out_of_fold"]["patient_id"].iloc[:3].tolist()
    kept = tables["out_of_fold"][~tables["out_of_fold"]["patient_id"].isin(gone)]
    excluded = pd.DataFrame({"patient_id": gone[:2], "reason": ["image in quarantine"] * 2})
    steps = patient_flow(tables["labels"], tables["endpoint"], out_of_fold=kept, excluded=excluded)
    assert dict(steps[1].left_out) == {"image in quarantine": 2, "no modality that may predict this endpoint": 1}
    assert steps[2].patients == 169


def test_a_missing_label_is_counted_as_missing_and_never_as_no_event(tables) -> None:
    counts = label_reasons(tables["labels"], tables["endpoint"]).groupby("label")["patients"].sum()
    assert counts.to_dict() == {"event": 40, "missing": 39, "no event": 132}


def test_another_endpoints_labels_do_not_count(tables) -> None:
    assert patient_flow(tables["labels"], "lung_metastasis") == []
    assert label_reasons(schemas.empty(schemas.LABELS), "egfr_status").empty
