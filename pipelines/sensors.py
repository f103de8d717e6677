"""A run starts when a cohort's inputs change (new patients, a corrected table, a redrawn contour) or new patients arrive."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import dagster as dg

from assets.inbox import cohort_inbox
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


RETRY_SECONDS = 3600
"""A delivery whose run was killed is asked for again after so long."""


def patients_arrived(cohort: Cohort, job: Any, home: Home) -> dg.SensorDefinition:
    """Starts a run for complete, new deliveries in the cohort's inbox; one that is still being copied is waited for."""

    @dg.sensor(
        name=f"{cohort.name}__patients_arrived",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Predicts each new complete folder in the inbox once, with the champion of each endpoint.",
    )
    def _sensor(context: dg.SensorEvaluationContext):
        store = ArtefactStore(home.artefacts)
        if any(store.record([cohort.name, endpoint, "promotion"]) is None for endpoint in cohort.endpoints):
            return dg.SkipReason(f"{cohort.name} has no champion yet; start the job {cohort.name}__all once.")
        now = time.time()
        try:
            deliveries = cohort_inbox(cohort, home).deliveries(now)
        except RadiogenomicsError as error:
            return dg.SkipReason(str(error))
        ready = [each for each in deliveries if each.state == "ready"]
        if not ready:
            waiting = [f"{each.name}: {each.reason}" for each in deliveries if each.state == "waiting"]
            return dg.SkipReason("nothing new" + (f"; waiting for {'; '.join(waiting)}" if waiting else ""))
        what = hashlib.sha256("".join(each.signature for each in ready).encode()).hexdigest()[:20]
        return dg.RunRequest(run_key=f"{what}-{int(now // RETRY_SECONDS)}")

    return _sensor
