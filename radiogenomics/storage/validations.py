"""External validations of registered models: figures and counts alone, no patient, a file each, never changed afterwards.

``<folder>/<cohort>/<endpoint>/<model_id>/<time>-<other cohort>.json``: the format's version, the SHA-256 of the content, and
the content. Cohort and endpoint are those of the model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.atomic import write_text

FORMAT = 1
FIGURES = ["version", "population", "figure", "at", "n", "events", "estimate", "lower", "upper"]
COUNTS = ["population", "n", "events", "abstained"]


@dataclass(frozen=True)
class StoredValidation:
    """One validation of one model.

    Attributes
    ----------
    cohort, endpoint, model_id : the model. on, title, simulated : the other cohort.
    at : when, ISO 8601 with time zone. code_version : what computed it.
    shared : how many of its labelled patients bear the identifier of a patient that the model was trained on; None: not known.
    figures, counts : as `prediction.validation.Validation` has them. absent : what was not there, or not as in training.
    """

    cohort: str
    endpoint: str
    model_id: str
    on: str
    title: str
    simulated: bool
    at: str
    code_version: str
    shared: int | None
    figures: pd.DataFrame
    counts: pd.DataFrame
    absent: tuple[str, ...] = ()

    @property
    def why_not_external(self) -> str:
        """Why it does not count as external; '' where it does."""
        if self.on == self.cohort:
            return f"it was validated on '{self.on}', the cohort that it was trained on"
        if self.shared:
            return f"{self.shared} patients of '{self.on}' bear identifiers of patients that it was trained on"
        return ""

    @property
    def external(self) -> bool:
        """Whether it is another cohort by name, with no training patient's identifier among its own."""
        return not self.why_not_external


class Validations:
    """The validations of all models below one folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def add(self, found: StoredValidation) -> Path:
        """Store a validation; gives the file."""
        content = {
            **{name: getattr(found, name) for name in _PLAIN},
            "figures": _records(found.figures[FIGURES]),
            "counts": _records(found.counts[COUNTS]),
            "absent": list(found.absent),
        }
        moment = pd.Timestamp(found.at).tz_convert("UTC").strftime("%Y%m%dT%H%M%S%fZ")
        file = self._place(found.cohort, found.endpoint, found.model_id) / f"{moment}-{found.on}.json"
        whole = {"format": FORMAT, "sha256": _digest(content), "content": content}
        write_text(file, json.dumps(whole, indent=1, sort_keys=True, allow_nan=False) + "\n")
        return file

    def of_model(self, cohort: str, endpoint: str, model_id: str) -> list[StoredValidation]:
        """The validations of a model, the latest last.

        Raises
        ------
        IntegrityError
            A file was altered, or is of a later format.
        """
        return [_read(file) for file in sorted(self._place(cohort, endpoint, model_id).glob("[!.]*.json"))]

    def digests(self, cohort: str, endpoint: str) -> dict[str, str]:
        """Name below the endpoint's folder -> SHA-256 of each file of an endpoint: changes when one comes in."""
        place = self.folder / cohort / endpoint
        return {
            file.relative_to(place).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(place.glob("*/[!.]*.json"))
        }

    def _place(self, cohort: str, endpoint: str, model_id: str) -> Path:
        return self.folder / cohort / endpoint / model_id


_PLAIN = ("cohort", "endpoint", "model_id", "on", "title", "simulated", "at", "code_version", "shared")


def _read(file: Path) -> StoredValidation:
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        version, content, digest = whole["format"], whole["content"], whole["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{file}: no stored validation ({error})", rule="validation") from error
    if version != FORMAT:
        raise IntegrityError(f"{file}: format {version!r}, this version reads {FORMAT}", rule="format")
    if _digest(content) != digest:
        raise IntegrityError(f"{file}: its content is not that of its SHA-256", rule="digest")
    figures = pd.DataFrame(content["figures"], columns=FIGURES)
    numbers = ["at", "estimate", "lower", "upper"]
    return StoredValidation(
        **{name: content[name] for name in _PLAIN},
        figures=figures.astype(dict.fromkeys(numbers, float)),
        counts=pd.DataFrame(content["counts"], columns=COUNTS),
        absent=tuple(content["absent"]),
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(k): v.item() if hasattr(v, "item") else v for k, v in row.items()} for row in plain.to_dict("records")]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
