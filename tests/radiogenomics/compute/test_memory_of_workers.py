"""A worker that takes too much memory costs its item, not the machine."""

from __future__ import annotations

import time

import numpy as np

from radiogenomics.compute import map_items
from radiogenomics.compute.memory import machine_bytes, share_of_worker


def _take(megabytes: int) -> int:
    held = np.ones(megabytes * 2**20, dtype=np.uint8)
    time.sleep(0.5)
    return int(held.size // 2**20)


def test_an_item_beyond_the_limit_fails_and_the_others_go_on() -> None:
    outcomes = map_items(_take, [1, 700, 2, 3], workers=2, memory_bytes=500 * 2**20)
    assert [outcome.value for outcome in outcomes] == [1, None, 2, 3]
    assert outcomes[1].error is not None
    assert outcomes[1].error.rule == "worker_died"
    assert "more memory than it may have" in str(outcomes[1].error)


def test_all_workers_together_stay_within_the_machine() -> None:
    assert 2 * share_of_worker(2) <= machine_bytes()
    assert share_of_worker(4) < share_of_worker(1)
