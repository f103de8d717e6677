"""What ``images.<name>.robustness`` may say: how lesions are perturbed, and which features are then left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings

Millimetres = Annotated[float, Field(gt=0, le=20, allow_inf_nan=False)]
Degrees = Annotated[float, Field(gt=0, le=45, allow_inf_nan=False)]
Icc = Annotated[float, Field(ge=0, le=1)]


class ContourRepeats(Settings):
    """The lesion drawn and positioned again: after Zwanenburg et al., Sci Rep 2019;9:614, with sizes in mm."""

    grow_mm: tuple[Millimetres, ...] = Field((1.0,), description="contour grown by so much, in three dimensions")
    shrink_mm: tuple[Millimetres, ...] = Field((1.0,), description="contour shrunk by so much")
    shift_mm: tuple[Millimetres, ...] = Field((1.0,), description="contour shifted by so much, along x and along y")
    rotate_deg: tuple[Degrees, ...] = Field((5.0,), description="contour turned about the body's axis, both ways")
    noise: tuple[Annotated[float, Field(gt=0, le=5)], ...] = Field(
        (1.0,), description="white noise added, in multiples of the image's own"
    )
    slices_merged: tuple[Annotated[int, Field(ge=2, le=5)], ...] = Field(
        (), description="so many neighbouring slices averaged into one"
    )
    minimum_icc: Icc | None = Field(
        0.75, description="features below it do not enter a model; null: they are only listed"
    )

    @model_validator(mode="after")
    def _something(self) -> ContourRepeats:
        if not any((self.grow_mm, self.shrink_mm, self.shift_mm, self.rotate_deg, self.noise, self.slices_merged)):
            raise ValueError("declare at least one perturbation")
        return self


class Acquisitions(Settings):
    """The lesion scanned otherwise, re-simulated from its CT: lower dose, other kernel, thicker slices."""

    dose: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.5, 0.25), description="shares of the dose; noise with the texture of filtered back-projection is added"
    )
    noise_peak_per_mm: float = Field(
        0.3, gt=0, le=2, description="spatial frequency at which the added noise is strongest, 1/mm"
    )
    smooth_mm: tuple[Millimetres, ...] = Field(
        (0.6,), description="smoother kernel: in-plane Gaussian of this standard deviation"
    )
    sharpen_mm: tuple[Millimetres, ...] = Field(
        (0.6,), description="sharper kernel: what such a Gaussian takes away is added once more"
    )
    slices_merged: tuple[Annotated[int, Field(ge=2, le=5)], ...] = Field(
        (2,), description="so many neighbouring slices averaged into one"
    )
    minimum_icc: Icc | None = Field(
        None,
        description="features of which less than this share of the variance is between lesions do not enter a model; "
        "null: they are only listed",
    )

    @model_validator(mode="after")
    def _something(self) -> Acquisitions:
        if not any((self.dose, self.smooth_mm, self.sharpen_mm, self.slices_merged)):
            raise ValueError("declare at least one acquisition")
        return self


class Robustness(Settings):
    """Perturbed readings of some lesions, and what follows for features that do not survive them."""

    lesions: int | None = Field(
        40, ge=3, description="patients whose largest lesion is perturbed, chosen by a hash of their name; null: all"
    )
    contour: ContourRepeats | None = ContourRepeats()
    acquisition: Acquisitions | None = Field(None, description="CT only")
    judged_by: Literal["lower", "estimate"] = Field(
        "lower", description="what `minimum_icc` is held against: the lower end of the 95 % interval, or the estimate"
    )
    random_state: int = Field(20260101, ge=0, description="seed of the added noise")

    @model_validator(mode="after")
    def _something(self) -> Robustness:
        if self.contour is None and self.acquisition is None:
            raise ValueError("declare `contour`, `acquisition` or both")
        return self

    def selects(self) -> bool:
        """Whether any feature may be left out of the models because of it."""
        return any(part is not None and part.minimum_icc is not None for part in (self.contour, self.acquisition))
