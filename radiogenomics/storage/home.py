"""The one folder that holds all state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "RADIOGENOMICS_HOME"
DEFAULT = ".radiogenomics"


@dataclass(frozen=True)
class Home:
    """Where everything that a run leaves behind lies.

    ``artefacts/`` tables and the joined cohort, ``cache/`` features per lesion, ``models/`` the registry,
    ``predictions/`` the append-only table, ``inbox/`` what became of deliveries,
    ``locked_tests/`` seals and ledgers, ``validations/`` figures of models on other cohorts, ``pages/`` plots and reports for the browser,
    ``drafts/`` draft contours, ``dagster/`` the run history.
    """

    folder: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`RADIOGENOMICS_HOME`, or ``.radiogenomics/`` in the working directory."""
        return cls(Path(os.environ.get(VARIABLE) or DEFAULT).expanduser().resolve())

    @property
    def artefacts(self) -> Path:
        return self.folder / "artefacts"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def locked_tests(self) -> Path:
        return self.folder / "locked_tests"

    @property
    def validations(self) -> Path:
        return self.folder / "validations"

    @property
    def pages(self) -> Path:
        return self.folder / "pages"

    @property
    def drafts(self) -> Path:
        return self.folder / "drafts"

    @property
    def dagster(self) -> Path:
        return self.folder / "dagster"
