"""Named jobs with everything preset, so that nobody edits YAML to start one."""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.build import endpoint_asset_names
from radiogenomics.cohort.configuration import Cohort

DESCRIPTIONS = {
    "features": "Inputs to features to the joined cohort; nothing is trained.",
    "train": "Evaluation, final model, explanations, predictions and report of every endpoint, on the cohort as it stands.",
    "all": "Everything, from the inputs to the reports. What has not changed is reused.",
}


def job_name(cohort: str, part: str) -> str:
    """``<cohort>__features``, ``<cohort>__train`` or ``<cohort>__all``."""
    return f"{cohort}__{part}"


def selection(cohort: Cohort, part: str) -> dg.AssetSelection:
    """The assets of one part of a cohort's graph."""
    everything = dg.AssetSelection.key_prefixes([cohort.name])
    endpoints = [dg.AssetKey([cohort.name, e, a]) for e in cohort.endpoints for a in endpoint_asset_names(cohort, e)]
    trained = dg.AssetSelection.assets(*endpoints)
    return {"all": everything, "train": trained, "features": everything - trained}[part]


def cohort_jobs(cohort: Cohort) -> dict[str, Any]:
    """The jobs of a cohort by part; `train` only where an endpoint is declared."""
    parts = ["features", "train", "all"] if cohort.endpoints else ["features", "all"]
    return {
        part: dg.define_asset_job(
            job_name(cohort.name, part),
            selection=selection(cohort, part),
            description=DESCRIPTIONS[part],
            tags={"radiogenomics/cohort": cohort.name, "radiogenomics/part": part},
        )
        for part in parts
    }
