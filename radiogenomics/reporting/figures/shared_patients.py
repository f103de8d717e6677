"""Out-of-fold predictions of several models, cut down to the patients that all of them predicted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def shared_patients(out_of_fold: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Rows of `models` for the patients with a probability from every one of them in every repeat.

    Curves are only comparable on the same patients: a model that abstains on some would otherwise be drawn on an
    easier or harder group.
    """
    rows = out_of_fold[out_of_fold["model"].isin(list(models))]
    answered = rows["probability"].notna() & ~rows["abstained"]
    cells = rows[["model", "repeat"]].drop_duplicates().shape[0]
    counts = answered.groupby(rows["patient_id"]).sum()
    return rows[rows["patient_id"].isin(counts.index[counts == cells])]


def mean_over_repeats(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a patient of one model: `probability` (mean), `lowest`, `highest` over repeats, `label`."""
    known = rows[rows["probability"].notna()]
    grouped = known.groupby("patient_id", sort=True)
    return pd.DataFrame(
        {
            "probability": grouped["probability"].mean(),
            "lowest": grouped["probability"].min(),
            "highest": grouped["probability"].max(),
            "label": grouped["label"].first(),
        }
    ).reset_index()


def patient_counts(rows: pd.DataFrame) -> tuple[int, int]:
    """Number of patients and of events (label 1)."""
    labels = rows.drop_duplicates("patient_id")["label"]
    return len(labels), int((labels == 1).sum())
