"""What ``cohort.yaml`` may say about stored models at work: their use on new patients, their replacement, the worklist."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Name, Settings

TIME_TO_EVENT = "time_to_event"
"""`outcome` in the metadata of a stored model of a time to an event; models of labels say none."""


class Domain(Settings):
    """When a patient lies outside what a model was trained on."""

    novelty: float = Field(
        0.01,
        gt=0,
        lt=0.5,
        description="a patient is outside where no larger share of the training patients, each judged without itself, lies as far "
        "from the others in a modality, or leaves the others' range as far with a feature that counts; with fewer than "
        "1/novelty of them, where it is twice as far as the furthest",
    )
    unseen_site: Literal["outside", "note"] = Field(
        "outside", description="a hospital, scanner or other confounder category that no training patient had"
    )
    unseen_pattern: Literal["outside", "note"] = Field(
        "outside", description="a combination of modalities that no training patient had"
    )


class Abstention(Settings):
    """When no probability is given, beside where the model itself abstains."""

    outside_domain: bool = Field(True, description="the patient lies outside the domain of applicability")
    undecided_set: bool = Field(False, description="the conformal set holds both classes")
    empty_set: bool = Field(False, description="the conformal set holds neither class")


class Promotion(Settings):
    """When a new model takes the place of the champion: only if it is shown not to be worse."""

    automatic: bool = Field(True, description="false: a person promotes each model")
    auc_margin: float = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="the 95 % interval of the paired AUC difference (challenger - champion) must lie above minus this",
    )
    brier_margin: float = Field(
        0.02, gt=0, lt=0.5, description="the 95 % interval of the paired Brier difference must lie below this"
    )
    minimum_events: int = Field(
        10, ge=2, description="events, and patients without one, that both models must have predicted out of fold"
    )


class Worklist(Settings):
    """Which untested patients to test first, by what a test finds and costs."""

    endpoint: Name | None = Field(
        None, description="the endpoint that the test measures; left out: egfr_status, or else the only endpoint"
    )
    benefit: float = Field(1.0, gt=0, description="worth of finding one event early, in units of your own")
    cost: float = Field(0.1, ge=0, description="worth of one test brought forward, in the same units")
    urgency: str | None = Field(
        None, description="<modality>:<feature> whose value says how much an early result is worth to the patient"
    )
    urgency_weights: dict[float, float] = Field(
        default_factory=dict,
        description="value of that feature -> factor on `benefit`; values not named, and missing: 1",
    )

    @model_validator(mode="after")
    def _weights_of_a_feature(self) -> Worklist:
        if bool(self.urgency) != bool(self.urgency_weights):
            raise ValueError("give both `urgency` and `urgency_weights`, or neither")
        if self.urgency is not None and ":" not in self.urgency:
            raise ValueError("urgency: write <modality>:<feature>")
        return self


class Prediction(Settings):
    """How stored models are applied and replaced."""

    confidence: float = Field(
        0.9, gt=0.5, lt=1, description="share of each class whose conformal set must hold the true class"
    )
    domain: Domain = Domain()
    abstain: Abstention = Abstention()
    missing_features: Literal["refuse", "modality_absent"] = Field(
        "refuse",
        description="a feature that counts in the model and that the new data do not have as a column: an error; or the "
        "patient's whole modality counts as absent",
    )
    promotion: Promotion = Promotion()
    worklist: Worklist = Worklist()
    inbox: str | None = Field(
        None, description="folder (relative to the root) of which each new complete subfolder is predicted once"
    )
    inbox_settle_seconds: int = Field(
        60, ge=0, description="an inbox subfolder is complete when nothing in it changed for so long"
    )
