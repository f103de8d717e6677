"""A locked test: patients set aside before anything is fitted, sealed by the hash of their list, every look on record.

The seal is made once. Later patients never join it, and a patient who vanishes from the cohort breaks it. Looks are lines of
a ledger, each carrying the hash of the one before: a line that was removed or altered is noticed.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.exceptions import ComputationError, InputError, IntegrityError
from radiogenomics.storage.atomic import write_text

SEAL, LEDGER = "seal.json", "ledger.jsonl"
FEWEST = 5
"""Patients of each class below which a locked test says nothing."""


@dataclass(frozen=True)
class Seal:
    """The patients of a locked test, sorted, and the SHA-256 of their list."""

    patients: tuple[str, ...]
    digest: str
    sealed_at: str


class LockedTestLedger:
    """The locked test of one endpoint.

    Parameters
    ----------
    folder : where seal and ledger lie, one folder an endpoint of a cohort.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def seal(self, y: pd.Series, share: float, random_state: int) -> Seal:
        """The sealed patients; the first call draws and seals them, later ones check that they are still there.

        Parameters
        ----------
        y : 0/1 labels of all labelled patients, index patient_id.
        share : drawn within each class, by a hash of the patient's identifier: the order of the table decides nothing.

        Raises
        ------
        ComputationError
            Fewer than `FEWEST` patients of one class would be sealed.
        IntegrityError
            The seal was altered, or a sealed patient is no longer labelled.
        """
        known = self._read()
        labels = {str(patient): int(value) for patient, value in y.items()}
        if known is not None:
            lost = [patient for patient in known.patients if patient not in labels]
            if lost:
                raise IntegrityError(
                    f"{self.folder / SEAL}: {len(lost)} sealed patients are no longer labelled, first '{lost[0]}'; a locked "
                    "test that loses patients is not the one that was sealed",
                    rule="sealed_patients",
                )
            return known
        chosen: list[str] = []
        for value in (0, 1):
            members = sorted((_place(p, random_state), p) for p, label in labels.items() if label == value)
            number = int(np.floor(share * len(members) + 0.5))
            if number < FEWEST:
                raise ComputationError(
                    f"locked test: share {share:g} of {len(members)} patients with label {value} is {number}; at least "
                    f"{FEWEST} of each class are needed",
                    rule="locked_test_size",
                )
            chosen += [patient for _, patient in members[:number]]
        made = Seal(tuple(sorted(chosen)), list_digest(chosen), datetime.now(UTC).isoformat(timespec="seconds"))
        content = {"patients": list(made.patients), "digest": made.digest, "sealed_at": made.sealed_at}
        write_text(self.folder / SEAL, json.dumps(content, indent=1))
        return made

    def sealed(self) -> frozenset[str]:
        """The sealed patients; none where nothing was sealed."""
        known = self._read()
        return frozenset(known.patients) if known else frozenset()

    def digest(self) -> str:
        """The hash of the sealed list; '' where nothing was sealed."""
        known = self._read()
        return known.digest if known else ""

    def record(self, *, reason: str, model_id: str, code_version: str, figures: dict[str, Any]) -> dict[str, Any]:
        """Write a look to the ledger, before anybody is shown the figures.

        Raises
        ------
        InputError
            No reason is given.
        IntegrityError
            Nothing is sealed, or an earlier line was altered.
        """
        if not reason.strip():
            raise InputError("locked test: say why you look; the reason is kept in the ledger", rule="reason")
        known = self._read()
        if known is None:
            raise IntegrityError(f"{self.folder}: nothing is sealed here", rule="not_sealed")
        looks = self.looks()
        entry = {
            "look": len(looks) + 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "by": getpass.getuser(),
            "reason": reason.strip(),
            "seal": known.digest,
            "model_id": model_id,
            "code_version": code_version,
            "figures": figures,
            "previous": looks[-1]["digest"] if looks else "",
        }
        entry["digest"] = _entry_digest(entry)
        lines = [json.dumps(look, sort_keys=True, allow_nan=False) for look in [*looks, entry]]
        write_text(self.folder / LEDGER, "\n".join(lines) + "\n")
        return entry

    def looks(self) -> list[dict[str, Any]]:
        """All looks, first to last.

        Raises
        ------
        IntegrityError
            A line was altered or removed.
        """
        path = self.folder / LEDGER
        if not path.exists():
            return []
        previous, found = "", []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = json.loads(line)
                good = entry["previous"] == previous and entry["digest"] == _entry_digest(entry)
            except (ValueError, KeyError, TypeError) as error:
                raise IntegrityError(f"{path} line {number}: not a look ({error})", rule="ledger") from error
            if not good:
                raise IntegrityError(f"{path} line {number}: altered, or a line before it was removed", rule="ledger")
            previous = entry["digest"]
            found.append(entry)
        return found

    def _read(self) -> Seal | None:
        path = self.folder / SEAL
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            found = Seal(tuple(raw["patients"]), raw["digest"], raw["sealed_at"])
        except FileNotFoundError:
            if (self.folder / LEDGER).exists():
                raise IntegrityError(f"{path}: gone, though its ledger is there", rule="sealed_patients") from None
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"{path}: not a readable seal ({error})", rule="sealed_patients") from error
        if list_digest(found.patients) != found.digest:
            raise IntegrityError(f"{path}: the list of patients does not match its seal", rule="sealed_patients")
        return found


def list_digest(patients: Any) -> str:
    """SHA-256 of a list of patients, whatever its order."""
    return hashlib.sha256("\n".join(sorted(map(str, patients))).encode()).hexdigest()


def _place(patient: str, random_state: int) -> str:
    return hashlib.sha256(f"{random_state}\0{patient}".encode()).hexdigest()


def _entry_digest(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
