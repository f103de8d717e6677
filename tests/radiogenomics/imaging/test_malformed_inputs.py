"""Every malformed input ends in quarantine with a reason of its own, and stops nothing else."""

from __future__ import annotations

from pathlib import Path

import malformed_dicom  # noqa: F401 - adds its cases
import pandas as pd
import pytest
from lesion_phantoms import lesion_row, lesion_table
from malformed_volumes import CASES, pair

from radiogenomics.imaging import check_lesions

NAMES = list(CASES)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Quality control of all malformed inputs and two good ones, in one go; and the folder of each."""
    root = tmp_path_factory.mktemp("malformed")
    folders = {name: root / f"{number:03d}" for number, name in enumerate(NAMES)}
    rows = []
    for name, folder in folders.items():
        folder.mkdir()
        rows.append({**CASES[name][1](folder), "lesion_id": name, "patient_id": name})
    good = [lesion_row(*pair(root / f"good{n}"), f"good {n}") for n in range(2)]
    return check_lesions(lesion_table(good[0], *rows, good[1])), folders


def test_there_are_at_least_sixty() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_it_is_quarantined_by_its_own_rule(found, name) -> None:
    quality, folders = found
    row = quality.quarantine.set_index("lesion_id").loc[name]
    assert row["rule"] == CASES[name][0], row["reason"]
    where = Path(folders[name]).name
    assert where in row["reason"] or name in row["reason"]  # names the file, or the lesion where the file is fine
    assert "Traceback" not in row["reason"]


def test_good_lesions_beside_them_are_used(found) -> None:
    qc: pd.DataFrame = found[0].qc
    assert qc.loc[qc["status"] != "quarantined", "lesion_id"].tolist() == ["good 0", "good 1"]
    assert len(qc) == len(NAMES) + 2


def test_no_reason_is_said_of_two_inputs(found) -> None:
    reasons = found[0].quarantine["reason"]
    assert reasons.is_unique
