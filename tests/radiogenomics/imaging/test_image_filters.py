"""Image filters under what must not change them; their published maps are in test_ibsi_reference_values."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.imaging.filters.gabor import gabor_filter
from radiogenomics.imaging.filters.laws import kernel_names, laws_filter
from radiogenomics.imaging.filters.separable import right_angle_rotations
from radiogenomics.imaging.filters.smoothing import laplacian_of_gaussian, mean_filter
from radiogenomics.imaging.filters.wavelets import simoncelli_filter, wavelet_filter

CUBIC = np.ones(3)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 100, (20, 20, 20))


INVARIANT = {
    "mean": lambda image: mean_filter(image, 5),
    "log": lambda image: laplacian_of_gaussian(image, 2.0, CUBIC),
    "laws": lambda image: laws_filter(image, "L5E5S5", rotation_invariant=True, energy_distance=2),
    "wavelet": lambda image: wavelet_filter(image, "db3", "LLH", rotation_invariant=True),
    "wavelet level 2": lambda image: wavelet_filter(image, "haar", "HHH", level=2, rotation_invariant=True),
    "gabor": lambda image: gabor_filter(image, 2, 3, 1.5, CUBIC, step_deg=45, orthogonal_planes=True),
}


@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.parametrize("plane", [(0, 1), (1, 2), (0, 2)])
def test_a_turned_image_has_the_turned_response(noise, name, plane) -> None:
    response = INVARIANT[name]
    np.testing.assert_allclose(
        response(np.rot90(noise, axes=plane)), np.rot90(response(noise), axes=plane), rtol=1e-9, atol=1e-9
    )


def test_a_plain_laws_response_does_turn_with_its_direction(noise) -> None:
    plain = laws_filter(noise, "L5E5S5")
    assert not np.allclose(laws_filter(np.rot90(noise), "L5E5S5"), np.rot90(plain))


@pytest.mark.parametrize(
    "response",
    [
        lambda image: laplacian_of_gaussian(image, 2.0, CUBIC) / np.abs(image).max(),
        lambda image: laws_filter(image, "E5S5W5"),
        lambda image: wavelet_filter(image, "coif1", "HHH"),
        lambda image: simoncelli_filter(image),
    ],
)
def test_a_filter_that_looks_for_change_sees_none_in_a_constant_image(response) -> None:
    # a Gaussian that is cut at 4 sigma leaves a trace of the constant
    assert np.abs(response(np.full((16, 16, 16), -1000.0))).max() < 2e-3


def test_the_eight_wavelet_responses_of_haar_keep_the_energy_of_the_image(noise) -> None:
    names = [a + b + c for a in "LH" for b in "LH" for c in "LH"]
    energy = sum((wavelet_filter(noise, "haar", name, boundary="periodic") ** 2).sum() for name in names)
    assert energy == pytest.approx(8 * (noise**2).sum(), rel=1e-9)


def test_slices_are_filtered_each_for_itself_in_two_dimensions(noise) -> None:
    one = noise[7:8]
    for response in (
        lambda image: mean_filter(image, 5, dimensions=2),
        lambda image: laplacian_of_gaussian(image, 1.5, CUBIC, dimensions=2),
        lambda image: laws_filter(image, "L5E5", rotation_invariant=True, energy_distance=3),
        lambda image: wavelet_filter(image, "db3", "LH", rotation_invariant=True),
        lambda image: simoncelli_filter(image, dimensions=2),
        lambda image: gabor_filter(image, 2, 3, 1.5, CUBIC, step_deg=45),
    ):
        np.testing.assert_allclose(response(noise)[7:8], response(one), rtol=1e-9, atol=1e-9)


def test_the_laplacian_measures_in_millimetres_on_flat_voxels() -> None:
    """The same scene on 1 x 1 x 1 and on 1 x 1 x 2 mm voxels: the same response where both have a voxel."""
    z, y, x = np.mgrid[-30:31, -30:31, -30:31].astype(float)
    scene = np.exp(-(x**2 + y**2 + z**2) / (2 * 6.0**2))
    fine = laplacian_of_gaussian(scene, 4.0, np.array([1.0, 1, 1]))
    flat = laplacian_of_gaussian(scene[::2], 4.0, np.array([2.0, 1, 1]))
    np.testing.assert_allclose(flat, fine[::2], atol=0.01 * np.abs(fine).max())


def test_right_angle_rotations_are_24_in_space_and_4_in_a_plane() -> None:
    assert len(set(right_angle_rotations(3))) == 24
    assert len(set(right_angle_rotations(2))) == 4


@pytest.mark.parametrize("name", ["L5", "L5E5X5", "l5e5", "L5E5S5R5", "W3E3S3", ""])
def test_what_is_no_set_of_laws_kernels_is_refused(name) -> None:
    with pytest.raises(ValueError, match="Laws kernels must be two or three of L3"):
        kernel_names(name)
