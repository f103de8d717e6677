"""Perturbed lesions against geometry and physics, and the work over them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, volume, write_pair

from radiogenomics.cohort.robustness_settings import Robustness
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.perturbation import contours, intensities
from radiogenomics.imaging.perturbation import features as work
from radiogenomics.imaging.perturbation.readings import declared_readings, perturbed
from radiogenomics.imaging.reading import Lesion
from radiogenomics.storage.feature_cache import FeatureCache

SPACING = np.array([1.0, 1.0, 1.0])
ROBUSTNESS = {"contour": {"shift_mm": [], "rotate_deg": []}, "acquisition": {"dose": [0.5]}}


def one_lesion(radius: float = 12.0) -> Lesion:
    image, roi = ball((40, 60, 60), (20, 30, 30), radius, (1.0, 1.0, 1.0))
    grid = {"spacing": (1.0, 1.0, 1.0)}
    return Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), "CT", "ct L1", {})


@pytest.mark.parametrize("mm", [-2.0, 1.0, 3.0])
def test_an_outline_moved_by_millimetres_is_that_ball_to_half_a_voxel(mm) -> None:
    _, roi = one_lesion().arrays()
    moved = contours.moved_outline(roi, SPACING, mm).sum()
    assert (moved * 3 / (4 * np.pi)) ** (1 / 3) == pytest.approx(12.0 + mm, abs=0.5)


def test_a_thick_slice_is_not_grown_into_by_less_than_half_of_it() -> None:
    roi = np.zeros((5, 20, 20), bool)
    roi[2, 5:15, 5:15] = True
    grown = contours.moved_outline(roi, np.array([5.0, 1.0, 1.0]), 1.0)
    assert not grown[[0, 1, 3, 4]].any()
    assert grown[2].sum() > roi.sum()


def test_shifting_and_turning_move_the_region_and_keep_its_size() -> None:
    roi = np.zeros((7, 50, 50), bool)
    roi[1:6, 22:28, 10:40] = True
    shifted = contours.shifted(roi, SPACING, (0.0, 0.0, 3.0))
    assert np.argwhere(shifted)[:, 2].mean() - np.argwhere(roi)[:, 2].mean() == pytest.approx(3.0)
    assert shifted.sum() == roi.sum()
    turned = contours.turned(roi, SPACING, 90.0)
    extent = np.ptp(np.argwhere(turned), axis=0)
    assert extent[1] > 25
    assert extent[2] < 9
    assert turned.sum() == pytest.approx(roi.sum(), rel=0.1)


def test_the_noise_of_an_image_is_found_in_its_soft_tissue() -> None:
    rng = np.random.default_rng(0)
    image = np.full((6, 90, 90), -850.0)
    image[:, 30:] = 50.0
    image += 18.0 * intensities.projection_noise(image.shape, SPACING, 0.25, rng)  # smooth noise, as scanners make it
    assert intensities.noise_level(image, SPACING, "CT") == pytest.approx(18.0, rel=0.15)


def test_added_noise_has_the_spectrum_of_filtered_back_projection() -> None:
    shape, step = (60, 64, 64), 0.8
    noise = intensities.projection_noise(shape, np.array([3.0, step, step]), 0.3, np.random.default_rng(1))
    assert noise.var() == pytest.approx(1.0, rel=0.03)
    f = np.hypot(np.fft.fftfreq(64, step)[:, None], np.fft.fftfreq(64, step)[None, :])
    power = (np.abs(np.fft.fft2(noise, axes=(1, 2))) ** 2).mean(axis=0)
    bands = [power[(f >= low) & (f < low + 0.05)].mean() for low in np.arange(0.0, 0.6, 0.05)]
    assert 0.25 <= 0.05 * int(np.argmax(bands)) + 0.025 <= 0.35  # strongest where declared
    assert power[0, 0] < 1e-12 * power.max()  # the ramp takes the mean away
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05  # slices are independent


@pytest.mark.parametrize("dose", [0.5, 0.2])
def test_a_lower_dose_has_the_variance_of_that_dose(dose) -> None:
    rng = np.random.default_rng(2)
    image = np.zeros((20, 64, 64), np.float32) + 10.0 * rng.standard_normal((20, 64, 64)).astype(np.float32)
    lower = intensities.at_lower_dose(image, SPACING, 10.0, dose, 0.3, rng)
    assert lower.std() == pytest.approx(10.0 / np.sqrt(dose), rel=0.03)


def test_a_smoother_kernel_takes_noise_away_and_a_sharper_one_adds_it() -> None:
    image = np.random.default_rng(3).normal(0, 10, (4, 60, 60)).astype(np.float32)
    assert (
        intensities.smoother(image, SPACING, 0.6).std() < image.std() < intensities.sharper(image, SPACING, 0.6).std()
    )


def test_merged_slices_are_means_whose_region_keeps_its_volume() -> None:
    image, roi = one_lesion().arrays()
    thick, region = intensities.merged_slices(image, roi, 2)
    assert thick.shape[0] in (19, 20)  # a slice at either end may have no neighbour
    assert 2 * region.sum() == pytest.approx(roi.sum(), rel=0.1)  # half of a thick slice is enough
    middle = thick.shape[0] // 2  # the ends are partly lung
    assert thick[middle][region[middle]].mean() == pytest.approx(image[roi].mean(), abs=15)


def test_the_same_reading_is_the_same_to_the_bit_and_a_vanished_region_is_an_error() -> None:
    lesion = one_lesion()
    noisy = {"what": "noise", "times": 1.0}
    first, second = (perturbed(lesion, noisy, 7).arrays()[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, perturbed(lesion, noisy, 8).arrays()[0])
    with pytest.raises(ComputationError, match="nothing is left of the region"):
        perturbed(lesion, {"what": "outline", "mm": -15.0}, 7)


def test_what_is_declared_is_what_is_read() -> None:
    names = list(declared_readings(Robustness.model_validate({"acquisition": {}})))
    assert names[0] == "as_it_is"
    assert "contour/grown_1_mm" in names
    assert "acquisition/dose_0.25" in names
    only = Robustness.model_validate(
        {"contour": None, "acquisition": {"dose": [0.3], "smooth_mm": [], "sharpen_mm": []}}
    )
    assert list(declared_readings(only)) == ["as_it_is", "acquisition/dose_0.3", "acquisition/slices_merged_2"]


@pytest.fixture(scope="module")
def lesions(tmp_path_factory) -> pd.DataFrame:
    """Three patients; the first has two lesions, the third's is too small for some readings."""
    folder, rows = tmp_path_factory.mktemp("perturbed"), []
    for number, (patient, radius) in enumerate([("P1", 8.0), ("P1", 9.0), ("P2", 7.0), ("P3", 2.4)]):
        image, roi = ball((24, 40, 44), (12, 20, 22), radius, seed=number)
        rows.append(lesion_row(*write_pair(folder, f"l{number}", image, roi), f"L{number}", patient_id=patient))
    return lesion_table(*rows)


