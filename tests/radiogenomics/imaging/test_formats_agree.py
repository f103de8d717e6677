"""One lesion gives the same features, whatever format it comes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from lesion_phantoms import (
    ball,
    cohort,
    headers,
    lesion_row,
    lesion_table,
    volume,
    write_pair,
    write_segmentation,
    write_series,
)
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.imaging import lesion_volumetrics, radiomic_features, read_lesion
from radiogenomics.imaging.lesion_radiomics import radiomics_of_lesion
from radiogenomics.imaging.reading import Lesion

IMAGE, ROI = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
SECOND = np.zeros_like(ROI)
SECOND[2:6, 2:7, 2:7] = True


def _enhanced(folder, source) -> None:
    """The slices of a classic series, shuffled, as one enhanced multi-frame CT."""
    slices = headers(source)
    order = np.random.default_rng(3).permutation(len(slices)).tolist()
    data = slices[0]
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    data.NumberOfFrames = len(slices)
    shared = Dataset()
    measures, plane, rescale, dose, kernel = (Dataset() for _ in range(5))
    measures.PixelSpacing, measures.SliceThickness = data.PixelSpacing, 2.0
    plane.ImageOrientationPatient = data.ImageOrientationPatient
    rescale.RescaleSlope, rescale.RescaleIntercept = data.RescaleSlope, data.RescaleIntercept
    dose.KVP, kernel.ConvolutionKernel = 100, "B70f"
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    shared.PixelValueTransformationSequence = [rescale]
    shared.CTXRayDetailsSequence, shared.CTReconstructionSequence = [dose], [kernel]
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = []
    for index in order:
        position, frame = Dataset(), Dataset()
        position.ImagePositionPatient = slices[index].ImagePositionPatient
        frame.PlanePositionSequence = [position]
        data.PerFrameFunctionalGroupsSequence.append(frame)
    data.PixelData = b"".join(slices[index].PixelData for index in order)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "KVP"):
        delattr(data, keyword)
    del data.RescaleIntercept, data.ConvolutionKernel
    folder.mkdir()
    data.save_as(folder / "frames.dcm")


def _features(*rows) -> pd.DataFrame:
    table = lesion_table(*(lesion_row(image, mask, f"L{n}", roi=roi) for n, (image, mask, roi) in enumerate(rows)))
    values = radiomic_features(cohort(), table)
    assert values.quarantine.empty, values.quarantine["reason"].tolist()
    return values.values.drop(columns=["patient_id", "study_id", "lesion_id", "images"])


def test_dicom_nifti_nrrd_and_metaimage_give_the_same_features_to_the_bit(tmp_path) -> None:
    pairs = {suffix: write_pair(tmp_path / suffix, "a", IMAGE, ROI, suffix) for suffix in (".nii.gz", ".nrrd", ".mha")}
    write_series(tmp_path / "ct", IMAGE, slope=1.0, intercept=-1024.0)
    _enhanced(tmp_path / "enhanced", tmp_path / "ct")
    binary = write_segmentation(tmp_path / "binary.dcm", tmp_path / "ct", {"GTV": ROI, "N": SECOND})
    labels = write_segmentation(
        tmp_path / "labels.dcm", tmp_path / "ct", {"GTV": ROI & ~SECOND, "N": SECOND}, "LABELMAP"
    )
    values = _features(
        *((*pair, None) for pair in pairs.values()),
        (tmp_path / "ct", binary, "GTV"),
        (tmp_path / "ct", labels, "GTV"),
        (tmp_path / "ct", pairs[".nrrd"][1], None),
        (tmp_path / "enhanced", pairs[".nii.gz"][1], None),
    )
    assert not (ROI & SECOND).any()
    assert len(values) == 7
    assert (values.nunique() == 1).all()


@pytest.mark.parametrize("order", ["RAS", "LAI", "RPS"])
def test_axes_stored_the_other_way_give_the_same_features_to_the_bit(tmp_path, order) -> None:
    """Converters from DICOM to NIfTI turn axes around; resampling begins at the first voxel, wherever that is."""
    plain = write_pair(tmp_path / "a", "a", IMAGE, ROI)
    turned = tmp_path / "image.nii.gz", tmp_path / "mask.nii.gz"
    for path, array in zip(turned, (IMAGE, ROI.astype(np.uint8)), strict=True):
        sitk.WriteImage(sitk.DICOMOrient(volume(array), order), str(path))
    table = lesion_table(lesion_row(*plain, "L0"), lesion_row(*turned, "L1"))
    declared = cohort({"ct": {"radiomics": {"resample_mm": [1.3, 1.3, 1.3], "wavelet": True}}})
    values = radiomic_features(declared, table).values.iloc[:, 4:]
    assert (values.nunique() == 1).all()


def test_a_multi_frame_series_tells_its_protocol_too(tmp_path) -> None:
    write_series(tmp_path / "ct", IMAGE)
    _enhanced(tmp_path / "enhanced", tmp_path / "ct")
    _, mask = write_pair(tmp_path, "a", IMAGE, ROI)
    acquisition = read_lesion(lesion_row(tmp_path / "enhanced", mask)).acquisition
    assert (acquisition["kvp"], acquisition["kernel"], acquisition["slice_thickness_mm"]) == (100.0, "B70f", 2.0)


@pytest.mark.parametrize("part", ["GTV", "N"])
def test_each_segment_of_a_label_map_is_read_apart(tmp_path, part) -> None:
    write_series(tmp_path / "ct", IMAGE)
    regions = {"GTV": ROI, "N": SECOND}
    labels = write_segmentation(tmp_path / "labels.dcm", tmp_path / "ct", regions, "LABELMAP")
    lesion = read_lesion(lesion_row(tmp_path / "ct", labels, roi=part))
    np.testing.assert_array_equal(lesion.arrays()[1], regions[part])
    assert lesion.remarks == ()


def _by_gdcm(path: Path, syntax: str) -> None:
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1, DeflatedExplicitVRLittleEndian]
)
def test_losslessly_compressed_slices_give_the_same_voxels(tmp_path, syntax) -> None:
    write_series(tmp_path / "ct", IMAGE)  # signed 16 bits
    for path, data in zip(sorted((tmp_path / "ct").glob("*.dcm")), headers(tmp_path / "ct"), strict=True):
        assert data.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        if syntax in (JPEGLosslessSV1, JPEG2000Lossless):
            _by_gdcm(path, syntax)
            continue
        if syntax == DeflatedExplicitVRLittleEndian:
            data.file_meta.TransferSyntaxUID = syntax
        else:
            data.compress(syntax, generate_instance_uid=False)
        data.save_as(path)
    assert {data.file_meta.TransferSyntaxUID for data in headers(tmp_path / "ct")} == {syntax}
    _, mask = write_pair(tmp_path, "a", IMAGE, ROI)
    lesion = read_lesion(lesion_row(tmp_path / "ct", mask))
    np.testing.assert_array_equal(lesion.arrays()[0], IMAGE)
    assert lesion.remarks == ()


def test_images_that_were_compressed_with_loss_are_flagged(tmp_path) -> None:
    write_series(tmp_path / "ct", IMAGE, LossyImageCompression="01")
    _, mask = write_pair(tmp_path, "a", IMAGE, ROI)
    lesion = read_lesion(lesion_row(tmp_path / "ct", mask))
    assert lesion.remarks == (("lossy_compression", "14 of 14 files were compressed with loss: texture is altered"),)


def test_a_mask_stored_with_its_axes_the_other_way_is_put_right_and_flagged(tmp_path) -> None:
    image, _ = write_pair(tmp_path, "a", IMAGE, ROI)
    turned = sitk.DICOMOrient(volume(ROI.astype(np.uint8)), "RAS")
    sitk.WriteImage(turned, str(tmp_path / "turned.nii.gz"))
    lesion = read_lesion(lesion_row(image, tmp_path / "turned.nii.gz"))
    np.testing.assert_array_equal(lesion.arrays()[1], ROI)
    assert [rule for rule, _ in lesion.remarks] == ["mask_resampled"]
    assert "run the other way" in lesion.remarks[0][1]


def test_a_mask_cropped_around_the_region_is_put_in_its_place_and_flagged(tmp_path) -> None:
    image, _ = write_pair(tmp_path, "a", IMAGE, ROI)
    sitk.WriteImage(volume(ROI.astype(np.uint8))[4:24, 3:22, 2:13], str(tmp_path / "part.nii.gz"))
    lesion = read_lesion(lesion_row(image, tmp_path / "part.nii.gz"))
    np.testing.assert_array_equal(lesion.arrays()[1], ROI)
    assert "20 x 19 x 11 voxels" in lesion.remarks[0][1]


def test_a_finer_mask_of_the_same_space_is_resampled_and_flagged_with_its_change_of_volume(tmp_path) -> None:
    image, _ = write_pair(tmp_path, "a", IMAGE, ROI)
    fine = np.kron(ROI, np.ones((2, 2, 2))).astype(np.uint8)
    sitk.WriteImage(volume(fine, spacing=(0.5, 0.5, 1.0), origin=(-20.25, 4.75, 99.5)), str(tmp_path / "fine.nii.gz"))
    lesion = read_lesion(lesion_row(image, tmp_path / "fine.nii.gz"))
    np.testing.assert_array_equal(lesion.arrays()[1], ROI)
    assert "+0.0% in volume" in lesion.remarks[0][1]


def test_a_slice_that_lies_twice_in_the_folder_is_used_once_and_flagged(tmp_path) -> None:
    write_series(tmp_path / "ct", IMAGE)
    (tmp_path / "ct" / "copy.dcm").write_bytes((tmp_path / "ct" / "004.dcm").read_bytes())
    _, mask = write_pair(tmp_path, "a", IMAGE, ROI)
    lesion = read_lesion(lesion_row(tmp_path / "ct", mask))
    np.testing.assert_array_equal(lesion.arrays()[0], IMAGE)
    assert [rule for rule, _ in lesion.remarks] == ["files_twice"]


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "kind"), [("CT", "CT"), ("PET", "PT"), ("MR_T1", "MR")])
def test_real_patients_give_the_same_features_from_dicom_and_nifti(shared_data, name, kind) -> None:
    rows = []
    for patient in ("STS_002", "STS_008", "STS_025", "STS_042"):
        dicom = shared_data / "sts_metastasis/dicom" / patient / name
        nifti = shared_data / "sts_metastasis/nifti" / patient
        rows.append(lesion_row(dicom / "image", dicom / "mask/RS.dcm", f"{patient} dicom", kind=kind))
        rows.append(
            lesion_row(nifti / f"{name}_image.nii.gz", nifti / f"{name}_mask.nii.gz", f"{patient} nifti", kind=kind)
        )
    values = lesion_volumetrics(cohort({"ct": {"kind": kind}}), lesion_table(*rows)).values
    assert len(values) == 8
    # resampling begins at the corner of the image, which cropping moved, and normalising looks at all of it:
    # features agree on the grid and in the unit as they are
    native = {"resample_mm": None, "bin_count": 32, "bin_width": None, "normalise": False}
    features = radiomic_features(cohort({"ct": {"kind": kind, "radiomics": native}}), lesion_table(*rows[:4])).values
    shapes = features.iloc[:, 4:].astype(float).to_numpy()
    np.testing.assert_allclose(shapes[0::2], shapes[1::2], rtol=1e-4, atol=1e-6)
    numbers = values.iloc[:, 4:].astype(float).to_numpy()
    np.testing.assert_allclose(numbers[0::2], numbers[1::2], rtol=2e-5)


def _sarcoma(folder: Path, patient: str, kind: str, name: str) -> tuple[Lesion, Lesion]:
    """The uncropped DICOM series with its RTSTRUCT, and the NIfTI that was cropped to the contour and 20 mm around it."""
    structures = next((folder / "dicom" / patient / name / "mask").glob("*.dcm"))
    dicom = {"images": name, "lesion_id": patient, "kind": kind, "roi": f"GTV_Mass_{name}"}
    nifti = {**dicom, "roi": None, "image": folder / "nifti" / patient / f"{name}_image.nii.gz"}
    dicom |= {"image": str(folder / "dicom" / patient / name), "mask": str(structures)}
    nifti |= {"image": str(nifti["image"]), "mask": str(folder / "nifti" / patient / f"{name}_mask.nii.gz")}
    return read_lesion(dicom), read_lesion(nifti)


@pytest.mark.real_data
@pytest.mark.parametrize("patient", ["STS_002", "STS_008", "STS_025", "STS_042"])
def test_a_sarcoma_as_whole_dicom_and_as_cropped_nifti_gives_the_same_features_where_the_grid_is_the_same(
    shared_data, patient
) -> None:
    """On the native grid; a new grid lies by the corner or the centre of the image, which a crop moves (docs/imaging.md)."""
    for kind, name in (("CT", "CT"), ("PT", "PET"), ("MR", "MR_T1")):
        whole, cropped = _sarcoma(shared_data / "sts_metastasis", patient, kind, name)
        for standard in ("pyradiomics", "ibsi"):
            settings = Radiomics(standard=standard, resample_mm=None, bin_width=None, bin_count=32)
            one, two = (radiomics_of_lesion(x, settings.model_dump(mode="json")) for x in (whole, cropped))
            assert list(one) == list(two)
            np.testing.assert_allclose(list(one.values()), list(two.values()), rtol=2e-5, atol=1e-9, err_msg=name)
