"""Malformed DICOM series, RTSTRUCT and SEG, each made on purpose and with the rule that must name it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from lesion_phantoms import lesion_row, square, write_pair, write_segmentation, write_series, write_structures
from malformed_volumes import IMAGE, ROI, Row, case
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, JPEGLosslessSV1, RLELossless, generate_uid

ORIGIN = (0.0, 0.0, 100.0)
CONTOURS = [square(100.0 + 2.0 * z, 5.5, 12.5) for z in range(4, 9)]


def series(folder: Path, name: str = "ct", image: np.ndarray = IMAGE, **tags: Any) -> str:
    return write_series(folder / name, image, origin=ORIGIN, **tags)


def of_series(name: str, rule: str, change: Callable[[Path], None], **tags: Any) -> None:
    """A good series that is then changed, with a mask volume on its grid."""

    @case(name, rule)
    def make(folder: Path) -> Row:
        series(folder, **tags)
        change(folder / "ct")
        return lesion_row(folder / "ct", write_pair(folder, "m", IMAGE, ROI, ".nii", origin=ORIGIN)[1])


def of_slice(name: str, rule: str, change: Callable[[Dataset], None], number: int = 3) -> None:
    """A good series of which one slice's data set is then changed."""

    def change_file(folder: Path) -> None:
        path = folder / f"{number:03d}.dcm"
        data = pydicom.dcmread(path)
        change(data)
        data.save_as(path)

    of_series(name, rule, change_file)


def _set(**values: Any) -> Callable[[Dataset], None]:
    def change(data: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(data, keyword)
            else:
                setattr(data, keyword, value)

    return change


def _all(change: Callable[[Dataset, int], None]) -> Callable[[Path], None]:
    def change_folder(folder: Path) -> None:
        for number, path in enumerate(sorted(folder.glob("*.dcm"))):
            data = pydicom.dcmread(path)
            change(data, number)
            data.save_as(path)

    return change_folder


def _compressed(syntax: Any, content: bytes) -> Callable[[Dataset], None]:
    def change(data: Dataset) -> None:
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = encapsulate([content])
        data["PixelData"].VR = "OB"

    return change


def _two_phases(folder: Path) -> None:
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.save_as(path.with_name(f"again{path.name}"))


def _same_uid_other_pixels(folder: Path) -> None:
    data = pydicom.dcmread(folder / "003.dcm")
    data.PixelData = bytes(len(data.PixelData))
    data.save_as(folder / "x.dcm")


def _cut_file(folder: Path) -> None:
    path = folder / "004.dcm"
    path.write_bytes(path.read_bytes()[:200])


def _cut_pixels(folder: Path) -> None:
    path = folder / "004.dcm"
    path.write_bytes(path.read_bytes()[:-200])


def _tilt(data: Dataset, number: int) -> None:
    x, y, z = data.ImagePositionPatient
    data.ImagePositionPatient = [x, y + 0.3 * number, z]


def _frames_without_places(folder: Path) -> None:
    for path in sorted(folder.glob("*.dcm"))[1:]:
        path.unlink()
    data = pydicom.dcmread(folder / "000.dcm")
    data.NumberOfFrames = 14
    data.PixelData = data.PixelData * 14
    data.save_as(folder / "000.dcm")


def _frames_half_described(folder: Path) -> None:
    _frames_without_places(folder)
    data = pydicom.dcmread(folder / "000.dcm")
    data.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(9)]
    data.save_as(folder / "000.dcm")


def _second_series(folder: Path) -> None:
    write_series(folder, IMAGE, origin=ORIGIN, prefix="other")


def _one_left(folder: Path) -> None:
    for path in sorted(folder.glob("*.dcm"))[1:]:
        path.unlink()


