"""Stored validations: the same back, altered ones refused, archived ones readable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.validations import FIGURES, StoredValidation, Validations

ARCHIVE = Path(__file__).parents[2] / "archives" / "validations"


def validation(**changed: object) -> StoredValidation:
    figures = pd.DataFrame(
        [
            ("as stored", "all", "auc", float("nan"), 80, 30, 0.71, 0.6, 0.8),
            ("as stored", "all", "net_benefit", 0.25, 80, 30, 0.11, 0.02, 0.2),
        ],
        columns=FIGURES,
    )
    counts = pd.DataFrame({"population": ["all", "has clinical"], "n": [80, 9], "events": [30, 2], "abstained": [1, 0]})
    made = StoredValidation(
        "little", "response", "late-mean-0123456789ab", "elsewhere", "Elsewhere", True, "2026-11-28T14:00:00.000001+00:00",
        "0.1.0+abc", 0, figures, counts, ("mutations: not there",),
    )  # fmt: skip
    return replace(made, **changed)


def test_a_validation_comes_back_as_it_was_and_the_latest_is_last(tmp_path: Path) -> None:
    stored = Validations(tmp_path)
    assert stored.of_model("little", "response", "late-mean-0123456789ab") == []
    later = validation(at="2026-11-29T01:00:00+02:00", on="again")  # 23:00 UTC
    stored.add(later)
    before = stored.digests("little", "response")
    stored.add(validation())
    assert set(before.items()) < set(stored.digests("little", "response").items())
    first, last = stored.of_model("little", "response", "late-mean-0123456789ab")
    assert (first.on, last.on) == ("elsewhere", "again")
    pd.testing.assert_frame_equal(first.figures, validation().figures)
    pd.testing.assert_frame_equal(first.counts, validation().counts)
    assert first.absent == ("mutations: not there",)
    assert stored.of_model("little", "response", "another-model") == []


def test_the_cohort_of_the_training_and_patients_of_the_training_are_not_external() -> None:
    assert validation().external
    assert validation(shared=None).external
    assert not validation(shared=3).external
    assert not validation(on="little").external


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda whole: whole["content"]["figures"][0].update(estimate=0.99), "is not that of its SHA-256"),
        (lambda whole: whole.update(format=2), "format 2, this version reads 1"),
        (lambda whole: whole.pop("content"), "no stored validation"),
    ],
)
def test_an_altered_file_is_refused(tmp_path: Path, change, words: str) -> None:
    file = Validations(tmp_path).add(validation())
    whole = json.loads(file.read_text())
    change(whole)
    file.write_text(json.dumps(whole))
    with pytest.raises(IntegrityError, match=words):
        Validations(tmp_path).of_model("little", "response", "late-mean-0123456789ab")


def test_an_archived_validation_is_readable() -> None:
    (found,) = Validations(ARCHIVE).of_model("simulated", "egfr_status", "late-weighted-d6c7696bae05")
    assert (found.on, found.at, found.shared) == ("elsewhere", "2026-11-28T14:00:00.000000+00:00", 0)
    everyone = found.figures[(found.figures["version"] == "as stored") & (found.figures["population"] == "all")]
    auc = everyone.set_index("figure").loc["auc"]
    assert (auc["n"], auc["events"]) == (60, 30)
    assert auc["lower"] < auc["estimate"] < auc["upper"]
    assert found.counts["population"].tolist()[0] == "all"
