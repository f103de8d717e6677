"""Each asset check fails on the fault it is there for."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.build import cohort_checks
from radiogenomics.cohort import Cohort

COHORT = Cohort.model_validate(
    {
        "name": "c",
        "clinical": {
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {"age": {"column": "age", "type": "number"}},
        },
        "images": {"ct": {"kind": "CT", "lesions": "lesions.csv"}},
        "endpoints": {
            "benefit": {"label": {"column": "b", "positive": ["1"], "negative": ["0"]}, "modalities": ["clinical"]}
        },
    }
)
CHECKS = {
    ("/".join(key.asset_key.path), key.name): check for check in cohort_checks(COHORT) for key in check.check_keys
}


def passed(asset, name, value):
    return CHECKS[(f"c/{asset}", name)](value).passed


def features(patients, values=None):
    return {
        "values": pd.DataFrame({"patient_id": patients, "age": values or [60.0] * len(patients)}),
        "dictionary": pd.DataFrame({"feature": ["age"], "modality": ["clinical"]}),
        "quarantine": pd.DataFrame(),
    }


def lesions(names, value=1.0):
    return {
        "values": pd.DataFrame(
            {"patient_id": "p", "study_id": "s", "lesion_id": names, "images": "ct", "volume_mm3": value}
        )
    }


def labels(reasons=("code 1", "code 0"), patients=("p1", "p2"), values=(1, 0)):
    table = pd.DataFrame({"patient_id": patients, "endpoint": "benefit", "label": values, "reason": reasons})
    return {"labels": table.astype({"label": "Int8"})}


def evaluation(folds=(0, 1), auc=0.8, patients=("p1", "p2")):
    return {
        "out_of_fold": pd.DataFrame({"patient_id": patients, "model": "m", "repeat": 0, "fold": folds}),
        "metrics": pd.DataFrame({"model": ["m"], "auc": [auc]}),
    }


def manifest(rows):
    source = {"source": "clinical/main", "file": "clinical.csv"}
    return {
        "manifest": pd.DataFrame([{**source, "row": r, "patient_id": f"p{r}"} for r in (2, 3)]),
        "quarantine": pd.DataFrame([{**source, "row": 4, "level": "row"}]),
        "files": pd.DataFrame([{**source, "sha256": "", "rows": rows}]),
    }


@pytest.mark.parametrize(
    ("asset", "name", "good", "bad"),
    [
        ("manifest", "every_row_is_accounted_for", manifest(3), manifest(4)),
        ("clinical_features", "one_row_a_patient", features(["p1", "p2"]), features(["p1", "p1"])),
        (
            "clinical_features",
            "one_row_a_patient",
            features(["p1"]),
            {**features(["p1"]), "dictionary": pd.DataFrame({"feature": ["other"]})},
        ),
        ("lesion_volumetrics", "identities_and_values", lesions(["l1", "l2"]), lesions(["l1", "l1"])),
        ("lesion_volumetrics", "identities_and_values", lesions(["l1"]), lesions(["l1", "l2"], [1.0, float("inf")])),
        ("labels", "every_label_has_a_reason", labels(), labels(reasons=("", "code 0"))),
        ("labels", "every_label_has_a_reason", labels(), labels(patients=("p1", "p1"))),
        ("labels", "both_classes_occur", labels(), labels(values=(1, 1))),
        ("benefit/evaluation", "patients_never_straddle_folds", evaluation(), evaluation((0, 1), 0.8, ("p1", "p1"))),
        ("benefit/evaluation", "no_figure_is_too_good", evaluation(), evaluation(auc=0.99)),
    ],
)
def test_a_check_passes_what_is_right_and_fails_its_fault(asset, name, good, bad):
    assert passed(asset, name, good)
    assert not passed(asset, name, bad)


def test_a_lesion_that_is_neither_used_nor_set_aside_is_noticed():
    table = pd.DataFrame({"lesion_id": ["a", "b"]})
    good = {"qc": table, "lesions": table.head(1), "quarantine": table.tail(1)}
    assert passed("image_qc", "every_lesion_is_accounted_for", good)
    assert not passed("image_qc", "every_lesion_is_accounted_for", {**good, "quarantine": table.head(0)})


def test_what_would_make_the_rest_wrong_blocks_it():
    blocking = {name for (_, name), check in CHECKS.items() for spec in check.check_specs if spec.blocking}
    assert {
        "every_row_is_accounted_for",
        "every_lesion_is_accounted_for",
        "identities_and_values",
        "one_row_a_patient",
        "every_label_has_a_reason",
        "patients_are_unique",
        "no_label_among_features",
        "patients_never_straddle_folds",
    } <= blocking
