"""The same work on a Dask cluster: order, failures, workers that die."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from radiogenomics.compute import map_items
from radiogenomics.exceptions import ComputationError, ConfigurationError, ImageError

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'radiogenomics[dask]'")
sys.path.insert(0, str(Path(__file__).parent.parent / "imaging"))


def _slowly(x: int) -> int:
    time.sleep(0.05)
    return x * x


def _fail_on_odd(x: int) -> int:
    if x % 2:
        raise ImageError(f"item {x}: odd", rule="odd")
    return x


def _kill_worker_on_three(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


@pytest.fixture(scope="module")
def cluster():
    import dask

    settings = {"distributed.scheduler.allowed-failures": 1, "distributed.worker.memory.terminate": False}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as found,
    ):
        yield found


@pytest.mark.slow
def test_results_come_in_the_order_of_the_items_and_errors_stay_with_theirs(cluster) -> None:
    outcomes = map_items(_fail_on_odd, range(6), scheduler=cluster.scheduler_address)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, None, 4, None]
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == [f"item {x}: odd" for x in (1, 3, 5)]


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_loses_nothing(cluster) -> None:
    killed: list[int] = []
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 5:
            pid = next(iter(cluster.workers.values())).pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    outcomes = map_items(_slowly, range(40), scheduler=cluster.scheduler_address, on_progress=progress)
    assert len(killed) == 1
    assert [outcome.value for outcome in outcomes] == [x * x for x in range(40)]
    assert seen == [(n, 40) for n in range(1, 41)]


@pytest.mark.slow
def test_an_item_that_kills_every_worker_fails_alone(cluster) -> None:
    outcomes = map_items(_kill_worker_on_three, range(8), scheduler=cluster.scheduler_address)
    assert isinstance(outcomes[3].error, ComputationError)
    assert outcomes[3].error.rule == "worker_died"
    assert [outcome.value for outcome in outcomes] == [0, 1, 2, None, 4, 5, 6, 7]


@pytest.mark.slow
def test_a_scheduler_file_names_the_cluster_too(cluster, tmp_path) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": cluster.scheduler_address}))
    assert [o.value for o in map_items(_slowly, range(3), scheduler=f"file:{file}")] == [0, 1, 4]
    with pytest.raises(ConfigurationError, match=r"gone\.json: no such scheduler file"):
        map_items(_slowly, range(3), scheduler=f"file:{tmp_path / 'gone.json'}")


@pytest.mark.slow
def test_lesions_give_the_same_features_on_a_cluster_as_here_to_the_bit(cluster, tmp_path) -> None:
    from lesion_phantoms import ball, cohort, lesion_row, lesion_table, write_pair

    from radiogenomics.imaging import lesion_volumetrics

    image, roi = ball(shape=(14, 24, 26), centre=(7, 12, 13), radius_mm=6)
    rows = [lesion_row(*write_pair(tmp_path, f"i{n}", image + n, roi), f"L{n}") for n in range(3)]
    rows[1]["roi"] = "7"
    here = lesion_volumetrics(cohort(), lesion_table(*rows))
    there = lesion_volumetrics(cohort(), lesion_table(*rows), scheduler=cluster.scheduler_address)
    pd.testing.assert_frame_equal(here.values, there.values, check_exact=True)
    assert there.values["lesion_id"].tolist() == ["L0", "L2"]
    assert there.quarantine["reason"].tolist() == here.quarantine["reason"].tolist()
