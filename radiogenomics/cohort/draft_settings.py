"""Draft contours: what may be done for a lesion that has a box or a diameter but no contour. All keys and defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings


class Segmenter(Settings):
    """A segmentation model of the institution, with its weights on this machine, run as a program of its own."""

    tool: Literal["nnunet", "totalsegmentator"]
    weights: str = Field(
        description="nnunet: the folder of the trained model (holds plans.json and fold_*); totalsegmentator: the folder that "
        "TOTALSEG_WEIGHTS_PATH names. Relative to the cohort's root; never downloaded"
    )
    executable: str | None = Field(
        None, description="path of the program, where it is not on the PATH under its own name"
    )
    labels: tuple[int, ...] = Field((1,), min_length=1, description="nnunet: labels of the output that are tumour")
    folds: tuple[str, ...] = Field((), description="nnunet: folds to use; empty: the tool's own choice")
    task: str = Field("lung_nodules", description="totalsegmentator: its task")
    structure: str = Field("lung_nodules", description="totalsegmentator: the structure of the task that is tumour")
    device: Literal["cpu", "gpu"] = "cpu"
    timeout_s: float = Field(1800, gt=0, description="seconds for one image; what takes longer is ended")


class DraftContours(Settings):
    """Whether lesions without a contour get a draft, by which method, and when a draft may not be used.

    In ``cohort.yaml`` a word alone is `use`::

        draft_contours: separate
        draft_contours: {use: include, minimum_agreement: 0.75}
    """

    use: Literal["refuse", "separate", "include"] = Field(
        "refuse",
        description="refuse: none is made, the row is set aside. separate: made, measured and shown, marked as drafts; none "
        "enters a patient's features. include: those that pass their checks count like drawn ones, and are flagged",
    )
    method: Literal["threshold", "watershed", "segmenter"] = Field(
        "threshold",
        description="whose contour is the draft; the second opinion is watershed, or threshold where the draft is not",
    )
    soft_tissue_hu: float = Field(-400, description="CT, threshold: tissue attenuates more than this")
    uptake_share: float = Field(
        0.41,
        gt=0,
        lt=1,
        description="PT, threshold: share of the highest uptake (41 %: EANM guideline, Boellaard 2015)",
    )
    minimum_agreement: float = Field(
        0.6, ge=0, le=1, description="Dice of the draft and the second opinion; below, the draft is not used"
    )
    maximum_volume_difference: float = Field(
        0.6, gt=0, description="difference of both volumes over their mean; above, the draft is not used"
    )
    maximum_at_limit: float = Field(
        0.6,
        ge=0,
        le=1,
        description="share of the draft's outline that is the box's and not the image's: tissue or uptake goes on beyond it",
    )
    minimum_filled: float = Field(
        0.1, ge=0, lt=1, description="share of the prompt's ellipsoid that the draft must fill"
    )
    minimum_voxels: int = Field(27, ge=1, description="a smaller draft is not used")
    segmenter: Segmenter | None = Field(None, description="needed by `method: segmenter`")

    @model_validator(mode="before")
    @classmethod
    def _word(cls, data: Any) -> Any:
        return {"use": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _segmenter_declared(self) -> DraftContours:
        if (self.method == "segmenter") != (self.segmenter is not None):
            raise ValueError("`method: segmenter` and `segmenter` go together: give both or neither")
        return self
