"""Studies as DICOM: a CT series with an RTSTRUCT or a SEG, valid for pydicom, SimpleITK and highdicom.

All identifiers derive from the seed and all dates are fixed, so that the same simulation writes the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiogenomics.simulation.images import Mask, Study

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

MARK = "SIMULATED"
DATE, TIME = "20200102", "120000"
INTERCEPT = -1024
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
RTSTRUCT_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class StudyIdentity:
    """Who and what a study is of, and the word from which all its identifiers derive."""

    patient_id: str
    study_id: str
    sex: str
    hospital: str
    seed: str
    date: str = DATE

    def uid(self, *what: object) -> UID:
        """A DICOM identifier that is always the same for the same study and item."""
        from pydicom.uid import generate_uid

        return generate_uid(entropy_srcs=[self.seed, self.patient_id, self.study_id, *map(str, what)])


def write_ct_series(folder: Path, study: Study, identity: StudyIdentity) -> list[Dataset]:
    """Write a CT series, one file a slice, and return its datasets from the lowest slice to the highest.

    Pixels are unsigned, with rescale slope 1 and intercept -1024, so that the stored values are HU exactly.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = _template(study, identity)
    count = study.volume.shape[0]
    origin, spacing = study.origin_mm, study.spacing_mm
    datasets = []
    for index in range(count):
        number = count - index  # series run from head to foot: the first file is the highest slice
        dataset = _slice(template, identity, number)
        height = round(origin[2] + index * spacing[2], 3)
        dataset.ImagePositionPatient = [_decimal(origin[0]), _decimal(origin[1]), _decimal(height)]
        dataset.SliceLocation = _decimal(height)
        dataset.PixelData = (study.volume[index].astype(np.int32) - INTERCEPT).astype("<u2").tobytes()
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
        datasets.append(dataset)
    return datasets


