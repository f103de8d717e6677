"""A small 3-D convolutional network over boxes of image and mask, as plain functions of its weights.

Three convolutions; then the mean of each of the last maps within the ROI and around it, and a linear head. Means over the ROI
are what texture is made of, and leave few weights to learn: with the default width 12,296 in convolutions and 65 in the head.
"""

from __future__ import annotations

from typing import Any

Weights = dict[str, Any]
"""Name -> tensor."""

WIDTH = 8
"""Maps of the first convolution; the others have two and four times as many."""

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
    weights["head"], weights["intercept"] = torch.zeros(8 * width), torch.zeros(())
    return weights


def learned(weights: Weights) -> list[str]:
    """Names of the weights that gradients move; the others are running means of batch normalisation."""
    return [name for name in weights if not name.startswith(("mean", "variance"))]


def feature_maps(weights: Weights, boxes: Any, *, training: bool = False) -> Any:
    """Output of the last convolution: (n, 4 x width, s / 4, s / 4, s / 4), not negative.

    Parameters
    ----------
    boxes : (n, 2, s, s, s) tensor; image from 0 to 1, mask 0 or 1; s a multiple of 4.
    training : batch normalisation by the batch itself, whose running means in `weights` are updated in place.
    """
    from torch.nn import functional

    maps = boxes
    for layer, stride in ((1, 2), (2, 1), (3, 1)):
        maps = functional.conv3d(maps, weights[f"convolution{layer}"], stride=stride, padding=1)
        running = weights[f"mean{layer}"], weights[f"variance{layer}"]
        maps = functional.batch_norm(
            maps, *running, weights[f"scale{layer}"], weights[f"shift{layer}"], training, _MOMENTUM
        )
        maps = functional.relu(maps)
        if layer == 2:
            maps = functional.avg_pool3d(maps, 2)
    return maps


def regions(boxes: Any) -> Any:
    """What each place of the last maps counts within the ROI and around it: (n, 2, s / 4, s / 4, s / 4), each summing to 1."""
    import torch
    from torch.nn import functional

    share = functional.avg_pool3d(boxes[:, 1:], 4)
    both = torch.cat([share, 1 - share], dim=1)
    return both / both.sum(dim=(2, 3, 4), keepdim=True).clamp(min=1e-3)


def pooled(maps: Any, boxes: Any) -> Any:
    """The embedding (n, 8 x width): the mean of each map within the ROI, then around it."""
    import torch

    where = regions(boxes)
    return torch.cat([(maps * where[:, [region]]).sum(dim=(2, 3, 4)) for region in (0, 1)], dim=1)


def log_odds(weights: Weights, embedding: Any) -> Any:
    """The head's log-odds (n,) of embeddings (n, 8 x width)."""
    return embedding @ weights["head"] + weights["intercept"]
