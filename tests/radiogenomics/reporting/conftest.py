"""Stored tables for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest
from stored_tables import stored_tables


@pytest.fixture
def tables() -> dict[str, Any]:
    """What `render_report` takes, for 172 labelled of 211 patients."""
    return stored_tables()


@pytest.fixture
def quick_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made but not rendered, where a test reads the text of the page alone."""
    monkeypatch.setattr("radiogenomics.reporting.pictures.png_data_uri", lambda figure: "data:image/png;base64,")
