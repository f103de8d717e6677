"""The manifest of an encoder from a file: what it is, what it must be fed, and the digest of its weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from radiogenomics.cohort.settings import Settings
from radiogenomics.exceptions import ConfigurationError, IntegrityError

ARCHITECTURES = ("box_network", "resnet10_3d", "resnet18_3d", "resnet34_3d", "resnet50_3d")
"""Networks that weights in the safetensors format may belong to: `box_network` is this project's own; the residual ones have
the names of weights that MONAI gives its own."""


class EncoderInput(Settings):
    """What the encoder is fed. The box is resampled, cut or filled up, and scaled by this project, not by the encoder."""

    shape: tuple[int, ...] = Field(description="voxels z, y, x; or rows, columns of three planes through the centroid")
    spacing_mm: tuple[float, ...] = Field(description="voxel edges x, y, z, mm; two for planes")
    window: tuple[float, float] = Field(description="intensities that become 0 and 1 (HU for CT, SUV for PT); clipped")
    channels: int = Field(1, ge=1, le=16, description="the same picture so many times")
    mask_channel: bool = Field(False, description="the ROI (0 or 1) as one more channel, the last")
    mean: float = Field(0.0, description="subtracted after scaling to 0 to 1")
    deviation: float = Field(1.0, gt=0, description="divided by after that")

    @model_validator(mode="after")
    def _consistent(self) -> EncoderInput:
        if len(self.shape) not in (2, 3) or len(self.spacing_mm) != len(self.shape):
            raise ValueError(
                f"shape and spacing_mm: both have two numbers (planes) or three (a box), found {len(self.shape)} and "
                f"{len(self.spacing_mm)}"
            )
        if not all(8 <= n <= 512 for n in self.shape) or not all(0 < s <= 20 for s in self.spacing_mm):
            raise ValueError("shape is from 8 to 512 voxels and spacing_mm above 0 and up to 20 mm along each axis")
        if self.window[0] >= self.window[1]:
            raise ValueError(f"window: the lower end must lie below the upper, found {list(self.window)}")
        return self


class EncoderManifest(Settings):
    """An encoder from a local file."""

    name: str = Field(min_length=1, description="as it stands in the feature dictionary and in reports")
    path: str = Field(description="the weights, relative to the manifest")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="digest of the weights, checked before they are parsed")
    format: Literal["onnx", "safetensors", "torchscript"] = Field(description="never a pickle")
    architecture: Literal["box_network", "resnet10_3d", "resnet18_3d", "resnet34_3d", "resnet50_3d"] | None = Field(
        None, description="for safetensors: the network that the weights belong to"
    )
    prefix: str = Field("", description="for safetensors: what stands before the names of the weights that are used")
    runs_code: bool = Field(
        False, description="true acknowledges that a TorchScript file is a programme that will run here; needed for it"
    )
    kind: Literal["CT", "PT", "MR"] = Field(description="the kind of images it was trained on")
    input: EncoderInput
    dimension: int = Field(ge=1, le=65536, description="numbers in one embedding")
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1, description="where it comes from: address, paper")

    @model_validator(mode="after")
    def _fits_format(self) -> EncoderManifest:
        if (self.format == "safetensors") != (self.architecture is not None):
            raise ValueError(
                f"architecture: needed for safetensors, which holds weights alone, and for no other format; one of {ARCHITECTURES}"
            )
        if self.format == "torchscript" and not self.runs_code:
            raise ValueError(
                "runs_code: a TorchScript file is a programme; say `runs_code: true` if its source may run code here"
            )
        if self.architecture is not None and len(self.input.shape) != 3:
            raise ValueError(f"input.shape: '{self.architecture}' reads boxes, so three numbers are needed")
        return self


def read_manifest(file: Path) -> EncoderManifest:
    """Read and check a manifest; the weights are not opened yet.

    Raises
    ------
    ConfigurationError
        The file is missing, no YAML, or says something that it may not; the message names file and key.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such file; expected the manifest of an encoder", rule="file_missing")
    try:
        raw: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise ConfigurationError(f"{file}: expected a mapping of keys, found {type(raw).__name__}", rule="yaml")
        manifest = EncoderManifest.model_validate(raw)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{file}: not valid YAML: {error}", rule="yaml") from error
    except ValidationError as error:
        said = "; ".join(_problem(problem) for problem in error.errors())
        raise ConfigurationError(f"{file}: {said}", rule="encoder_manifest") from error
    weights = weights_file(file, manifest)
    if not weights.is_file():
        raise ConfigurationError(f"{file}: path: no such file '{manifest.path}' beside it", rule="file_missing")
    return manifest


def weights_file(file: Path, manifest: EncoderManifest) -> Path:
    """Where the weights of a manifest lie."""
    return (file.parent / manifest.path).resolve()


def verified_bytes(weights: Path, sha256: str) -> bytes:
    """The content of a file whose digest is the expected one: what is parsed is what was checked.

    Raises
    ------
    IntegrityError
        The digest differs, or the file cannot be read.
    """
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise IntegrityError(f"{weights}: cannot be read: {error.strerror}", rule="encoder_weights") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise IntegrityError(
            f"{weights}: SHA-256 is {digest[:12]}..., the manifest says {sha256[:12]}...; nothing of it was read",
            rule="encoder_weights",
        )
    return content


def _problem(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    said = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "unknown key"
    return f"{where}: {said}" if where else said
