"""Mapping over processes: order, errors, deaths, progress."""

from __future__ import annotations

import functools
import os
import signal
import time

import numpy as np
import pytest

from radiogenomics.compute import map_items
from radiogenomics.exceptions import ComputationError, ConfigurationError, ImageError


class _Awkward(Exception):  # noqa: N818 - stands for a library's exception that cannot be unpickled
    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def _square_slowly(x: int) -> int:
    time.sleep(0.002 * (10 - x))
    return x * x


def _fail_on_odd(x: int) -> int:
    if x % 2:
        raise ImageError(f"item {x}: odd", rule="odd")
    return x


def _raise_awkward(x: int) -> int:
    if x == 1:
        raise _Awkward(1, 2)
    return x


def _die_on(victim: int, how: str, x: int) -> int:
    if x == victim:
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(3)
    time.sleep(0.01)
    return x * 10


def _die_once(folder: str, x: int) -> int:
    marker = os.path.join(folder, "died")
    if x == 2 and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def _threads(_: int) -> list[int]:
    import SimpleITK
    import torch
    from threadpoolctl import threadpool_info

    np.linalg.inv(np.eye(4))
    return [
        torch.get_num_threads(),
        SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads(),
        max(info["num_threads"] for info in threadpool_info()),
    ]


def _leave(x: int) -> int:
    raise SystemExit(7)


def _unpicklable(x: int) -> object:
    return (lambda: x) if x == 1 else x


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    outcomes = map_items(_square_slowly, range(8), workers=workers)
    assert [outcome.value for outcome in outcomes] == [x * x for x in range(8)]
    assert all(outcome.error is None for outcome in outcomes)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_stays_with_its_item_and_keeps_class_message_and_rule(workers: int) -> None:
    outcomes = map_items(_fail_on_odd, range(4), workers=workers)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, None]
    error = outcomes[3].error
    assert isinstance(error, ImageError)
    assert (str(error), error.rule) == ("item 3: odd", "odd")


def test_an_exception_that_cannot_be_unpickled_does_not_break_the_pool() -> None:
    outcomes = map_items(_raise_awkward, range(4), workers=2)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, 3]
    assert isinstance(outcomes[1].error, ComputationError)
    assert "_Awkward: 1 and 2" in str(outcomes[1].error)


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_worker_that_dies_fails_only_its_own_item(how: str) -> None:
    outcomes = map_items(functools.partial(_die_on, 3, how), range(9), workers=2)
    assert [outcome.value for outcome in outcomes] == [x * 10 if x != 3 else None for x in range(9)]
    error = outcomes[3].error
    assert isinstance(error, ComputationError)
    assert error.rule == "worker_died"


def test_an_item_whose_worker_died_once_gets_a_second_chance_alone(tmp_path) -> None:
    outcomes = map_items(functools.partial(_die_once, str(tmp_path)), range(5), workers=2)
    assert [outcome.value for outcome in outcomes] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_library_has_one_thread_in_a_worker(workers: int) -> None:
    import SimpleITK  # noqa: F401 - loaded before, so that the former number can be compared
    import torch

    before = torch.get_num_threads()
    outcomes = map_items(_threads, [0, 1], workers=workers)
    assert [outcome.value for outcome in outcomes] == [[1, 1, 1], [1, 1, 1]]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_every_item_once_failed_ones_too(workers: int) -> None:
    seen: list[tuple[int, int]] = []
    map_items(_fail_on_odd, range(5), workers=workers, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(1, 6)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_library_that_calls_exit_fails_its_item_not_the_pipeline(workers: int) -> None:
    (outcome,) = map_items(_leave, [1], workers=workers)
    assert isinstance(outcome.error, ComputationError)


def test_a_value_that_cannot_be_sent_back_is_that_items_error() -> None:
    outcomes = map_items(_unpicklable, range(3), workers=2)
    assert outcomes[0].value == 0
    assert outcomes[2].value == 2
    assert outcomes[1].error is not None


def test_no_items_give_no_outcomes_and_start_no_process() -> None:
    assert map_items(_fail_on_odd, [], workers=4, scheduler="tcp://127.0.0.1:1") == []


def test_fewer_than_one_worker_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1, found 0"):
        map_items(_fail_on_odd, [1], workers=0)


def test_a_dask_scheduler_gives_the_same_outcomes() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an optional extra")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as cluster:
        outcomes = map_items(_fail_on_odd, range(4), scheduler=cluster.scheduler_address)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, None]
    assert isinstance(outcomes[1].error, ImageError)


def test_a_scheduler_that_cannot_be_understood_is_a_configuration_error() -> None:
    pytest.importorskip("distributed", reason="Dask is an optional extra")
    with pytest.raises(ConfigurationError, match=r"compute\.scheduler"):
        map_items(_fail_on_odd, [1], scheduler="nonsense://nowhere")


WORKERS_LOAD = ("colorsys",)


def test_workers_load_beforehand_what_the_module_of_the_function_names() -> None:
    from radiogenomics.compute.mapping import _modules_of
    from radiogenomics.imaging.radiomic_extraction import STEP

    assert _modules_of(functools.partial(_die_on, 3, "exit")) == [__name__, "colorsys"]
    assert "radiogenomics.imaging.pyradiomics_classes" in _modules_of(functools.partial(print, STEP))
    assert _modules_of(functools.partial(_square_slowly, 3))[0] == __name__
