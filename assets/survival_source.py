"""What the assets of a survival endpoint share: the inputs and settings that decide them, and the frame that models see."""

from collections.abc import Mapping
from typing import Any

from assets.robustness import declared_readings, readings_input
from assets.training_frame import is_floor_of
from radiogenomics.cohort.change import part_signature
from radiogenomics.cohort.configuration import Cohort

LEARNING = ("fusion", "evaluation", "multimodal", "endpoints", "compute", "cohort")
"""Packages whose source decides a model and its evaluation."""


def survival_settings(cohort: Cohort) -> dict[str, Any]:
    """The part of the configuration that decides what the models of every survival endpoint see and how they are made."""
    sources = {"name": True, "clinical": True, "survival": True, "endpoints": True, "resampling": True}
    return cohort.model_dump(mode="json", include={**sources, "confounders": True, "models": {"clinical_baseline"}})


def survival_inputs(cohort: Cohort) -> dict[str, list[str]]:
    """Argument name -> key parts of the assets that predictors and times come from."""
    return {"manifest": ["manifest"], "mdata": ["multimodal_cohort"]} | readings_input(cohort)


def survival_depends(cohort: Cohort, values: Mapping[str, Any]) -> list[Any]:
    """What of those inputs matters."""
    return [
        part_signature(values["manifest"], ["clinical/"]),
        str(values["mdata"].uns["snapshot_id"]),
        [readings.digest() for readings in declared_readings(cohort, values)],
    ]


def training_survival_frame(cohort: Cohort, name: str, values: Mapping[str, Any]) -> Any:
    """Predictors, times and the endpoint's own confounders."""
    from radiogenomics.endpoints import derive_survival
    from radiogenomics.multimodal import survival_frame

    survival, _ = derive_survival(cohort, values["manifest"]["manifest"], values["manifest"]["files"])
    frame = survival_frame(cohort, values["mdata"], survival, name)
    kept = [c for c in frame.confounders.columns if is_floor_of(cohort, str(c).split(":")[0], name)]
    return frame._replace(confounders=frame.confounders[kept])
