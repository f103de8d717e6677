"""One numerical thread a worker: no oversubscription, and sums whose order does not depend on the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def limit_threads_of_process() -> None:
    """Limit this process to one thread for BLAS, OpenMP, torch and ITK, whether they are loaded yet or not."""
    for name in _VARIABLES:  # what is loaded later reads these
        os.environ[name] = "1"
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)  # what is loaded already
    _set_torch_and_itk(1, 1)


@contextmanager
def single_threaded() -> Iterator[None]:
    """One numerical thread inside the block, the former numbers after it.

    Work in the calling process then gives the same values, to the bit, as work in a single-threaded worker.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in _VARIABLES}
    former = _torch_and_itk_threads()
    try:
        os.environ.update(dict.fromkeys(_VARIABLES, "1"))
        _set_torch_and_itk(1, 1)
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _set_torch_and_itk(*former)


def _torch_and_itk_threads() -> tuple[int | None, int | None]:
    torch, itk = sys.modules.get("torch"), sys.modules.get("SimpleITK")
    return (
        torch.get_num_threads() if torch is not None else None,
        itk.ProcessObject.GetGlobalDefaultNumberOfThreads() if itk is not None else None,
    )


def _set_torch_and_itk(torch_threads: int | None, itk_threads: int | None) -> None:
    """Set what is loaded; None leaves a library as it is."""
    torch, itk = sys.modules.get("torch"), sys.modules.get("SimpleITK")
    if torch is not None and torch_threads is not None:
        torch.set_num_threads(torch_threads)
    if itk is not None and itk_threads is not None:
        itk.ProcessObject.SetGlobalDefaultNumberOfThreads(itk_threads)
