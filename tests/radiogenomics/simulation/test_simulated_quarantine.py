"""What the pipeline makes of the malformed inputs of a simulated cohort."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from radiogenomics.clinical import clinical_features
from radiogenomics.cohort import load_cohort
from radiogenomics.cohort.inputs import account, read_inputs
from radiogenomics.imaging import check_lesions, declared_lesions
from radiogenomics.simulation import simulate_cohort


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty") / "cohort"
    summary = simulate_cohort(folder, patients=14, random_state=9)
    cohort = load_cohort(summary.cohort_file)
    inputs = read_inputs(cohort)
    quality = check_lesions(declared_lesions(cohort, inputs.manifest))
    clinical = clinical_features(cohort, inputs.manifest)
    planted = json.loads((folder / "truth.json").read_text())["planted"]
    return summary, inputs, quality, clinical, planted


def test_every_planted_fault_and_nothing_else_is_set_aside(outcome):
    _, inputs, quality, clinical, planted = outcome
    aside = [table[["source", "row"]] for table in (inputs.quarantine, quality.quarantine, clinical.quarantine)]
    found = Counter((str(source), int(row)) for table in aside for source, row in table.itertuples(index=False))
    assert found == Counter((fault["source"], fault["row"]) for fault in planted)


def test_every_good_lesion_is_used(outcome):
    summary, _, quality, _, _ = outcome
    assert (quality.qc["status"] == "used").sum() == summary.lesions


def test_rows_used_and_rows_set_aside_add_up_to_rows_read(outcome):
    _, inputs, _, _, _ = outcome
    assert account(inputs)["balanced"].all()
