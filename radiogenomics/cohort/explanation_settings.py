"""The sections `explanations` and `statements` of ``cohort.yaml``: how models are explained, and what only people know."""

from __future__ import annotations

from pydantic import Field

from radiogenomics.cohort.settings import Settings


class Explanations(Settings):
    """How the importance of features is made and judged."""

    correlated: float = Field(
        0.8, gt=0, le=1, description="features of a modality whose |Spearman| all reach this are ranked as one group"
    )
    top: int = Field(10, ge=1, description="how many groups count as the first ones, in plots and in their stability")
    stable: float = Field(
        0.5,
        gt=0,
        le=1,
        description="share of the outer folds in which a group must be among the first to be plotted with confidence",
    )
    drift_rate: float = Field(
        0.05, gt=0, lt=1, description="false discovery rate at which a predictor of new patients counts as drifted"
    )


def _said(what: str) -> str:
    return Field("", description=what, max_length=4000)


class Statements(Settings):
    """What no run can know: declared by the authors, shown as declared, and cited by the checklists of the report."""

    intended_use: str = _said("for whom, by whom and where in the care pathway the prediction is meant")
    background: str = _said("the clinical question, and models that exist already")
    inequalities: str = _said("known differences in health between groups of patients, and what was done about them")
    design: str = _said("retrospective or prospective, registry or trial")
    setting: str = _said("number, kind and place of the centres")
    eligibility: str = _said("who was included and who was not")
    dates: str = _said("start and end of accrual, end of follow-up")
    treatments: str = _said("treatments received, and how they were handled")
    imaging_protocol: str = _said("scanners, acquisition and reconstruction")
    imaging_interval: str = _said("time between the images and the reference standard")
    segmentation: str = _said("how lesions were outlined, by whom, with which experience")
    outcome_assessment: str = _said("how the outcome was assessed, by whom, and whether blinded to predictors")
    predictor_assessment: str = _said("how predictors were measured, and whether blinded to the outcome")
    data_overlap: str = _said("other studies of the same patients")
    ethics: str = _said("approval, and consent or its waiver")
    funding: str = _said("who paid, and their role")
    interests: str = _said("conflicts of interest")
    protocol: str = _said("where the protocol is")
    registration: str = _said("register and number")
    data_sharing: str = _said("where images, contours and tables can be had, and on which terms")
    code_sharing: str = _said("where code and settings can be had")
    model_sharing: str = _said("where the fitted model can be had")
    involvement: str = _said("involvement of patients and the public")
    previous_work: str = _said("how the results differ from those of earlier studies")
    next_steps: str = _said("what should be studied next")
    expertise: str = _said("what users must know or do to use the prediction")
