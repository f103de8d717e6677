"""Volumetrics against geometry, embeddings against what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from lesion_phantoms import ball, volume

from radiogenomics.imaging.embedding import MARGIN_MM, MINIMUM_MM, embedding_of_lesion
from radiogenomics.imaging.geometry import bounding_box, box_and_centroid
from radiogenomics.imaging.planes import CT_WINDOWS, orthogonal_planes, plane_grids
from radiogenomics.imaging.reading import Lesion
from radiogenomics.imaging.volumetrics import volumetrics_of_lesion

PLANES = {"margin_mm": MARGIN_MM, "minimum_mm": MINIMUM_MM}


def _lesion(image: np.ndarray, roi: np.ndarray, kind: str = "CT", **grid) -> Lesion:
    return Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), kind, "ct L1", {})


def _cosine(one: dict[str, float], two: dict[str, float]) -> float:
    a, b = np.array(list(one.values())), np.array(list(two.values()))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_ball_has_the_volume_and_diameters_of_a_ball() -> None:
    spacing = (0.8, 0.8, 1.25)
    image, roi = ball((48, 70, 70), (24, 35, 35), 20.0, spacing)
    found = volumetrics_of_lesion(_lesion(image, roi, spacing=spacing), {})
    assert found["volume_mm3"] == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.01)
    assert found["longest_axial_diameter_mm"] == pytest.approx(40, abs=0.81)
    assert found["longest_diameter_mm"] == pytest.approx(40, abs=1.25)
    assert 0.9 < found["sphericity"] <= 1.0  # the steps between voxels add surface


def test_a_box_has_the_diagonals_of_a_box() -> None:
    image, roi = np.zeros((20, 30, 40), np.float32), np.zeros((20, 30, 40), bool)
    roi[5:11, 5:13, 5:20] = True  # 12 x 8 x 15 mm at 2 x 1 x 1
    found = volumetrics_of_lesion(_lesion(image, roi), {})
    assert found["volume_mm3"] == 12 * 8 * 15
    # the outline runs through the faces' middles of the corner voxels
    assert found["longest_axial_diameter_mm"] == pytest.approx(np.hypot(15, 7), abs=1e-6)


def test_the_longest_axial_diameter_is_axial_whatever_the_order_of_the_axes() -> None:
    image, roi = np.zeros((20, 30, 40), np.float32), np.zeros((20, 30, 40), bool)
    roi[2:18, 10:15, 10:16] = True  # 32 mm along the body, 5 x 6 mm across
    upright = _lesion(image, roi)
    turned = Lesion(*(sitk.DICOMOrient(v, "PIR") for v in (upright.image, upright.mask)), "CT", "ct L1", {})
    one, two = (volumetrics_of_lesion(found, {}) for found in (upright, turned))
    assert one["longest_axial_diameter_mm"] == pytest.approx(two["longest_axial_diameter_mm"], abs=1e-6)
    assert one["longest_axial_diameter_mm"] < 8
    assert one["longest_diameter_mm"] > 31


def test_the_solid_share_counts_what_is_denser_than_minus_300_hu_and_only_for_ct() -> None:
    image, roi = ball()
    image[:] = -600
    image[:, :, :22] = 20
    expected = roi[:, :, :22].sum() / roi.sum()
    assert volumetrics_of_lesion(_lesion(image, roi), {})["solid_share"] == pytest.approx(expected)
    assert "solid_share" not in volumetrics_of_lesion(_lesion(image, roi, "PT"), {})


@pytest.mark.real_data
def test_the_ibsi_digital_phantom_has_its_published_volume_diameter_and_sphericity(shared_data) -> None:
    from lesion_phantoms import lesion_row

    from radiogenomics.imaging import read_lesion

    folder = shared_data / "ibsi1_digital_phantom"
    found = volumetrics_of_lesion(read_lesion(lesion_row(folder / "image.nii.gz", folder / "mask.nii.gz")), {})
    assert found["volume_mm3"] == 592
    assert found["longest_diameter_mm"] == pytest.approx(13.1, abs=0.1)
    assert found["sphericity"] == pytest.approx(0.843, abs=0.005)
    assert found["mean_intensity"] == pytest.approx(2.15, abs=0.005)


@pytest.mark.parametrize("kind", ["CT", "PT", "MR"])
def test_an_embedding_has_1280_finite_numbers_that_repeat_to_the_bit(kind) -> None:
    image, roi = ball()
    found = _lesion(image if kind == "CT" else (image + 1000) / 100, roi, kind)
    one, two = embedding_of_lesion(found, PLANES), embedding_of_lesion(found, PLANES)
    assert len(one) == 1280
    assert np.isfinite(list(one.values())).all()
    assert one == two


def test_an_embedding_looks_at_the_lesion_and_not_at_what_is_far_from_it() -> None:
    image, roi = ball((30, 120, 120), (15, 60, 60), 9.0)
    far = image.copy()
    far[:, :, :15] = 1000
    assert embedding_of_lesion(_lesion(image, roi), PLANES) == embedding_of_lesion(_lesion(far, roi), PLANES)
    other = np.where(roi, -500, image).astype(np.float32)
    assert (
        _cosine(embedding_of_lesion(_lesion(image, roi), PLANES), embedding_of_lesion(_lesion(other, roi), PLANES))
        < 0.99
    )


def test_an_embedding_does_not_depend_on_the_order_of_the_axes() -> None:
    image, roi = ball((30, 60, 60), (15, 30, 30), 9.0)
    upright = _lesion(image, roi)
    turned = Lesion(*(sitk.DICOMOrient(v, "RAS") for v in (upright.image, upright.mask)), "CT", "ct L1", {})
    assert _cosine(embedding_of_lesion(upright, PLANES), embedding_of_lesion(turned, PLANES)) > 0.9999


def test_an_mr_embedding_does_not_depend_on_its_arbitrary_unit() -> None:
    image, roi = ball()
    one = embedding_of_lesion(_lesion(image, roi, "MR"), PLANES)
    two = embedding_of_lesion(_lesion(image * 4 + 4000, roi, "MR"), PLANES)
    assert _cosine(one, two) > 0.9999


def test_planes_are_centred_on_the_lesion_and_show_its_surroundings() -> None:
    image, roi = ball((40, 80, 80), (20, 40, 40), 12.0)
    image[:] = np.where(roi, 150, -1350)
    pictures = orthogonal_planes(_lesion(image, roi), 100, 8.0, 10.0)
    assert pictures.shape == (3, 3, 100, 100)
    for plane in pictures:
        inside = plane[0] > 0.5
        rows, columns = np.nonzero(inside)
        assert abs(rows.mean() - 49.5) < 3
        assert abs(columns.mean() - 49.5) < 3
        assert inside.mean() == pytest.approx(np.pi * 12**2 / (25 + 16) ** 2, rel=0.15)


@pytest.mark.parametrize("place", [(20, 40, 40), (3, 70, 5)])
@pytest.mark.parametrize("orientation", ["LPS", "RAI", "ASL"])
def test_planes_are_those_of_simpleitk_also_of_turned_volumes_and_beyond_the_image(
    place: tuple[int, int, int], orientation: str
) -> None:
    rng = np.random.default_rng(5)
    _, roi = ball((40, 80, 80), place, 9.0)
    lesion = _lesion(rng.normal(-300, 400, roi.shape).astype(np.float32), roi)
    turn = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.1, 0.3).GetMatrix()
    for scan in (lesion.image, lesion.mask):
        scan.SetDirection(turn)
        scan.SetSpacing((0.8, 0.7, 1.9))
    turned = Lesion(*(sitk.DICOMOrient(v, orientation) for v in (lesion.image, lesion.mask)), "CT", "ct L1", {})
    pictures = orthogonal_planes(turned, 60, 20.0, 10.0)
    low, high = CT_WINDOWS[2]
    for picture, grid in zip(pictures, plane_grids(turned, 60, 20.0, 10.0), strict=True):
        upright = sitk.DICOMOrient(turned.image, "LPS")
        shown = sitk.GetArrayFromImage(sitk.Resample(upright, grid, sitk.Transform(), sitk.sitkLinear, -1000.0))[0]
        expected = np.clip((shown - low) / (high - low), 0, 1)
        assert np.quantile(np.abs(picture[2] - expected), 0.99) < 1e-5
        assert np.mean(np.abs(picture[2] - expected) > 1e-3) < 0.005  # on the very border rounding decides
    beyond = np.mean(pictures[:, 2] == 0.0)
    assert (beyond > 0.1) == (place != (20, 40, 40))


@pytest.mark.parametrize("share", [0.003, 0.3, 1.0])
def test_box_and_centroid_are_those_of_the_list_of_voxels(share: float) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((20, 30, 40), bool)
    mask[3:17, 11:30, 2:40] = rng.random((14, 19, 38)) < share
    voxels = np.argwhere(mask)
    lower, upper, middle = box_and_centroid(mask)
    np.testing.assert_array_equal((lower, upper), (voxels.min(axis=0), voxels.max(axis=0)))
    np.testing.assert_array_equal(bounding_box(mask), (lower, upper))
    np.testing.assert_allclose(middle, voxels.mean(axis=0), rtol=1e-15)


def test_a_lesion_of_one_voxel_has_a_box_and_a_centroid() -> None:
    mask = np.zeros((5, 6, 7), bool)
    mask[4, 0, 6] = True
    for found in box_and_centroid(mask):
        np.testing.assert_array_equal(found, [4, 0, 6])


@pytest.mark.real_data
def test_two_tumours_differ_more_than_one_tumour_moved_by_three_millimetres(shared_data) -> None:
    from lesion_phantoms import lesion_row

    from radiogenomics.imaging import read_lesion

    folder = shared_data / "lung_ct_samples"
    one, two = (
        read_lesion(lesion_row(folder / f"{name}_image.nrrd", folder / f"{name}_label.nrrd"))
        for name in ("lung1", "lung2")
    )
    moved = sitk.CyclicShift(one.mask, [5, 0, 0])  # 5 voxels of 0.57 mm
    jittered = Lesion(one.image, moved, "CT", "moved", {})
    reference = embedding_of_lesion(one, PLANES)
    assert _cosine(reference, embedding_of_lesion(jittered, PLANES)) > 0.9
    assert _cosine(reference, embedding_of_lesion(two, PLANES)) < 0.85
