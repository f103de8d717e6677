"""A run starts when a cohort's inputs change: new patients, a corrected table, a redrawn contour."""

from __future__ import annotations

from typing import Any

import dagster as dg

from radiogenomics.cohort.change import input_signature
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.storage import ArtefactStore, Home


def inputs_changed(cohort: Cohort, job: Any, home: Home) -> dg.SensorDefinition:
    """Compares the state of the input files with that of the last run; never starts the first run by itself."""

    @dg.sensor(
        name=f"{cohort.name}__inputs_changed",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run when a table, image or contour of the cohort is new or changed since the last one.",
    )
    def _sensor(context: dg.SensorEvaluationContext):
        if ArtefactStore(home.artefacts).record([cohort.name, "manifest"]) is None:
            return dg.SkipReason(f"{cohort.name} has not been materialised yet; start the job {cohort.name}__all once.")
        try:
            signature = input_signature(cohort)
        except RadiogenomicsError as error:
            return dg.SkipReason(f"inputs cannot be read now: {error}")
        if context.cursor is None:
            context.update_cursor(signature)
            return dg.SkipReason("watching from now on")
        if context.cursor == signature:
            return dg.SkipReason("no input is new or changed")
        context.update_cursor(signature)
        return dg.RunRequest(run_key=signature)

    return _sensor
