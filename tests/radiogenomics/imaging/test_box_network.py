"""What the small network averages, where its log-odds come from, and what networks of an earlier release say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from radiogenomics.imaging import box_network

ARCHIVE = Path(__file__).parents[2] / "archives" / "networks"
EARLIER = (-1.061983585357666, -0.7979821562767029)
"""What the release that stored the archived network said of the two boxes."""


def two_boxes() -> torch.Tensor:
    """Waves of intensity, and an ROI of 4 and of 6 voxels' radius in the middle."""
    z, y, x = np.ogrid[:16, :16, :16]
    made = [
        np.stack(
            [
                np.broadcast_to((z * step + y * 2 + x * 3) % 17 / 17, (16,) * 3),
                (z - 8) ** 2 + (y - 7) ** 2 + (x - 8) ** 2 < radius**2,
            ]
        )
        for step, radius in ((1, 4), (5, 6))
    ]
    return torch.from_numpy(np.stack(made).astype(np.float32))


def said(weights: box_network.Weights, boxes: torch.Tensor) -> np.ndarray:
    maps = box_network.feature_maps(weights, boxes)
    return box_network.log_odds(weights, box_network.pooled(maps, boxes)).numpy()


def archived() -> box_network.Weights:
    return load((ARCHIVE / "last_maps.safetensors").read_bytes())


def drawn() -> box_network.Weights:
    generator = torch.Generator().manual_seed(4)
    weights = box_network.start(2, generator)
    weights["head"] = torch.randn(weights["head"].shape, generator=generator)
    weights["intercept"] = torch.tensor(0.7)
    return weights


def test_a_network_that_an_earlier_release_stored_says_what_it_said_then() -> None:
    np.testing.assert_allclose(said(archived(), two_boxes()), EARLIER, rtol=1e-5)


def test_the_first_means_are_the_images_own_within_the_roi_and_around_it() -> None:
    boxes = two_boxes()
    embedding = box_network.pooled(box_network.feature_maps(drawn(), boxes), boxes).numpy()
    assert embedding.shape == (2, 2 + 14 * 2)
    for row, (image, mask) in enumerate(boxes.numpy()):
        means = np.array([image[mask > 0].mean(), image[mask == 0].mean()])
        np.testing.assert_allclose(embedding[row, :2], box_network.IMAGE_SCALE * means, rtol=1e-5)


@pytest.mark.parametrize(("network", "grid"), [(drawn, 16), (archived, 4)])
def test_places_add_up_to_the_log_odds_without_the_intercept(network, grid: int) -> None:
    weights, boxes = network(), two_boxes()
    for row in range(2):
        places = box_network.by_place(weights, boxes[[row]])
        assert places.shape == (grid,) * 3
        expected = said(weights, boxes)[row] - float(weights["intercept"])
        assert float(places.double().sum()) == pytest.approx(expected, rel=1e-4)
