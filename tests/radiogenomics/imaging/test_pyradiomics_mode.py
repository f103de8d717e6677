"""`standard: pyradiomics` gives what the original gives, to the bit; its parameter files are read strictly."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, volume, write_pair

from radiogenomics.cohort.radiomic_settings import Radiomics
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.imaging import radiomic_features
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.lesion_radiomics import radiomics_of_lesion
from radiogenomics.imaging.parameter_file import read_parameter_file
from radiogenomics.imaging.reading import Lesion
from radiogenomics.imaging.recursive_log import recursive_log


def original(found: Lesion, *, sigma=(), wavelet=False, **settings) -> dict[str, float]:
    """Plain pyradiomics on the whole image."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(label=1, additionalInfo=False, **{"resampledPixelSpacing": None, **settings})
    extractor.disableAllImageTypes()
    extractor.enableImageTypeByName("Original")
    if sigma:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(sigma)})
    if wavelet:
        extractor.enableImageTypeByName("Wavelet")
    return {k: float(v) for k, v in extractor.execute(sitk.Cast(found.image, sitk.sitkFloat64), found.mask).items()}


def ours(found: Lesion, **settings) -> dict[str, float]:
    return radiomics_of_lesion(found, Radiomics.model_validate(settings).model_dump(mode="json"))


def lesion(image, roi, **grid) -> Lesion:
    return Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), "CT", "ct L1", {})


@pytest.fixture(scope="module")
def phantom() -> Lesion:
    return lesion(*ball(shape=(40, 60, 66), centre=(20, 28, 33), radius_mm=8))


def test_original_and_wavelet_images_on_the_native_grid_are_the_same_to_the_bit(phantom) -> None:
    expected = original(phantom, binWidth=25, wavelet=True)
    found = ours(phantom, resample_mm=None, bin_width=25, wavelet=True)
    assert len(found) == 107 + 8 * 93
    assert found == expected
    assert list(found) == list(expected)


def test_a_fixed_number_of_bins_is_the_same_to_the_bit(phantom) -> None:
    assert ours(phantom, resample_mm=None, bin_width=None, bin_count=20) == original(phantom, binCount=20)


def test_a_resegmentation_range_is_the_same_to_the_bit_and_leaves_the_shape_whole(phantom) -> None:
    """The original cuts the shape off at the box around the voxels in range; there it is wrong."""
    expected = original(phantom, binWidth=25, resegmentRange=[-20, 100], resegmentMode="absolute")
    found = ours(phantom, resample_mm=None, bin_width=25, resegment_range=[-20, 100])
    whole = original(phantom, binWidth=25)
    for name, value in found.items():
        assert value == (whole if "_shape_" in name else expected)[name], name
    assert expected["original_shape_Maximum3DDiameter"] < whole["original_shape_Maximum3DDiameter"]


def test_the_recursive_laplacian_is_that_of_the_whole_image(phantom) -> None:
    expected = original(phantom, binWidth=25, sigma=(1.0, 2.5))
    found = ours(phantom, resample_mm=None, bin_width=25, log_sigma_mm=[1.0, 2.5])
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 5.0])
def test_at_one_millimetre_the_margin_is_enough_for_every_sigma(sigma) -> None:
    """The original's default margin of 5 voxels makes features of sigma 5 mm wrong by several times their value."""
    found = lesion(*ball(shape=(60, 110, 112), centre=(30, 55, 56), radius_mm=7))
    expected = original(found, binWidth=25, sigma=(sigma,), resampledPixelSpacing=[1, 1, 1], padDistance=100)
    here = ours(found, bin_width=25, log_sigma_mm=[sigma])
    np.testing.assert_allclose(list(here.values()), list(expected.values()), rtol=1e-4, atol=1e-6)
    careless = original(found, binWidth=25, sigma=(sigma,), resampledPixelSpacing=[1, 1, 1])
    apart = max(abs(careless[k] - expected[k]) / max(abs(expected[k]), 1e-6) for k in expected)
    assert (apart > 0.1) == (sigma == 5.0)


def test_a_shared_pass_gives_the_response_of_itk() -> None:
    array = np.random.default_rng(2).normal(0, 300, (30, 34, 38))
    image = volume(array, spacing=(0.8, 0.8, 3.0))
    whole = sitk.LaplacianRecursiveGaussianImageFilter()
    whole.SetNormalizeAcrossScale(True)
    whole.SetSigma(3.0)
    expected = sitk.GetArrayFromImage(whole.Execute(image))[10:20, 12:20, 5:30]
    lower, upper = np.array([10, 12, 5]), np.array([19, 19, 29])
    found = recursive_log(array, np.array([3.0, 0.8, 0.8]), 3.0, lower, upper)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.ptp(expected))


