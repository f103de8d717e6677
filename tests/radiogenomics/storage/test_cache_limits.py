"""The feature cache stays within its limit, keeps what is used, and survives writers that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from radiogenomics.storage import feature_cache
from radiogenomics.storage.feature_cache import FeatureCache, cache_key


def _fill(cache: FeatureCache, count: int) -> list[str]:
    """Entries last used one, two, ... minutes after each other, the first long ago."""
    keys = [cache_key("entry", number) for number in range(count)]
    start = time.time() - 7 * 86400
    for number, key in enumerate(keys):
        cache.put(key, {"value": [0.5] * 200})
        os.utime(cache._path(key), (start + 60 * number,) * 2)
    return keys


def test_what_is_unused_for_longest_goes_first(tmp_path) -> None:
    cache = FeatureCache(tmp_path)
    keys = _fill(cache, 10)
    assert cache.get(keys[0]) is not None  # used just now
    size = cache.state().bytes
    pruned = cache.prune(size * 6 // 10)
    assert cache.get(keys[0]) is not None
    assert [cache.get(key) is not None for key in keys[1:]] == [False] * 5 + [True] * 4
    assert pruned.entries == 5
    assert cache.state().bytes == size - pruned.bytes <= size * 6 // 10


def test_within_the_limit_nothing_is_removed(tmp_path) -> None:
    cache = FeatureCache(tmp_path)
    _fill(cache, 5)
    assert cache.prune(cache.state().bytes).entries == 0


def test_what_was_not_used_for_days_can_be_removed(tmp_path) -> None:
    cache = FeatureCache(tmp_path)
    keys = _fill(cache, 3)
    cache.put(cache_key("new"), {"value": 1})
    assert cache.prune(10**9, unused_since=datetime.now(UTC) - timedelta(days=1)).entries == len(keys)
    assert cache.state().entries == 1


def test_a_cache_that_only_grows_stays_near_its_limit(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(feature_cache, "_ENTRIES_BETWEEN_LOOKS", 10)
    cache = FeatureCache(tmp_path, maximum_bytes=20_000)
    for number in range(100):
        cache.put(cache_key(number), {"value": [0.5] * 200})
    entry = cache._path(cache_key(99)).stat().st_size
    assert cache.state().bytes <= 20_000 + 10 * entry
    assert cache.get(cache_key(99)) is not None
    assert cache.get(cache_key(0)) is None


def test_an_empty_cache_has_a_state_and_can_be_pruned(tmp_path) -> None:
    cache = FeatureCache(tmp_path / "not_made_yet")
    assert cache.state() == (0, 0, None, None)
    assert cache.prune(0) == (0, 0)


def _use(folder: str, seed: int) -> int:
    """Put, get and prune at once with others; counts what was read wrong."""
    cache, wrong = FeatureCache(folder, maximum_bytes=40_000), 0
    for number in range(60):
        key = cache_key((number * 7 + seed) % 20)
        value = {"value": [float((number * 7 + seed) % 20)] * 200}
        found = cache.get(key)
        wrong += found is not None and found != value
        cache.put(key, value)
        if number % 10 == seed:
            cache.prune(15_000)
    return wrong


def test_writers_readers_and_removers_at_once_never_see_a_wrong_value(tmp_path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.starmap(_use, [(str(tmp_path), seed) for seed in range(3)]) == [0, 0, 0]


_WRITER = """
import sys
from radiogenomics.storage.feature_cache import FeatureCache, cache_key
cache = FeatureCache(sys.argv[1])
number = 0
while True:
    cache.put(cache_key(number), {"number": number, "value": [0.25] * 20000})
    if number == 4:
        print("writing", flush=True)
    number += 1
"""


def test_a_writer_killed_at_any_moment_leaves_whole_entries_only(tmp_path, monkeypatch) -> None:
    for delay in (0.0, 0.013, 0.05, 0.11):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(delay)
            os.kill(writer.pid, signal.SIGKILL)
    cache = FeatureCache(tmp_path)
    found = [cache.get(cache_key(number)) for number in range(cache.state().entries)]
    assert len(found) >= 5
    assert [entry["number"] for entry in found] == list(range(len(found)))
    monkeypatch.setattr(feature_cache, "_STALE_AFTER_S", -1.0)
    cache.prune(10**9)
    assert not list(tmp_path.rglob(".tmp-*"))
    cache.put(cache_key("next"), {"value": 1})
    assert cache.get(cache_key("next")) == {"value": 1}


@pytest.mark.parametrize("arguments", [["show"], ["prune", "--maximum-mb", "0"], ["prune"]])
def test_the_command_line_shows_and_prunes(tmp_path, monkeypatch, capsys, arguments) -> None:
    from pipelines.cli import main

    monkeypatch.setenv("RADIOGENOMICS_HOME", str(tmp_path))
    cache = FeatureCache(tmp_path / "cache")
    _fill(cache, 3)
    with pytest.raises(SystemExit) as ended:
        main(["cache", *arguments])
    said = capsys.readouterr()
    if arguments == ["show"]:
        assert ended.value.code == 0
        assert "entries       3" in said.out
    elif arguments == ["prune"]:
        assert ended.value.code == 2
        assert "--maximum-mb" in said.err
    else:
        assert ended.value.code == 0
        assert "removed 3 entries" in said.err
        assert cache.state().entries == 0
