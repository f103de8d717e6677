"""Radiomics against published values, and against what pyradiomics does wrong when left alone."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, volume, write_pair

from radiogenomics.cohort.configuration import Radiomics
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, LESIONS, conform, empty
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.imaging import radiomic_features, read_lesion
from radiogenomics.imaging.lesion_radiomics import radiomics_of_lesion
from radiogenomics.imaging.pyradiomics_lesion import prepare
from radiogenomics.imaging.reading import Lesion

# pyradiomics' name, IBSI's tag; the reference values are those of the digital phantom (IBSI, 3-D, average over directions)
IBSI = {
    "shape_MeshVolume": "morph_volume",
    "shape_VoxelVolume": "morph_vol_approx",
    "shape_SurfaceArea": "morph_area_mesh",
    "shape_SurfaceVolumeRatio": "morph_av",
    "shape_Sphericity": "morph_sphericity",
    "shape_Maximum3DDiameter": "morph_diam",
    "shape_MajorAxisLength": "morph_pca_maj_axis",
    "shape_MinorAxisLength": "morph_pca_min_axis",
    "shape_LeastAxisLength": "morph_pca_least_axis",
    "shape_Elongation": "morph_pca_elongation",
    "shape_Flatness": "morph_pca_flatness",
    "firstorder_Mean": "stat_mean",
    "firstorder_Variance": "stat_var",
    "firstorder_Skewness": "stat_skew",
    "firstorder_Median": "stat_median",
    "firstorder_Minimum": "stat_min",
    "firstorder_Maximum": "stat_max",
    "firstorder_10Percentile": "stat_p10",
    "firstorder_90Percentile": "stat_p90",
    "firstorder_InterquartileRange": "stat_iqr",
    "firstorder_Range": "stat_range",
    "firstorder_MeanAbsoluteDeviation": "stat_mad",
    "firstorder_RobustMeanAbsoluteDeviation": "stat_rmad",
    "firstorder_Energy": "stat_energy",
    "firstorder_RootMeanSquared": "stat_rms",
    "glcm_MaximumProbability": "cm_joint_max_3D_avg",
    "glcm_JointAverage": "cm_joint_avg_3D_avg",
    "glcm_JointEntropy": "cm_joint_entr_3D_avg",
    "glcm_JointEnergy": "cm_energy_3D_avg",
    "glcm_Contrast": "cm_contrast_3D_avg",
    "glcm_Correlation": "cm_corr_3D_avg",
    "glcm_Autocorrelation": "cm_auto_corr_3D_avg",
    "glcm_ClusterShade": "cm_clust_shade_3D_avg",
    "glszm_SmallAreaEmphasis": "szm_sze_3D",
    "glszm_LargeAreaEmphasis": "szm_lze_3D",
    "glszm_ZoneEntropy": "szm_zs_entr_3D",
    "gldm_SmallDependenceEmphasis": "ngl_lde_3D",
    "gldm_LargeDependenceEmphasis": "ngl_hde_3D",
    "gldm_DependenceEntropy": "ngl_dc_entr_3D",
    "ngtdm_Coarseness": "ngt_coarseness_3D",
    "ngtdm_Busyness": "ngt_busyness_3D",
    "ngtdm_Strength": "ngt_strength_3D",
}
NATIVE = {"resample_mm": None}


def settings(**changes) -> dict:
    return Radiomics.model_validate(changes).model_dump(mode="json")


def lesion(image: np.ndarray, roi: np.ndarray, kind="CT", **grid) -> Lesion:
    return Lesion(volume(image, **grid), volume(roi.astype(np.uint8), **grid), kind, "ct L1", {})


def whole_image(found: Lesion, **changes) -> dict[str, float]:
    """Plain pyradiomics on the whole image as floating point, with room for any filter."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    chosen = settings(**changes)
    extractor = RadiomicsFeatureExtractor(
        label=1, binWidth=25, additionalInfo=False, resampledPixelSpacing=chosen["resample_mm"], padDistance=100
    )
    extractor.disableAllImageTypes()
    extractor.enableImageTypeByName("Original")
    if chosen["log_sigma_mm"]:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": chosen["log_sigma_mm"]})
    if chosen["wavelet"]:
        extractor.enableImageTypeByName("Wavelet")
    return {k: float(v) for k, v in extractor.execute(sitk.Cast(found.image, sitk.sitkFloat64), found.mask).items()}


