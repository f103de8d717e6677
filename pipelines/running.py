"""Materialising a cohort without the UI, on the instance that the UI shows."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
import psutil

from pipelines.definitions import build
from pipelines.discovery import register
from pipelines.instance import project_folder
from pipelines.jobs import job_name
from pipelines.progress import failure_message
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.exceptions import InputError
from radiogenomics.storage import Home
from radiogenomics.storage.home import VARIABLE as HOME_VARIABLE

_PROCESS_TAG = "radiogenomics/process"


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes
    ----------
    reused : how many assets had not changed and were reused, of how many.
    failures : asset -> message of each step that failed.
    failed_checks : (asset, check, description) of each check that did not pass.
    exit_code : 0 done, 1 failed, 2 the user's input is wrong.
    """

    run_id: str
    exit_code: int
    reused: tuple[int, int]
    failures: dict[str, str] = field(default_factory=dict)
    failed_checks: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance of the state folder, configured by ``dagster.yaml``."""
    os.environ[HOME_VARIABLE] = str(home.folder)
    os.environ["DAGSTER_HOME"] = str(project_folder())
    home.dagster.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.get() as found:
        yield found


def run_cohort(cohort: Cohort, part: str, home: Home) -> RunOutcome:
    """Materialise one part (``features``, ``train`` or ``all``) of a cohort's graph.

    Raises
    ------
    InputError
        The cohort declares no such part, or its name is taken by another cohort.
    """
    if part == "train" and not cohort.endpoints and not cohort.survival_endpoints():
        raise InputError(f"{cohort.file}: endpoints: none declared, so there is nothing to train", rule="no_endpoint")
    register(cohort, home)
    with instance(home) as found:
        end_dead_runs(found)
        job = build(home).resolve_job_def(job_name(cohort.name, part))
        result = job.execute_in_process(
            instance=found,
            raise_on_error=False,
            tags={_PROCESS_TAG: _this_process()},
            run_config={"loggers": {"console": {}}},
        )
    failures: dict[str, str] = {}
    exit_code = 0 if result.success else 1
    for event in result.all_events:
        if event.event_type_value == "STEP_FAILURE":
            failures[(event.step_key or "").replace("__", "/")] = failure_message(event)
            metadata = getattr(event.step_failure_data.user_failure_data, "metadata", None) or {}
            if "exit_code" in metadata:
                exit_code = max(exit_code, int(metadata["exit_code"].value))
    checks = [
        (e.asset_key.to_user_string(), e.check_name, e.description or "")
        for e in result.get_asset_check_evaluations()
        if not e.passed
    ]
    made = result.get_asset_materialization_events()
    reused = [e for e in made if "reused" in str(e.materialization.metadata["0_status"].value)]
    return RunOutcome(result.run_id, exit_code, (len(reused), len(made)), failures, checks)


def end_dead_runs(found: dg.DagsterInstance) -> None:
    """Mark runs whose process no longer lives as failed, so that none stays 'started' after a kill."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in found.get_runs(unfinished):
        mark = run.tags.get(_PROCESS_TAG)
        if mark and mark.startswith(f"{socket.gethostname()} ") and not _alive(mark):
            found.report_run_failed(run, message="the process of this run ended without finishing it")


def _this_process() -> str:
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def _alive(mark: str) -> bool:
    _, pid, started = mark.rsplit(" ", 2)
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < 1
    except psutil.NoSuchProcess:
        return False
