"""DICOM series with RTSTRUCT or SEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from lesion_phantoms import ball, headers, lesion_row, square, volume, write_pair, write_series, write_structures
from pydicom.dataset import Dataset

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging import read_lesion
from radiogenomics.imaging.dicom_series import choose_series, read_series

ORIGIN = (0.0, 0.0, 100.0)


def _contours(planes=range(5, 11), low=10.5, high=20.5) -> list[np.ndarray]:
    return [square(100.0 + 2.0 * z, low, high) for z in planes]


def test_slices_in_any_order_with_rescale_give_the_volume_in_hounsfield_units(tmp_path) -> None:
    image, _ = ball()
    order = np.random.default_rng(1).permutation(len(image)).tolist()
    write_series(tmp_path, image, order=order, slope=2.0, intercept=-1024.0)
    series = read_series(choose_series(tmp_path, "CT", set()), tmp_path, "CT")
    import SimpleITK as sitk

    np.testing.assert_allclose(sitk.GetArrayFromImage(series.image), image, atol=1.0)  # a slope of 2 keeps even numbers
    assert series.image.GetOrigin() == pytest.approx((-20.0, 5.0, 100.0))
    assert series.image.GetSpacing() == pytest.approx((1.0, 1.0, 2.0))


def test_a_square_contour_covers_the_voxels_whose_centres_it_holds(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    mask = write_structures(tmp_path / "rs.dcm", _contours())
    roi = read_lesion(lesion_row(tmp_path / "ct", mask, roi="GTV")).arrays()[1]
    expected = np.zeros_like(roi)
    expected[5:11, 11:21, 11:21] = True
    np.testing.assert_array_equal(roi, expected)


def test_a_contour_inside_another_is_a_hole(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    mask = write_structures(tmp_path / "rs.dcm", [*_contours(), *_contours(low=13.5, high=16.5)])
    roi = read_lesion(lesion_row(tmp_path / "ct", mask)).arrays()[1]
    assert roi.sum() == 6 * (100 - 9)
    assert not roi[7, 15, 15]


def test_an_unknown_roi_is_an_error_that_names_those_there_are(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    mask = write_structures(tmp_path / "rs.dcm", _contours(), others=("Heart",))
    with pytest.raises(ImageError, match=r"'Tumour' was found 0 times; it has \['GTV', 'Heart'\]"):
        read_lesion(lesion_row(tmp_path / "ct", mask, roi="Tumour"))
    with pytest.raises(ImageError, match="name one in column roi"):
        read_lesion(lesion_row(tmp_path / "ct", mask))


def test_a_contour_outside_the_image_is_an_error_that_says_how_far(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    mask = write_structures(tmp_path / "rs.dcm", _contours(high=60.0))
    with pytest.raises(ImageError, match=r"reaches 20\.5 mm outside the image"):
        read_lesion(lesion_row(tmp_path / "ct", mask))


def test_contours_between_slices_or_in_another_frame_of_reference_are_refused(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    between = write_structures(tmp_path / "between.dcm", [square(111.0, 10.5, 20.5)])
    with pytest.raises(ImageError, match=r"1\.00 mm from the nearest slice"):
        read_lesion(lesion_row(tmp_path / "ct", between))
    other = write_structures(tmp_path / "other.dcm", _contours(), frame="9.9.9")
    with pytest.raises(ImageError, match="another frame of reference"):
        read_lesion(lesion_row(tmp_path / "ct", other))


def test_of_two_series_in_one_folder_the_one_the_contours_refer_to_is_read(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image + 500, origin=ORIGIN, prefix="a")
    meant = write_series(tmp_path / "ct", image, origin=ORIGIN, prefix="b")
    mask = write_structures(tmp_path / "rs.dcm", _contours(), series=meant)
    np.testing.assert_array_equal(read_lesion(lesion_row(tmp_path / "ct", mask)).arrays()[0], image)
    vague = write_structures(tmp_path / "vague.dcm", _contours())
    with pytest.raises(ImageError, match="2 CT series"):
        read_lesion(lesion_row(tmp_path / "ct", vague))


def test_only_the_modality_that_is_declared_is_read(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "both", image, origin=ORIGIN, prefix="a")
    write_series(tmp_path / "both", np.abs(image), kind="MR", origin=ORIGIN, prefix="b")
    mask = write_structures(tmp_path / "both" / "rs.dcm", _contours())
    np.testing.assert_array_equal(read_lesion(lesion_row(tmp_path / "both", mask)).arrays()[0], image)
    with pytest.raises(ImageError, match="no DICOM PT slices; found CT, MR"):
        read_lesion(lesion_row(tmp_path / "both", mask, kind="PT"))


def test_a_missing_slice_is_an_error_that_says_where(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN, skip=(7,))
    with pytest.raises(ImageError, match=r"4\.00 mm after the slice at 112\.00 mm, 2\.00 mm elsewhere"):
        read_lesion(lesion_row(tmp_path / "ct", write_structures(tmp_path / "rs.dcm", _contours())))


def test_the_same_place_twice_is_an_error(tmp_path) -> None:
    image, _ = ball()
    uid = write_series(tmp_path / "ct", image, origin=ORIGIN, prefix="a")
    write_series(tmp_path / "ct", image, origin=ORIGIN, prefix="b", series=uid)
    with pytest.raises(ImageError, match="same place"):
        read_lesion(lesion_row(tmp_path / "ct", write_structures(tmp_path / "rs.dcm", _contours())))


def test_truncated_pixel_data_are_an_error(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path / "ct", image, origin=ORIGIN)
    slice_ = headers(tmp_path / "ct")[3]
    slice_.PixelData = slice_.PixelData[:100]
    slice_.save_as(tmp_path / "ct" / "003.dcm")
    with pytest.raises(ImageError, match=r"003\.dcm: 3,520 bytes of voxels are needed, 100 are there"):
        read_lesion(lesion_row(tmp_path / "ct", write_structures(tmp_path / "rs.dcm", _contours())))


def test_one_segment_of_a_seg_is_found_by_its_label(tmp_path) -> None:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    image, roi = ball()
    write_series(tmp_path / "ct", image)
    second = np.zeros_like(roi)
    second[2:6, 4:9, 4:9] = True
    sources = headers(tmp_path / "ct")
    described = [
        hd.seg.SegmentDescription(
            number,
            label,
            codes.SCT.MorphologicallyAbnormalStructure,
            codes.SCT.Neoplasm,
            hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in ((1, "GTV"), (2, "Node"))
    ]
    hd.seg.Segmentation(
        sources,
        np.stack([roi, second], axis=-1).astype(np.uint8),
        hd.seg.SegmentationTypeValues.BINARY,
        described,
        hd.UID(),
        1,
        hd.UID(),
        1,
        "m",
        "m",
        "1",
        "1",
    ).save_as(tmp_path / "seg.dcm")
    row = lesion_row(tmp_path / "ct", tmp_path / "seg.dcm")
    np.testing.assert_array_equal(read_lesion({**row, "roi": "GTV"}).arrays()[1], roi)
    np.testing.assert_array_equal(read_lesion({**row, "roi": "Node"}).arrays()[1], second)
    with pytest.raises(ImageError, match=r"it has \{1: 'GTV', 2: 'Node'\}"):
        read_lesion({**row, "roi": "Other"})


def test_a_mask_volume_can_go_with_a_dicom_series(tmp_path) -> None:
    image, roi = ball()
    write_series(tmp_path / "ct", image)
    _, mask = write_pair(tmp_path, "a", image, roi)
    np.testing.assert_array_equal(read_lesion(lesion_row(tmp_path / "ct", mask)).arrays()[1], roi)


# ------------------------------------------------------------------------------------------------------- PET
def _tracer(**changes) -> Dataset:
    tracer = Dataset()
    tracer.RadionuclideTotalDose = 370e6
    tracer.RadionuclideHalfLife = 6586.2
    tracer.RadiopharmaceuticalStartTime = "090000"
    for key, value in changes.items():
        setattr(tracer, key, value)
    return tracer


def _pet(folder, **changes):
    activity, roi = ball()
    activity = np.where(roi, 20000.0, 1000.0).astype(np.float32)  # Bq/ml
    tags = {
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["ATTN", "DECY"],
        "PatientWeight": 74.0,
        "SeriesDate": "20260101",
        "SeriesTime": "094946.200000",  # half of a half-life (3293.1 s) after 08:54:53.1; see the test
        "RadiopharmaceuticalInformationSequence": [_tracer()],
        **changes,
    }
    write_series(folder, activity, kind="PT", slope=10.0, **tags)
    _, mask = write_pair(folder.parent, "pt", activity, roi)
    return lesion_row(folder, mask, kind="PT", images="pt")


def test_activity_becomes_suv_by_weight_and_decayed_dose(tmp_path) -> None:
    row = _pet(
        tmp_path / "pt", SeriesTime="104946.2"
    )  # one half-life of F-18, 6586.2 s, after the injection at 09:00:00
    image, roi = read_lesion(row).arrays()
    assert float(image[roi].mean()) == pytest.approx(20000.0 * 74000.0 / (370e6 / 2), rel=1e-5)  # SUV 8


def test_a_series_made_anew_later_counts_from_its_acquisition(tmp_path) -> None:
    row = _pet(tmp_path / "pt", SeriesTime="150000", AcquisitionDate="20260101", AcquisitionTime="104946.2")
    image, roi = read_lesion(row).arrays()
    assert float(image[roi].mean()) == pytest.approx(8.0, rel=1e-5)


def test_an_injection_before_midnight_counts_as_the_day_before(tmp_path) -> None:
    tracer = _tracer(RadiopharmaceuticalStartTime="230000")
    row = _pet(tmp_path / "pt", SeriesTime="004946.2", RadiopharmaceuticalInformationSequence=[tracer])
    image, roi = read_lesion(row).arrays()
    assert float(image[roi].mean()) == pytest.approx(8.0, rel=1e-5)


def test_an_image_corrected_to_administration_uses_the_dose_as_injected(tmp_path) -> None:
    image, roi = read_lesion(_pet(tmp_path / "pt", DecayCorrection="ADMIN")).arrays()
    assert float(image[roi].mean()) == pytest.approx(4.0, rel=1e-5)


def test_values_that_are_suv_already_are_kept(tmp_path) -> None:
    image, roi = read_lesion(_pet(tmp_path / "pt", Units="GML")).arrays()
    assert float(image[roi].mean()) == pytest.approx(20000.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PatientWeight": None}, "PatientWeight is missing"),
        ({"CorrectedImage": ["ATTN"]}, "not corrected for DECY"),
        ({"Units": "PROPCPS"}, "must be BQML or GML"),
        ({"RadiopharmaceuticalInformationSequence": []}, "RadionuclideTotalDose is missing"),
        ({"SeriesTime": "085900"}, "not plausible"),
    ],
)
def test_pet_without_what_suv_needs_is_an_error_that_says_what(tmp_path, changes, message) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        read_lesion(_pet(tmp_path / "pt", **changes))
    assert caught.value.rule == "suv"


# ------------------------------------------------------------------------------------------------------- real data
@pytest.mark.real_data
def test_the_contours_of_the_ct_phantom_give_exactly_the_published_mask(shared_data) -> None:
    folder = shared_data / "ibsi1_ct_phantom"
    dicom = read_lesion(lesion_row(folder / "dicom/image", folder / "dicom/mask/DCM_RS_00060.dcm"))
    nifti = read_lesion(lesion_row(folder / "nifti/image/phantom.nii.gz", folder / "nifti/mask/mask.nii.gz"))
    assert nifti.arrays()[1].sum() == 125_256
    np.testing.assert_array_equal(dicom.arrays()[1], nifti.arrays()[1])
    np.testing.assert_array_equal(dicom.arrays()[0], nifti.arrays()[0])


def _enhanced_pet(folder: Path, code: str = "Bq/ml", **changes) -> None:
    """The slices of a classic PET as one enhanced multi-frame file, which tells units and times in its own way."""
    slices = headers(folder)
    data = slices[0]
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.130"
    shared, measures, plane, mapping, unit = (Dataset() for _ in range(5))
    measures.PixelSpacing, plane.ImageOrientationPatient = data.PixelSpacing, data.ImageOrientationPatient
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = code, "UCUM", code
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 10.0, 0.0
    mapping.MeasurementUnitsCodeSequence = [unit]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    shared.RealWorldValueMappingSequence = [mapping]
    data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence = [shared], []
    for one in slices:
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = one.ImagePositionPatient
        frame.PlanePositionSequence = [position]
        data.PerFrameFunctionalGroupsSequence.append(frame)
    data.NumberOfFrames, data.PixelData = len(slices), b"".join(one.PixelData for one in slices)
    for keyword in (
        "ImagePositionPatient",
        "PixelSpacing",
        "RescaleSlope",
        "Units",
        "DecayCorrection",
        "CorrectedImage",
    ):
        delattr(data, keyword)
    data.DecayCorrected = data.AttenuationCorrected = "YES"
    data.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "20260101085453.1"
    data.DecayCorrectionDateTime = "20260101094946.200000"
    for keyword, value in changes.items():
        setattr(data, keyword, value)
    for path in folder.glob("*.dcm"):
        path.unlink()
    data.save_as(folder / "frames.dcm")


@pytest.mark.parametrize(
    ("code", "expected"), [("Bq/ml", 20000 * 1000 * 74.0 / (370e6 * 2**-0.5)), ("{SUVbw}g/ml", 20000)]
)
def test_an_enhanced_pet_gives_suv_by_its_own_units_and_times(tmp_path, code, expected) -> None:
    row = _pet(tmp_path / "pt")
    _enhanced_pet(tmp_path / "pt", code)
    image, roi = read_lesion(row).arrays()
    np.testing.assert_allclose(image[roi], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DecayCorrected": "NO"}, "not corrected for DECY"),
        ({"DecayCorrectionDateTime": ""}, "DecayCorrectionDateTime is missing"),
        ({"code": "1"}, "must be BQML or GML, found 'none'"),
    ],
)
def test_an_enhanced_pet_that_cannot_become_suv_says_why(tmp_path, changes, message) -> None:
    row = _pet(tmp_path / "pt")
    _enhanced_pet(tmp_path / "pt", **changes)
    with pytest.raises(ImageError, match=message):
        read_lesion(row)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "kind"), [("CT", "CT"), ("PET", "PT"), ("MR_T1", "MR")])
def test_real_ct_pet_and_mr_with_contours_agree_with_their_nifti_versions(shared_data, name, kind) -> None:
    dicom, nifti = shared_data / "sts_metastasis/dicom/STS_025" / name, shared_data / "sts_metastasis/nifti/STS_025"
    row = {"kind": kind, "images": name.lower()}
    one = read_lesion(lesion_row(dicom / "image", dicom / "mask/RS.dcm", roi=f"GTV_Mass_{name}", **row))
    two = read_lesion(lesion_row(nifti / f"{name}_image.nii.gz", nifti / f"{name}_mask.nii.gz", **row))
    (image, roi), (image_2, roi_2) = one.arrays(), two.arrays()
    assert roi.sum() == roi_2.sum() > 100
    np.testing.assert_allclose(np.sort(image[roi]), np.sort(image_2[roi_2]), rtol=1e-5)
    assert one.acquisition["manufacturer"]


def test_headers_give_the_scanner_and_nothing_about_the_person(tmp_path) -> None:
    image, roi = ball()
    write_series(tmp_path / "ct", image)
    _, mask = write_pair(tmp_path, "a", image, roi)
    acquisition = read_lesion(lesion_row(tmp_path / "ct", mask)).acquisition
    assert (acquisition["manufacturer"], acquisition["kernel"], acquisition["kvp"]) == ("Maker", "B30f", 120.0)
    said = " ".join(str(value) for value in acquisition.values())
    for secret in ("Doe", "123", "1950", "20260101", "Hospital"):
        assert secret not in said


def test_phantom_writer_and_volume_agree(tmp_path) -> None:
    image, _ = ball()
    write_series(tmp_path, image)
    assert len(headers(tmp_path)) == volume(image).GetSize()[2]
    assert isinstance(headers(tmp_path)[0], pydicom.Dataset)
