"""One lesion: an image and the mask of its region of interest on the same grid, checked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiogenomics.cohort.folders import files_below
from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.acquisition import unknown_acquisition
from radiogenomics.imaging.geometry import Remark, along_body, backward_axes, mask_on_grid
from radiogenomics.imaging.volumes import files_of_volume, is_volume, read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class Lesion:
    """A lesion as read.

    Attributes
    ----------
    image : float32 volume in HU (CT), SUV by body weight (PT) or arbitrary units (MR); all finite.
    mask : uint8 volume of 0 and 1 on the same grid.
    kind : 'CT', 'PT' or 'MR'.
    name : for messages.
    acquisition : scanner and protocol as far as headers say; nothing that identifies a person.
    turned : axes (x: 0, y: 1, z: 2) that were stored the other way; only known of an image without contour.
    remarks : what a person should know of how it was read, each (rule, sentence); quality control decides what follows.
    """

    image: sitk.Image
    mask: sitk.Image
    kind: str
    name: str
    acquisition: dict[str, Any]
    remarks: tuple[Remark, ...] = ()
    turned: tuple[int, ...] = ()

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Intensities (float32) and ROI (bool), axes z, y, x; not to be written to."""
        return self._arrays

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        mask = _view(self.mask)
        plain = mask.dtype == np.uint8 and mask.max(initial=0) <= 1
        return _view(self.image), mask.view(bool) if plain else mask > 0


def _view(image: sitk.Image) -> np.ndarray:
    """The voxels of an image, not copied. SimpleITK's own view does not keep its image alive; this one does."""
    import SimpleITK as sitk

    held = sitk.GetArrayViewFromImage(image)
    return np.asarray(_Held(image, {**held.__array_interface__, "data": (held.ctypes.data, True)}))


@dataclass(frozen=True)
class _Held:
    image: Any
    __array_interface__: dict[str, Any]


def decode_lesion(lesion: Mapping[str, Any]) -> Lesion:
    """Read one row of the lesions table: NIfTI, NRRD, MetaImage, or a DICOM series with RTSTRUCT, SEG or a mask volume.

    In the process that calls: a malformed file may crash it. `guarded_reading.read_lesion` is what the pipeline uses.

    Parameters
    ----------
    lesion : mapping with the columns of `schemas.LESIONS`.

    Raises
    ------
    ImageError
        A file is missing or damaged; image and mask do not cover the same space; an intensity is not finite; the ROI is not
        found or empty. The message names the file, the rule and what was found.
    """
    import SimpleITK as sitk

    if not lesion["mask"]:
        return _image_alone(lesion)
    image_path, mask_path = Path(lesion["image"]), Path(lesion["mask"])
    roi = _roi(lesion)
    if not image_path.exists():
        raise ImageError(f"{image_path}: no such file or folder", rule="file_missing")
    if image_path.is_dir():
        image, mask, acquisition, remarks = _read_dicom(image_path, mask_path, lesion["kind"], roi, _series(lesion))
    elif is_volume(image_path):
        image = read_volume(image_path, floating=True)
        acquisition = unknown_acquisition()
        if not is_volume(mask_path):
            raise ImageError(
                f"{mask_path}: the mask of a {image_path.suffix} image must be a volume too", rule="mask_format"
            )
        mask = _label_mask(mask_path, roi)
        remarks = []
    else:
        raise ImageError(
            f"{image_path}: neither a DICOM folder nor a volume file (.nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd)",
            rule="image_format",
        )
    mask, remark = mask_on_grid(image, mask, str(mask_path))
    remarks += [remark] if remark is not None else []
    image, mask = along_body(image), along_body(mask)
    values = sitk.GetArrayViewFromImage(image)
    _require_finite(values, image_path)
    if not np.count_nonzero(sitk.GetArrayViewFromImage(mask)):
        raise ImageError(f"{mask_path}: the ROI is empty", rule="roi_empty")
    return Lesion(image, mask, lesion["kind"], f"{lesion['images']} {lesion['lesion_id']}", acquisition, tuple(remarks))


def _image_alone(lesion: Mapping[str, Any]) -> Lesion:
    """The image of a lesion that has no contour yet, with a mask of zeros."""
    import SimpleITK as sitk

    from radiogenomics.imaging.dicom_series import choose_series, read_series

    path = Path(lesion["image"])
    if not path.exists():
        raise ImageError(f"{path}: no such file or folder", rule="file_missing")
    if path.is_dir():
        named = _series(lesion)
        chosen = choose_series(path, lesion["kind"], {named} if named is not None else set())
        found = read_series(chosen, path, lesion["kind"])
        image, acquisition, remarks = found.image, found.acquisition, tuple(found.remarks)
    elif is_volume(path):
        image, acquisition, remarks = read_volume(path, floating=True), unknown_acquisition(), ()
    else:
        raise ImageError(f"{path}: neither a DICOM folder nor a volume file", rule="image_format")
    turned = backward_axes(image)
    image = along_body(image)
    _require_finite(sitk.GetArrayViewFromImage(image), path)
    mask = sitk.Image(image.GetSize(), sitk.sitkUInt8)
    mask.CopyInformation(image)
    name = f"{lesion['images']} {lesion['lesion_id']}"
    return Lesion(image, mask, lesion["kind"], name, acquisition, remarks, turned)


