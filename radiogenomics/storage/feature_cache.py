"""Results of costly computations, kept under the hash of everything they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.atomic import write_text

DEFAULT_MAXIMUM_BYTES = 2 * 2**30
"""An entry of 1,300 features takes some 45 kB: 40,000 lesions."""

_ENTRIES_BETWEEN_LOOKS = 200
_STALE_AFTER_S = 3600.0
"""A temporary file of this age belongs to a writer that was killed."""

_FORMAT = 1
_KEY = re.compile(r"[0-9a-f]{64}")
_LOGGER = logging.getLogger(__name__)


def cache_key(*parts: Any) -> str:
    """SHA-256 over parts that JSON can write: the same parts give the same key on every machine."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, allow_nan=False).encode()).hexdigest()


class CacheState(NamedTuple):
    """What a cache holds; the moments are None where it is empty."""

    entries: int
    bytes: int
    least_recently_used: datetime | None
    most_recently_used: datetime | None


class Pruned(NamedTuple):
    """What was removed."""

    entries: int
    bytes: int


class FeatureCache:
    """A folder of small JSON files, one an entry, each written atomically and checked by its digest when read.

    Any number of processes may read and write at once: an entry is whole or not there, and whoever writes a key writes
    the same content. A damaged entry counts as absent. Numbers come back bit for bit. An entry's modification time says
    when it was last used; where the entries grow beyond the limit, those unused for longest are removed.

    Parameters
    ----------
    folder : where the entries lie; made when the first is written.
    maximum_bytes : limit of all entries together; None: none. Looked at after every `_ENTRIES_BETWEEN_LOOKS` entries that
        one process writes, so that the folder may be a little larger for a while.
    """

    def __init__(self, folder: str | Path, maximum_bytes: int | None = DEFAULT_MAXIMUM_BYTES) -> None:
        self.folder = Path(folder)
        self.maximum_bytes = maximum_bytes
        self._written = 0

    def get(self, key: str) -> dict[str, Any] | None:
        """The mapping that was put under `key`, or None where there is none or it is damaged."""
        path = self._path(key)
        try:
            entry = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            _LOGGER.warning("cache entry %s cannot be read (%s); it is computed anew", path, error)
            return None
        if not isinstance(entry, dict) or entry.get("format") != _FORMAT or entry.get("key") != key:
            _LOGGER.warning("cache entry %s is of another format or key; it is computed anew", path)
            return None
        payload = entry.get("payload")
        if not isinstance(payload, dict) or entry.get("digest") != _digest(payload):
            _LOGGER.warning("cache entry %s does not match its digest; it is computed anew", path)
            return None
        with contextlib.suppress(OSError):  # removed by another process meanwhile, or a folder that may only be read
            os.utime(path)
        return payload

    def put(self, key: str, mapping: Mapping[str, Any]) -> None:
        """Keep a mapping of text to finite numbers, texts or lists of such.

        Raises
        ------
        IntegrityError
            A value is not finite or cannot be written as JSON: a result like that must not be kept.
        """
        payload = dict(mapping)
        try:
            entry = {"format": _FORMAT, "key": key, "digest": _digest(payload), "payload": payload}
            text = json.dumps(entry, allow_nan=False)
        except (ValueError, TypeError) as error:
            raise IntegrityError(
                f"cache entry {key[:12]}: {error}; only finite values are kept", rule="cache_value"
            ) from error
        write_text(self._path(key), text)
        self._written += 1
        if self.maximum_bytes is not None and self._written % _ENTRIES_BETWEEN_LOOKS == 0:
            self.prune(self.maximum_bytes)

    def state(self) -> CacheState:
        """How many entries there are, how large, and when the least and most recently used ones were used."""
        entries = [state for _, state in self._entries()]
        used = sorted(state.st_mtime for state in entries)
        return CacheState(
            len(entries),
            sum(state.st_size for state in entries),
            datetime.fromtimestamp(used[0], UTC) if used else None,
            datetime.fromtimestamp(used[-1], UTC) if used else None,
        )

    def prune(self, maximum_bytes: int, *, unused_since: datetime | None = None) -> Pruned:
        """Remove the entries unused for longest until the rest is within `maximum_bytes`, and what killed writers left.

        Safe beside readers and writers: who misses an entry computes it anew.

        Parameters
        ----------
        maximum_bytes : what may stay, at least 0. Where it is exceeded a tenth more is removed, so that the next entry
            does not exceed it again.
        unused_since : also remove entries not used since then.
        """
        entries = sorted(self._entries(), key=lambda item: item[1].st_mtime_ns)
        total = sum(state.st_size for _, state in entries)
        target = maximum_bytes if total <= maximum_bytes else int(0.9 * maximum_bytes)
        oldest = unused_since.timestamp() if unused_since is not None else float("-inf")
        removed = freed = 0
        for path, state in entries:
            if total - freed <= target and state.st_mtime >= oldest:
                break
            with contextlib.suppress(FileNotFoundError):  # another process was first
                path.unlink()
            removed, freed = removed + 1, freed + state.st_size
        for path in self.folder.glob("*/.tmp-*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STALE_AFTER_S:
                    path.unlink()
        return Pruned(removed, freed)

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*.json"):
            if not path.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    yield path, path.stat()

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise IntegrityError(f"cache key must be a SHA-256 in hexadecimal, found {key[:80]!r}", rule="cache_key")
        return self.folder / key[:2] / f"{key}.json"


def _digest(payload: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, allow_nan=False).encode()).hexdigest()
