"""One function over many items, on this machine's processes or on a Dask cluster."""

from __future__ import annotations

import functools
import os
import pickle
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Any, Generic, NamedTuple, TypeVar

from radiogenomics.compute.memory import end_process_beyond, share_of_worker
from radiogenomics.compute.threads import limit_threads_of_process, single_threaded
from radiogenomics.exceptions import ComputationError, ConfigurationError, RadiogenomicsError

Item = TypeVar("Item")
Value = TypeVar("Value")


class Outcome(NamedTuple, Generic[Value]):
    """What became of one item: `error` is None where the function returned, and then `value` is what it returned."""

    value: Value | None
    error: Exception | None


def map_items(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    memory_bytes: int | None = None,
) -> list[Outcome[Value]]:
    """Call `function` on each item and return one outcome an item, in the order of the items.

    An exception is that item's outcome and stops nothing else. Each worker has one numerical thread, so that results do
    not depend on the number of workers.

    Parameters
    ----------
    function : picklable by reference (defined at the top level of a module, or a `functools.partial` of such).
    items : picklable inputs.
    workers : number of local processes; 1 works in the calling process.
    scheduler : address of a Dask scheduler, such as ``tcp://host:8786``, or ``file:/path`` of its scheduler file; given,
        the work goes there.
    on_progress : called in the calling process as ``on_progress(done, total)`` each time an item is finished.

    memory_bytes : what one local worker may hold; one that holds more is ended. Left out: its share of the machine. A
        Dask worker has its own limit; work in the calling process has none.

    Returns
    -------
    list of Outcome, as long as `items`. Where a local worker dies (crash, killed for memory), the items it may have
    been working on are tried once more, each alone in a process; one that dies again has a `ComputationError` with rule
    ``worker_died``. All other items keep their results.

    Raises
    ------
    ConfigurationError
        `workers` below 1, or a scheduler is given and Dask is not installed or not reachable.
    """
    todo = list(items)
    if workers < 1:
        raise ConfigurationError(f"workers: at least 1, found {workers}", rule="workers")
    progress = _Progress(len(todo), on_progress)
    if not todo:
        return []
    if scheduler is not None:
        from radiogenomics.compute.cluster import attempts_on_dask

        outcomes: list[Outcome[Any] | None] = [None] * len(todo)
        for index, outcome in attempts_on_dask(functools.partial(_attempt, function), todo, scheduler):
            outcomes[index] = progress.count(outcome if isinstance(outcome, Outcome) else Outcome(None, outcome))
        return [outcome for outcome in outcomes if outcome is not None]
    if workers == 1:
        with single_threaded():
            return [progress.count(_attempt(function, item)) for item in todo]
    return _on_processes(function, todo, workers, progress, memory_bytes)


class _Progress:
    def __init__(self, total: int, report: Callable[[int, int], None] | None) -> None:
        self.done, self.total, self.report = 0, total, report

    def count(self, outcome: Outcome[Any]) -> Outcome[Any]:
        self.done += 1
        if self.report is not None:
            self.report(self.done, self.total)
        return outcome


# --------------------------------------------------------------------------------------------------- in one process
def _attempt(function: Callable[[Any], Any], item: Any) -> Outcome[Any]:
    try:
        return Outcome(function(item), None)
    except SystemExit as error:  # a library that calls exit() fails its item, not the pipeline
        return Outcome(None, ComputationError(f"the work on this item called exit({error.code})", rule="exit"))
    except Exception as error:  # noqa: BLE001 - whatever went wrong is this item's outcome, and is returned
        return Outcome(None, _portable(error))


def _portable(error: Exception) -> Exception:
    """The error as something that crosses a process boundary: some libraries' exceptions cannot be unpickled."""
    if isinstance(error, RadiogenomicsError):
        return error
    trace = "".join(traceback.format_exception(error))
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any failure to copy means the same: say it in our own class
        copy = ComputationError(f"{type(error).__name__}: {error}", rule="unexpected")
    copy.add_note(trace)
    return copy


