"""Encoders from bytes whose digest was checked: ONNX, weights in the safetensors format, TorchScript."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from radiogenomics.exceptions import ConfigurationError, IntegrityError
from radiogenomics.imaging.encoder_manifest import EncoderManifest, verified_bytes
from radiogenomics.imaging.onnx_session import onnx_session

Encode = Callable[[np.ndarray], np.ndarray]
"""Pictures (n, channels, ...) float32 -> whatever the network gives."""


def encoded(manifest: EncoderManifest, weights: Path, pictures: np.ndarray) -> np.ndarray:
    """Embeddings (n, dimension) float64 of pictures (n, channels, ...); the encoder is loaded once a process.

    Raises
    ------
    IntegrityError
        The digest of the weights is not the manifest's, or their format is not what it says.
    ConfigurationError
        The network takes another input than the manifest says, or gives other than `dimension` numbers.
    """
    encode = _loaded(str(weights), manifest.model_dump_json())
    try:
        found = np.asarray(encode(np.ascontiguousarray(pictures, dtype=np.float32)), dtype=np.float64)
    except Exception as error:
        raise ConfigurationError(
            f"encoder '{manifest.name}': does not take an input of shape {list(pictures.shape[1:])}: {_first_line(error)}",
            rule="encoder_input",
        ) from error
    if found.shape[:1] != pictures.shape[:1] or found.size != len(pictures) * manifest.dimension:
        raise ConfigurationError(
            f"encoder '{manifest.name}': the manifest says {manifest.dimension} numbers a picture, the network gives an "
            f"array of shape {list(found.shape)}",
            rule="encoder_dimension",
        )
    return found.reshape(len(pictures), manifest.dimension)


@functools.lru_cache(maxsize=4)
def _loaded(weights: str, described: str) -> Encode:
    manifest = EncoderManifest.model_validate_json(described)
    content = verified_bytes(Path(weights), manifest.sha256)
    try:
        return _READERS[manifest.format](content, manifest)
    except (ConfigurationError, IntegrityError):
        raise
    except Exception as error:
        raise IntegrityError(
            f"{weights}: cannot be read as {manifest.format}: {_first_line(error)}", rule="encoder_weights"
        ) from error


def _onnx(content: bytes, manifest: EncoderManifest) -> Encode:
    import onnx

    outside = _external(onnx.load_model_from_string(content))
    if outside:
        raise IntegrityError(
            f"encoder '{manifest.name}': weights lie in another file ('{outside}'), which no digest covers; store them "
            "inside the ONNX file",
            rule="external_data",
        )
    session = onnx_session(content)
    names = [item.name for item in session.get_inputs()]
    if len(names) != 1:
        raise ConfigurationError(
            f"encoder '{manifest.name}': one input is fed, the network has {names}", rule="encoder_input"
        )
    first = session.get_outputs()[0].name
    # one at a time: many exported networks fix the batch at 1
    return lambda pictures: np.concatenate(
        [np.asarray(session.run([first], {names[0]: one[None]})[0]) for one in pictures]
    )


def _external(message: Any) -> str:
    """Where weights are said to lie outside the file; '' where all are inside. Looks into subgraphs and functions too."""
    if message.DESCRIPTOR.full_name.endswith("TensorProto") and (
        message.data_location == message.EXTERNAL or message.external_data
    ):
        return next((entry.value for entry in message.external_data if entry.key == "location"), "not named")
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                found = _external(part)
                if found:
                    return found
    return ""


def _safetensors(content: bytes, manifest: EncoderManifest) -> Encode:
    from safetensors.torch import load

    weights = {
        name.removeprefix(manifest.prefix): value
        for name, value in load(content).items()
        if name.startswith(manifest.prefix)
    }
    if manifest.architecture == "box_network":
        return _box_network(weights, manifest)
    from radiogenomics.imaging.residual_network import residual_network

    channels = manifest.input.channels + manifest.input.mask_channel
    network = residual_network(str(manifest.architecture), channels)
    _require_names(set(network.state_dict()), set(weights), manifest)
    try:
        network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise IntegrityError(
            f"encoder '{manifest.name}': weights do not fit '{manifest.architecture}' of {channels} channels: "
            f"{_first_line(error, last=True)}",
            rule="encoder_weights",
        ) from error
    return _evaluated(network.eval())


def _box_network(weights: dict[str, Any], manifest: EncoderManifest) -> Encode:
    import torch

    from radiogenomics.imaging import box_network

    expected = box_network.start(box_network.WIDTH, torch.Generator())
    _require_names(set(expected), set(weights), manifest)
    return _evaluated(lambda boxes: box_network.pooled(box_network.feature_maps(weights, boxes), boxes))


_UNUSED = ("fc.", "num_batches_tracked")
"""Weights that an embedding does without: the classifier's own layer, and counters."""


def _require_names(expected: set[str], found: set[str], manifest: EncoderManifest) -> None:
    lacking = sorted(name for name in expected - found if not name.endswith(_UNUSED[1]))
    strange = sorted(
        name for name in found - expected if not name.startswith(_UNUSED[0]) and not name.endswith(_UNUSED[1])
    )
    if lacking or strange:
        first = f"lacks '{lacking[0]}'" if lacking else f"has '{strange[0]}', which that has not"
        raise IntegrityError(
            f"encoder '{manifest.name}': weights do not belong to '{manifest.architecture}': the file {first} "
            f"({len(lacking)} lacking, {len(strange)} unknown); `prefix` says what stands before their names",
            rule="encoder_weights",
        )


def _torchscript(content: bytes, manifest: EncoderManifest) -> Encode:
    import torch

    return _evaluated(torch.jit.load(io.BytesIO(content), map_location="cpu").eval())


def _evaluated(network: Any) -> Encode:
    import torch

    def encode(pictures: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(pictures)).numpy())

    return encode


_READERS: dict[str, Callable[[bytes, EncoderManifest], Encode]] = {
    "onnx": _onnx,
    "safetensors": _safetensors,
    "torchscript": _torchscript,
}


def _first_line(error: Exception, *, last: bool = False) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1 if last else 0][:300] if lines else type(error).__name__
