"""Single columns that tell the label by themselves: a leak until shown otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from radiogenomics.fusion.columns import holds_voxels, modality_of

TOO_GOOD = 0.95
MINIMUM = 5
"""Fewer known values of either class say nothing of a column."""


def telling_columns(X: pd.DataFrame, y: pd.Series, *, limit: float = TOO_GOOD) -> pd.DataFrame:
    """Columns whose value, or whose absence, ranks events above others nearly without error.

    Biology does not do that; a column made from the label, or recorded because of it, does. The figures look at all
    patients and are good for nothing but this alarm.

    Parameters
    ----------
    X : predictors, NaN where not known. y : 0/1, same index.
    limit : AUC, in either direction, from which a column is listed. By chance, of 2,000 columns of noise in 40 patients
        with 15 events, the best reaches 0.85.

    Returns
    -------
    DataFrame column, what ('value' or 'absence'), n, events, auc; the most telling first.
    """
    target = y.reindex(X.index).to_numpy(dtype=int)
    rows = []
    for column in X.columns:
        if holds_voxels(modality_of(str(column))):  # a few packed voxels at a fixed place: their order means nothing
            continue
        values = X[column].to_numpy(dtype=float)
        known = ~np.isnan(values)
        for what, score, label in (
            ("value", values[known], target[known]),
            ("absence", (~known).astype(float), target),
        ):
            events = int(label.sum())
            if min(events, len(label) - events) < MINIMUM or score.min() == score.max():
                continue
            ranks = rankdata(score)[label == 1].sum()
            auc = float((ranks - events * (events + 1) / 2) / (events * (len(label) - events)))
            if max(auc, 1 - auc) >= limit:
                rows.append((str(column), what, len(label), events, max(auc, 1 - auc)))
    table = pd.DataFrame(rows, columns=["column", "what", "n", "events", "auc"])
    return table.sort_values("auc", ascending=False, kind="stable", ignore_index=True)
