"""A small 3-D convolutional network over boxes of image and mask, as plain functions of its weights.

Three convolutions. The image and the maps of every layer are averaged within the ROI and around it, each on its own grid, and a
linear head adds the means up: the image's own mean tells density where the ROI is a few millimetres, the last maps tell texture.
With the default width there are 12,296 weights in convolutions and 115 in the head.

A network stored by an earlier release averages its last maps alone; its head of 8 x width weights tells it from others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Weights = dict[str, Any]
"""Name -> tensor."""

WIDTH = 8
"""Maps of the first convolution; the others have two and four times as many."""

IMAGE_SCALE = 4.0
"""By which the image is multiplied before it is averaged: its means then vary about as much as those of the maps."""

_MOMENTUM = 0.1


def start(width: int, generator: Any) -> Weights:
    """Random weights (He et al., ICCV 2015: normal, variance 2 / fan-in); the head starts at 0.

    Parameters
    ----------
    generator : torch.Generator on the CPU.
    """
    import torch

    weights: Weights = {}
    channels = (2, width, 2 * width, 4 * width)
    for layer in (1, 2, 3):
        inside, outside = channels[layer - 1], channels[layer]
        spread = (2.0 / (27 * inside)) ** 0.5
        weights[f"convolution{layer}"] = spread * torch.randn((outside, inside, 3, 3, 3), generator=generator)
        weights[f"scale{layer}"], weights[f"shift{layer}"] = torch.ones(outside), torch.zeros(outside)
        weights[f"mean{layer}"], weights[f"variance{layer}"] = torch.zeros(outside), torch.ones(outside)
    weights["head"], weights["intercept"] = torch.zeros(2 * (1 + sum(channels[1:]))), torch.zeros(())
    return weights


def learned(weights: Weights) -> list[str]:
    """Names of the weights that gradients move; the others are running means of batch normalisation."""
    return [name for name in weights if not name.startswith(("mean", "variance"))]


def feature_maps(weights: Weights, boxes: Any, *, training: bool = False) -> list[Any]:
    """What is averaged: the image times `IMAGE_SCALE` (n, 1, s, s, s), then each convolution's output, not negative.

    These are (n, width, s / 2, s / 2, s / 2), (n, 2 x width, s / 2, s / 2, s / 2) and (n, 4 x width, s / 4, s / 4, s / 4); of a
    network of an earlier release the last alone.

    Parameters
    ----------
    boxes : (n, 2, s, s, s) tensor; image from 0 to 1, mask 0 or 1; s a multiple of 4.
    training : batch normalisation by the batch itself, whose running means in `weights` are updated in place.
    """
    from torch.nn import functional

    found, maps = [IMAGE_SCALE * boxes[:, :1]], boxes
    for layer, stride in ((1, 2), (2, 1), (3, 1)):
        maps = functional.conv3d(maps, weights[f"convolution{layer}"], stride=stride, padding=1)
        running = weights[f"mean{layer}"], weights[f"variance{layer}"]
        maps = functional.batch_norm(
            maps, *running, weights[f"scale{layer}"], weights[f"shift{layer}"], training, _MOMENTUM
        )
        maps = functional.relu(maps)
        found.append(maps)
        if layer == 2:
            maps = functional.avg_pool3d(maps, 2)
    return found[-1:] if len(weights["head"]) == 2 * found[-1].shape[1] else found


def regions(boxes: Any, cell: int) -> Any:
    """What each cell of so many voxels along an edge counts within the ROI and around it.

    (n, 2, s / cell, s / cell, s / cell), each region summing to 1: cells on the border belong to both by their shares.
    """
    import torch
    from torch.nn import functional

    share = functional.avg_pool3d(boxes[:, 1:], cell)
    both = torch.cat([share, 1 - share], dim=1)
    return both / both.sum(dim=(2, 3, 4), keepdim=True).clamp(min=1e-3)


def pooled(maps: Sequence[Any], boxes: Any) -> Any:
    """The embedding (n, 2 + 14 x width): of the image and of each layer, the means within the ROI, then those around it.

    Of a network of an earlier release (n, 8 x width).
    """
    import torch

    means = []
    for one in maps:
        where = regions(boxes, boxes.shape[-1] // one.shape[-1])
        means += [(one * where[:, [region]]).sum(dim=(2, 3, 4)) for region in (0, 1)]
    return torch.cat(means, dim=1)


def log_odds(weights: Weights, embedding: Any) -> Any:
    """The head's log-odds (n,) of embeddings as `pooled` gives them."""
    return embedding @ weights["head"] + weights["intercept"]


def by_place(weights: Weights, box: Any) -> Any:
    """Where in one box the log-odds come from: gradient times activation, summed over all that is averaged.

    On the finest grid that is averaged: (s, s, s), or (s / 4, s / 4, s / 4) for a network of an earlier release. A coarser
    cell's part is divided among its voxels by how much they are within the ROI or around it, so that the sum is the log-odds
    without the intercept.

    Parameters
    ----------
    box : (1, 2, s, s, s) tensor.
    """
    import torch

    maps = feature_maps(weights, box)
    grid = maps[0].shape[-1]
    where = regions(box, box.shape[-1] // grid)[0]
    parts = iter(weights["head"].split([one.shape[1] for one in maps for _ in where]))
    total = torch.zeros_like(where[0])
    for one in maps:
        for region in where:
            part = torch.einsum("czyx,c->zyx", one[0], next(parts))
            for axis in range(3):
                part = part.repeat_interleave(grid // one.shape[-1], dim=axis)
            total = total + part * region
    return total
