"""A folder exported from a PACS, some of it broken, becomes features with no line of code."""

from __future__ import annotations

import numpy as np
import pydicom
from lesion_phantoms import ball, square, write_segmentation, write_series, write_structures

from radiogenomics.cohort import account, read_inputs
from radiogenomics.imaging import check_lesions, contact_sheet, declared_lesions, radiomic_features
from radiogenomics.storage.feature_cache import FeatureCache

ORIGIN = (0.0, 0.0, 100.0)
CONTOURS = [square(100.0 + 2.0 * z, 6.5, 15.5) for z in range(3, 10)]


def _export(folder) -> list[str]:
    """Twenty patients in one folder; 3 has a slice missing, 7 an open contour, 11 a contour outside, 15 no region, 18 another modality."""
    patients = [f"P{number:02d}" for number in range(20)]
    for number, patient in enumerate(patients):
        image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6, seed=number)
        frame, place = f"1.2.{100 + number}", folder / f"st{number % 3}" / f"{number:05d}"
        skip = (6,) if number == 3 else ()
        modality = {"Modality": "OT"} if number == 18 else {}
        series = write_series(place, image, origin=ORIGIN, frame=frame, skip=skip, PatientID=patient, **modality)
        scout = folder / "scouts" / f"{number:05d}"
        write_series(scout, image, frame=frame, PatientID=patient, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
        contours = [*CONTOURS, square(110.0, 3.0, 90.0)] if number == 11 else CONTOURS
        kind = "OPEN_PLANAR" if number == 7 else "CLOSED_PLANAR"
        if number == 15:
            continue
        if number % 4 == 0:
            write_segmentation(place / "IM0", place, {"GTV 1": roi, "Heart": np.roll(roi, 6, 2)}, PatientID=patient)
            continue
        write_structures(
            place / "IM0", contours, series=series, frame=frame, geometric_type=kind, name="gtv 1", PatientID=patient
        )
    return patients


def test_twenty_patients_of_whom_five_are_broken(tmp_path, write_cohort_files) -> None:
    patients = _export(tmp_path / "export")
    cohort = write_cohort_files(
        {"clinical.csv": "id\n" + "\n".join(patients) + "\n"},
        images={"ct": {"kind": "CT", "embedding": False, "dicom": {"folder": "export", "roi": "GTV*"}}},
    )
    inputs = read_inputs(cohort)
    lesions = declared_lesions(cohort, inputs.manifest)
    cache = FeatureCache(tmp_path / "cache")
    quality = check_lesions(lesions, quality={"ct": cohort.images["ct"].quality}, cache=cache)
    usable = lesions[lesions["lesion_id"].isin(quality.qc.loc[quality.qc["status"] != "quarantined", "lesion_id"])]
    features = radiomic_features(cohort, usable, cache=cache)

    assert account(inputs).set_index("source").loc["lesions/ct", ["rows", "used", "quarantined"]].tolist() == [
        20,
        18,
        2,
    ]
    assert inputs.quarantine[["patient_id", "rule"]].to_numpy().tolist() == [
        ["P15", "no_roi"],
        ["P18", "series_no_volume"],
    ]
    named = quality.quarantine.set_index("patient_id")["rule"].to_dict()
    assert named == {"P03": "missing_slice", "P07": "contour_open", "P11": "roi_outside"}
    assert features.quarantine.empty
    assert len(features.values) == 15
    assert np.isfinite(features.values.iloc[:, 4:].to_numpy(dtype=float)).all()
    titles = [a._left_title.get_text() for a in contact_sheet(lesions, 24, quality.qc).axes]
    assert sum("quarantined" in title for title in titles) == 3

    where = next((tmp_path / "export").glob("st*/00015"))
    data = pydicom.dcmread(where / "000.dcm")
    write_structures(
        where / "IM0",
        CONTOURS,
        series=data.SeriesInstanceUID,
        frame=data.FrameOfReferenceUID,
        name="GTV",
        PatientID="P15",
    )
    lesions = declared_lesions(cohort, read_inputs(cohort).manifest)
    seen: list[tuple[int, int]] = []
    again = radiomic_features(
        cohort,
        lesions[lesions["lesion_id"].isin([*usable["lesion_id"], "P15-GTV"])],
        cache=cache,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert len(again.values) == 16
    assert seen == [(15, 16), (16, 16)]  # fifteen were known; one was computed
