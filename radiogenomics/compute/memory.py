"""A bound on the memory of worker processes, so that one greedy item costs itself and not the machine."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil

SHARE_OF_MACHINE = 0.9
"""All workers together may take this share of the memory there is."""

_LOOK_EVERY_S = 0.1
_EXIT_CODE = 97
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_bytes() -> int:
    """Memory of this machine, or of the container where that is less."""
    total = psutil.virtual_memory().total
    for file in _CONTAINER_LIMITS:
        try:
            total = min(total, int(file.read_text()))
        except (OSError, ValueError):  # no container, or 'max'
            continue
    return total


def share_of_worker(workers: int) -> int:
    """What each of so many workers may take, in bytes."""
    return int(SHARE_OF_MACHINE * machine_bytes() / workers)


def end_process_beyond(limit: int) -> None:
    """End this process as soon as it holds more than `limit` bytes of memory; a thread looks ten times a second.

    A limit of address space would do it without looking, but torch maps much more than it uses.
    """
    threading.Thread(target=_look, args=(limit,), daemon=True).start()


def _look(limit: int) -> None:
    process = psutil.Process()
    while process.memory_info().rss <= limit:
        time.sleep(_LOOK_EVERY_S)
    os._exit(_EXIT_CODE)
