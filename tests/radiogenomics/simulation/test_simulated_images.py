"""Simulated CT studies and the formats they are written in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy import ndimage, stats
from skimage.draw import polygon
from skimage.measure import marching_cubes, mesh_surface_area

from radiogenomics.simulation import dicom, nifti
from radiogenomics.simulation.images import SCANNERS, Study, draw_tumours, render


def make_study(number: int, hospital: int, seen: np.ndarray | None = None) -> Study:
    generator = np.random.default_rng([11, number])
    seen = generator.standard_normal(4) if seen is None else seen
    return render(draw_tumours(seen, generator), SCANNERS[hospital], generator)


@pytest.fixture(scope="module", params=[0, 1], ids=["thin slices", "thick slices"])
def written(request, tmp_path_factory) -> tuple[Path, Study, list[str]]:
    """One study with several tumours, in every format."""
    folder = tmp_path_factory.mktemp("study")
    study = next(s for n in range(50) if len((s := make_study(n, request.param)).masks) == 3)
    identity = dicom.StudyIdentity("SIM-0001", "SIM-0001-CT1", "F", "Northgate", "test/1")
    names = ["GTV-1", "GTV-2", "GTV-3"]
    series = dicom.write_ct_series(folder / "CT", study, identity)
    dicom.write_rtstruct(folder / "rtstruct.dcm", study, identity, series, names)
    dicom.write_segmentation(folder / "seg.dcm", study, identity, series, names)
    nifti.write_study(folder / "labels", study, label_volume=True)
    nifti.write_study(folder / "masks", study, label_volume=False)
    return folder, study, names


def read_series(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def test_the_dicom_series_reads_back_to_the_same_hu_and_geometry(written):
    folder, study, _ = written
    image = read_series(folder / "CT")
    assert np.array_equal(sitk.GetArrayFromImage(image), study.volume)
    assert image.GetSpacing() == pytest.approx(study.spacing_mm, abs=1e-6)
    assert image.GetOrigin() == pytest.approx(study.origin_mm, abs=1e-6)


def test_nifti_and_dicom_hold_the_same_image_in_the_same_place(written):
    folder, study, _ = written
    image = sitk.ReadImage(str(folder / "labels" / "CT.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(image), study.volume)
    series = read_series(folder / "CT")
    assert image.GetOrigin() == pytest.approx(series.GetOrigin(), abs=1e-4)
    assert image.GetDirection() == pytest.approx(series.GetDirection())


def test_contours_filled_by_even_odd_give_exactly_the_mask(written):
    folder, study, names = written
    reference = read_series(folder / "CT")
    structures = pydicom.dcmread(folder / "rtstruct.dcm")
    numbers = {item.ROIName: item.ROINumber for item in structures.StructureSetROISequence}
    assert set(numbers) == {"BODY", *names}
    for name, expected in zip(names, study.masks, strict=True):
        (roi,) = (c for c in structures.ROIContourSequence if c.ReferencedROINumber == numbers[name])
        filled = np.zeros_like(expected)
        for contour in roi.ContourSequence:
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            index = np.array([reference.TransformPhysicalPointToContinuousIndex(p) for p in points])
            rows, columns = polygon(index[:, 1], index[:, 0], filled.shape[1:])
            filled[round(index[0, 2]), rows, columns] ^= True
        assert np.array_equal(filled, expected)


def test_segments_give_exactly_the_mask(written):
    import highdicom as hd

    folder, study, names = written
    segmentation = hd.seg.segread(folder / "seg.dcm")
    files = sorted((folder / "CT").iterdir(), key=lambda f: float(pydicom.dcmread(f).ImagePositionPatient[2]))
    uids = [pydicom.dcmread(f).SOPInstanceUID for f in files]
    pixels = segmentation.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    labels = [segmentation.get_segment_description(n).segment_label for n in segmentation.segment_numbers]
    assert labels == names
    for index, expected in enumerate(study.masks):
        assert np.array_equal(pixels[..., index].astype(bool), expected)


def test_label_volume_and_single_masks_give_exactly_the_mask(written):
    folder, study, _ = written
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "labels" / "tumours.nii.gz")))
    for number, expected in enumerate(study.masks, start=1):
        own = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "masks" / f"tumour_{number}.nii.gz")))
        assert np.array_equal(labels == number, expected)
        assert np.array_equal(own == 1, expected)


def test_every_file_says_that_it_is_simulated(written):
    folder, _, _ = written
    for path in [next((folder / "CT").iterdir()), folder / "rtstruct.dcm", folder / "seg.dcm"]:
        dataset = pydicom.dcmread(path)
        assert "SIMULATED" in dataset.SeriesDescription
        assert "SIMULATED" in str(dataset.PatientName)
    for path in (folder / "labels").iterdir():
        assert "SIMULATED" in sitk.ReadImage(str(path)).GetMetaData("descrip")


def test_headers_carry_the_scanner_and_the_protocol(written):
    folder, study, _ = written
    header = pydicom.dcmread(next((folder / "CT").iterdir()))
    assert (header.Manufacturer, header.ConvolutionKernel) == (study.scanner.manufacturer, study.scanner.kernel)
    assert float(header.SliceThickness) == study.spacing_mm[2]
    assert int(header.KVP) == study.scanner.kvp


def test_rtstruct_and_seg_refer_to_the_series(written):
    folder, _, _ = written
    instances = {pydicom.dcmread(f).SOPInstanceUID for f in (folder / "CT").iterdir()}
    header = pydicom.dcmread(next((folder / "CT").iterdir()))
    structures = pydicom.dcmread(folder / "rtstruct.dcm")
    referred = {
        image.ReferencedSOPInstanceUID
        for roi in structures.ROIContourSequence
        for contour in roi.ContourSequence
        for image in contour.ContourImageSequence
    }
    assert referred <= instances
    segmentation = pydicom.dcmread(folder / "seg.dcm")
    assert segmentation.FrameOfReferenceUID == header.FrameOfReferenceUID == structures.FrameOfReferenceUID
    assert segmentation.StudyInstanceUID == header.StudyInstanceUID == structures.StudyInstanceUID


@pytest.mark.parametrize("hospital", [0, 1])
def test_tumours_are_single_pieces_apart_from_each_other_and_from_the_border(hospital):
    for number in range(12):
        study = make_study(number, hospital)
        assert np.sum(study.masks, axis=0).max() == 1
        for mask in study.masks:
            assert ndimage.label(mask)[1] == 1
            assert all(np.array_equal(ndimage.binary_fill_holes(plane), plane) for plane in mask)
            inner = np.zeros_like(mask)
            inner[1:-1, 1:-1, 1:-1] = True
            assert not np.any(mask & ~inner)


@pytest.mark.parametrize("hospital", [0, 1])
def test_air_and_lung_have_their_hounsfield_units(hospital):
    study = make_study(3, hospital)
    assert study.volume[:, -1].mean() == pytest.approx(-1000, abs=10)
    assert np.median(study.volume[:, :40]) == pytest.approx(-850, abs=25)


def test_images_follow_the_latent_factors_they_show():
    generator = np.random.default_rng(8)
    seen = generator.standard_normal((45, 4))
    mean, solid, sphericity = [], [], []
    for number, latent in enumerate(seen):
        study = make_study(number, 1, latent)
        mask = study.masks[0]
        inside = study.volume[ndimage.binary_erosion(mask)]
        mean.append(study.volume[mask].mean())
        solid.append(inside[inside > -250].std())
        corners, faces, _, _ = marching_cubes(np.pad(mask, 1).astype(float), 0.5, spacing=study.spacing_mm[::-1])
        volume = mask.sum() * np.prod(study.spacing_mm)
        sphericity.append((36 * np.pi * volume**2) ** (1 / 3) / mesh_surface_area(corners, faces))
    assert stats.spearmanr(mean, seen[:, 0])[0] < -0.75  # ground glass is darker
    assert stats.spearmanr(solid, seen[:, 1])[0] > 0.6  # an uneven tumour varies more
    assert stats.spearmanr(sphericity, seen[:, 2])[0] < -0.7  # an inflamed margin is lobulated