@pytest.mark.real_data
def test_the_ibsi_digital_phantom_gives_the_published_values(shared_data) -> None:
    folder = shared_data / "ibsi1_digital_phantom"
    with (folder / "reference_values.csv").open() as stream:
        reference = {
            tag: (float(value), float(tolerance or 0))
            for value, tolerance, tag in list(csv.reader(stream, delimiter=";"))[1:]
            if value
        }
    found = radiomics_of_lesion(
        read_lesion(lesion_row(folder / "image.nii.gz", folder / "mask.nii.gz")),
        settings(resample_mm=None, bin_width=1),
    )
    for name, tag in IBSI.items():
        value, tolerance = reference[tag]
        if name.endswith("AxisLength"):  # pyradiomics divides the covariance of the 74 voxels by N, IBSI by N - 1
            value *= np.sqrt(73 / 74)
        # published with three digits: half a unit of the third, or the tolerance where it is larger
        allowed = max(tolerance, 0.006 * abs(value))
        assert found[f"original_{name}"] == pytest.approx(value, abs=allowed), f"{name} against {tag}"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        NATIVE,
        {"log_sigma_mm": [1.0, 3.0]},
        {"log_sigma_mm": [2.0], **NATIVE},
        {"wavelet": True},
        {"wavelet": True, **NATIVE},
        {"resample_mm": [1.3, 1.3, 1.7]},
    ],
)
def test_a_crop_gives_the_values_of_the_whole_image(changes) -> None:
    image, roi = ball(shape=(60, 90, 95), centre=(31, 44, 47), radius_mm=7, spacing=(1.0, 1.0, 2.0))
    found = lesion(image, roi)
    ours, reference = radiomics_of_lesion(found, settings(**changes)), whole_image(found, **changes)
    assert list(ours) == list(reference)
    np.testing.assert_allclose(list(ours.values()), list(reference.values()), rtol=2e-4, atol=1e-7)


def test_a_roi_at_the_corner_of_the_image_gives_the_values_of_the_whole_image() -> None:
    image, roi = ball(centre=(2, 3, 4), radius_mm=6)
    found = lesion(image, roi)
    ours, reference = radiomics_of_lesion(found, settings()), whole_image(found)
    np.testing.assert_allclose(list(ours.values()), list(reference.values()), rtol=1e-6, atol=1e-9)


def test_whole_number_input_is_not_truncated_by_resampling(tmp_path) -> None:
    image, roi = ball()
    integer = read_lesion(lesion_row(*write_pair(tmp_path, "i", image.astype(np.int16), roi)))
    real = read_lesion(lesion_row(*write_pair(tmp_path, "f", image, roi)))
    assert radiomics_of_lesion(integer, settings()) == radiomics_of_lesion(real, settings())


def test_mr_is_normalised_over_the_whole_image_before_cropping() -> None:
    image, roi = ball()
    chosen = settings(normalise=True, bin_width=None, bin_count=32, resample_mm=None)
    found = radiomics_of_lesion(lesion(image, roi, "MR"), chosen)
    expected = (image[roi].astype(float).mean() - image.astype(float).mean()) / image.astype(float).std()
    assert found["original_firstorder_Mean"] == pytest.approx(expected, rel=1e-6)
    scaled = radiomics_of_lesion(lesion(image * 3 + 700, roi, "MR"), chosen)
    # (x * 3 + 700) differs from x by unit alone, so every feature is the same up to float32
    np.testing.assert_allclose(list(found.values()), list(scaled.values()), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "changes", "rule"),
    [
        ("constant", {}, "constant"),
        ("none", {"bin_width": 0.01}, "bin_width"),
        ("none", {"minimum_voxels": 100_000}, "roi_too_small"),
    ],
)
def test_what_would_give_worthless_features_is_refused(change, changes, rule) -> None:
    image, roi = ball()
    if change == "constant":
        image[:] = 7.0
    with pytest.raises(ComputationError) as caught:
        radiomics_of_lesion(lesion(image, roi), settings(**changes))
    assert caught.value.rule == rule


def test_the_grid_is_resampled_to_what_was_asked_for_and_holds_the_roi() -> None:
    image, roi = ball()
    new_image, new_mask = prepare(lesion(image, roi), settings(resample_mm=[1.5, 1.5, 1.5]))[:2]
    assert new_mask.GetSpacing() == pytest.approx((1.5, 1.5, 1.5))
    assert new_image.GetSize() == new_mask.GetSize()
    held = sitk.GetArrayFromImage(new_mask).sum() * 1.5**3
    assert held == pytest.approx(roi.sum() * 2.0, rel=0.05)


def test_a_voxel_size_of_zero_is_refused_with_the_key_that_says_so() -> None:
    with pytest.raises(ConfigurationError, match=r"images\.ct\.radiomics\.resample_mm: must be above 0 mm, found 0"):
        radiomic_features(cohort({"ct": {"radiomics": {"resample_mm": [1, 1, 0]}}}), empty(LESIONS))


def test_each_kind_of_image_has_its_own_settings_and_units(tmp_path) -> None:
    image, roi = ball()
    ct = lesion_row(*write_pair(tmp_path, "ct", image, roi))
    suv = np.clip((image + 1000) / 200, 0, None)
    pt = lesion_row(*write_pair(tmp_path, "pt", suv, roi), images="pet", kind="PT")
    features = radiomic_features(cohort({"ct": {}, "pet": {"kind": "PT"}}), lesion_table(ct, pt))
    assert features.values["images"].tolist() == ["ct", "pet"]
    assert not features.values.isna().any().any()
    units = features.dictionary.set_index(["modality", "feature"])["unit"]
    assert units["radiomics_ct", "original_firstorder_Mean"] == "HU"
    assert units["radiomics_pet", "original_firstorder_Mean"] == "SUV"
    assert units["radiomics_pet", "original_firstorder_Variance"] == "SUV2"
    assert units["radiomics_ct", "original_shape_MeshVolume"] == "mm3"
    assert units["radiomics_ct", "original_glcm_Contrast"] == "1"
    described = features.dictionary.set_index(["modality", "feature"])["description"]
    assert (
        described["radiomics_ct", "original_shape_MeshVolume"]
        == "mesh volume (shape of the ROI) of the CT image; IBSI RNU0"
    )


