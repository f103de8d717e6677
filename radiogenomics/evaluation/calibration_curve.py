"""The share of events that was observed, by predicted probability."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.evaluation.proportions import wilson_interval


def calibration_bins(label: NDArray[np.integer], probability: NDArray[np.floating], bins: int = 0) -> pd.DataFrame:
    """Patients in groups of about equal size by predicted probability; equal probabilities stay together.

    Parameters
    ----------
    label : shape (n_patients,), 0 or 1.
    probability : shape (n_patients,), in [0, 1].
    bins : how many groups; 0: from 3 to 10, with at least 15 patients and on average 5 of the rarer class in each.

    Returns
    -------
    DataFrame with `n`, `events`, `mean_probability`, `observed` (share of events), `lower`, `upper` (95 %, Wilson).
    """
    label, probability = np.asarray(label), np.asarray(probability, float)
    rarer = min(int((label == 1).sum()), int((label == 0).sum()))
    wanted = bins or int(np.clip(min(len(label) // 15, rarer // 5), 3, 10))
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, wanted + 1)[1:-1]))
    group = np.searchsorted(edges, probability, side="left")
    table = pd.DataFrame({"group": group, "event": label == 1, "probability": probability}).groupby("group")
    bins_table = pd.DataFrame(
        {"n": table.size(), "events": table["event"].sum(), "mean_probability": table["probability"].mean()}
    ).reset_index(drop=True)
    bins_table["observed"] = bins_table["events"] / bins_table["n"]
    bins_table["lower"], bins_table["upper"] = wilson_interval(
        bins_table["events"].to_numpy(float), bins_table["n"].to_numpy(float)
    )
    return bins_table
