"""Malformed volume files and masks, each made on purpose and with the rule that must name it."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from lesion_phantoms import ball, lesion_row, volume, write_pair

Row = dict[str, Any]
CASES: dict[str, tuple[str, Callable[[Path], Row]]] = {}
"""Name -> (rule, maker of the files in a folder of its own, which gives the lesion's row)."""

IMAGE, ROI = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)


def case(name: str, rule: str) -> Callable[[Callable[[Path], Row]], Callable[[Path], Row]]:
    def add(make: Callable[[Path], Row]) -> Callable[[Path], Row]:
        CASES[name] = (rule, make)
        return make

    return add


def pair(folder: Path, suffix: str = ".nii", image: np.ndarray = IMAGE, roi: np.ndarray = ROI) -> tuple[Path, Path]:
    return write_pair(folder, "a", image.copy(), roi.copy(), suffix)


def of_image(name: str, rule: str, change: Callable[[Path], Any], suffix: str = ".nii") -> None:
    """A good pair whose image file is then changed."""

    @case(name, rule)
    def make(folder: Path) -> Row:
        image, mask = pair(folder, suffix)
        mask = write_pair(folder, "m", IMAGE, ROI, ".nii")[1]
        changed = change(image)
        return lesion_row(changed if isinstance(changed, Path) else image, mask)


def of_mask(name: str, rule: str, make_mask: Callable[[Path], Any], **row: Any) -> None:
    """A good image with another mask: an image to be written, or a file."""

    @case(name, rule)
    def make(folder: Path) -> Row:
        image, _ = pair(folder)
        made = make_mask(folder)
        if not isinstance(made, Path):
            sitk.WriteImage(made, str(folder / "other.nii.gz"))
            made = folder / "other.nii.gz"
        return lesion_row(image, made, **row)


def _pack(place: int, form: str, *values: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        struct.pack_into(form, content, place, *values)
        path.write_bytes(content)

    return change


def _cut(share: float) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)]) and None


def _text(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = path.read_bytes()
        assert old.encode() in content
        path.write_bytes(content.replace(old.encode(), new.encode(), 1))

    return change


def _as(image: sitk.Image, suffix: str = ".nii") -> Callable[[Path], Path]:
    def change(path: Path) -> Path:
        other = path.with_name(f"other{suffix}")
        sitk.WriteImage(image, str(other))
        return other

    return change


def _gzip_bomb(path: Path) -> None:
    content = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<4h", content, 42, 2000, 2000, 2000, 1)
    path.write_bytes(gzip.compress(bytes(content) + b"\0" * 10_000_000))


def _to_itself(path: Path) -> Path:
    link = path.with_name("link.nii")
    link.symlink_to(link)
    return link


def _away(path: Path) -> None:
    """Detached data moved out of the header's folder, and the header pointed at it."""
    data = next(p for p in path.parent.iterdir() if p.name.startswith("a_image") and p != path)
    outside = path.parent.parent / f"{path.parent.name}{data.suffix}"
    data.rename(outside)
    path.write_text(path.read_text().replace(data.name, f"../{outside.name}"))


def _without_data(path: Path) -> None:
    next(p for p in path.parent.iterdir() if p.name.startswith("a_image") and p != path).unlink()


def _with(value: float) -> sitk.Image:
    image = IMAGE.copy()
    image[3, 3, 3] = value
    return volume(image)


of_image("image that is not there", "file_missing", lambda p: p.with_name("gone.nii"))
of_image("empty file", "truncated", lambda p: p.write_bytes(b"") and None)
of_image("text named .nii", "truncated", lambda p: p.write_text("patient 1") and None)
of_image("no NIfTI inside", "unreadable", lambda p: p.write_bytes(b"\1" * 5000) and None)
of_image("NIfTI cut in half", "truncated", _cut(0.5))
of_image("compressed NIfTI cut in half", "truncated", _cut(0.5), ".nii.gz")
of_image(
    "compressed NIfTI with too few voxels",
    "truncated",
    lambda p: p.write_bytes(gzip.compress(gzip.decompress(p.read_bytes())[:-999])) and None,
    ".nii.gz",
)
of_image("NIfTI voxel size 0", "spacing", _pack(80, "<f", 0.0))
of_image("NIfTI voxel size of 10 m", "spacing", _pack(88, "<f", 10000.0))
of_image("NIfTI voxel size not a number", "spacing", _pack(84, "<f", float("nan")))
of_image("NIfTI slope infinite", "not_finite", _pack(112, "<f", float("inf")))
of_image("NIfTI intercept not a number", "not_finite", _pack(116, "<f", float("nan")))
of_image("NIfTI that claims 27 million million voxels", "too_large", _pack(42, "<4h", 30000, 30000, 30000, 1))
of_image("small file that unpacks to very much", "too_large", _gzip_bomb, ".nii.gz")
of_image("intensity not a number", "not_finite", _as(_with(float("nan"))))
of_image("intensity not a number in NRRD", "not_finite", _as(_with(float("nan")), ".nrrd"))
of_image("intensity infinite", "not_finite", _as(_with(float("-inf")), ".mha"))
of_image("two dimensions", "dimension", _as(volume(IMAGE)[:, :, 5]))
of_image("two dimensions in NRRD", "dimension", _as(volume(IMAGE)[:, :, 5], ".nrrd"))
of_image("a film of volumes", "dimension", _as(sitk.JoinSeries([volume(IMAGE), volume(IMAGE)])))
of_image("colour", "components", _as(sitk.Compose(*[sitk.Cast(volume(ROI * 1.0), sitk.sitkUInt8)] * 3)))
of_image("vectors in NRRD", "components", _as(sitk.Compose(*[volume(IMAGE)] * 3), ".nrrd"))
of_image("NRRD cut in half", "unreadable", _cut(0.5), ".nrrd")
of_image("NRRD that claims very much", "too_large", _text("sizes: 26 24 14", "sizes: 9999 9999 9999"), ".nrrd")
of_image("NRRD data outside its folder", "detached_outside", _away, ".nhdr")
of_image("MetaImage data outside its folder", "detached_outside", _away, ".mhd")
of_image("MetaImage without its data", "file_missing", _without_data, ".mhd")
of_image("MetaImage spread over files", "detached_list", _text("a_image.raw", "LIST"), ".mhd")
of_image("MetaImage cut in half", "unreadable", _cut(0.5), ".mha")
of_image("MetaImage voxel size 0", "spacing", _text("ElementSpacing = 1 1 2", "ElementSpacing = 0 1 2"), ".mha")
of_image("link to itself", "file_missing", _to_itself)
of_image("picture", "image_format", lambda p: p.rename(p.with_suffix(".png")))
of_image("folder without DICOM", "no_series", lambda p: (p.parent / "x").mkdir() or p.parent / "x")


@case("same value everywhere in the ROI", "constant")
def _constant(folder: Path) -> Row:
    return lesion_row(*pair(folder, image=np.where(ROI, np.float32(40), IMAGE)))


@case("three voxels", "too_small")
def _three_voxels(folder: Path) -> Row:
    few = np.zeros_like(ROI)
    few[7, 12, 10:13] = True
    return lesion_row(*pair(folder, roi=few))


@case("contour in the air", "outside_tissue")
def _air(folder: Path) -> Row:
    return lesion_row(*pair(folder, image=np.where(ROI, IMAGE - 1040, IMAGE)))


def _mask(array: np.ndarray = ROI, **grid: Any) -> sitk.Image:
    return volume(array.astype(np.uint8), **grid)


def _flipped() -> sitk.Image:
    """As a writer leaves it that forgets to turn left and right: axes negative, origin kept."""
    mask = _mask()
    mask.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    return mask


def _turned() -> sitk.Image:
    mask = _mask()
    c, s = np.cos(np.radians(10)), np.sin(np.radians(10))
    mask.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1))
    return mask


