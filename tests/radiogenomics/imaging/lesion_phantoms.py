"""Small images with known content, in every format that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.schemas import LESIONS, conform

STORAGE = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
}


def ball(shape=(24, 40, 44), centre=(12, 20, 22), radius_mm=9.0, spacing=(1.0, 1.0, 2.0), seed=0):
    """Noise with a textured ball in it: float32 array z, y, x in HU, bool ROI; spacing is x, y, z."""
    noise = np.random.default_rng(seed)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    distance = np.sqrt(
        ((x - centre[2]) * spacing[0]) ** 2 + ((y - centre[1]) * spacing[1]) ** 2 + ((z - centre[0]) * spacing[2]) ** 2
    )
    roi = distance <= radius_mm
    image = np.where(roi, 40.0, -800.0) + noise.normal(0, 60, shape)
    return np.round(image).astype(np.float32), roi


def volume(array: np.ndarray, spacing=(1.0, 1.0, 2.0), origin=(-20.0, 5.0, 100.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    return image


def write_pair(
    folder: Path, name: str, image: np.ndarray, roi: np.ndarray, suffix=".nii.gz", **grid: Any
) -> tuple[Path, Path]:
    """An image and its mask as volume files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{name}_image{suffix}", folder / f"{name}_mask{suffix}"
    sitk.WriteImage(volume(image, **grid), str(paths[0]))
    sitk.WriteImage(volume(roi.astype(np.uint8), **grid), str(paths[1]))
    return paths


def lesion_row(image: Path, mask: Path, name: str = "L1", **more: Any) -> dict[str, Any]:
    """One row of a lesions table."""
    row = {
        "patient_id": f"P{name}",
        "study_id": f"S{name}",
        "lesion_id": name,
        "images": "ct",
        "kind": "CT",
        "image": str(image),
        "mask": str(mask),
        "roi": None,
        "file": "lesions.csv",
        "row": 2,
    }
    return {**row, **more}


def lesion_table(*rows: dict[str, Any]) -> pd.DataFrame:
    return conform(pd.DataFrame([{**row, "row": index + 2} for index, row in enumerate(rows)]), LESIONS)


def cohort(images: dict[str, dict[str, Any]] | None = None) -> Cohort:
    """A configuration with nothing but images."""
    declared = images or {"ct": {}}
    return Cohort.model_validate(
        {
            "name": "phantoms",
            "clinical": {"tables": {"main": {"file": "clinical.csv", "patient_id": "id"}}},
            "images": {
                name: {"kind": "CT", "image": "i/{patient_id}.nii", "mask": "m/{patient_id}.nii", **values}
                for name, values in declared.items()
            },
        }
    )


def write_series(
    folder: Path,
    array: np.ndarray,
    *,
    kind: str = "CT",
    spacing=(1.0, 1.0, 2.0),
    origin=(-20.0, 5.0, 100.0),
    slope: float = 1.0,
    intercept: float = 0.0,
    order: list[int] | None = None,
    skip: tuple[int, ...] = (),
    series: str | None = None,
    frame: str | None = None,
    prefix: str = "",
    **tags: Any,
) -> str:
    """A DICOM series of whole-number stored values (array = stored * slope + intercept); returns its series UID."""
    folder.mkdir(parents=True, exist_ok=True)
    series, frame, study = series or generate_uid(), frame or "1.2.3.4", generate_uid()
    stored = np.round((array - intercept) / slope).astype(np.int16)
    for place, index in enumerate(order or range(len(array))):
        if index in skip:
            continue
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = STORAGE[kind]
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{prefix}{place:03d}.dcm"
        data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = STORAGE[kind], meta.MediaStorageSOPInstanceUID
        data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = kind, series, study
        data.FrameOfReferenceUID = frame
        data.PatientName, data.PatientID, data.StudyDate = "Doe^Jane", "123", "20260101"
        data.StudyTime, data.AccessionNumber, data.PatientBirthDate, data.PatientSex = "", "", "19500101", "F"
        data.StudyID, data.SeriesNumber, data.InstanceNumber = "1", 1, index + 1
        data.Manufacturer, data.ManufacturerModelName, data.SliceThickness = "Maker", "Model 1", spacing[2]
        data.ImagePositionPatient = [origin[0], origin[1], origin[2] + index * spacing[2]]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing = [spacing[1], spacing[0]]
        data.Rows, data.Columns = array.shape[1:]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.RescaleSlope, data.RescaleIntercept = slope, intercept
        if kind == "CT":
            data.KVP, data.ConvolutionKernel, data.InstitutionName = 120, "B30f", "Hospital"
        for keyword, value in tags.items():
            setattr(data, keyword, value)
        data.PixelData = stored[index].tobytes()
        data.save_as(path, enforce_file_format=True)
    return str(series)


def write_structures(
    path: Path,
    contours: list[np.ndarray],
    *,
    name: str = "GTV",
    series: str = "",
    frame: str = "1.2.3.4",
    others: tuple[str, ...] = (),
    geometric_type: str = "CLOSED_PLANAR",
    **tags: Any,
) -> Path:
    """An RTSTRUCT of closed planar contours (each n x 3, mm); regions named by `others` have no contours."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientID = "RTSTRUCT", "123"
    data.StructureSetROISequence = []
    data.ROIContourSequence = []
    for number, roi_name in enumerate((name, *others), start=1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, roi_name, frame
        data.StructureSetROISequence.append(roi)
    item = Dataset()
    item.ReferencedROINumber = 1
    item.ContourSequence = []
    for points in contours:
        contour = Dataset()
        contour.ContourGeometricType = geometric_type
        contour.NumberOfContourPoints = len(points)
        contour.ContourData = [float(f"{v:.4f}") for v in points.ravel()]
        item.ContourSequence.append(contour)
    data.ROIContourSequence.append(item)
    if series:
        reference, study, frame_item = Dataset(), Dataset(), Dataset()
        reference.SeriesInstanceUID = series
        study.RTReferencedSeriesSequence = [reference]
        frame_item.FrameOfReferenceUID = frame
        frame_item.RTReferencedStudySequence = [study]
        data.ReferencedFrameOfReferenceSequence = [frame_item]
    for keyword, value in tags.items():
        setattr(data, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def write_segmentation(
    path: Path, source: Path, regions: dict[str, np.ndarray], kind: str = "BINARY", **tags: Any
) -> Path:
    """A DICOM SEG of one segment a region (bool, z y x) on the series in the folder `source`."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    described = [
        hd.seg.SegmentDescription(
            number,
            label,
            codes.SCT.MorphologicallyAbnormalStructure,
            codes.SCT.Neoplasm,
            hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(regions, start=1)
    ]
    if kind == "LABELMAP":
        first = next(iter(regions.values()))
        pixels = np.zeros(first.shape, dtype=np.uint8)
        for number, region in enumerate(regions.values(), start=1):
            pixels[region] = number
    else:
        pixels = np.stack(list(regions.values()), axis=-1).astype(np.float32 if kind == "FRACTIONAL" else np.uint8)
    data = hd.seg.Segmentation(
        headers(source), pixels, hd.seg.SegmentationTypeValues[kind], described, hd.UID(), 1, hd.UID(), 1,
        "m", "m", "1", "1",
    )  # fmt: skip
    for keyword, value in tags.items():
        setattr(data, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path)
    return path


def square(z_mm: float, low: float, high: float) -> np.ndarray:
    """A square contour in the axial plane, corners at `low` and `high` mm."""
    return np.array([[low, low, z_mm], [high, low, z_mm], [high, high, z_mm], [low, high, z_mm]])


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
