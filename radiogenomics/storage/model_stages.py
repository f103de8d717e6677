"""Which stored model is in use: stages in an append-only log, a file an endpoint, each line with the hash of the one before.

A model is a `candidate` when it is registered, may become the `champion` (one an endpoint), and ends `retired`. The log
lies beside the models, ``<folder>/<cohort>/<endpoint>/.stages.jsonl``; a line that was removed or altered is noticed. All
lines of one decision (a new champion, the old one retired) appear in one step.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from radiogenomics.exceptions import InputError, IntegrityError, NotMaterialisedError
from radiogenomics.storage.atomic import write_text

CANDIDATE, CHAMPION, RETIRED = "candidate", "champion", "retired"
Stage = Literal["candidate", "champion", "retired"]
COLUMNS = ["at", "by", "model_id", "from", "to", "why"]
_LOG, _LOCK = ".stages.jsonl", ".stages.lock"


class ModelStages:
    """The stages of one endpoint's models.

    Parameters
    ----------
    folder : that of the registry. The registry knows which models there are; this log, what they are used for.
    """

    def __init__(self, folder: Path | str, cohort: str, endpoint: str) -> None:
        self.place = Path(folder) / cohort / endpoint
        self.named = f"{cohort}/{endpoint}"

    def history(self) -> pd.DataFrame:
        """Every change of stage, first to last: at (UTC), by, model_id, from ('' at first), to, why.

        Raises
        ------
        IntegrityError
            A line was altered or removed.
        """
        return pd.DataFrame(self._entries(), columns=COLUMNS)

    def stages(self) -> dict[str, Stage]:
        """model_id -> its stage now."""
        return {str(entry["model_id"]): entry["to"] for entry in self._entries()}

    def champion(self) -> str | None:
        """The model in use; None where there is none."""
        return next((model for model, stage in self.stages().items() if stage == CHAMPION), None)

    def add(self, model_id: str, why: str, *, by: str | None = None) -> None:
        """Enter a newly registered model as a candidate; one that has a stage already keeps it."""
        with self._locked():
            if model_id not in self.stages():
                self._append([(model_id, "", CANDIDATE, why)], by)

    def promote(self, model_id: str, why: str, *, by: str | None = None, instead_of: str | None = "") -> None:
        """Make a model the champion and retire the one before, in one step.

        Parameters
        ----------
        why : kept for ever.
        instead_of : the champion that the decision was made against (None: there was none); where another process has
            changed it meanwhile, nothing is changed. '': whichever there is.

        Raises
        ------
        InputError
            No reason; or the model is the champion already, or the champion is not the one decided against.
        NotMaterialisedError
            The model never was a candidate.
        """
        with self._locked():
            stages, champion = self._known(model_id, why), self.champion()
            if champion == model_id:
                raise InputError(f"model '{model_id}' is the champion of {self.named} already", rule="stage")
            if instead_of not in ("", champion):
                raise InputError(
                    f"{self.named}: the champion is '{champion}', not '{instead_of}' as when this was decided",
                    rule="stage",
                )
            changes = [(champion, CHAMPION, RETIRED, f"replaced by {model_id}: {why}")] if champion else []
            self._append([*changes, (model_id, stages[model_id], CHAMPION, why)], by)

    def retire(self, model_id: str, why: str, *, by: str | None = None) -> None:
        """Take a model out of use; a champion leaves its endpoint without one.

        Raises
        ------
        InputError
            No reason, or the model is retired already.
        """
        with self._locked():
            stage = self._known(model_id, why)[model_id]
            if stage == RETIRED:
                raise InputError(f"model '{model_id}' of {self.named} is retired already", rule="stage")
            self._append([(model_id, stage, RETIRED, why)], by)

    # ------------------------------------------------------------------------------------------------------------
    def _known(self, model_id: str, why: str) -> dict[str, Stage]:
        if not why.strip():
            raise InputError("say why; the reason is kept in the log of the models' stages", rule="reason")
        stages = self.stages()
        if model_id not in stages:
            raise NotMaterialisedError(
                f"no model '{model_id}' of {self.named} has a stage; there are: {', '.join(stages) or 'none'}",
                rule="no_such_model",
            )
        return stages

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.place.mkdir(parents=True, exist_ok=True)
        with (self.place / _LOCK).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _append(self, changes: list[tuple[str, str, str, str]], by: str | None) -> None:
        entries = self._entries()
        for model_id, before, after, why in changes:
            entry = {
                "at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "by": by or getpass.getuser(),
                "model_id": model_id,
                "from": before,
                "to": after,
                "why": why.strip(),
                "previous": entries[-1]["digest"] if entries else "",
            }
            entries.append({**entry, "digest": _digest(entry)})
        text = "\n".join(json.dumps(entry, sort_keys=True, allow_nan=False) for entry in entries)
        write_text(self.place / _LOG, text + "\n")

    def _entries(self) -> list[dict[str, Any]]:
        path = self.place / _LOG
        if not path.exists():
            return []
        previous, found = "", []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = json.loads(line)
                good = entry["previous"] == previous and entry["digest"] == _digest(entry)
            except (ValueError, KeyError, TypeError) as error:
                raise IntegrityError(f"{path} line {number}: no change of stage ({error})", rule="stages") from error
            if not good:
                raise IntegrityError(f"{path} line {number}: altered, or a line before it was removed", rule="stages")
            previous = entry["digest"]
            found.append(entry)
        return found


def _digest(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
