"""Labels from a clinical column: codes, and every way to be missing."""

from __future__ import annotations

import pandas as pd

from radiogenomics.cohort import read_inputs
from radiogenomics.cohort.schemas import LABELS, conform
from radiogenomics.endpoints import derive_labels

ENDPOINT = {
    "benefit": {"label": {"column": "DCB", "positive": ["YES"], "negative": ["NO", "NA"]}, "modalities": ["clinical"]}
}
VARIABLES = {"age": {"column": "age", "type": "number"}}


def test_every_patient_has_a_row_with_the_reason_and_missing_is_never_negative(write_cohort_files):
    clinical = {
        "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
        "variables": VARIABLES,
    }
    text = "id,age,DCB\nP1,60,YES\nP2,61,NO\nP3,62,NE\nP4,63,Unknown\nP5,64,\nP6,65,NA\nP7,66, YES \n"
    cohort = write_cohort_files({"clinical.csv": text}, clinical=clinical, endpoints=ENDPOINT)
    labels, quarantine = derive_labels(cohort, read_inputs(cohort).manifest)
    conform(labels, LABELS)
    by_patient = labels.set_index("patient_id")
    assert by_patient["label"].astype(object).where(by_patient["label"].notna(), None).tolist() == [
        1,
        0,
        None,
        None,
        None,
        0,
        1,
    ]
    assert by_patient.loc["P3", "reason"] == "'DCB' is 'NE', which is neither a positive nor a negative code"
    assert by_patient.loc["P4", "reason"] == "'DCB' is 'Unknown', which means not known"
    assert by_patient.loc["P5", "reason"] == "'DCB' is blank"
    assert by_patient.loc["P1", "source_rows"] == "clinical.csv:2"
    assert quarantine[["patient_id", "rule"]].to_numpy().tolist() == [["P3", "unlisted_code"]]


def test_a_patient_outside_the_labels_table_and_samples_that_disagree_are_missing(write_cohort_files):
    clinical = {
        "tables": {
            "main": {"file": "clinical.csv", "patient_id": "id"},
            "samples": {"file": "s.csv", "patient_id": "id", "one_row_per": "sample", "sample_id": "sample"},
        },
        "variables": {"age": {"table": "main", "column": "age", "type": "number"}},
    }
    endpoint = {"benefit": {"label": {**ENDPOINT["benefit"]["label"], "table": "samples"}, "modalities": ["clinical"]}}
    files = {
        "clinical.csv": "id,age\nP1,1\nP2,2\nP3,3\n",
        "s.csv": "id,sample,DCB\nP1,A,YES\nP1,B,NO\nP2,C,YES\nP2,D,YES\n",
    }
    cohort = write_cohort_files(files, clinical=clinical, endpoints=endpoint)
    labels, quarantine = derive_labels(cohort, read_inputs(cohort).manifest)
    by_patient = labels.set_index("patient_id")
    assert pd.isna(by_patient.loc["P1", "label"])
    assert by_patient.loc["P2", "label"] == 1
    assert by_patient.loc["P2", "source_rows"] == "s.csv:4;s.csv:5"
    assert by_patient.loc["P3", "reason"] == "no usable row in s.csv"
    assert quarantine["rule"].tolist() == ["samples_disagree"]