SETTINGS = cohort({"ct": {"robustness": ROBUSTNESS, "radiomics": {"features": ["original_firstorder_*"]}}})


def test_the_largest_lesion_of_each_patient_is_perturbed(lesions) -> None:
    chosen = work.perturbed_lesions(SETTINGS, lesions, {"L0": 10.0, "L1": 20.0, "L2": 5.0, "L3": 1.0})
    assert sorted(chosen["lesion_id"]) == ["L1", "L2", "L3"]
    few = cohort({"ct": {"robustness": {**ROBUSTNESS, "lesions": 3}}})
    assert len(work.perturbed_lesions(few, lesions[lesions["patient_id"] != "P3"], {})) == 2


def test_readings_that_cannot_be_taken_are_named_and_a_killed_run_goes_on(lesions, tmp_path, monkeypatch) -> None:
    cache = FeatureCache(tmp_path)
    chosen = work.perturbed_lesions(SETTINGS, lesions, {"L1": 1.0})
    first = work.perturbed_features(SETTINGS, chosen, cache=cache)
    counts = first.values.groupby("patient_id")["reading"].nunique()
    assert counts["P1"] == counts["P2"] == len(declared_readings(SETTINGS.images["ct"].robustness))
    assert counts.get("P3", 0) < counts["P1"]
    assert first.quarantine["reason"].str.contains("contour/shrunk_1_mm").any()
    assert set(first.quarantine["patient_id"]) == {"P3"}

    computed: list[str] = []
    original = work.perturbed

    def counted(lesion, reading, random_state):
        computed.append(lesion.name)
        return original(lesion, reading, random_state)

    monkeypatch.setattr(work, "perturbed", counted)
    entries = sorted(p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock")
    again = work.perturbed_features(SETTINGS, chosen, cache=cache)
    assert {name.split()[-1] for name in computed} <= {"L3"}  # only what failed is tried again
    pd.testing.assert_frame_equal(first.values, again.values)
    computed.clear()
    entries[0].unlink()  # as if the run had been killed before this reading
    once_more = work.perturbed_features(SETTINGS, chosen, cache=cache)
    assert sum(name.split()[-1] != "L3" for name in computed) <= 1
    pd.testing.assert_frame_equal(first.values, once_more.values)


def test_a_grown_contour_is_a_larger_volume_and_noise_changes_none(lesions) -> None:
    chosen = work.perturbed_lesions(SETTINGS, lesions[lesions["patient_id"] == "P1"], {"L1": 1.0})
    found = work.perturbed_features(SETTINGS, chosen).values.set_index("reading")
    size, sd = found["volumetrics_ct:volume_mm3"], found["radiomics_ct:original_firstorder_Variance"]
    assert size["contour/grown_1_mm"] > size["as_it_is"] > size["contour/shrunk_1_mm"]
    assert size["contour/noise_1"] == size["as_it_is"]
    assert sd["acquisition/dose_0.5"] != sd["as_it_is"]
