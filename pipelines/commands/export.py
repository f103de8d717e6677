"""``radiogenomics predictions export``."""

from __future__ import annotations

from pathlib import Path

from radiogenomics.storage import Home, PredictionStore
from radiogenomics.storage.atomic import write_atomically


def export(
    home: Home,
    cohort: str,
    endpoint: str,
    output: Path,
    kind: str | None,
    model: str | None,
    format: str,
    every_run: bool,
) -> int:
    """Write the predictions that match to a file; gives the number of rows."""
    rows = PredictionStore(home.predictions).query(cohort, endpoint, kind=kind, model=model, every_run=every_run)
    if format == "csv":
        write_atomically(output, lambda path: rows.to_csv(path, index=False))
    else:
        write_atomically(output, lambda path: rows.to_parquet(path, index=False))
    return len(rows)