# --------------------------------------------------------------------------------------------------- local processes
def _start_worker(memory_bytes: int) -> None:
    """Runs first in each worker process."""
    limit_threads_of_process()
    end_process_beyond(memory_bytes)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with_parent, args=(parent.sentinel,), daemon=True).start()


def _leave_with_parent(sentinel: int) -> None:
    """A worker whose parent was killed must not live on and compete with the next run."""
    connection.wait([sentinel])
    os._exit(1)


def _pool(function: Callable[[Any], Any], workers: int, memory_bytes: int | None) -> ProcessPoolExecutor:
    # forkserver: plain fork copies locks that other threads hold (Dagster, torch and ITK have threads)
    context = get_context("forkserver" if os.name == "posix" else "spawn")
    context.set_forkserver_preload(_modules_of(function))
    limit = share_of_worker(workers) if memory_bytes is None else memory_bytes
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(limit,))


def _modules_of(function: Any) -> list[str]:
    """What workers need for a function: its module, those that this names in ``WORKERS_LOAD``, and the same of functions among
    the arguments of a `functools.partial`. The server that workers are forked from loads them once for all of them, where it
    does not run yet."""
    if isinstance(function, functools.partial):
        parts = [function.func, *function.args, *function.keywords.values()]
        return list(dict.fromkeys(name for part in parts for name in _modules_of(part)))
    inner = getattr(function, "compute", function)  # a step holds its function
    module = getattr(inner, "__module__", None)
    if not callable(inner) or module in (None, "__main__") or module not in sys.modules:
        return []
    return [module, *getattr(sys.modules[module], "WORKERS_LOAD", ())]


def _on_processes(
    function: Callable[[Any], Any], items: list[Any], workers: int, progress: _Progress, memory_bytes: int | None
) -> list[Outcome[Any]]:
    outcomes: dict[int, Outcome[Any]] = {}
    waiting = deque(range(len(items)))
    while waiting:
        suspects = _until_broken(function, items, waiting, min(workers, len(waiting)), outcomes, progress, memory_bytes)
        for index in suspects:
            outcomes[index] = progress.count(_alone(function, items[index], memory_bytes))
    return [outcomes[index] for index in range(len(items))]


def _until_broken(
    function: Callable[[Any], Any],
    items: list[Any],
    waiting: deque[int],
    workers: int,
    outcomes: dict[int, Outcome[Any]],
    progress: _Progress,
    memory_bytes: int | None,
) -> list[int]:
    """Work through `waiting` until it is empty or a worker dies; return the items that were in hand when one died.

    Few items are handed out ahead, so that the death of a worker puts few under suspicion.
    """
    running: dict[Future[Outcome[Any]], int] = {}
    broken: list[int] = []
    pool = _pool(function, workers, memory_bytes)
    try:
        while waiting or running:
            while waiting and not broken and len(running) < workers + 1:
                index = waiting.popleft()
                try:
                    running[pool.submit(_attempt, function, items[index])] = index
                except BrokenProcessPool:
                    broken.append(index)
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=running.__getitem__):
                index = running.pop(future)
                outcome = _result(future)
                if outcome is None:
                    broken.append(index)
                else:
                    outcomes[index] = progress.count(outcome)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return sorted(broken)


def _alone(function: Callable[[Any], Any], item: Any, memory_bytes: int | None) -> Outcome[Any]:
    with _pool(function, 1, memory_bytes) as pool:
        outcome = _result(pool.submit(_attempt, function, item))
    if outcome is not None:
        return outcome
    return Outcome(
        None,
        ComputationError(
            "the process that worked on this item died, alone as well: it crashed, or needed more memory than it may have",
            rule="worker_died",
        ),
    )


def _result(future: Future[Outcome[Any]]) -> Outcome[Any] | None:
    """The outcome, or None where the worker died."""
    try:
        return future.result()
    except BrokenProcessPool:
        return None
    except Exception as error:  # noqa: BLE001 - e.g. a value that cannot be pickled: the item's own failure
        return Outcome(None, error)
