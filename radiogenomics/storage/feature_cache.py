"""Results of costly computations, kept under the hash of everything they depend on."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.atomic import write_text

_FORMAT = 1
_KEY = re.compile(r"[0-9a-f]{64}")
_LOGGER = logging.getLogger(__name__)


def cache_key(*parts: Any) -> str:
    """SHA-256 over parts that JSON can write: the same parts give the same key on every machine."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, allow_nan=False).encode()).hexdigest()


class FeatureCache:
    """A folder of small JSON files, one an entry, each written atomically and checked by its digest when read.

    Any number of processes may read and write at once: an entry is whole or not there, and whoever writes a key writes
    the same content. A damaged entry counts as absent. Numbers come back bit for bit.

    Parameters
    ----------
    folder : where the entries lie; made when the first is written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

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

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise IntegrityError(f"cache key must be a SHA-256 in hexadecimal, found {key[:80]!r}", rule="cache_key")
        return self.folder / key[:2] / f"{key}.json"


def _digest(payload: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, allow_nan=False).encode()).hexdigest()
