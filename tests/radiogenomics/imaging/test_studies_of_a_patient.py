"""Which study of a patient is the baseline, and what becomes of the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, write_pair, write_series

from radiogenomics import imaging
from radiogenomics.cohort import read_inputs

CLINICAL = {
    "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
    "index_date": {"column": "start"},
}


@pytest.fixture
def by_study(write_cohort_files, tmp_path):
    """`by_study(dates, images=..., clinical=...)`: lesions by study of one patient with a study on each date."""

    def make(dates: list[str], *, broken: int = -1, clinical=None, **images):
        image, roi = ball()
        rows = ["patient_id,study_id,lesion_id,image,mask,study_date"]
        for number, date in enumerate(dates):
            name = f"s{number}"
            write_pair(tmp_path, name, image, roi & (number != broken))
            rows.append(f"P1,S{number},L{number},{name}_image.nii.gz,{name}_mask.nii.gz,{date}")
        cohort = write_cohort_files(
            {"clinical.csv": "id,start\nP1,2024-03-01\n", "lesions.csv": "\n".join(rows) + "\n"},
            clinical=clinical or CLINICAL,
            images={"ct": {"kind": "CT", "lesions": "lesions.csv", **images}},
        )
        inputs = read_inputs(cohort)
        lesions = imaging.declared_lesions(cohort, inputs.manifest)
        qc = imaging.check_lesions(lesions).qc
        return imaging.lesions_by_study(cohort, inputs.manifest, lesions, qc), inputs

    return make


def roles(found) -> dict[str, str]:
    return dict(zip(found.studies["study_id"], found.studies["role"], strict=True))


def test_the_baseline_is_the_last_study_at_or_before_the_index_date(by_study) -> None:
    found, _ = by_study(["2024-04-20", "2024-01-10", "2024-03-01"])
    assert roles(found) == {"S1": "earlier", "S2": "baseline", "S0": "follow_up"}
    assert list(found.baseline["lesion_id"]) == ["L2"]
    assert found.later.empty  # nothing declares follow-up
    assert dict(zip(found.studies["study_id"], found.studies["days"], strict=True)) == {"S1": -51, "S2": 0, "S0": 50}
    reasons = found.quarantine.set_index("lesion_id")["reason"]
    assert "51 days before the baseline" in reasons["L1"]
    assert "declares no follow_up" in reasons["L0"]


def test_without_a_study_by_the_index_date_the_first_is_the_baseline_and_says_so(by_study) -> None:
    found, _ = by_study(["2024-05-01", "2024-04-01"], follow_up={"match": "nearest"})
    assert roles(found) == {"S1": "baseline", "S0": "follow_up"}
    assert list(found.later["lesion_id"]) == ["L0"]
    note = found.studies.set_index("study_id").loc["S1", "note"]
    assert note == "no study at or before the index date"


def test_several_studies_without_dates_are_set_aside_because_the_baseline_cannot_be_told(by_study) -> None:
    found, _ = by_study(["2024-02-01", ""])
    assert found.baseline.empty
    assert set(found.quarantine["rule"]) == {"study_date_unknown"}
    assert "'S1' has no date" in found.quarantine["reason"].iloc[0]


def test_an_undated_study_that_nothing_can_be_read_of_does_not_cost_the_other(by_study) -> None:
    found, _ = by_study(["", ""], broken=1)
    assert roles(found) == {"S1": "unreadable", "S0": "baseline"}
    assert list(found.baseline["lesion_id"]) == ["L0"]


def test_two_studies_of_one_day_are_set_aside(by_study) -> None:
    found, _ = by_study(["2024-02-01", "20240201"])
    assert set(found.quarantine["rule"]) == {"study_dates_tie"}


def test_a_date_that_is_none_is_one_message_with_its_line(by_study) -> None:
    found, inputs = by_study(["2024-02-01", "Feb 2024"])
    wrong = inputs.quarantine[inputs.quarantine["rule"] == "not_a_date"]
    assert list(wrong["reason"]) == ["lesions.csv line 3: study_date 'Feb 2024' is no date like 2026-01-31 or 20260131"]
    assert list(found.baseline["lesion_id"]) == ["L0"]


def test_the_date_of_a_dicom_study_is_read_from_its_files_and_no_date_is_kept(write_cohort_files, tmp_path) -> None:
    image, roi = ball()
    rows = ["patient_id,study_id,lesion_id,image,mask"]
    for number, date in enumerate(("20240501", "20240101")):
        write_series(tmp_path / f"series{number}", image, intercept=-1024.0, StudyDate=date)
        write_pair(tmp_path, f"m{number}", image, roi)
        rows.append(f"P1,S{number},L{number},series{number},m{number}_mask.nii.gz")
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\n", "lesions.csv": "\n".join(rows) + "\n"},
        images={"ct": {"kind": "CT", "lesions": "lesions.csv", "follow_up": {"match": "nearest"}}},
    )
    manifest = read_inputs(cohort).manifest
    lesions = imaging.declared_lesions(cohort, manifest)
    found = imaging.lesions_by_study(cohort, manifest, lesions, imaging.check_lesions(lesions).qc)
    assert roles(found) == {"S1": "baseline", "S0": "follow_up"}
    assert sorted(found.studies["days"]) == [0, 121]
    text = pd.concat([found.studies.astype(str).stack(), found.later.astype(str).stack()]).str.cat()
    assert "20240501" not in text
    assert np.isnan(found.studies["days_after_index"]).all()
