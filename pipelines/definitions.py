"""Everything Dagster loads. Light on purpose: no science is imported until an asset runs."""

from __future__ import annotations

import dagster as dg

from assets.build import cohort_checks, cohort_definitions, unavailable_cohort
from pipelines.discovery import discover
from pipelines.jobs import cohort_jobs
from pipelines.progress import progress_logger
from pipelines.resources import resources
from pipelines.schedules import weekly_training
from pipelines.sensors import inputs_changed, patients_arrived
from radiogenomics.storage import Home


def build(home: Home) -> dg.Definitions:
    """The definitions of every cohort that is found, over one state folder."""
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = []
    checks: list[dg.AssetChecksDefinition] = []
    jobs: list = []
    schedules: list[dg.ScheduleDefinition] = []
    sensors: list[dg.SensorDefinition] = []
    for found in discover(home):
        if found.cohort is None:
            assets.append(unavailable_cohort(found.name, found.file.name, found.error, found.needs))
            continue
        assets.extend(cohort_definitions(found.cohort))
        checks.extend(cohort_checks(found.cohort))
        of_cohort = cohort_jobs(found.cohort)
        jobs.extend(of_cohort.values())
        if "train" in of_cohort:
            schedules.append(weekly_training(found.cohort, of_cohort["train"], home))
        sensors.append(inputs_changed(found.cohort, of_cohort["all"], home))
        if "inbox" in of_cohort:
            sensors.append(patients_arrived(found.cohort, of_cohort["inbox"], home))
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources=resources(home),
        loggers={"console": progress_logger},
        executor=dg.in_process_executor,  # steps share one process; each heavy step is parallel inside
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dg dev``, the web server and the daemon load."""
    return build(Home.from_environment())
