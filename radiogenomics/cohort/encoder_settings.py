"""How images become numbers that networks learn: an encoder from a file, and boxes of voxels for a network of the cohort's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings

VOXELS = "patches"
"""Modalities ``patches_<images>`` hold voxels: no model but a network over boxes may see their columns."""


class EncoderFile(Settings):
    """An encoder of your own, from a local file that a manifest describes."""

    manifest: str = Field(
        description="path of a YAML manifest (docs/encoders.md), relative to the cohort's root; the weights stand beside it"
    )


class Patches(Settings):
    """A box of voxels around each patient's largest lesion, for the network that is trained on the cohort itself."""

    size: int = Field(24, ge=16, le=48, multiple_of=4, description="voxels along each edge of the box")
    spacing_mm: float = Field(2.0, gt=0, le=20, description="edge of its voxels, mm; size x spacing is what is seen")
    window: tuple[float, float] | None = Field(
        None,
        description="intensities that become 0 and 255; null: CT -1000 to 400 HU, PT 0 to 15 SUV, MR by percentiles",
    )

    @model_validator(mode="after")
    def _window_ascends(self) -> Patches:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError(f"window: the lower end must lie below the upper, found {list(self.window)}")
        return self


class Network(Settings):
    """The small 3-D network that is trained on boxes of voxels inside every training fold."""

    epochs: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field(
        (10, 20, 40),
        min_length=1,
        description="passes over the patients after which training may stop; inner folds choose",
    )
    members: int = Field(4, ge=1, le=20, description="networks in the ensemble, each from a seed of its own")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: a GPU where there is one; figures then agree with the CPU's within rounding"
    )
