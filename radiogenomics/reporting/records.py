"""Results as plain records, for JSON."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd


def results_records(metrics: pd.DataFrame | None, comparisons: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """One dictionary for each row of METRICS (`table: metrics`), then of COMPARISONS (`table: comparisons`).

    Values are plain Python; NaN, NA and infinities are None, so that `json.dumps(..., allow_nan=False)` works.
    """
    records: list[dict[str, Any]] = []
    for name, table in (("metrics", metrics), ("comparisons", comparisons)):
        if table is None:
            continue
        records.extend({"table": name} | {k: plain_value(v) for k, v in row.items()} for row in table_rows(table))
    return records


def table_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries with text keys, values as they are."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def plain_value(value: Any) -> Any:
    """A cell as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
