"""Named jobs with everything preset, so that nobody edits YAML to start one."""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.build import survival_asset_keys, trained_assets
from radiogenomics.cohort.configuration import Cohort

DESCRIPTIONS = {
    "features": "Inputs to features to the joined cohort; nothing is trained.",
    "train": "Evaluation, final model, explanations, predictions and report of every endpoint, on the cohort as it stands.",
    "inbox": "New patients from the declared inbox, predicted by the champions.",
    "all": "Everything, from the inputs to the reports. What has not changed is reused.",
}


def job_name(cohort: str, part: str) -> str:
    """``<cohort>__features``, ``<cohort>__train`` or ``<cohort>__all``."""
    return f"{cohort}__{part}"


def selection(cohort: Cohort, part: str) -> dg.AssetSelection:
    """The assets of one part of a cohort's graph."""
    everything = dg.AssetSelection.key_prefixes([cohort.name])
    trained = dg.AssetSelection.assets(*trained_assets(cohort), *survival_asset_keys(cohort))
    inbox = dg.AssetSelection.assets(dg.AssetKey([cohort.name, "inbox"]))
    arriving = inbox if has_inbox(cohort) else dg.AssetSelection.assets()
    return {"all": everything, "train": trained, "features": everything - trained - arriving, "inbox": arriving}[part]


def has_inbox(cohort: Cohort) -> bool:
    """Whether new patients arrive through a folder."""
    return cohort.prediction.inbox is not None and bool(cohort.endpoints)


def cohort_jobs(cohort: Cohort) -> dict[str, Any]:
    """The jobs of a cohort by part; `train` only where an endpoint is declared, `inbox` only where an inbox is."""
    parts = ["features", "train", "all"] if cohort.endpoints or cohort.survival_endpoints() else ["features", "all"]
    parts += ["inbox"] if has_inbox(cohort) else []
    return {
        part: dg.define_asset_job(
            job_name(cohort.name, part),
            selection=selection(cohort, part),
            description=DESCRIPTIONS[part],
            tags={"radiogenomics/cohort": cohort.name, "radiogenomics/part": part},
        )
        for part in parts
    }
