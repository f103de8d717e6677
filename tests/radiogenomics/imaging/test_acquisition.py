"""How an image was made is told; who, where and when is not even looked at."""

from __future__ import annotations

import pytest
from lesion_phantoms import ball, headers, lesion_row, lesion_table, write_pair, write_series

from radiogenomics.imaging import check_lesions
from radiogenomics.imaging.acquisition import ACQUISITION_FIELDS, READ_KEYWORDS, acquisition_of_header

IDENTIFYING = [
    "AccessionNumber",
    "AcquisitionDate",
    "AcquisitionDateTime",
    "AcquisitionTime",
    "AdditionalPatientHistory",
    "AdmissionID",
    "ContentDate",
    "ContentTime",
    "CurrentPatientLocation",
    "DetectorID",
    "DeviceSerialNumber",
    "DeviceUID",
    "FrameOfReferenceUID",
    "ImageComments",
    "InstanceCreatorUID",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "InstitutionName",
    "IssuerOfPatientID",
    "NameOfPhysiciansReadingStudy",
    "Occupation",
    "OperatorsName",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientAddress",
    "PatientAge",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientComments",
    "PatientID",
    "PatientName",
    "PatientSex",
    "PatientSize",
    "PatientTelephoneNumbers",
    "PatientWeight",
    "PerformedProcedureStepDescription",
    "PerformingPhysicianName",
    "ProtocolName",
    "ReferringPhysicianName",
    "RequestingPhysician",
    "SeriesDate",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesTime",
    "SOPInstanceUID",
    "StationName",
    "StudyDate",
    "StudyDescription",
    "StudyID",
    "StudyInstanceUID",
    "StudyTime",
]
"""From DICOM PS3.15, table E.1-1."""


class _Watched:
    """A header that notes what is asked of it."""

    def __init__(self, header, asked: set[str]) -> None:
        self.header, self.asked = header, asked

    def get(self, keyword, default=None):
        self.asked.add(keyword)
        value = self.header.get(keyword, default)
        if keyword.endswith("Sequence") and value:
            return [_Watched(item, self.asked) for item in value]
        return value

    def __getattr__(self, keyword):
        raise AssertionError(f"{keyword} was read past the list")


@pytest.fixture
def header(tmp_path):
    image, _ = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    write_series(
        tmp_path / "ct", image, CTDIvol=8.2, Exposure=120, SpiralPitchFactor=0.9, ContrastBolusAgent="Jane's 80 ml"
    )
    return headers(tmp_path / "ct")[0]


def test_scanner_protocol_contrast_and_dose_are_told(header) -> None:
    found = acquisition_of_header(header)
    assert tuple(found) == ACQUISITION_FIELDS
    assert (found["manufacturer"], found["model"], found["kernel"]) == ("Maker", "Model 1", "B30f")
    assert (found["kvp"], found["ctdi_vol_mgy"], found["exposure_mas"], found["pitch"]) == (120.0, 8.2, 120.0, 0.9)
    assert found["contrast"] == "yes"
    assert found["slice_thickness_mm"] == 2.0
    assert found["echo_time_ms"] is None


@pytest.mark.parametrize(("agent", "told"), [("", "no"), ("NONE", "no"), ("APPLIED", "yes"), (None, None)])
def test_contrast_is_yes_no_or_not_known(header, agent, told) -> None:
    del header.ContrastBolusAgent
    if agent is not None:
        header.ContrastBolusAgent = agent
    assert acquisition_of_header(header)["contrast"] == told


def test_no_identifying_attribute_is_read(header) -> None:
    asked: set[str] = set()
    found = acquisition_of_header(_Watched(header, asked))
    assert asked <= READ_KEYWORDS
    assert not READ_KEYWORDS & set(IDENTIFYING)
    assert "Jane" not in str(found)


def test_the_table_has_one_protocol_for_one_study(tmp_path) -> None:
    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    write_series(tmp_path / "ct", image, CTDIvol=8.20000001)
    _, mask = write_pair(tmp_path, "a", image, roi)
    same = {"patient_id": "P", "study_id": "S"}
    rows = [lesion_row(tmp_path / "ct", mask, name, **same) for name in ("L1", "L2")]
    table = check_lesions(lesion_table(*rows)).acquisition
    assert len(table) == 1
    assert table["ctdi_vol_mgy"][0] == 8.2
    assert table["contrast"][0] is None