of_series("missing slice", "missing_slice", lambda f: (f / "007.dcm").unlink())
of_series(
    "spacing that changes", "missing_slice", lambda f: [(f / f"{n:03d}.dcm").unlink() for n in (9, 11, 13)] and None
)
of_series("two phases in one series", "slices_twice", _two_phases)
of_series("one instance with two contents", "slices_twice", _same_uid_other_pixels)
of_series("gantry tilt", "sheared", _all(_tilt))
of_series("a single slice", "too_few_slices", _one_left)
of_series("no slice at all", "no_series", lambda f: [p.unlink() for p in f.glob("*")] and None)
of_series("folder that is gone", "file_missing", lambda f: shutil.rmtree(f))
of_series("only a localiser", "no_series", lambda f: None, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
of_series("two series and no word which", "several_series", _second_series)
of_series("slice cut off in its header", "unreadable", _cut_file)
of_series("slice cut off in its pixels", "truncated", _cut_pixels)
of_series("link that goes round in a circle", "link", lambda f: (f / "back").symlink_to(f.parent))
of_series("link that leads nowhere", "link", lambda f: (f / "lost.dcm").symlink_to(f / "nowhere"))
of_series("frames without places", "multiframe", _frames_without_places)
of_series("frames described by half", "multiframe", _frames_half_described)
of_slice("slice of another size", "slices_differ", lambda d: _set(Rows=12, PixelData=d.PixelData[: 12 * 26 * 2])(d))
of_slice("slice of another spacing", "slices_differ", _set(PixelSpacing=[1.0, 1.5]))
of_slice("slice in another direction", "slices_differ", _set(ImageOrientationPatient=[0, 1, 0, 1, 0, 0]))
of_slice("directions that are none", "orientation", _set(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]))
of_slice("no directions", "orientation", _set(ImageOrientationPatient=None))
of_slice("no spacing", "spacing", _set(PixelSpacing=None))
of_slice("spacing 0", "spacing", _set(PixelSpacing=[0.0, 1.0]))
of_slice("slice beyond the moon", "position", _set(ImagePositionPatient=[0.0, 0.0, 4e11]))
of_slice("rescale slope 0", "rescale", _set(RescaleSlope=0))
of_slice("no rows", "header", _set(Rows=None))
of_slice("no pixels", "pixel_data", _set(PixelData=None))
of_slice("one byte of pixels", "truncated", _set(PixelData=b"\0"))
of_slice("too many pixels", "truncated", lambda d: _set(PixelData=d.PixelData * 2)(d))
of_slice("colour slice", "components", _set(SamplesPerPixel=3, PhotometricInterpretation="RGB"))
of_slice("palette colour", "components", _set(PhotometricInterpretation="PALETTE COLOR"))
of_slice("JPEG 2000 that is none", "pixel_data", _compressed(JPEG2000, b"\xff\x4f\xff\x51" + bytes(60)))
of_slice("lossless JPEG that is none", "pixel_data", _compressed(JPEGLosslessSV1, b"\xff\xd8\xff\xe0" + bytes(60)))
of_slice("RLE cut off", "pixel_data", _compressed(RLELossless, bytes([2] + [0] * 63 + [5, 5])))
of_series("pixels that claim very much", "slices_differ", lambda f: _set_file(f / "003.dcm", Rows=65535, Columns=65535))
of_series("all slices claim very much", "too_large", _all(lambda d, n: _set(Rows=65535, Columns=65535)(d)))


def _set_file(path: Path, **values: Any) -> None:
    data = pydicom.dcmread(path)
    _set(**values)(data)
    data.save_as(path)


@case("MR where CT is declared", "no_series")
def _wrong_modality(folder: Path) -> Row:
    write_series(folder / "mr", np.abs(IMAGE), kind="MR", origin=ORIGIN)
    return lesion_row(folder / "mr", write_structures(folder / "rs.dcm", CONTOURS))


@case("PET without what SUV needs", "suv")
def _no_suv(folder: Path) -> Row:
    write_series(folder / "pt", np.abs(IMAGE), kind="PT", origin=ORIGIN, Units="BQML", CorrectedImage=["ATTN", "DECY"])
    return lesion_row(folder / "pt", write_structures(folder / "rs.dcm", CONTOURS), kind="PT")


