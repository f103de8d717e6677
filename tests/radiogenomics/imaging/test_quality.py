"""Quality control, acquisition, pictures, and which lesions there are."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, write_pair, write_series
from pydantic import ValidationError

from radiogenomics.cohort.quality_rules import Quality
from radiogenomics.cohort.schemas import LESIONS, MANIFEST, conform, empty
from radiogenomics.imaging import check_lesions, contact_sheet, declared_lesions
from radiogenomics.storage.feature_cache import FeatureCache


def test_each_lesion_is_used_flagged_or_quarantined_with_its_reason(tmp_path) -> None:
    image, roi = ball()
    good = lesion_row(*write_pair(tmp_path, "good", image, roi), "good")
    half = np.where((roi & (np.arange(44) < 20)) | (image < -1000), -1000 + image % 50, image)
    air = lesion_row(*write_pair(tmp_path, "air", half, roi), "air")
    _, shifted = write_pair(tmp_path, "shifted", image, roi, origin=(-15.0, 5.0, 100.0))
    bad = lesion_row(tmp_path / "good_image.nii.gz", shifted, "bad")
    found = check_lesions(lesion_table(good, air, bad))
    assert found.qc["lesion_id"].tolist() == ["good", "air", "bad"]
    assert found.qc["status"].tolist() == ["used", "flagged", "quarantined"]
    assert "% of the ROI is air" in found.qc["reason"][1]
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
    assert any("gone.nii.gz: no such file" in " ".join(text.split()) for text in texts)
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


def test_a_worker_that_computes_radiomics_loads_no_tables() -> None:
    """Pandas and what it brings would be a third of a worker's memory."""
    code = (
        "import sys, radiogenomics.imaging.lesion_step, radiogenomics.imaging.lesion_radiomics as r, importlib\n"
        "[importlib.import_module(name) for name in r.WORKERS_LOAD]\n"
        "heavy = {'torch', 'matplotlib', 'highdicom', 'sklearn', 'pandas', 'pyarrow', 'duckdb'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _found(folder, image, roi, kind="CT", **rules):
    row = lesion_row(*write_pair(folder, "a", image, roi), kind=kind)
    qc = check_lesions(lesion_table(row), quality={"ct": Quality.model_validate(rules)}).qc
    return qc["status"][0], qc["rules"][0]


def _spread(image, roi):
    return image.copy(), roi.copy()


def _tiny(image, roi):
    few = np.zeros_like(roi)
    few[10, 10, 10:13] = True
    return image, few


def _gap(image, roi):
    roi[12] = False
    return image, roi


def _constant(image, roi):
    image[roi] = 40
    return image, roi


def _saturated(image, roi):
    image[roi & (image > 60)] = image.max() + 1
    return image, roi


def _outside(image, roi):
    image[roi] -= 1020
    return image, roi


def _doubled_intercept(image, roi):
    return image - 1024, roi


def _half_slope(image, roi):
    return image / 2, roi


@pytest.mark.parametrize(
    ("spoil", "status", "rules"),
    [
        (_spread, "used", ""),
        (_tiny, "quarantined", "too_small;few_slices;partly_lung"),
        (_gap, "flagged", "slices_without_roi"),
        (_constant, "quarantined", "constant"),
        (_saturated, "flagged", "saturated"),
        (_outside, "quarantined", "outside_tissue"),
        (_doubled_intercept, "quarantined", "outside_tissue;below_air"),
        (_half_slope, "flagged", "air_not_minus_1000"),
    ],
)
def test_each_rule_is_broken_by_what_it_is_about(tmp_path, spoil, status, rules) -> None:
    assert _found(tmp_path, *spoil(*ball())) == (status, rules)


def test_padding_around_the_field_of_view_is_no_sign_of_a_wrong_rescale(tmp_path) -> None:
    image, roi = ball()
    image[:, :6] = -2000
    assert _found(tmp_path, image, roi) == ("used", "")


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ({"slices_without_roi": "quarantine"}, "quarantined"),
        ({"slices_without_roi": {"limit": 1}}, "used"),
        ({"slices_without_roi": {"then": "ignore"}}, "used"),
        ({}, "flagged"),
    ],
)
def test_the_consequence_of_a_rule_is_what_the_configuration_declares(tmp_path, rules, status) -> None:
    assert _found(tmp_path, *_gap(*ball()), **rules)[0] == status


