"""The sensor and the schedule start what they should, and nothing by themselves on a fresh installation."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest

from pipelines.definitions import build
from radiogenomics.storage import ArtefactStore, Home


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    """A minimal cohort on disk, found through the environment; gives (state folder, its clinical table)."""
    table = tmp_path / "clinical.csv"
    table.write_text("id,age,sex,benefit\np1,60,F,YES\np2,70,M,NO\n")
    (tmp_path / "watched.yaml").write_text(
        "name: watched\n"
        "clinical:\n"
        "  tables: {main: {file: clinical.csv, patient_id: id}}\n"
        "  variables: {age: {column: age, type: number, unit: years}}\n"
        "endpoints:\n"
        "  benefit: {label: {column: benefit, positive: [YES], negative: [NO]}, modalities: [clinical]}\n".replace(
            "[YES]", "['YES']"
        ).replace("[NO]", "['NO']")
    )
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", str(tmp_path / "watched.yaml"))
    return Home(tmp_path / "home"), table


def evaluate(home, cursor=None):
    sensor = build(home).get_repository_def().get_sensor_def("watched__inputs_changed")
    context = dg.build_sensor_context(cursor=cursor)
    return sensor(context), context


def materialised(home, asset):
    ArtefactStore(home.artefacts).write(["watched", asset], pd.DataFrame({"x": [1]}))


def test_the_sensor_never_starts_the_first_run(cohort):
    result, _ = evaluate(cohort[0])
    assert isinstance(result, dg.SkipReason)
    assert "not been materialised yet" in result.skip_message


def test_the_sensor_starts_a_run_when_a_table_changes_and_only_then(cohort):
    home, table = cohort
    materialised(home, "manifest")
    first, context = evaluate(home)
    assert isinstance(first, dg.SkipReason)
    again, _ = evaluate(home, context.cursor)
    assert isinstance(again, dg.SkipReason)
    table.write_text(table.read_text() + "p3,80,F,YES\n")
    changed, after = evaluate(home, context.cursor)
    assert isinstance(changed, dg.RunRequest)
    assert isinstance(evaluate(home, after.cursor)[0], dg.SkipReason)


def test_the_schedule_retrains_weekly_once_there_is_a_cohort(cohort):
    home, _ = cohort
    schedule = build(home).get_repository_def().get_schedule_def("watched__weekly_training")
    assert schedule.cron_schedule == "0 3 * * 1"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert isinstance(schedule(dg.build_schedule_context()), dg.SkipReason)
    materialised(home, "multimodal_cohort")
    assert isinstance(schedule(dg.build_schedule_context()), dg.RunRequest)
