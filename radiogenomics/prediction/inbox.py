"""An inbox of new patients: each complete subfolder is predicted once, and what became of it is on record.

A subfolder is complete when it holds a file and nothing in it changed for a declared time; names that begin with '.' or end
in '.part' or '.tmp' are still being written. The record lies in the state folder, one JSON file a delivery; a delivery whose
content changed since is a new one. Nothing in the inbox itself is touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from radiogenomics.cohort.change import files_signature
from radiogenomics.cohort.folders import files_below
from radiogenomics.exceptions import ConfigurationError, IntegrityError, RadiogenomicsError
from radiogenomics.storage.atomic import write_text

WAITING, READY, DONE, FAILED = "waiting", "ready", "predicted", "failed"
_UNFINISHED = (".part", ".tmp", ".partial")


class Delivery(NamedTuple):
    """One subfolder: `state` is waiting (not complete yet), ready, predicted or failed; `reason` says why."""

    name: str
    folder: Path
    signature: str
    state: str
    reason: str
    record: dict[str, Any]


class Inbox:
    """The deliveries below one folder.

    Parameters
    ----------
    folder : the inbox. records : where the records of this cohort's deliveries lie.
    settle_seconds : for how long nothing must have changed.
    """

    def __init__(self, folder: Path, records: Path, settle_seconds: float) -> None:
        self.folder, self.records, self.settle_seconds = folder, records, settle_seconds

    def deliveries(self, now: float) -> list[Delivery]:
        """Every subfolder, sorted by name.

        Parameters
        ----------
        now : seconds since the epoch.

        Raises
        ------
        ConfigurationError
            The inbox does not exist.
        IntegrityError
            A record cannot be read.
        """
        if not self.folder.is_dir():
            raise ConfigurationError(f"prediction.inbox: no folder {self.folder}", rule="file_missing")
        return [self._delivery(each, now) for each in sorted(self.folder.iterdir()) if each.is_dir()]

    def ready(self, now: float) -> list[Delivery]:
        """The complete deliveries that have not been dealt with."""
        return [each for each in self.deliveries(now) if each.state == READY]

    def work(self, now: float, predict: Callable[[Path], list[dict[str, Any]]]) -> list[Delivery]:
        """Deal with every ready delivery, and say how all stand.

        Parameters
        ----------
        predict : folder -> JSON-able records, one a patient and endpoint. An error on purpose is the delivery's failure, with
            its message as the reason, and stops no other delivery.
        """
        for each in self.ready(now):
            outcome, reason, records = DONE, "", []
            try:
                records = predict(each.folder)
            except RadiogenomicsError as error:
                outcome, reason = FAILED, error.message
            said = {
                "name": each.name,
                "signature": each.signature,
                "outcome": outcome,
                "reason": reason,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "predictions": records,
            }
            write_text(self._file(each.name), json.dumps(said, indent=1, allow_nan=False) + "\n")
        return self.deliveries(now)

    # ------------------------------------------------------------------------------------------------------------
    def _delivery(self, folder: Path, now: float) -> Delivery:
        name = folder.name
        files = files_below(folder)
        record = self._record(name)
        signature = files_signature([folder])
        if record and record["signature"] == signature:
            return Delivery(name, folder, signature, record["outcome"], record["reason"], record)
        if name.startswith(".") or name.endswith(_UNFINISHED):
            return Delivery(name, folder, signature, WAITING, "its name says that it is being written", {})
        if not files:
            return Delivery(name, folder, signature, WAITING, "it holds no file", {})
        try:
            times = [file.stat() for file in files] + [folder.stat()]
        except FileNotFoundError:
            return Delivery(name, folder, signature, WAITING, "it is changing", {})
        if any(file.name.endswith(_UNFINISHED) for file in files):
            return Delivery(name, folder, signature, WAITING, "a file in it is being written", {})
        # the time of change, not of modification: copying may keep the latter
        quiet = now - max(max(state.st_mtime, state.st_ctime) for state in times)
        if quiet < self.settle_seconds:
            return Delivery(name, folder, signature, WAITING, f"it changed {quiet:.0f} s ago", {})
        return Delivery(name, folder, signature, READY, "", {})

    def _file(self, name: str) -> Path:
        return self.records / f"{hashlib.sha256(name.encode()).hexdigest()[:20]}.json"

    def _record(self, name: str) -> dict[str, Any]:
        path = self._file(name)
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise IntegrityError(
                f"{path}: the record of delivery '{name}' cannot be read: {error}", rule="inbox"
            ) from error


def inbox_of(folder: Path, records: Path, cohort: str, settle_seconds: float) -> Inbox:
    """The inbox of a cohort; `records` is the state folder's place for all of them."""
    return Inbox(folder, records / cohort, settle_seconds)