# ------------------------------------------------------------------------------------------------------- regions
def of_structures(name: str, rule: str, contours: list[np.ndarray], *, roi: str | None = None, **options: Any) -> None:
    @case(name, rule)
    def make(folder: Path) -> Row:
        series(folder)
        return lesion_row(folder / "ct", write_structures(folder / "rs.dcm", contours, **options), roi=roi)


def of_structures_file(name: str, rule: str, change: Callable[[Path], None]) -> None:
    @case(name, rule)
    def make(folder: Path) -> Row:
        series(folder)
        path = write_structures(folder / "rs.dcm", CONTOURS)
        change(path)
        return lesion_row(folder / "ct", path)


def _points(numbers: list[float]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = pydicom.dcmread(path)
        data.ROIContourSequence[0].ContourSequence[2].ContourData = numbers
        data.save_as(path)

    return change


def _cut_structures(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def _no_structures(path: Path) -> None:
    path.write_bytes(b"contours")


of_structures("no contours", "roi_empty", [])
of_structures("open contours", "contour_open", CONTOURS, geometric_type="OPEN_PLANAR")
of_structures("open contours in space", "contour_open", CONTOURS, geometric_type="OPEN_NONPLANAR")
of_structures("points", "contour_open", CONTOURS, geometric_type="POINT")
of_structures("contour of two points", "contour_points", [*CONTOURS, CONTOURS[0][:2]])
of_structures("contour outside", "roi_outside", [square(110.0, 5.5, 60.0)])
of_structures("contour above the image", "roi_outside", [*CONTOURS, square(160.0, 5.5, 12.5)])
of_structures("contours between slices", "roi_between_slices", [square(111.0, 5.5, 12.5)])
of_structures("another frame of reference", "frame_of_reference", CONTOURS, frame="9.9")
of_structures("region that is not there", "roi_missing", CONTOURS, roi="Tumour")
of_structures("two regions, none named", "roi_missing", CONTOURS, others=("Heart",))
of_structures("region of another series", "other_series", CONTOURS, series="1.2.3.99")
of_structures("contour between two voxels", "roi_empty", [square(110.0, 5.1, 5.4)])
of_structures_file("contour with half a point", "contour_points", _points([1.0, 2.0, 3.0, 4.0]))
of_structures_file("RTSTRUCT cut off", "unreadable", _cut_structures)
of_structures_file("RTSTRUCT that is text", "not_dicom", _no_structures)


@case("slice as contour", "mask_format")
def _slice_as_mask(folder: Path) -> Row:
    series(folder)
    return lesion_row(folder / "ct", folder / "ct" / "003.dcm")


def of_segmentation(name: str, rule: str, kind: str = "BINARY", roi: str | None = None, **tags: Any) -> None:
    @case(name, rule)
    def make(folder: Path) -> Row:
        series(folder)
        path = write_segmentation(
            folder / "seg.dcm", folder / "ct", {"GTV": ROI, "N": np.roll(ROI, 6, 2)}, kind, **tags
        )
        return lesion_row(folder / "ct", path, roi=roi)


of_segmentation("SEG of probabilities", "mask_values", "FRACTIONAL", "GTV")
of_segmentation("segment that is not there", "roi_missing", roi="Tumour")
of_segmentation("two segments, none named", "roi_missing")
of_segmentation("SEG of another frame of reference", "frame_of_reference", roi="GTV", FrameOfReferenceUID="9.9")


@case("SEG cut off", "unreadable")
def _cut_segmentation(folder: Path) -> Row:
    series(folder)
    path = write_segmentation(folder / "seg.dcm", folder / "ct", {"GTV": ROI})
    path.write_bytes(path.read_bytes()[:-300])
    return lesion_row(folder / "ct", path)


@case("SEG of a series that lies elsewhere", "roi_outside")
def _segmentation_elsewhere(folder: Path) -> Row:
    series(folder)
    write_series(folder / "other", IMAGE, origin=(0.0, 0.0, 130.0), frame="1.2.3.4")
    path = write_segmentation(folder / "seg.dcm", folder / "other", {"GTV": ROI})
    data = pydicom.dcmread(path)
    del data.ReferencedSeriesSequence
    data.save_as(path)
    return lesion_row(folder / "ct", path)
