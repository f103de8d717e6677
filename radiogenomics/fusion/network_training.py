"""Training of the small 3-D network: augmentation, averaged weights, an ensemble of seeds.

All randomness is drawn on the CPU from one seed, so that CPU and GPU see the same batches; on one thread of a CPU a
training is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from radiogenomics.exceptions import ConfigurationError
from radiogenomics.imaging import box_network
from radiogenomics.imaging.box_network import Weights

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
BATCH = 16
AVERAGED = 0.98
"""How much of the running average of weights a step keeps (Polyak & Juditsky, SIAM J. Control Optim. 1992)."""
DROPPED = 0.3
"""Share of the embedding that is dropped in a training step."""
VARIANTS = 6
"""Turned and shifted copies of each box, made once: resampling is dearer than a training step."""
TURN_RADIANS = 0.3
SHIFT = 0.08
"""As a share of half the box's edge."""
NOISE = 0.02
"""Standard deviation on intensities from 0 to 1: of a window of 1,400 HU, 28 HU."""


def chosen_device(device: str) -> str:
    """'cpu' or 'cuda'; 'auto' is a GPU where there is one.

    Raises
    ------
    ConfigurationError
        'cuda' is asked for and there is none.
    """
    import torch

    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise ConfigurationError(
            "models.network.device: 'cuda' is declared, and this machine has no GPU that torch can use", rule="device"
        )
    return "cuda" if device == "cuda" or (device == "auto" and there) else "cpu"


@contextmanager
def repeatable() -> Iterator[None]:
    """Torch on one thread and with deterministic convolutions."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(before)


def trained(
    boxes: np.ndarray, target: np.ndarray, epochs: Sequence[int], *, members: int, width: int, seed: int, device: str
) -> list[list[Weights]]:
    """The weights of an ensemble after each of these numbers of epochs: [epochs][members], on the CPU.

    Parameters
    ----------
    boxes : (n, 2, s, s, s) float32. target : (n,) of 0/1.
    """
    with repeatable():
        runs = [_one(boxes, target, epochs, width, seed + 7919 * member, device) for member in range(members)]
    return [list(after) for after in zip(*runs, strict=True)]


def predicted(members: Sequence[Weights], boxes: np.ndarray) -> np.ndarray:
    """Mean log-odds (n,) of an ensemble, a box at a time: a patient is predicted alone as among others."""
    import torch

    said = np.zeros(len(boxes))
    with repeatable(), torch.inference_mode():
        for row, box in enumerate(torch.from_numpy(boxes)):
            one = box[None]
            for weights in members:
                embedding = box_network.pooled(box_network.feature_maps(weights, one), one)
                said[row] += float(box_network.log_odds(weights, embedding)) / len(members)
    return said


def _one(
    boxes: np.ndarray, target: np.ndarray, epochs: Sequence[int], width: int, seed: int, device: str
) -> list[Weights]:
    import torch
    from torch.nn import functional

    generator = torch.Generator().manual_seed(seed % 2**63)
    share = float(np.clip(target.mean(), 0.01, 0.99))
    weights = box_network.start(width, generator)
    weights["intercept"] += float(np.log(share / (1 - share)))
    weights = {name: value.to(device) for name, value in weights.items()}
    names = box_network.learned(weights)
    for name in names:
        weights[name].requires_grad_(True)
    average = {name: value.detach().clone() for name, value in weights.items()}
    optimiser = torch.optim.AdamW([weights[n] for n in names], LEARNING_RATE, weight_decay=WEIGHT_DECAY, foreach=False)
    shown = _variants(torch.from_numpy(boxes), generator).to(device)
    label = torch.from_numpy(target.astype(np.float32)).to(device)
    snapshots, step = [], 0
    for epoch in range(1, max(epochs) + 1):
        variant = torch.randint(len(shown), (len(boxes),), generator=generator)
        for rows in _batches(len(boxes), generator):
            batch = _augmented(shown[variant[rows], rows], generator)
            embedding = box_network.pooled(box_network.feature_maps(weights, batch, training=True), batch)
            kept = (torch.rand(embedding.shape, generator=generator) >= DROPPED).to(device) / (1 - DROPPED)
            loss = functional.binary_cross_entropy_with_logits(
                box_network.log_odds(weights, embedding * kept), label[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            _follow(average, weights, min(AVERAGED, (1 + step) / (10 + step)))
        if epoch in epochs:
            snapshots.append({name: value.to("cpu", copy=True) for name, value in average.items()})
    return snapshots


def _batches(n: int, generator: Any) -> list[Any]:
    """A shuffled division of n rows into batches of about `BATCH`; none so small that its variance means nothing."""
    import torch

    return list(torch.tensor_split(torch.randperm(n, generator=generator), max(1, round(n / BATCH))))


def _follow(average: Weights, weights: Weights, kept: float) -> None:
    import torch

    with torch.no_grad():
        for name, value in average.items():
            value.mul_(kept).add_(weights[name], alpha=1 - kept)


def _variants(boxes: Any, generator: Any) -> Any:
    """The boxes as they are and `VARIANTS` - 1 times turned by a little and shifted: (variants, n, 2, s, s, s)."""
    import torch
    from torch.nn import functional

    made = [boxes]
    for _ in range(VARIANTS - 1):
        turn = (2 * torch.rand((len(boxes), 3), generator=generator) - 1) * TURN_RADIANS
        shift = (2 * torch.rand((len(boxes), 3, 1), generator=generator) - 1) * SHIFT
        move = torch.cat([_rotation(turn), shift], dim=2)
        grid = functional.affine_grid(move, list(boxes.shape), align_corners=False)
        made.append(functional.grid_sample(boxes, grid, padding_mode="border", align_corners=False))
    return torch.stack(made)


def _rotation(turn: Any) -> Any:
    """Rotation matrices (n, 3, 3) by three angles (n, 3), one axis after another."""
    import torch

    matrix = torch.eye(3).expand(len(turn), 3, 3)
    for axis in range(3):
        first, second = [other for other in range(3) if other != axis]
        one = torch.eye(3).repeat(len(turn), 1, 1)
        cosine, sine = torch.cos(turn[:, axis]), torch.sin(turn[:, axis])
        one[:, first, first], one[:, second, second] = cosine, cosine
        one[:, first, second], one[:, second, first] = -sine, sine
        matrix = matrix @ one
    return matrix


def _augmented(batch: Any, generator: Any) -> Any:
    """A batch mirrored along axes drawn for it, with noise on its image."""
    import torch

    mirrored = [axis for axis in (2, 3, 4) if float(torch.rand((), generator=generator)) < 0.5]
    batch = batch.flip(mirrored) if mirrored else batch
    image, mask = batch[:, :1], batch[:, 1:]
    noise = NOISE * torch.randn(image.shape, generator=generator)
    return torch.cat([image + noise.to(image.device), mask], dim=1)
