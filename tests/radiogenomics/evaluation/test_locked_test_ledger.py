"""The locked test: a seal that holds, and a ledger that nobody shortens unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from radiogenomics.evaluation.locked_test import LEDGER, SEAL, LockedTestLedger, list_digest
from radiogenomics.exceptions import ComputationError, InputError, IntegrityError


def labels(n: int = 80) -> pd.Series:
    return pd.Series([int(i % 4 == 0) for i in range(n)], index=[f"P{i:03d}" for i in range(n)])


def look(ledger: LockedTestLedger, reason: str = "final report") -> dict:
    return ledger.record(reason=reason, model_id="late-weighted-1", code_version="0.1", figures={"auc": 0.7})


def test_the_seal_is_stratified_and_does_not_depend_on_the_order_of_patients(tmp_path: Path) -> None:
    y = labels()
    one = LockedTestLedger(tmp_path / "a").seal(y, 0.25, 1)
    two = LockedTestLedger(tmp_path / "b").seal(y.iloc[::-1], 0.25, 1)
    assert one.patients == two.patients
    assert one.digest == list_digest(reversed(one.patients))
    assert y[list(one.patients)].value_counts().to_dict() == {0: 15, 1: 5}
    assert LockedTestLedger(tmp_path / "c").seal(y, 0.25, 2).patients != one.patients


def test_later_patients_never_join_and_a_lost_patient_breaks_the_seal(tmp_path: Path) -> None:
    ledger = LockedTestLedger(tmp_path)
    first = ledger.seal(labels(80), 0.25, 1)
    assert ledger.seal(labels(200), 0.25, 1) == first
    with pytest.raises(IntegrityError, match="1 sealed patients are no longer labelled"):
        ledger.seal(labels(80).drop(first.patients[0]), 0.25, 1)


def test_a_seal_with_another_list_of_patients_is_refused(tmp_path: Path) -> None:
    ledger = LockedTestLedger(tmp_path)
    ledger.seal(labels(), 0.25, 1)
    raw = json.loads((tmp_path / SEAL).read_text())
    raw["patients"][0] = "P999"
    (tmp_path / SEAL).write_text(json.dumps(raw))
    with pytest.raises(IntegrityError, match="does not match its seal"):
        ledger.sealed()


def test_too_small_a_test_is_refused_with_counts(tmp_path: Path) -> None:
    with pytest.raises(ComputationError, match=r"share 0.1 of 20 patients with label 1 is 2; at least 5"):
        LockedTestLedger(tmp_path).seal(labels(), 0.1, 1)


def test_every_look_is_numbered_with_its_reason_and_a_look_without_one_is_refused(tmp_path: Path) -> None:
    ledger = LockedTestLedger(tmp_path)
    ledger.seal(labels(), 0.25, 1)
    assert [look(ledger)["look"], look(ledger, "second opinion")["look"]] == [1, 2]
    assert [entry["reason"] for entry in ledger.looks()] == ["final report", "second opinion"]
    with pytest.raises(InputError, match="say why"):
        look(ledger, "  ")


@pytest.mark.parametrize("damage", ["removed", "altered", "seal removed"])
def test_a_look_that_is_removed_or_altered_is_noticed(tmp_path: Path, damage: str) -> None:
    ledger = LockedTestLedger(tmp_path)
    ledger.seal(labels(), 0.25, 1)
    for _ in range(3):
        look(ledger)
    lines = (tmp_path / LEDGER).read_text().splitlines()
    if damage == "removed":
        (tmp_path / LEDGER).write_text("\n".join([lines[0], lines[2]]) + "\n")
    elif damage == "altered":
        (tmp_path / LEDGER).write_text("\n".join([lines[0].replace("0.7", "0.9"), *lines[1:]]) + "\n")
    else:
        (tmp_path / SEAL).unlink()
    with pytest.raises(IntegrityError):
        look(ledger)