NOT_OF_IBSI = {
    "shape": {
        *("LeastAxisLength", "MajorAxisLength", "MinorAxisLength"),  # variances by N, not N - 1
        *("Maximum2DDiameterColumn", "Maximum2DDiameterRow", "Maximum2DDiameterSlice"),
    },
    "firstorder": {"Kurtosis", "TotalEnergy"},  # not the excess; times the volume of a voxel
    "glcm": {"MCC"},
}


def test_every_feature_that_ibsi_defines_bears_its_code_in_either_standard(tmp_path) -> None:
    image, roi = ball()
    row = lesion_row(*write_pair(tmp_path, "a", image, roi))
    for standard in ("pyradiomics", "ibsi"):
        settings = {"standard": standard, "log_sigma_mm": [2]}
        dictionary = radiomic_features(cohort({"ct": {"radiomics": settings}}), lesion_table(row)).dictionary
        coded = dictionary[dictionary["ibsi_code"] != ""]
        assert coded["ibsi_code"].str.fullmatch("[0-9A-Z]{4}").all()
        lacking = dictionary.loc[dictionary["ibsi_code"] == "", "feature"].str.split("_", expand=True)
        found = {} if lacking.empty else lacking.groupby(1)[2].agg(set).to_dict()
        assert found == (NOT_OF_IBSI if standard == "pyradiomics" else {})
        codes = dictionary.set_index("feature")["ibsi_code"]
        name = "glcm_Contrast" if standard == "pyradiomics" else "cm_contrast_3D_avg"
        assert codes[f"original_{name}"] == codes[f"log-sigma-2-0-mm-3D_{name}"] == "ACUI"


def test_a_dictionary_stored_before_there_were_codes_is_still_read() -> None:
    stored = pd.DataFrame(
        [["age", "clinical", "demographic", "years", "clinical/main:age", "baseline", "Age"]],
        columns=[c for c in FEATURE_DICTIONARY.columns if c != "ibsi_code"],
    )
    assert conform(stored, FEATURE_DICTIONARY)["ibsi_code"].tolist() == [""]


@pytest.mark.real_data
def test_the_ct_phantom_as_dicom_and_as_nifti_gives_the_same_features(shared_data) -> None:
    folder = shared_data / "ibsi1_ct_phantom"
    table = lesion_table(
        lesion_row(folder / "dicom/image", folder / "dicom/mask/DCM_RS_00060.dcm", "dicom"),
        lesion_row(folder / "nifti/image/phantom.nii.gz", folder / "nifti/mask/mask.nii.gz", "nifti"),
    )
    features = radiomic_features(cohort({"ct": {"radiomics": {"resample_mm": [2, 2, 2]}}}), table)
    assert len(features.quarantine) == 0
    one, two = features.values.drop(columns=["patient_id", "study_id", "lesion_id", "images"]).to_numpy()
    np.testing.assert_allclose(one, two, rtol=1e-6)


@pytest.mark.real_data
def test_two_real_lung_tumours_pass_through(shared_data) -> None:
    folder = shared_data / "lung_ct_samples"
    table = lesion_table(
        *(lesion_row(folder / f"{name}_image.nrrd", folder / f"{name}_label.nrrd", name) for name in ("lung1", "lung2"))
    )
    features = radiomic_features(cohort(), table, workers=2)
    assert features.values["lesion_id"].tolist() == ["lung1", "lung2"]
    assert features.values.shape == (2, 4 + 107)
    # whole-image pyradiomics on the same files, float input, 1 mm: computed once and kept here
    np.testing.assert_allclose(
        features.values["original_firstorder_Median"], [-65.33206383952867, 39.91176919649727], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("CT", {}, (25.0, None, False)),
        ("PT", {}, (0.25, None, False)),
        ("MR", {}, (None, 64, True)),
        ("PT", {"bin_count": 32}, (None, 32, False)),
        ("MR", {"bin_width": 0.1}, (0.1, None, True)),
    ],
)
def test_what_radiomics_leaves_out_is_filled_in_by_the_kind_of_image(kind, given, expected) -> None:
    found = cohort({"x": {"kind": kind, "radiomics": given}}).images["x"].radiomics
    assert (found.bin_width, found.bin_count, found.normalise) == expected


def test_no_radiomics_stays_none() -> None:
    assert cohort({"x": {"radiomics": None}}).images["x"].radiomics is None
