"""IBSI features against brute force, against pyradiomics where both define the same, and under what must not change them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from lesion_phantoms import ball, volume

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.ibsi.definitions import by_pyradiomics_name, definition_of, definitions
from radiogenomics.imaging.ibsi.discretisation import fixed_bin_count, fixed_bin_width
from radiogenomics.imaging.ibsi.elements import edge_distance, runs, zones
from radiogenomics.imaging.ibsi.extraction import ibsi_features
from radiogenomics.imaging.ibsi.interpolation import resample_around
from radiogenomics.imaging.ibsi.morphology import (
    PEAK_RADIUS_MM,
    ellipsoid_area,
    local_peaks,
    morphology_features,
    spatial_autocorrelation,
)
from radiogenomics.imaging.ibsi.neighbours import HALF_3D, Voxels
from radiogenomics.imaging.ibsi.resegmentation import resegment
from radiogenomics.imaging.ibsi.roi import Roi
from radiogenomics.imaging.ibsi.volume_histogram import intensity_volume_histogram
from radiogenomics.imaging.reading import Lesion


def settings(**changes) -> dict:
    return Radiomics.model_validate({"standard": "ibsi", **changes}).model_dump(mode="json")


def lesion(image, roi, kind="CT", **grid) -> Lesion:
    return Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), kind, "ct L1", {})


def random_roi(seed=0, shape=(7, 8, 9), spacing=(3.0, 1.0, 1.5)) -> Roi:
    rng = np.random.default_rng(seed)
    inside = np.zeros(shape, dtype=bool)
    inside[1:-1, 1:-1, 1:-1] = rng.random(np.array(shape) - 2) < 0.7
    return Roi(rng.normal(100, 40, shape), inside, inside, np.array(spacing))


def test_moran_and_geary_are_those_of_the_sum_over_all_pairs() -> None:
    roi = random_roi()
    places, x = np.argwhere(roi.selected) * roi.spacing, roi.values
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    weight = np.divide(1, apart, out=np.zeros_like(apart), where=apart > 0)
    c, n = x - x.mean(), x.size
    moran = n / weight.sum() * (weight * np.outer(c, c)).sum() / (c @ c)
    geary = (n - 1) / (2 * weight.sum()) * (weight * (x[:, None] - x[None]) ** 2).sum() / (c @ c)
    found = spatial_autocorrelation(roi)
    assert found["morph_moran_i"] == pytest.approx(moran, rel=1e-9)
    assert found["morph_geary_c"] == pytest.approx(geary, rel=1e-9)


def test_intensity_peaks_are_means_over_a_ball_of_one_cubic_centimetre() -> None:
    roi = random_roi(3, (9, 20, 18))
    centres = np.argwhere(np.ones_like(roi.selected)) * roi.spacing

    def mean_around(voxel) -> float:
        near = np.linalg.norm(centres - voxel * roi.spacing, axis=1) <= PEAK_RADIUS_MM
        return float(roi.intensity.ravel()[near].mean())

    means = [mean_around(voxel) for voxel in np.argwhere(roi.selected)]
    found = local_peaks(roi)
    assert found["loc_peak_glob"] == pytest.approx(max(means), rel=1e-9)
    assert found["loc_peak_loc"] == pytest.approx(means[int(roi.values.argmax())], rel=1e-9)


def test_the_shape_of_a_ball_is_that_of_a_ball() -> None:
    z, y, x = np.ogrid[-24:25, -24:25, -24:25]
    inside = z**2 + y**2 + x**2 <= 20**2
    found = morphology_features(Roi(np.ones(inside.shape), inside, inside, np.ones(3)))
    assert found["morph_volume"] == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.01)
    assert found["morph_diam"] == pytest.approx(41, abs=0.5)
    assert found["morph_pca_elongation"] == pytest.approx(1, abs=1e-9)
    assert found["morph_vol_dens_conv_hull"] == pytest.approx(1, abs=0.05)  # a digital ball has steps
    assert found["morph_com"] == pytest.approx(0, abs=1e-9)


def test_the_area_of_an_ellipsoid_is_that_of_the_published_series() -> None:
    assert ellipsoid_area(2, 2, 2) == pytest.approx(16 * np.pi, rel=1e-12)
    # of a prolate spheroid the Legendre polynomials are all 1: 4 pi a b (1 - sum of e^2n / (4 n2 - 1))
    a, b = 3.0, 2.0
    square = 1 - (b / a) ** 2
    series = 1 - sum(square**n / (4 * n**2 - 1) for n in range(1, 21))
    assert ellipsoid_area(a, b, b) == pytest.approx(4 * np.pi * a * b * series, rel=1e-12)


def test_runs_are_those_that_a_walk_along_each_line_counts() -> None:
    rng = np.random.default_rng(1)
    levels = rng.integers(0, 4, (5, 6, 7))
    for step in HALF_3D:
        counted: dict[tuple[int, int], int] = {}
        for start in np.argwhere(levels > 0):
            level = levels[tuple(start)]
            before = start - step
            if (before >= 0).all() and (before < levels.shape).all() and levels[tuple(before)] == level:
                continue  # not the first of its run
            length, place = 0, start
            while (place >= 0).all() and (place < levels.shape).all() and levels[tuple(place)] == level:
                length, place = length + 1, place + step
            counted[int(level), length] = counted.get((int(level), length), 0) + 1
        found = runs(Voxels(levels), step)
        assert {
            (int(i), int(j)): int(n) for i, j, n in zip(found.level, found.size, found.number, strict=True)
        } == counted


def test_zones_touch_by_corners_and_know_their_distance_to_the_edge() -> None:
    levels = np.zeros((3, 5, 5), dtype=int)
    levels[:, :, :] = 1
    levels[1, 2, 2] = 2  # two steps from the edge of a 3 x 5 x 5 block
    size, distance = zones(levels, edge_distance(levels > 0))
    assert sorted(zip(size.level, size.size, strict=True)) == [(1, 74), (2, 1)]
    assert sorted(zip(distance.level, distance.size, strict=True)) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("seed", [0, 1])
def test_texture_is_pyradiomics_where_both_define_the_same(seed) -> None:
    import SimpleITK as sitk

    from radiogenomics.imaging.ibsi.texture import texture_features
    from radiogenomics.imaging.pyradiomics_classes import intensity_features

    rng = np.random.default_rng(seed)
    image = rng.normal(0, 60, (9, 12, 11))
    inside = rng.random(image.shape) < 0.8
    levels = np.where(inside, np.floor(image / 25) - np.floor(image[inside].min() / 25) + 1, 0).astype(int)
    ours = texture_features(levels, inside)
    theirs = intensity_features(
        sitk.GetImageFromArray(image),
        sitk.GetImageFromArray(inside.astype(np.uint32)),
        "x",
        {"bin_width": 25.0, "bin_count": None},
    )
    compared = 0
    for name, definition in by_pyradiomics_name().items():
        for end in ("_3D_avg", "_3D"):
            if f"x_{name}" in theirs and definition.tag + end in ours:
                # run percentage and the like sum in another order
                assert ours[definition.tag + end] == pytest.approx(theirs[f"x_{name}"], rel=1e-9, abs=1e-12), name
                compared += 1
    assert compared == 74


def test_grey_levels_start_at_the_lower_bound_and_an_edge_belongs_above() -> None:
    assert fixed_bin_width(np.array([-1000.0, -976, -975, -950.0001, 400]), 25, -1000).tolist() == [1, 1, 2, 2, 57]
    assert fixed_bin_width(np.array([0.3, 0.6, 0.9]), 0.3, 0.0).tolist() == [2, 3, 4]  # 0.9 / 0.3 is not quite 3
    assert fixed_bin_count(np.array([0.0, 1, 2, 3, 4]), 4).tolist() == [1, 2, 3, 4, 4]


def test_resegmentation_looks_at_range_and_outliers_of_the_whole_region() -> None:
    image = np.array([[[0.0] * 50 + [600.0, -2000.0]]])  # mean -27, standard deviation 287: only -2000 is an outlier
    mask = np.ones(image.shape, dtype=bool)
    assert resegment(image, mask, lowest=-100, highest=None).sum() == 51
    assert resegment(image, mask, sigmas=3).sum() == 51
    # with -2000 gone by the range, 600 would be an outlier of what is left
    assert resegment(image, mask, lowest=-100, sigmas=3).sum() == 51
    assert resegment(image, mask, highest=100, sigmas=3).sum() == 50


def test_resampling_keeps_a_linear_gradient_and_the_centre_of_the_image() -> None:
    shape = (12, 20, 20)
    place = [np.arange(n) - (n - 1) / 2 for n in shape]
    image = 3.0 * place[0][:, None, None] * 2.5 + 1.0 * place[1][:, None] - 2.0 * place[2]
    mask = np.zeros(shape, dtype=bool)
    mask[3:9, 6:14, 6:14] = True
    for order in (1, 3):
        found = resample_around(
            image, mask, np.array([2.5, 1, 1]), np.array([1.0, 1, 1]), order=order, margin=np.zeros(3)
        )
        assert found.whole == (30, 20, 20)
        values = found.intensity[found.mask]
        assert values.mean() == pytest.approx(0, abs=1e-9)
        step = np.diff(found.intensity, axis=0)[4:-4]
        np.testing.assert_allclose(step, 3.0, atol=0.05 if order == 3 else 1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"resample_mm": [1, 1, 1]},
        {"resample_mm": None},
        {"resample_mm": [1.3, 1.3, 1.7], "interpolation": "linear", "resegment_sigma": 3},
        {"resample_mm": [1, 1, 1], "log_sigma_mm": [1, 3], "wavelet": True},
        {
            "resample_mm": [1.5, 1.5, 1.5],
            "filters": [
                {"filter": "mean", "support": 5},
                {"filter": "laws", "kernels": "L5E5E5"},
                {"filter": "gabor", "sigma_mm": 3, "wavelength_mm": 4, "step_deg": 45},
                {
                    "filter": "wavelet",
                    "wavelet": "db3",
                    "decompositions": ["HHH"],
                    "level": 2,
                    "rotation_invariant": True,
                },
                {"filter": "simoncelli"},
            ],
        },
    ],
)
def test_a_crop_has_the_features_of_the_whole_image(changes) -> None:
    image, roi = ball(shape=(40, 70, 75), centre=(21, 34, 37), radius_mm=7, spacing=(1.0, 1.0, 2.0))
    found = lesion(image, roi)
    ours = ibsi_features(found, settings(**changes))
    whole = ibsi_features(found, settings(**changes), whole_image=True)
    assert list(ours) == list(whole)
    np.testing.assert_allclose(list(ours.values()), list(whole.values()), rtol=1e-6, atol=1e-6)


def test_features_do_not_depend_on_where_in_the_scanner_the_patient_lies() -> None:
    image, roi = ball()
    here = ibsi_features(lesion(image, roi), settings(resample_mm=None))
    there = ibsi_features(lesion(image, roi, origin=(-120.0, 33.0, 801.5)), settings(resample_mm=None))
    np.testing.assert_allclose(list(here.values()), list(there.values()), rtol=1e-9)


def test_swapping_axes_changes_no_feature_that_looks_all_ways() -> None:
    rng = np.random.default_rng(5)
    image = rng.normal(0, 100, (12, 14, 16))
    roi = np.zeros(image.shape, dtype=bool)
    roi[2:9, 3:12, 2:14] = rng.random((7, 9, 12)) < 0.9
    one = ibsi_features(lesion(image, roi, spacing=(1, 1, 1)), settings(resample_mm=None))
    other = ibsi_features(
        lesion(image.transpose(2, 0, 1), roi.transpose(2, 0, 1), spacing=(1, 1, 1)), settings(resample_mm=None)
    )
    for name in one:
        if "area_mesh" in name or "sph" in name or "comp" in name or "av" in name or "area" in name or "volume" in name:
            continue  # how marching cubes cuts an ambiguous cube depends on the axes
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-9), name


def test_every_feature_has_a_definition_with_its_own_code() -> None:
    image, roi = ball()
    chosen = settings(aggregations=["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"])
    found = ibsi_features(lesion(image, roi), chosen)
    assert np.isfinite(list(found.values())).all()
    tags = {definition_of(name.partition("_")[2])[0].tag for name in found}
    assert tags == set(definitions())
    shared = {"BC2M", "GBPN", "DDTU", "CNV2"}  # one code for all percentages
    codes = [one.code for one in definitions().values() if one.code not in shared]
    assert len(codes) == len(set(codes))
    assert all(len(code) == 4 for code in codes)


def test_every_pyradiomics_name_in_the_definitions_exists() -> None:
    from radiomics import getFeatureClasses

    known = {f"{family}_{name}" for family, one in getFeatureClasses().items() for name in one.getFeatureNames()}
    assert set(by_pyradiomics_name()) <= known


def test_whole_hounsfield_units_are_a_histogram_of_their_own() -> None:
    values = np.repeat([10.0, 11, 12, 20], [1, 2, 3, 4])
    found = intensity_volume_histogram(values)
    assert found["ivh_v10"] == pytest.approx(0.9)  # from 11 on
    assert found["ivh_i10"] == 21  # no intensity of the region is reached by 10 % or less
    assert found["ivh_i90"] == 11


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"bin_width": 0.001}, "bin_width", "grey levels"),
        ({"minimum_voxels": 10**6}, "roi_too_small", "at least 1000000 are needed"),
        ({"resegment_range": [5000, None]}, "roi_too_small", "by re-segmentation"),
    ],
)
def test_what_would_give_worthless_features_is_refused(changes, rule, words) -> None:
    image, roi = ball()
    with pytest.raises(ComputationError, match=words) as caught:
        ibsi_features(lesion(image, roi), settings(resample_mm=None, **changes))
    assert caught.value.rule == rule


def test_a_constant_region_is_refused() -> None:
    image, roi = ball()
    with pytest.raises(ComputationError, match="every voxel of the ROI has the value 7"):
        ibsi_features(lesion(np.full_like(image, 7.0), roi), settings())


def test_mr_is_the_same_in_any_unit() -> None:
    image, roi = ball()
    chosen = settings(resample_mm=None, normalise=True, bin_width=None, bin_count=32)
    one = ibsi_features(lesion(image, roi, "MR"), chosen)
    other = ibsi_features(lesion(image * 3 + 700, roi, "MR"), chosen)
    np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-3, atol=1e-4)


def test_steps_to_neighbours_are_half_of_all_and_none_is_opposite_to_another() -> None:
    opposite = {tuple(-s for s in step) for step in HALF_3D}
    assert len(HALF_3D) == 13
    assert opposite.isdisjoint(HALF_3D)
    assert opposite | set(HALF_3D) == {s for s in itertools.product((-1, 0, 1), repeat=3) if any(s)}
