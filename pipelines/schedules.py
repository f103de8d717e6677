"""Weekly retraining. A new model is only stored; which one is used is not changed by a schedule."""

from __future__ import annotations

from typing import Any

import dagster as dg

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage import ArtefactStore, Home


def weekly_training(cohort: Cohort, job: Any, home: Home) -> dg.ScheduleDefinition:
    """Monday at 03:00, once the cohort has been joined for the first time."""

    @dg.schedule(
        name=f"{cohort.name}__weekly_training",
        job=job,
        cron_schedule="0 3 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Retrains every endpoint on Mondays at 03:00 UTC; nothing is recomputed where the cohort has not changed.",
    )
    def _schedule(context: dg.ScheduleEvaluationContext):
        if ArtefactStore(home.artefacts).record([cohort.name, "multimodal_cohort"]) is None:
            return dg.SkipReason(f"{cohort.name} has not been materialised yet; start the job {cohort.name}__all once.")
        return dg.RunRequest()

    return _schedule
