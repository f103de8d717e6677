"""Work on a Dask cluster, wherever it runs: this machine, SLURM, Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from radiogenomics.compute.threads import single_threaded
from radiogenomics.exceptions import ComputationError, ConfigurationError

_FILE = "file:"
_CONNECT = "20s"


class _SingleThreaded:
    """`function` with one numerical thread, on a Dask worker that may have been started with more."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, item: Any) -> Any:
        with single_threaded():
            return self.function(item)


def attempts_on_dask(
    function: Callable[[Any], Any], items: list[Any], scheduler: str
) -> Iterator[tuple[int, Any | ComputationError]]:
    """Call `function` on each item on the cluster, and give place and result as they come.

    Where a worker dies, the scheduler gives its items to another. One whose workers keep dying (the scheduler's
    `allowed-failures`, 3 by default), in the end also when it is tried alone, gives a ComputationError with rule ``worker_died`` instead of a result, and so does
    what is left when the scheduler itself is lost (rule ``cluster_lost``).

    Parameters
    ----------
    function : picklable; what it raises must be part of what it returns.
    items : picklable.
    scheduler : ``tcp://host:port``, or ``file:/path`` of a scheduler file.

    Raises
    ------
    ConfigurationError
        Dask is not installed, or no scheduler answers.
    """
    client = _connected(scheduler)
    from distributed import as_completed

    with client, client.as_current():
        # pure=False: equal items are still one call each, and nothing is taken from an earlier run by name
        held = client.map(_SingleThreaded(function), items, pure=False)
        places = {future.key: place for place, future in enumerate(held)}
        waiting = as_completed(held)
        del held  # a result that was taken is not kept on the cluster
        suspects: list[int] = []
        for future in waiting:
            place, result = places[future.key], _result(future)
            future.release()
            if isinstance(result, ComputationError) and result.rule == "worker_died":
                suspects.append(place)  # it may only have waited on workers that another item killed
            else:
                yield place, result
        for place in sorted(suspects):
            yield place, _result(client.submit(_SingleThreaded(function), items[place], pure=False))


def _result(future: Any) -> Any | ComputationError:
    """The result; waits for it once more where the worker that held it died before it was taken."""
    from concurrent.futures import CancelledError as Cancelled

    from distributed import CancelledError

    try:
        return future.result()
    except (CancelledError, Cancelled) as error:
        return ComputationError(f"the cluster gave no result for this item ({error})", rule="cluster_lost")
    except Exception as error:  # noqa: BLE001 - what the function raises is in its result, so this is the cluster's
        return ComputationError(
            f"the Dask workers on this item died or failed ({type(error).__name__}: {error})", rule="worker_died"
        )


def _connected(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            f"compute.scheduler is {scheduler}, but Dask is not installed; pip install 'radiogenomics[dask]'",
            rule="dask_missing",
        ) from error
    place: dict[str, str] = {"address": scheduler}
    if scheduler.startswith(_FILE):
        file = Path(scheduler.removeprefix(_FILE)).expanduser()
        if not file.is_file():
            raise ConfigurationError(
                f"compute.scheduler: {file}: no such scheduler file; is the cluster started?", rule="dask_unreachable"
            )
        place = {"scheduler_file": str(file)}
    try:
        return Client(**place, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigurationError(
            f"compute.scheduler: no Dask scheduler answers at {scheduler} ({type(error).__name__}: {error})",
            rule="dask_unreachable",
        ) from error
