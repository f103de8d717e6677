"""A folder as a PACS exports it becomes lesions, and what is no lesion is named."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "imaging"))

from lesion_phantoms import ball, square, write_segmentation, write_series, write_structures

from radiogenomics.cohort import account, read_inputs
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.imaging import check_lesions, declared_lesions, read_lesion

IMAGE, ROI = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
ORIGIN = (0.0, 0.0, 100.0)
CONTOURS = [square(100.0 + 2.0 * z, 5.5, 12.5) for z in range(4, 9)]


@pytest.fixture
def tree(tmp_path, write_cohort_files):
    """`tree(patients, images)` gives the inputs and lesions of the cohort whose folder `dicom` the test has filled."""

    def read(patients=("P1", "P2"), **images):
        declared = images or {"ct": {"kind": "CT", "dicom": {"folder": "dicom", "roi": "GTV*"}}}
        cohort = write_cohort_files({"clinical.csv": "id\n" + "\n".join(patients) + "\n"}, images=declared)
        inputs = read_inputs(cohort)
        assert account(inputs)["balanced"].all()
        return inputs, declared_lesions(cohort, inputs.manifest)

    return read


def _patient(folder: Path, patient: str, *, contours=CONTOURS, **structures) -> str:
    frame = f"1.2.{sum(patient.encode())}"
    series = write_series(folder / "a", IMAGE, origin=ORIGIN, frame=frame, prefix=patient, PatientID=patient)
    write_structures(folder / f"{patient}.dcm", contours, series=series, frame=frame, PatientID=patient, **structures)
    return series


def test_mixed_series_in_one_folder_are_told_apart_by_their_uids(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    series = {patient: _patient(dicom, patient) for patient in ("P1", "P2")}
    write_series(dicom / "a", np.abs(IMAGE), kind="MR", origin=ORIGIN, prefix="mr", PatientID="P1")
    write_series(
        dicom / "a",
        IMAGE,
        origin=ORIGIN,
        prefix="scout",
        PatientID="P1",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
    )
    (dicom / "README.txt").write_text("exported")
    inputs, lesions = tree()
    assert inputs.quarantine.empty
    assert lesions["patient_id"].tolist() == ["P1", "P2"]
    assert lesions["lesion_id"].tolist() == ["P1-GTV", "P2-GTV"]
    assert lesions["series"].tolist() == [series["P1"], series["P2"]]
    for record in lesions.to_dict("records"):
        image, roi = read_lesion(record).arrays()
        np.testing.assert_array_equal(image, IMAGE)
        assert roi.sum() == 5 * 49


def test_the_name_of_a_file_decides_nothing(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    for patient in ("P1", "P2"):
        _patient(dicom, patient)
    (dicom / "P1.dcm").rename(dicom / "swap")
    (dicom / "P2.dcm").rename(dicom / "P1.dcm")
    (dicom / "swap").rename(dicom / "P2.dcm")
    _, lesions = tree()
    found = {row["patient_id"]: row for row in lesions.to_dict("records")}
    assert Path(found["P1"]["mask"]).name == "P2.dcm"
    assert read_lesion(found["P1"]).acquisition["manufacturer"] == "Maker"


def test_several_matching_regions_are_several_lesions_and_others_none(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    series = write_series(dicom / "ct", IMAGE, origin=ORIGIN, PatientID="P1")
    second = np.zeros_like(ROI)
    second[2:6, 2:7, 2:7] = True
    regions = {"gtv 1": ROI, "GTV-N": second, "Heart": second}
    write_segmentation(dicom / "seg.dcm", dicom / "ct", regions)
    _, lesions = tree()
    assert lesions["roi"].tolist() == ["gtv 1", "GTV-N"]
    assert lesions["row"].tolist() == [1, 2]
    assert set(lesions["series"]) == {series}
    for record in lesions.to_dict("records"):
        np.testing.assert_array_equal(read_lesion(record).arrays()[1], regions[record["roi"]])


def test_a_region_without_reference_is_tied_by_frame_of_reference_and_place(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    write_series(dicom / "a", IMAGE, origin=(0.0, 0.0, 101.0), PatientID="P1", frame="1.7")
    meant = write_series(dicom / "b", IMAGE, origin=ORIGIN, PatientID="P1", frame="1.7")
    write_structures(dicom / "rs.dcm", CONTOURS, frame="1.7", PatientID="P1")
    inputs, lesions = tree()
    assert lesions["series"].tolist() == [meant]
    assert inputs.quarantine["rule"].tolist() == ["no_roi"]  # the other series


def test_a_region_that_fits_two_series_is_not_guessed(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    for name in "ab":
        write_series(dicom / name, IMAGE, origin=ORIGIN, PatientID="P1", frame="1.7")
    write_structures(dicom / "rs.dcm", CONTOURS, frame="1.7", PatientID="P1")
    inputs, lesions = tree()
    assert lesions.empty
    assert sorted(inputs.quarantine["rule"]) == ["no_roi", "no_roi", "series_ambiguous"]


def test_a_pet_contour_is_no_row_of_the_ct(tmp_path, tree) -> None:
    dicom = tmp_path / "dicom"
    ct = write_series(dicom / "ct", IMAGE, origin=ORIGIN, PatientID="P1")
    mr = write_series(dicom / "mr", np.abs(IMAGE), kind="MR", origin=ORIGIN, PatientID="P1")
    write_structures(dicom / "one.dcm", CONTOURS, series=ct, PatientID="P1")
    write_structures(dicom / "two.dcm", CONTOURS, series=mr, PatientID="P1")
    declared = {"dicom": {"folder": "dicom", "roi": "*"}}
    _, lesions = tree(ct={"kind": "CT", **declared}, mr={"kind": "MR", **declared})
    assert lesions["images"].tolist() == ["ct", "mr"]
    assert [Path(mask).name for mask in lesions["mask"]] == ["one.dcm", "two.dcm"]
    assert check_lesions(lesions).quarantine.empty


def test_a_declared_table_says_which_patient_a_patient_id_is(tmp_path, tree) -> None:
    _patient(tmp_path / "dicom", "ANON7")
    (tmp_path / "map.csv").write_text("dicom,patient\nANON7,P2\n")
    mapped = {
        "kind": "CT",
        "dicom": {
            "folder": "dicom",
            "roi": "GTV",
            "patients": {"file": "map.csv", "dicom_id": "dicom", "patient_id": "patient"},
        },
    }
    _, lesions = tree(ct=mapped)
    assert lesions["patient_id"].tolist() == ["P2"]
    (tmp_path / "map.csv").write_text("dicom,patient\nANON7,P2\nANON7,P1\n")
    with pytest.raises(TableError, match=r"map\.csv line 3.*two patients"):
        tree(ct=mapped)


def _spoil_no_roi(dicom: Path) -> None:
    (dicom / "P2.dcm").unlink()


def _spoil_missing(dicom: Path) -> None:
    write_structures(dicom / "extra.dcm", CONTOURS, series="1.2.3.99", PatientID="P2")


def _spoil_mismatch(dicom: Path) -> None:
    write_series(dicom / "x", IMAGE, origin=ORIGIN, PatientID="P2", series="1.5.5")
    write_structures(dicom / "extra.dcm", CONTOURS, series="1.5.5", PatientID="P1")


def _spoil_stranger(dicom: Path) -> None:
    _patient(dicom, "P9")


def _spoil_copy(dicom: Path) -> None:
    shutil.copy(dicom / "P2.dcm", dicom / "P2 copy.dcm")


def _spoil_conflict(dicom: Path) -> None:
    series = write_series(dicom / "x", IMAGE, origin=ORIGIN, PatientID="P2", series="1.5.6")
    for name in ("draft.dcm", "final.dcm"):
        write_structures(dicom / name, CONTOURS, series=series, PatientID="P2")


def _spoil_damaged(dicom: Path) -> None:
    content = (dicom / "P2.dcm").read_bytes()
    (dicom / "half.dcm").write_bytes(content[:150] + b"\xff" * 40)


def _spoil_loop(dicom: Path) -> None:
    os.symlink(dicom, dicom / "a" / "back")


def _spoil_dangling(dicom: Path) -> None:
    os.symlink(dicom / "nowhere", dicom / "lost.dcm")


@pytest.mark.parametrize(
    ("spoil", "rule", "says"),
    [
        (_spoil_no_roi, "no_roi", "no RTSTRUCT or SEG in the folder refers to this CT series"),
        (_spoil_missing, "series_missing", "is not in the folder"),
        (_spoil_mismatch, "patient_mismatch", "PatientID is not that of the series"),
        (_spoil_stranger, "unknown_patient", "'P9' stands in no usable row"),
        (_spoil_copy, "duplicate", "the same RTSTRUCT as"),
        (_spoil_conflict, "conflicting_duplicate", "is drawn in 2 files"),
        (_spoil_damaged, "unreadable", "half.dcm"),
        (_spoil_loop, "link", "is a link back to"),
        (_spoil_dangling, "link", "leads to no file"),
    ],
)
def test_what_is_no_lesion_is_set_aside_with_its_reason_and_the_others_go_on(tmp_path, tree, spoil, rule, says) -> None:
    dicom = tmp_path / "dicom"
    for patient in ("P1", "P2"):
        _patient(dicom, patient)
    spoil(dicom)
    inputs, lesions = tree()
    assert set(inputs.quarantine["rule"]) == {rule}
    assert inputs.quarantine["reason"].str.contains(says, regex=False).all()
    assert "P1-GTV" in lesions["lesion_id"].tolist()


def test_regions_of_which_none_matches_are_named(tmp_path, tree) -> None:
    _patient(tmp_path / "dicom", "P1", name="Heart", others=("Lung L",))
    inputs, lesions = tree()
    assert lesions.empty
    assert inputs.quarantine["rule"].tolist() == ["roi_no_match"]
    assert "no region matches 'GTV*'; it has 'Heart', 'Lung L'" in inputs.quarantine["reason"][0]


def test_a_folder_that_is_not_there_and_two_ways_at_once_are_named(tmp_path, tree) -> None:
    with pytest.raises(ConfigurationError, match=r"images\.ct\.dicom\.folder: .*no such folder"):
        tree()
    with pytest.raises(ConfigurationError, match="give either `lesions`"):
        tree(ct={"kind": "CT", "lesions": "l.csv", "dicom": {"folder": "dicom", "roi": "*"}})


@pytest.mark.real_data
def test_real_trees_give_their_ct_pet_and_mr_lesions(tmp_path, shared_data, write_cohort_files) -> None:
    declared = {
        name: {"kind": kind, "dicom": {"folder": str(shared_data / "sts_metastasis/dicom"), "roi": "GTV*"}}
        for name, kind in (("ct", "CT"), ("pet", "PT"), ("mr", "MR"))
    }
    patients = ["STS_002", "STS_008", "STS_025", "STS_042"]
    cohort = write_cohort_files({"clinical.csv": "id\n" + "\n".join(patients) + "\n"}, images=declared)
    inputs = read_inputs(cohort)
    lesions = declared_lesions(cohort, inputs.manifest)
    assert inputs.quarantine.empty
    assert lesions.groupby("images")["patient_id"].apply(list).to_dict() == dict.fromkeys(("ct", "mr", "pet"), patients)


def test_the_example_in_the_documentation_is_a_valid_configuration(tmp_path, write_cohort_files) -> None:
    import re

    import yaml

    text = (Path(__file__).parents[3] / "docs" / "imaging.md").read_text(encoding="utf-8")
    declared, quality, *_ = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    declared["images"]["ct"].update(quality)
    cohort = write_cohort_files({"clinical.csv": "id\nP1\n"}, images=declared["images"])
    assert cohort.images["ct"].quality.too_small.limit == 64
    assert cohort.images["mr"].dicom.roi == "GTV*"
