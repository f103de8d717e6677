"""The check that every evaluation shares: no patient in two folds of a repeat."""

from typing import Any

import dagster as dg

WHAT = "Within a repeat each patient is predicted once, in one fold, by every model."


def patients_in_one_fold(rows: Any) -> dg.AssetCheckResult:
    """The check's result for a table with patient_id, model, repeat and fold."""
    folds = rows.groupby(["patient_id", "repeat"])["fold"].nunique()
    twice = int(rows.duplicated(["patient_id", "model", "repeat"]).sum())
    return dg.AssetCheckResult(
        passed=bool((folds == 1).all()) and twice == 0,
        description=f"{int((folds > 1).sum())} patients in two folds of a repeat, {twice} predicted twice",
    )