def _one_voxel_between() -> sitk.Image:
    """A fine mask whose few voxels lie between the centres of the image's."""
    fine = np.zeros((56, 96, 104), dtype=np.uint8)
    fine[24:25, 40:41, 40:41] = 1
    return _mask(fine, spacing=(0.25, 0.25, 0.5), origin=(-20.375, 4.625, 99.25))


of_mask("mask that is not there", "file_missing", lambda f: f / "gone.nii")
of_mask("empty mask", "roi_empty", lambda f: _mask(np.zeros_like(ROI)))
of_mask("mask 5 mm to the side", "geometry", lambda f: _mask(origin=(-15.0, 5.0, 100.0)))
of_mask("mask one slice too high", "geometry", lambda f: _mask(origin=(-20.0, 5.0, 102.0)))
of_mask("mirrored mask", "mirrored", lambda f: _flipped())
of_mask("turned mask", "geometry", lambda f: _turned())
of_mask("mask of another voxel size", "geometry", lambda f: _mask(spacing=(1.0, 1.0, 2.5)))
of_mask("mask with a slice less", "geometry", lambda f: _mask(ROI[1:]))
of_mask("mask of another image", "geometry", lambda f: _mask(ROI[2:, 3:, 4:], origin=(200.0, 300.0, 100.0)))
of_mask("mask that vanishes on the image's grid", "roi_empty", lambda f: _one_voxel_between())
of_mask("mask of 0.999", "mask_values", lambda f: volume(ROI * np.float32(0.999)))
of_mask("mask with NaN", "not_finite", lambda f: volume(np.where(ROI, np.float32("nan"), np.float32(1))))
of_mask("two labels, none named", "roi_missing", lambda f: _mask(ROI + 2 * np.roll(ROI, 8, axis=2)))
of_mask("label that does not occur", "roi_missing", lambda f: _mask(), roi="7")
of_mask("label that is no number", "roi_missing", lambda f: _mask(), roi="tumour")
of_mask("colour mask", "components", lambda f: sitk.Compose(*[_mask()] * 3))
of_mask("mask in two dimensions", "dimension", lambda f: _mask()[:, :, 7])
of_mask("table as mask", "mask_format", lambda f: (f / "mask.csv").write_text("1,2") and f / "mask.csv")