def test_a_line_of_voxels_has_no_shape() -> None:
    image, roi = ball()
    roi[:] = False
    roi[12, 20, 2:40] = True
    with pytest.raises(ComputationError, match="a line or a point"):
        ours(lesion(image, roi), resample_mm=None)


def test_an_image_too_thin_for_a_filter_is_refused_not_passed_over() -> None:
    image, roi = ball(shape=(3, 40, 44), centre=(1, 20, 22))
    with pytest.raises(ComputationError, match="too few for a Laplacian of Gaussian of 2 mm"):
        ours(lesion(image, roi), resample_mm=None, log_sigma_mm=[2.0])


def test_a_voxel_half_way_between_two_is_taken_by_rule_not_by_rounding_errors() -> None:
    """The original asks ITK, where rounding errors decide: here it takes the lower one in one column of eight."""
    image, roi = ball()
    found = lesion(image, roi)
    margin_of_a_filter = {"resample_mm": [2, 2, 2], "bin_width": 25, "log_sigma_mm": [2.0]}
    narrow, wide = ours(found, resample_mm=[2, 2, 2], bin_width=25), ours(found, **margin_of_a_filter)
    assert narrow["original_shape_VoxelVolume"] == wide["original_shape_VoxelVolume"] == 8 * roi[:, 1::2, 1::2].sum()
    assert original(found, resampledPixelSpacing=[2, 2, 2], padDistance=100)["original_shape_VoxelVolume"] != 8 * 372