def _require_finite(values: np.ndarray, path: Path) -> None:
    if not np.isfinite(values).all():
        raise ImageError(
            f"{path}: {int((~np.isfinite(values)).sum()):,} of {values.size:,} voxels are not finite numbers",
            rule="not_finite",
        )


def files_of_lesion(lesion: Mapping[str, Any]) -> list[Path]:
    """Every file whose content decides what `read_lesion` returns, sorted.

    Raises
    ------
    ImageError
        A file or folder does not exist, or detached data lie outside the header's folder.
    """
    found: set[Path] = set()
    for path in (Path(lesion[column]) for column in ("image", "mask") if lesion[column]):
        if path.is_dir():
            found.update(_files_of_series(path, _series(lesion)))
        elif not path.is_file():
            raise ImageError(f"{path}: no such file or folder", rule="file_missing")
        elif is_volume(path):
            found.update(files_of_volume(path))
        else:
            found.add(path)
    return sorted(found)


def _roi(lesion: Mapping[str, Any]) -> str | None:
    roi = lesion.get("roi")
    return str(roi) if isinstance(roi, (str, int, np.integer)) and str(roi) != "" else None


def _series(lesion: Mapping[str, Any]) -> str | None:
    series = lesion.get("series")
    return series if isinstance(series, str) and series else None


def _files_of_series(folder: Path, series: str | None) -> list[Path]:
    from radiogenomics.imaging.dicom_series import files_of_series

    return files_below(folder) if series is None else files_of_series(folder, series)


def _read_dicom(
    folder: Path, mask_path: Path, kind: str, roi: str | None, series: str | None
) -> tuple[sitk.Image, sitk.Image, dict[str, Any], list[Remark]]:
    from radiogenomics.imaging.contours import mask_of_contours, referenced_series
    from radiogenomics.imaging.dicom_frames import read_header
    from radiogenomics.imaging.dicom_series import choose_series, read_series
    from radiogenomics.imaging.segmentations import mask_of_segmentation, series_of_segmentation

    named = {series} if series is not None else set()
    if is_volume(mask_path):
        found = read_series(choose_series(folder, kind, named), folder, kind)
        return found.image, _label_mask(mask_path, roi), found.acquisition, list(found.remarks)
    if not mask_path.is_file():
        raise ImageError(f"{mask_path}: no such file", rule="file_missing")
    header = read_header(mask_path)
    modality = str(getattr(header, "Modality", ""))
    if modality not in ("RTSTRUCT", "SEG"):
        raise ImageError(
            f"{mask_path}: expected an RTSTRUCT or SEG, found {modality or 'no modality'}", rule="mask_format"
        )
    referenced = referenced_series(header) if modality == "RTSTRUCT" else series_of_segmentation(header)
    found = read_series(choose_series(folder, kind, named or referenced), folder, kind)
    remark = None
    if modality == "RTSTRUCT":
        mask = mask_of_contours(header, found.image, found.frame_of_reference, roi, str(mask_path))
    else:
        mask, remark = mask_of_segmentation(mask_path, found.image, found.frame_of_reference, roi)
    return found.image, mask, found.acquisition, [*found.remarks, *([remark] if remark is not None else [])]


def _label_mask(path: Path, roi: str | None) -> sitk.Image:
    """The voxels of one label of a mask volume as 0 and 1."""
    import SimpleITK as sitk

    volume = read_volume(path, floating=False)
    values = sitk.GetArrayViewFromImage(volume)
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or not np.array_equal(values, np.round(values)):
            raise ImageError(f"{path}: a mask must hold whole numbers, found values between them", rule="mask_values")
    elif values.dtype.kind not in "iub":
        raise ImageError(f"{path}: a mask must hold whole numbers, found {values.dtype}", rule="mask_values")
    labels = [int(value) for value in np.unique(values) if value != 0]
    if not labels:
        raise ImageError(f"{path}: the mask is empty", rule="roi_empty")
    if roi is None:
        if len(labels) > 1:
            raise ImageError(f"{path}: labels {labels} found; say which one in column roi", rule="roi_missing")
        label = labels[0]
    else:
        try:
            label = int(float(roi))
        except ValueError as error:
            raise ImageError(
                f"{path}: roi {roi!r} must be a label number; found {labels}", rule="roi_missing"
            ) from error
        if label not in labels:
            raise ImageError(f"{path}: label {label} not in mask (found {labels})", rule="roi_missing")
    mask = sitk.GetImageFromArray((values == label).astype(np.uint8))
    mask.CopyInformation(volume)
    return mask