def write_rtstruct(path: Path, study: Study, identity: StudyIdentity, series: list[Dataset], names: list[str]) -> None:
    """Write the tumours as closed planar contours in patient coordinates (mm, three decimals).

    A contour runs half-way between the centres of voxels inside and outside, so every voxel centre keeps its side when the
    contour is filled. Beside the tumours stands the body outline (ROI ``BODY``), as in a planning structure set.
    """
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    body = np.zeros(study.volume.shape, dtype=bool)
    body[:, 3:-8, 3:-3] = True
    regions = [("BODY", "EXTERNAL", body), *((n, "GTV", m) for n, m in zip(names, study.masks, strict=True))]

    dataset = _document(series[0], identity, RTSTRUCT_STORAGE, "RTSTRUCT", "RTSTRUCT")
    dataset.StructureSetLabel = MARK
    dataset.StructureSetDate, dataset.StructureSetTime = DATE, TIME

    images = []
    for image in series:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        images.append(item)
    referenced_series = Dataset()
    referenced_series.SeriesInstanceUID = series[0].SeriesInstanceUID
    referenced_series.ContourImageSequence = Sequence(images)
    referenced_study = Dataset()
    referenced_study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    referenced_study.ReferencedSOPInstanceUID = series[0].StudyInstanceUID
    referenced_study.RTReferencedSeriesSequence = Sequence([referenced_series])
    frame = Dataset()
    frame.FrameOfReferenceUID = series[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = Sequence([referenced_study])
    dataset.ReferencedFrameOfReferenceSequence = Sequence([frame])

    structures, contours, observations = [], [], []
    for number, (name, kind, mask) in enumerate(regions, start=1):
        structure = Dataset()
        structure.ROINumber, structure.ROIName = number, name
        structure.ReferencedFrameOfReferenceUID = series[0].FrameOfReferenceUID
        structure.ROIGenerationAlgorithm = "MANUAL"
        structures.append(structure)
        contour = Dataset()
        contour.ReferencedROINumber = number
        contour.ROIDisplayColor = [255, 64 * (number % 4), 0]
        contour.ContourSequence = Sequence(_contours(mask, study, series))
        contours.append(contour)
        observation = Dataset()
        observation.ObservationNumber = observation.ReferencedROINumber = number
        observation.RTROIInterpretedType, observation.ROIInterpreter = kind, ""
        observations.append(observation)
    dataset.StructureSetROISequence = Sequence(structures)
    dataset.ROIContourSequence = Sequence(contours)
    dataset.RTROIObservationsSequence = Sequence(observations)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def write_segmentation(
    path: Path, study: Study, identity: StudyIdentity, series: list[Dataset], labels: list[str]
) -> None:
    """Write the tumours as one binary DICOM SEG, one segment a tumour."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(labels, start=1)
    ]
    segmentation = hd.seg.Segmentation(
        source_images=series,
        pixel_array=np.stack(study.masks, axis=-1).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=identity.uid("SEG", "series"),
        series_number=2,
        sop_instance_uid=identity.uid("SEG", "instance"),
        instance_number=1,
        manufacturer="radiogenomics",
        manufacturer_model_name="simulation",
        software_versions="1",
        device_serial_number="0",
        series_description=f"{MARK} tumour segmentation",
        content_description=MARK,
    )
    _fix_what_highdicom_draws(segmentation, identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    segmentation.save_as(path, enforce_file_format=True)


def _fix_what_highdicom_draws(segmentation: Dataset, identity: StudyIdentity) -> None:
    """Dates of now and random identifiers, replaced by fixed ones wherever they stand."""
    drawn = {"DimensionOrganizationUID": identity.uid("SEG", "dimension")}
    dates = {"ContentDate": DATE, "ContentTime": TIME, "InstanceCreationDate": DATE, "InstanceCreationTime": TIME}
    dates |= {"SeriesDate": DATE, "SeriesTime": TIME, "ContributionDateTime": DATE + TIME}
    for element in segmentation.iterall():
        if element.keyword in drawn:
            element.value = drawn[element.keyword]
        elif element.keyword in dates and element.value:
            element.value = dates[element.keyword]


def _decimal(value: float) -> str:
    """A DICOM decimal string with three decimals (1e-3 mm), at most 16 characters."""
    return f"{value:.3f}"


def _template(study: Study, identity: StudyIdentity) -> Dataset:
    """What all slices of a series share."""
    from pydicom.dataset import Dataset

    scanner = study.scanner
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = CT_STORAGE
    _patient_and_study(dataset, identity)
    dataset.Modality = "CT"
    dataset.Manufacturer, dataset.ManufacturerModelName = scanner.manufacturer, scanner.model
    dataset.InstitutionName = identity.hospital
    dataset.SeriesDescription = f"{MARK} chest CT"
    dataset.ImageComments = MARK
    dataset.BodyPartExamined, dataset.PatientPosition = "CHEST", "HFS"
    dataset.SliceThickness = _decimal(study.spacing_mm[2])
    dataset.SpacingBetweenSlices = _decimal(study.spacing_mm[2])
    dataset.KVP, dataset.XRayTubeCurrent = str(scanner.kvp), "200"
    dataset.ConvolutionKernel = scanner.kernel
    dataset.SeriesInstanceUID = identity.uid("CT", "series")
    dataset.SeriesNumber, dataset.AcquisitionNumber = 1, 1
    dataset.FrameOfReferenceUID = identity.uid("frame")
    dataset.PositionReferenceIndicator = ""
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = study.volume.shape[1:]
    dataset.PixelSpacing = [_decimal(study.spacing_mm[1]), _decimal(study.spacing_mm[0])]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(INTERCEPT), "1", "HU"
    return dataset


def _patient_and_study(dataset: Dataset, identity: StudyIdentity) -> None:
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = identity.date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = TIME
    dataset.AccessionNumber = dataset.ReferringPhysicianName = dataset.PatientBirthDate = ""
    dataset.StudyDescription = f"{MARK} study"
    dataset.PatientName, dataset.PatientID = f"{MARK}^{identity.patient_id}", identity.patient_id
    dataset.PatientSex = identity.sex
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "simulated: there is no person"
    dataset.StudyInstanceUID, dataset.StudyID = identity.uid("study"), "1"


def _slice(template: Dataset, identity: StudyIdentity, number: int) -> Dataset:
    """A dataset that shares the template's elements and has its own instance."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.update(template)
    dataset.SOPInstanceUID = identity.uid("CT", number)
    dataset.InstanceNumber = number
    dataset.file_meta = _file_meta(CT_STORAGE, dataset.SOPInstanceUID)
    return dataset


def _document(image: Dataset, identity: StudyIdentity, storage: str, modality: str, what: str) -> Dataset:
    """An empty object of the same patient and study in a series of its own."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    _patient_and_study(dataset, identity)
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, identity.uid(what, "instance")
    dataset.Modality, dataset.Manufacturer = modality, "radiogenomics"
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = identity.uid(what, "series"), 3, 1
    dataset.SeriesDescription = f"{MARK} tumour contours"
    dataset.FrameOfReferenceUID = image.FrameOfReferenceUID
    dataset.file_meta = _file_meta(storage, dataset.SOPInstanceUID)
    return dataset


def _file_meta(storage: str, instance: UID) -> FileMetaDataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(storage), instance
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    return meta


def _contours(mask: Mask, study: Study, series: list[Dataset]) -> list[Dataset]:
    """Closed planar contours of a mask, slice by slice."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence
    from skimage.measure import find_contours

    found = []
    for index in np.flatnonzero(mask.any(axis=(1, 2))):
        plane = np.pad(mask[index], 1).astype(np.float32)
        for line in find_contours(plane, 0.5):
            line = line[:-1] - 1  # closed: the last point repeats the first; and undo the padding
            before, after = line - np.roll(line, 1, axis=0), np.roll(line, -1, axis=0) - line
            turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
            rows, columns = line[np.abs(turn) > 1e-9].T  # points along a straight edge say nothing
            xs = study.origin_mm[0] + columns * study.spacing_mm[0]
            ys = study.origin_mm[1] + rows * study.spacing_mm[1]
            height = _decimal(float(series[index].ImagePositionPatient[2]))
            reference = Dataset()
            reference.ReferencedSOPClassUID = series[index].SOPClassUID
            reference.ReferencedSOPInstanceUID = series[index].SOPInstanceUID
            contour = Dataset()
            contour.ContourImageSequence = Sequence([reference])
            contour.ContourGeometricType = "CLOSED_PLANAR"
            contour.NumberOfContourPoints = len(rows)
            contour.ContourData = [
                text for x, y in zip(xs, ys, strict=True) for text in (_decimal(x), _decimal(y), height)
            ]
            found.append(contour)
    return found
