"""A few patients whose pictures tell most of a model: right with conviction, and wrong with conviction."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd


def telling_patients(out_of_fold: pd.DataFrame, model: str, among: Collection[str], count: int = 6) -> pd.DataFrame:
    """Patients by what models that never saw them said.

    Parameters
    ----------
    out_of_fold : by `schemas.OUT_OF_FOLD`. model : whose predictions.
    among : the patients that have a picture.
    count : at most so many, in equal parts events with a high probability, others with a low one, and the most wrong.

    Returns
    -------
    DataFrame patient_id, label, probability (mean over repeats), why; ordered by probability, highest first.
    """
    rows = out_of_fold[(out_of_fold["model"] == model) & ~out_of_fold["abstained"]]
    means = rows.groupby("patient_id").agg(label=("label", "first"), probability=("probability", "mean")).reset_index()
    means = means[means["patient_id"].isin(set(among))].sort_values(
        ["probability", "patient_id"], ascending=[False, True]
    )
    each = max(1, count // 3)
    high = means[means["label"] == 1].head(each).assign(why="event, high probability")
    low = means[means["label"] == 0].tail(each).assign(why="no event, low probability")
    error = (means["label"] - means["probability"]).abs()
    wrong = means.loc[error[error > 0.5].sort_values(ascending=False, kind="stable").index].head(each)
    wrong = wrong.assign(why="most wrong")
    chosen = pd.concat([high, low, wrong]).drop_duplicates("patient_id")
    return chosen.sort_values("probability", ascending=False, kind="stable", ignore_index=True).head(count)
