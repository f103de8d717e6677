"""Quality control, acquisition, pictures, and which lesions there are."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, write_pair, write_series

from radiogenomics.cohort.schemas import LESIONS, MANIFEST, conform, empty
from radiogenomics.imaging import check_lesions, contact_sheet, declared_lesions


def test_each_lesion_is_used_flagged_or_quarantined_with_its_reason(tmp_path) -> None:
    image, roi = ball()
    good = lesion_row(*write_pair(tmp_path, "good", image, roi), "good")
    air = lesion_row(*write_pair(tmp_path, "air", np.full_like(image, -1000), roi), "air")
    _, shifted = write_pair(tmp_path, "shifted", image, roi, origin=(-15.0, 5.0, 100.0))
    bad = lesion_row(tmp_path / "good_image.nii.gz", shifted, "bad")
    found = check_lesions(lesion_table(good, air, bad))
    assert found.qc["lesion_id"].tolist() == ["good", "air", "bad"]
    assert found.qc["status"].tolist() == ["used", "flagged", "quarantined"]
    assert "100% of the ROI is air" in found.qc["reason"][1]
    assert "5.00 mm away" in found.qc["reason"][2]
    assert found.quarantine["lesion_id"].tolist() == ["bad"]
    assert found.quarantine["level"].tolist() == ["lesion"]
    assert found.qc["voxels"][0] == roi.sum()
    assert found.qc["volume_mm3"][0] == roi.sum() * 2.0
    assert np.isnan(found.qc["voxels"][2])
    assert found.qc["intensity_mean"][0] == pytest.approx(image[roi].mean())


def test_a_roi_at_the_border_and_values_that_are_not_hu_are_flagged(tmp_path) -> None:
    image, roi = ball(centre=(12, 20, 3))
    row = lesion_row(*write_pair(tmp_path, "a", image + 2000, roi))
    reason = check_lesions(lesion_table(row)).qc["reason"][0]
    assert "border of the image" in reason
    assert "may not be HU" in reason


def test_acquisition_has_one_row_a_study_and_image_name(tmp_path) -> None:
    image, roi = ball()
    write_series(tmp_path / "ct", image)
    _, mask = write_pair(tmp_path, "a", image, roi)
    same = {"patient_id": "P", "study_id": "S"}
    dicom = [lesion_row(tmp_path / "ct", mask, name, **same) for name in ("L1", "L2")]
    nifti = lesion_row(tmp_path / "a_image.nii.gz", mask, "L3", images="plain", **same)
    table = check_lesions(lesion_table(*dicom, nifti)).acquisition
    assert table["images"].tolist() == ["ct", "plain"]
    assert table["manufacturer"].tolist() == ["Maker", None]
    assert table["kvp"][0] == 120.0
    assert np.isnan(table["kvp"][1])
    assert table["slice_spacing_mm"].tolist() == [2.0, 2.0]


def test_no_lesions_are_no_error() -> None:
    found = check_lesions(empty(LESIONS))
    assert len(found.qc) == len(found.quarantine) == len(found.acquisition) == 0


def test_the_contact_sheet_shows_contours_and_the_reason_of_what_cannot_be_read(tmp_path) -> None:
    image, roi = ball()
    good = lesion_row(*write_pair(tmp_path, "good", image, roi), "good")
    bad = lesion_row(tmp_path / "gone.nii.gz", tmp_path / "good_mask.nii.gz", "bad")
    figure = contact_sheet(lesion_table(good, bad))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"
    texts = [text.get_text() for axis in figure.axes for text in (*axis.texts, axis.title, axis._left_title)]
    assert "good  ct" in texts
    assert "2 cm" in texts
    assert any("gone.nii.gz: no such file" in text for text in texts)
    assert sum(len(axis.images) for axis in figure.axes) == 3


def test_a_long_table_is_shown_from_its_first_to_its_last_lesion(tmp_path) -> None:
    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    pair = write_pair(tmp_path, "a", image, roi)
    figure = contact_sheet(lesion_table(*(lesion_row(*pair, f"L{n}") for n in range(9))), limit=3)
    titles = [axis._left_title.get_text() for axis in figure.axes if axis._left_title.get_text()]
    assert titles == ["L0  ct", "L4  ct", "L8  ct"]


def test_pattern_declared_images_become_lesions_in_the_order_of_the_manifest(tmp_path) -> None:
    (tmp_path / "i").mkdir()
    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    for patient in ("P2", "P1"):
        write_pair(tmp_path / "i", patient, image, roi)
    declared = cohort({"ct": {"image": "i/{patient_id}_image.nii.gz", "mask": "i/{patient_id}_mask.nii.gz"}})
    declared._file = tmp_path / "cohort.yaml"
    manifest = conform(
        pd.DataFrame(
            {
                "source": "lesions/ct",
                "file": [f"i/{patient}_image.nii.gz" for patient in ("P2", "P1")],
                "row": 1,
                "patient_id": ["P2", "P1"],
                "study_id": ["P2", "P1"],
                "lesion_id": ["P2", "P1"],
                "sample_id": None,
            }
        ),
        MANIFEST,
    )
    lesions = declared_lesions(declared, manifest)
    assert lesions["lesion_id"].tolist() == ["P2", "P1"]
    assert lesions["roi"].isna().all()
    assert check_lesions(lesions).qc["status"].tolist() == ["used", "used"]
    assert len(declared_lesions(declared, manifest.iloc[:0])) == 0


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "import sys, radiogenomics.imaging as i; i.declared_lesions, i.check_lesions, i.radiomic_features, i.cnn_embeddings\n"
        "heavy = {'torch', 'radiomics', 'SimpleITK', 'skimage', 'matplotlib', 'highdicom', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
