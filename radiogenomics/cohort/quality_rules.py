"""What quality control of lesions looks for, and what follows from each finding: all rules, limits and defaults.

In ``cohort.yaml`` under ``images.<name>.quality`` each may be given another limit or consequence::

    quality:
      at_border: quarantine                    # the consequence alone
      too_small: {limit: 64}                   # or the limit alone
      partly_air: {limit: 0.5, then: ignore}   # or both

What cannot be read as declared (a damaged file, a shifted mask, missing slices, an open contour, ...) is quarantined
always: there is nothing that could be used.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings

Consequence = Literal["quarantine", "flag", "ignore"]
"""quarantine: the lesion is not used. flag: it is used, and a person should look at it. ignore: nothing is said."""


class QualityRule(Settings):
    """One rule: from which limit on it is broken, and what follows."""

    limit: float | None = Field(None, description="in the rule's own unit; null where the rule has none")
    then: Consequence


def _rule(limit: float | None, then: Consequence, description: str) -> Any:
    return Field(QualityRule(limit=limit, then=then), description=description)


class Quality(Settings):
    """The rules of quality control. Defaults stand here and nowhere else."""

    too_small: QualityRule = _rule(27, "quarantine", "fewer voxels in the ROI: no texture, hardly a shape")
    few_slices: QualityRule = _rule(2, "flag", "fewer slices with ROI")
    slices_without_roi: QualityRule = _rule(0, "flag", "more slices without ROI between its first and its last")
    at_border: QualityRule = _rule(0, "flag", "a larger share of the ROI at the border of the image: it may be cut off")
    constant: QualityRule = _rule(None, "quarantine", "every voxel of the ROI has the same value")
    saturated: QualityRule = _rule(
        0.05, "flag", "a larger share of the ROI at the image's highest or lowest value: values are cut off"
    )
    partly_air: QualityRule = _rule(
        0.25, "flag", "a larger share of the ROI is air (CT below -900 HU) or background (PT, MR)"
    )
    partly_lung: QualityRule = _rule(
        0.3,
        "flag",
        "a larger share of the ROI is aerated lung (CT below -750 HU): the contour may be shifted or mirrored",
    )
    outside_tissue: QualityRule = _rule(
        0.9, "quarantine", "a larger share of the ROI is air or background: the contour lies elsewhere than the tumour"
    )
    not_hounsfield: QualityRule = _rule(None, "flag", "CT without any value below 0: these are no HU")
    air_not_minus_1000: QualityRule = _rule(
        150, "flag", "air in a CT lies further from -1000 HU: the rescale may be wrong"
    )
    below_air: QualityRule = _rule(
        0.01, "flag", "a larger share of a CT's voxels below -1200 HU that is no padding: the rescale may be wrong"
    )
    negative_uptake: QualityRule = _rule(None, "flag", "PET with values below 0")
    not_suv: QualityRule = _rule(200, "flag", "highest value in the ROI of a PET: these may be no SUV")
    mask_resampled: QualityRule = _rule(None, "flag", "the mask came on another grid and was resampled")
    rescale_missing: QualityRule = _rule(None, "flag", "a DICOM CT that does not say how stored values become HU")
    draft_contour: QualityRule = _rule(None, "flag", "the contour is a draft by a program that nobody accepted")
    lossy_compression: QualityRule = _rule(
        None, "flag", "the images were once compressed with loss: texture is altered"
    )
    files_twice: QualityRule = _rule(None, "flag", "slices lie in the folder twice, with the same content")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        """What a rule leaves out is its default; a consequence alone may be given as a word."""
        if not isinstance(data, dict):
            return data
        filled: dict[str, Any] = {}
        for name, value in data.items():
            field = cls.model_fields.get(name)
            if field is None or isinstance(value, QualityRule):
                filled[name] = value
            elif isinstance(value, str):
                filled[name] = {**field.default.model_dump(), "then": value}
            elif isinstance(value, dict):
                filled[name] = {**field.default.model_dump(), **value}
            else:
                filled[name] = value
        return filled
