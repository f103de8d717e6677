"""What ``images.<name>.follow_up`` may say: lesions over several studies of a patient, and features of their change."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings


class Delta(Settings):
    """Change since the baseline as a modality of its own, ``delta_<images>``. It is follow-up, and treated as such."""

    from_days: int = Field(1, ge=1, description="days after the baseline from which a study counts")
    until_days: int = Field(
        ge=1,
        description="a study counts until so many days after the baseline and after the index date; the last one counts",
    )
    radiomics: tuple[str, ...] = Field(
        (), description="radiomic features (globs) whose difference, later less baseline, is a feature too"
    )

    @model_validator(mode="after")
    def _order(self) -> Delta:
        if self.from_days > self.until_days:
            raise ValueError(f"from_days {self.from_days} is after until_days {self.until_days}")
        return self


class VolumeResponse(Settings):
    """Changes in total volume that count as response and progression.

    The defaults are what RECIST's -30 % and +20 % of a diameter are for a ball: 0.7^3 - 1 and 1.2^3 - 1, the thresholds of
    Prasad et al., Radiology 2002;225:416-419.
    """

    partial: float = Field(-0.65, gt=-1, lt=0, description="against the baseline")
    progression: float = Field(0.73, gt=0, description="against the smallest total so far")


class LesionFollowUp(Settings):
    """Lesions measured again: which is which, how well a change can be measured, and what it is called."""

    match: Literal["label", "nearest"] = Field(
        "label",
        description="label: by the column `label` of the lesions table; nearest: by the distance of centres in patient "
        "coordinates, which needs the patient in the same position",
    )
    label: str = Field(
        "lesion_label", description="column of the lesions table that names a lesion the same at every date"
    )
    maximum_distance_mm: float = Field(25.0, gt=0, description="nearest: centres further apart are not the same lesion")
    contour_sd_mm: float = Field(
        0.5,
        gt=0,
        le=10,
        description="standard deviation of where a contour lies when it is drawn again; the lesion's own contour moved out "
        "and in by it gives the measurement error",
    )
    absent: Literal["not_measured", "gone"] = Field(
        "not_measured", description="what a lesion of the baseline without contour at a later date means"
    )
    new: Literal["progression", "not_counted"] = Field(
        "progression", description="what a lesion without counterpart at the baseline means"
    )
    volume_response: VolumeResponse = VolumeResponse()
    delta: Delta | None = None
