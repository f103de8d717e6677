"""What happens to volumes that are not what they should be."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from lesion_phantoms import ball, lesion_row, volume, write_pair

from radiogenomics.exceptions import ImageError
from radiogenomics.imaging import read_lesion


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".nhdr"])
def test_every_format_gives_the_same_voxels_and_mask(tmp_path, suffix) -> None:
    image, roi = ball()
    lesion = read_lesion(lesion_row(*write_pair(tmp_path, "a", image.astype(np.int16), roi, suffix)))
    values, mask = lesion.arrays()
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, image)
    np.testing.assert_array_equal(mask, roi)
    assert lesion.image.GetSpacing() == pytest.approx((1.0, 1.0, 2.0))


def test_a_mask_shifted_by_five_millimetres_is_an_error_that_says_so(tmp_path) -> None:
    image, roi = ball()
    path, _ = write_pair(tmp_path, "a", image, roi)
    _, shifted = write_pair(tmp_path, "b", image, roi, origin=(-15.0, 5.0, 100.0))
    with pytest.raises(ImageError, match=r"up to 5\.00 mm away and its centre 5\.00 mm") as caught:
        read_lesion(lesion_row(path, shifted))
    assert caught.value.rule == "geometry"


def test_a_mask_with_another_spacing_is_an_error(tmp_path) -> None:
    image, roi = ball()
    path, _ = write_pair(tmp_path, "a", image, roi)
    _, other = write_pair(tmp_path, "b", image, roi, spacing=(1.0, 1.0, 2.1))
    with pytest.raises(ImageError, match="mm away"):
        read_lesion(lesion_row(path, other))


def test_a_mask_of_another_size_is_an_error_that_names_both_sizes(tmp_path) -> None:
    image, roi = ball()
    path, _ = write_pair(tmp_path, "a", image, roi)
    _, other = write_pair(tmp_path, "b", image[1:], roi[1:])
    with pytest.raises(ImageError, match=r"44 x 40 x 23 voxels, the image's 44 x 40 x 24: slices are lacking"):
        read_lesion(lesion_row(path, other))


def test_a_rounding_difference_in_the_header_is_no_error(tmp_path) -> None:
    image, roi = ball()
    path, _ = write_pair(tmp_path, "a", image, roi)
    _, close = write_pair(tmp_path, "b", image, roi, origin=(-20.0001, 5.0, 100.0))
    assert read_lesion(lesion_row(path, close)).arrays()[1].sum() == roi.sum()


def test_a_missing_label_is_an_error_that_names_the_labels_there_are(tmp_path) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path, "a", image, roi)
    with pytest.raises(ImageError, match=r"label 3 not in mask \(found \[1\]\)"):
        read_lesion(lesion_row(path, mask, roi="3"))


def test_of_two_labels_the_one_that_is_meant_is_read_and_neither_in_silence(tmp_path) -> None:
    image, roi = ball()
    labels = roi.astype(np.uint8)
    labels[:12][roi[:12]] = 2
    path, _ = write_pair(tmp_path, "a", image, roi)
    sitk.WriteImage(volume(labels), str(tmp_path / "labels.nii.gz"))
    row = lesion_row(path, tmp_path / "labels.nii.gz")
    with pytest.raises(ImageError, match=r"labels \[1, 2\] found; say which"):
        read_lesion(row)
    second = read_lesion({**row, "roi": "2"}).arrays()[1]
    np.testing.assert_array_equal(second, labels == 2)


def test_a_mask_with_values_between_whole_numbers_is_an_error_not_an_empty_roi(tmp_path) -> None:
    image, roi = ball()
    path, _ = write_pair(tmp_path, "a", image, roi)
    sitk.WriteImage(volume(roi * np.float32(0.999)), str(tmp_path / "soft.nii.gz"))
    with pytest.raises(ImageError, match="whole numbers"):
        read_lesion(lesion_row(path, tmp_path / "soft.nii.gz"))


def test_an_intensity_that_is_not_a_number_is_an_error_that_counts(tmp_path) -> None:
    image, roi = ball()
    image[3, 3, 3] = np.nan
    with pytest.raises(ImageError, match=r"1 of 42,240 voxels are not finite"):
        read_lesion(lesion_row(*write_pair(tmp_path, "a", image, roi)))


def test_an_empty_roi_is_refused(tmp_path) -> None:
    image, roi = ball()
    with pytest.raises(ImageError) as caught:
        read_lesion(lesion_row(*write_pair(tmp_path, "a", image, np.zeros_like(roi))))
    assert caught.value.rule == "roi_empty"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_truncated_nifti_is_an_error_not_zeros(tmp_path, suffix) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path, "a", image, roi, suffix)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError) as caught:
        read_lesion(lesion_row(path, mask))
    assert caught.value.rule == "truncated"


def test_a_compressed_nifti_with_too_few_voxels_is_an_error(tmp_path) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path, "a", image, roi, ".nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1000]))
    with pytest.raises(ImageError, match="cut off"):
        read_lesion(lesion_row(path, mask))


@pytest.mark.parametrize(
    ("place", "form", "value", "rule"),
    [
        (80, "<f", 0.0, "spacing"),  # pixdim[1]
        (112, "<f", float("inf"), "not_finite"),  # scl_slope
        (42, "<4h", (30000, 30000, 30000, 1), "too_large"),  # a small file that claims very much
    ],
)
def test_a_nifti_header_that_cannot_be_true_is_refused(tmp_path, place, form, value, rule) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path, "a", image, roi, ".nii")
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, place, *(value if isinstance(value, tuple) else (value,)))
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_lesion(lesion_row(path, mask))
    assert caught.value.rule == rule


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_a_header_that_points_outside_its_folder_is_not_followed(tmp_path, suffix) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path / "in", "a", image, roi, suffix)
    data = next(
        p for p in path.parent.iterdir() if p.name.startswith("a_image") and p.suffix in (".raw", ".zraw", ".gz")
    )
    data.rename(tmp_path / data.name)
    path.write_text(path.read_text().replace(data.name, f"../{data.name}"))
    with pytest.raises(ImageError) as caught:
        read_lesion(lesion_row(path, mask))
    assert caught.value.rule == "detached_outside"


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b" + b"\0" * 40])
def test_a_file_that_is_no_image_is_an_error_that_names_it(tmp_path, content) -> None:
    image, roi = ball()
    _, mask = write_pair(tmp_path, "a", image, roi)
    (tmp_path / "bad.nii.gz").write_bytes(content)
    with pytest.raises(ImageError, match=r"bad\.nii\.gz"):
        read_lesion(lesion_row(tmp_path / "bad.nii.gz", mask))


def test_a_missing_file_is_an_error_that_names_it(tmp_path) -> None:
    image, roi = ball()
    path, mask = write_pair(tmp_path, "a", image, roi)
    with pytest.raises(ImageError, match=r"gone\.nii: no such file"):
        read_lesion(lesion_row(path, tmp_path / "gone.nii"))
    with pytest.raises(ImageError, match=r"gone\.nii: no such file"):
        read_lesion(lesion_row(tmp_path / "gone.nii", mask))