def random_levels(shape: tuple[int, ...], highest: int, share: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(1, highest + 1, shape) * (random.random(shape) < share)


@pytest.mark.parametrize(
    "levels",
    [
        random_levels((9, 11, 8), 7, 0.6, 1),
        random_levels((1, 12, 15), 5, 0.5, 2),  # angles out of the slice do not exist
        random_levels((7, 1, 9), 4, 0.5, 3),
        random_levels((8, 9, 7), 3, 0.05, 4),  # voxels without neighbours, angles along which there are no two
        np.tile(1 + np.arange(20) // 7, (12, 12, 1)),  # long runs
    ],
)
def test_the_matrices_are_those_of_the_original(levels) -> None:
    from radiomics import cMatrices

    from radiogenomics.imaging.pyradiomics_matrices import texture_matrices

    lower, upper = bounding_box(levels > 0)
    levels = levels[tuple(slice(a, b + 1) for a, b in zip(lower, upper, strict=True))]
    inside, highest, near = levels > 0, int(levels.max()), np.array([1])
    found = texture_matrices(levels)
    np.testing.assert_array_equal(
        found.cooccurrence, cMatrices.calculate_glcm(levels, inside, near, highest, False, 0)[0]
    )
    runs = cMatrices.calculate_glrlm(levels, inside, highest, max(levels.shape), False, 0)[0]
    width = found.runs.shape[2]
    np.testing.assert_array_equal(found.runs, runs[:, :, :width])
    assert runs[:, :, width:].sum() == 0
    dependences = cMatrices.calculate_gldm(levels, inside, near, highest, 0, False, 0)
    dependences = np.pad(dependences, [(0, 0), (0, 0), (0, 27)])  # a flat ROI has fewer neighbours
    np.testing.assert_array_equal(
        found.dependences, dependences[:, :, :27]
    )  # it keeps room for twice as many neighbours
    np.testing.assert_array_equal(found.differences, cMatrices.calculate_ngtdm(levels, inside, near, highest, False, 0))


def test_surface_volume_and_diameters_of_a_ragged_region_are_those_of_the_original() -> None:
    from radiomics import cShape
    from scipy import ndimage

    from radiogenomics.imaging.pyradiomics_shape import diameters, surface_and_volume

    noise = ndimage.gaussian_filter(np.random.default_rng(5).normal(size=(20, 26, 30)), 1.2)
    mask, spacing = np.pad(noise > 0.05, 1), np.array([3.0, 1.3, 0.7])
    surface, volume_mm3, apart = cShape.calculate_coefficients(mask, spacing)
    assert surface_and_volume(mask, spacing) == pytest.approx((surface, volume_mm3), rel=1e-11)
    assert diameters(mask, spacing) == apart


def test_a_large_region_has_the_shape_of_the_original(monkeypatch) -> None:
    from radiogenomics.imaging import pyradiomics_shape

    found = lesion(*ball(shape=(40, 60, 66), centre=(20, 28, 33), radius_mm=8))
    expected = {k: v for k, v in original(found).items() if "_shape_" in k}
    monkeypatch.setattr(pyradiomics_shape, "MANY_POINTS", 0)
    here = {k: v for k, v in ours(found, resample_mm=None).items() if "_shape_" in k}
    assert here == pytest.approx(expected, rel=1e-11)
    assert sum(here[k] != expected[k] for k in here) <= 5  # what derives from surface or volume


@pytest.mark.parametrize("many_points", [0, 4000])
def test_a_region_as_wide_one_way_as_another_has_a_shape_where_the_original_finds_complex_axes(
    monkeypatch, many_points
) -> None:
    from radiogenomics.imaging import pyradiomics_shape

    found = lesion(*ball())
    expected = {k: v for k, v in original(found).items() if "_shape_" in k}
    # what LAPACK answers on some machines, where the sums differ in their last digit
    general = np.linalg.eigvals
    monkeypatch.setattr(np.linalg, "eigvals", lambda matrix: general(matrix) + np.array([1e-15j, -1e-15j, 0]))
    monkeypatch.setattr(pyradiomics_shape, "MANY_POINTS", many_points)
    here = {k: v for k, v in ours(found, resample_mm=None).items() if "_shape_" in k}
    assert here == pytest.approx(expected, rel=1e-11)


PARAMETERS = """
setting: {binWidth: 20, resampledPixelSpacing: [1.5, 1.5, 2], interpolator: sitkBSpline, label: 1, padDistance: 10}
imageType: {Original: {}, LoG: {sigma: [1.5]}}
featureClass:
  shape:
  glcm: [Contrast, Correlation]
"""


def test_a_parameter_file_means_what_it_means_to_pyradiomics(tmp_path) -> None:
    (tmp_path / "parameters.yaml").write_text(PARAMETERS)
    image, roi = ball()
    pair = write_pair(tmp_path, "a", image, roi)
    declared = cohort({"ct": {"radiomics": {"parameter_file": str(tmp_path / "parameters.yaml")}}})
    features = radiomic_features(declared, lesion_table(lesion_row(*pair)))
    assert len(features.quarantine) == 0
    names = [c for c in features.values if c not in ("patient_id", "study_id", "lesion_id", "images")]
    assert len(names) == 14 + 2 * 2
    assert set(names) == set(features.dictionary["feature"])
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    text = PARAMETERS.replace("padDistance: 10", "padDistance: 100, additionalInfo: false")
    (tmp_path / "theirs.yaml").write_text(text)
    image_, mask_ = (sitk.ReadImage(str(path)) for path in pair)
    theirs = RadiomicsFeatureExtractor(str(tmp_path / "theirs.yaml")).execute(
        sitk.Cast(image_, sitk.sitkFloat64), mask_
    )
    for name in names:
        assert features.values[name].iloc[0] == pytest.approx(float(theirs[name]), rel=1e-4), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("setting: {binwidth: 25}", r"setting.binwidth: unknown or not supported; did you mean 'binWidth'\?"),
        ("settings: {binWidth: 25}", r"settings: unknown or not supported; did you mean 'setting'\?"),
        ("setting: {label: 2}", r"setting.label: must be 1, found 2"),
        ("setting: {interpolator: sitkBspline}", r"setting.interpolator: must be 'sitkBSpline' or 3"),
        ("setting: {force2D: true}", r"setting.force2D: must be False"),
        (
            "setting: {resampledPixelSpacing: [1, 1]}",
            r"setting.resampledPixelSpacing: must be three lengths above 0 mm",
        ),
        ("setting: {binWidth: -1}", r"bin_width: Input should be greater than 0; found -1"),
        ("setting: {binWidth: wide}", r"bin_width: .*found 'wide'"),
        ("imageType: {Original: {}, Exponential: {}}", r"imageType.Exponential: unknown or not supported"),
        ("imageType: {LoG: {sigma: [1]}}", r"Original must be among the image types"),
        ("imageType: {Original: {}, LoG: {}}", r"imageType.LoG.sigma: must be a list of lengths"),
        ("imageType: {Original: {}, LoG: {sigmas: [1]}}", r"did you mean 'sigma'\?"),
        ("imageType: {Original: {}, Wavelet: {wavelet: db3}}", r"imageType.Wavelet.wavelet: must be 'coif1'"),
        ("featureClass: {glcm: [Contrst]}", r"featureClass.glcm: no feature 'Contrst'; did you mean 'Contrast'\?"),
        ("featureClass: {glcn: }", r"featureClass.glcn: unknown or not supported; did you mean 'glcm'\?"),
        ("voxelSetting: {kernelRadius: 2}", r"voxelSetting: feature maps are not supported"),
        ("- a list", r"must be a mapping"),
        ("setting: [", r"cannot be read as YAML"),
    ],
)
def test_what_a_parameter_file_gets_wrong_is_named(tmp_path, text, message) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_parameter_file(path)
