"""The small network over boxes: what a stored one says, and that its means are those of its maps within the ROI and around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load

from radiogenomics.imaging import box_network

ARCHIVE = Path(__file__).parents[2] / "archives" / "networks" / "last_maps.safetensors"
ARCHIVED_LOG_ODDS = (-1.061983585357666, -0.7979821562767029)
"""What the release that stored the network said of the two boxes."""


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


def test_an_archived_network_says_what_it_said_when_it_was_stored() -> None:
    weights, boxes = load(ARCHIVE.read_bytes()), two_boxes()
    embedding = box_network.pooled(box_network.feature_maps(weights, boxes), boxes)
    np.testing.assert_allclose(box_network.log_odds(weights, embedding).numpy(), ARCHIVED_LOG_ODDS, rtol=1e-5)


def test_the_embedding_is_each_maps_mean_within_the_roi_then_around_it() -> None:
    boxes = two_boxes()
    mask = boxes.numpy()[:, 1].reshape(2, 4, 4, 4, 4, 4, 4).mean(axis=(2, 4, 6))
    maps = np.random.default_rng(0).random((2, 3, 4, 4, 4)).astype(np.float32)
    found = box_network.pooled(torch.from_numpy(maps), boxes).numpy()
    for row in range(2):
        expected = [np.average(one, weights=where) for where in (mask[row], 1 - mask[row]) for one in maps[row]]
        np.testing.assert_allclose(found[row], expected, rtol=1e-5)
