"""Maps of where a network's part comes from: they add up, lie where the image lies, and tell trained from untrained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import torch

from radiogenomics.cohort.encoder_settings import Patches
from radiogenomics.explanation import embedding_map, network_map, telling_patients
from radiogenomics.imaging import box_network
from radiogenomics.imaging.embedding import PLANES, embedding_of_lesion
from radiogenomics.imaging.lesion_box import lesion_box
from radiogenomics.imaging.patch_blocks import packed, unpacked
from radiogenomics.imaging.reading import Lesion


@pytest.fixture(scope="module")
def lesion() -> Lesion:
    """A bright ball in dark lung, off the middle, with a brighter ball far from it."""
    z, y, x = np.ogrid[:30, :64, :64]
    inside = ((z - 14) * 2.0) ** 2 + (y - 30) ** 2 + (x - 34) ** 2 < 9**2
    other = ((z - 14) * 2.0) ** 2 + (y - 30) ** 2 + (x - 52) ** 2 < 5**2
    noise = np.random.default_rng(0).normal(0, 20, inside.shape)
    image = sitk.GetImageFromArray((np.where(inside | other, 40.0, -800.0) + noise).astype(np.float32))
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for volume in (image, mask):
        volume.SetSpacing((1.0, 1.0, 2.0))
        volume.SetOrigin((-20.0, 7.0, 100.0))
    return Lesion(image, mask, "CT", "L1", {})


@pytest.fixture(scope="module")
def linear() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.05, 1280)


def test_the_map_of_an_embedding_adds_up_to_what_the_embedding_contributes(lesion: Lesion, linear: np.ndarray) -> None:
    values = np.array(list(embedding_of_lesion(lesion, PLANES).values()))
    found = embedding_map(lesion, linear * values)
    assert found.log_odds == pytest.approx(float(linear @ values), rel=1e-5)


def test_a_map_lies_on_the_images_own_grid_around_the_lesion_it_shows(lesion: Lesion, linear: np.ndarray) -> None:
    volume = embedding_map(lesion, linear).volume
    assert (volume.GetSize(), volume.GetSpacing(), volume.GetOrigin(), volume.GetDirection()) == (
        lesion.image.GetSize(), lesion.image.GetSpacing(), lesion.image.GetOrigin(), lesion.image.GetDirection()
    )  # fmt: skip
    shown = np.argwhere(sitk.GetArrayFromImage(volume) != 0)
    assert {14} <= set(shown[:, 0])
    planes = (shown[:, 0] == 14) | (shown[:, 1] == 30) | (shown[:, 2] == 34)
    assert planes.all()


def test_a_map_of_random_weights_is_another(lesion: Lesion, linear: np.ndarray) -> None:
    found = embedding_map(lesion, linear)
    assert abs(found.randomised) < 0.7
    assert 0 < found.outside < 1
    assert 0.5 < found.area_outside < 1


def brightness() -> box_network.Weights:
    """A network that answers with the brightness within the ROI, and knows nothing else."""
    weights = box_network.start(2, torch.Generator().manual_seed(0))
    for layer in (1, 2, 3):
        kernel = torch.zeros_like(weights[f"convolution{layer}"])
        kernel[0, 0, 1, 1, 1] = 1.0
        weights[f"convolution{layer}"] = kernel
    weights["head"][0] = 3.0
    return weights


def test_the_map_of_a_network_that_sees_the_tumour_alone_lies_in_the_tumour(lesion: Lesion) -> None:
    settings = Patches(size=24, spacing_mm=2.0)
    found = network_map(lesion, [brightness()], settings)
    box = lesion_box(lesion, (24,) * 3, (2.0,) * 3)
    seen = torch.from_numpy(unpacked(packed(box.image, box.mask)[None]))
    maps = box_network.feature_maps(brightness(), seen)
    said = float(box_network.log_odds(brightness(), box_network.pooled(maps, seen)))
    assert found.log_odds == pytest.approx(said, rel=1e-4)
    values, roi = sitk.GetArrayFromImage(found.volume), sitk.GetArrayFromImage(lesion.mask) > 0
    middle = np.array([np.average(axis, weights=values.ravel()) for axis in np.indices(values.shape).reshape(3, -1)])
    np.testing.assert_allclose(middle, [14, 30, 34], atol=1.5)
    assert values[roi].mean() > 5 * values[~roi].mean()
    assert found.outside < found.area_outside


def test_a_network_that_sees_the_surroundings_alone_is_told_by_the_share_outside(lesion: Lesion) -> None:
    weights = brightness()
    weights["head"] = weights["head"].roll(8)  # the same map, averaged around the ROI instead
    around = network_map(lesion, [weights], Patches(size=24, spacing_mm=2.0))
    within = network_map(lesion, [brightness()], Patches(size=24, spacing_mm=2.0))
    assert around.outside > 0.8 > within.outside


def test_telling_patients_are_right_with_conviction_and_wrong_with_conviction() -> None:
    names = [f"P{i}" for i in range(8)]
    rows = pd.DataFrame(
        {
            "patient_id": names,
            "model": "late/weighted",
            "repeat": 0,
            "fold": 0,
            "probability": [0.9, 0.8, 0.7, 0.05, 0.4, 0.3, 0.2, 0.95],
            "label": [1, 1, 1, 1, 0, 0, 0, 0],
            "abstained": False,
        }
    )
    found = telling_patients(rows, "late/weighted", names[:7], count=3).set_index("patient_id")
    assert found["why"].to_dict() == {
        "P0": "event, high probability",
        "P6": "no event, low probability",
        "P3": "most wrong",
    }