def test_an_unknown_rule_or_consequence_is_refused() -> None:
    with pytest.raises(ValidationError, match="at_bordr"):
        Quality.model_validate({"at_bordr": "flag"})
    with pytest.raises(ValidationError, match="quarantine"):
        Quality.model_validate({"at_border": "drop"})


def test_what_a_quarantining_rule_finds_is_in_the_quarantine_table_by_its_name(tmp_path) -> None:
    image, roi = _constant(*ball())
    found = check_lesions(lesion_table(lesion_row(*write_pair(tmp_path, "a", image, roi))))
    assert found.quarantine["rule"].tolist() == ["constant"]
    assert "every voxel of the ROI has the same value (40)" in found.quarantine["reason"][0]
    assert found.qc["intensity_mean"][0] == 40


def test_unchanged_lesions_are_not_read_again_for_quality_control(tmp_path, monkeypatch) -> None:
    image, roi = ball()
    table, cache = lesion_table(lesion_row(*write_pair(tmp_path, "a", image, roi))), FeatureCache(tmp_path / "cache")
    first = check_lesions(table, cache=cache)
    monkeypatch.setattr("radiogenomics.imaging.lesion_step.read_lesion", lambda record: pytest.fail("was opened"))
    second = check_lesions(table, cache=cache)
    pd.testing.assert_frame_equal(first.qc, second.qc)
    pd.testing.assert_frame_equal(first.acquisition, second.acquisition)


def test_the_scanner_is_not_taken_from_another_file_with_the_same_voxels(tmp_path) -> None:
    image, roi = ball()
    cache = FeatureCache(tmp_path / "cache")
    write_series(tmp_path / "ct", image)
    path, mask = write_pair(tmp_path, "a", image, roi)
    plain = check_lesions(lesion_table(lesion_row(path, mask)), cache=cache).acquisition
    dicom = check_lesions(lesion_table(lesion_row(tmp_path / "ct", mask)), cache=cache).acquisition
    assert (plain["manufacturer"][0], dicom["manufacturer"][0]) == (None, "Maker")


def test_the_contact_sheet_shows_flags_and_what_is_odd_before_what_is_not(tmp_path) -> None:
    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    gap = roi.copy()
    gap[7] = False
    good, odd = write_pair(tmp_path, "a", image, roi), write_pair(tmp_path, "b", image, gap)
    table = lesion_table(*(lesion_row(*(odd if n == 5 else good), f"L{n}") for n in range(9)))
    figure = contact_sheet(table, limit=3, qc=check_lesions(table).qc)
    titles = [axis._left_title.get_text() for axis in figure.axes if axis._left_title.get_text()]
    assert titles == ["L5  ct  flagged", "L0  ct", "L8  ct"]
    texts = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    assert "slices between the first and the last of the ROI have none" in " ".join(texts.split())


def test_a_contour_that_is_mirrored_into_the_lung_beside_the_tumour_is_flagged(tmp_path) -> None:
    image, roi = ball()
    image = np.where(roi, 30.0, -860.0) + np.random.default_rng(0).normal(0, 20, roi.shape)
    good = lesion_row(*write_pair(tmp_path, "good", image, roi), "good")
    mirrored = lesion_row(*write_pair(tmp_path, "mirrored", image, np.roll(roi, 10, axis=2)), "mirrored")
    qc = check_lesions(lesion_table(good, mirrored)).qc.set_index("lesion_id")
    assert qc.loc["good", "status"] == "used"
    assert qc.loc["mirrored", "rules"] == "partly_lung"
    assert (
        "of the ROI is aerated lung (below -750 HU): contour elsewhere than the tumour?" in qc.loc["mirrored", "reason"]
    )
