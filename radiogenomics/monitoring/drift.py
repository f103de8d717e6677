"""Drift: do new patients look like those that the model was trained on?

Each predictor is compared by the two-sample Kolmogorov-Smirnov test, and each modality's availability by Fisher's exact
test; the false discovery rate over all of them is controlled by Benjamini and Hochberg [1]_. Beside the test stands the
chance that a new patient's value is above a training patient's, with DeLong's interval: how far, not only whether. Ties make
the test careful (its p-values too large), so that drift of yes-or-no features may be missed.

References
----------
.. [1] Benjamini, Hochberg: Controlling the false discovery rate, Journal of the Royal Statistical Society B 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, fisher_exact, ks_2samp

from radiogenomics.cohort.schemas import DRIFT, conform
from radiogenomics.evaluation.concordance import auc_interval
from radiogenomics.fusion.columns import feature_of, holds_voxels, modality_columns, modality_of, presence

FEWEST = 5
"""New patients with a known value below which a predictor is not tested."""
PRESENT = "(modality present)"


def drift(training: pd.DataFrame, new: pd.DataFrame, *, rate: float = 0.05, fewest: int = FEWEST) -> pd.DataFrame:
    """Compare the predictors of new patients with those of the training patients.

    Parameters
    ----------
    training, new : predictors, one row a patient, columns `<modality>:<feature>`, NaN where not known; a column that `new`
        lacks counts as not known for all of them.
    rate : false discovery rate at which a predictor counts as drifted.

    Returns
    -------
    DataFrame by `schemas.DRIFT`; one row a predictor and one a modality; with no new patients every row says so.
    """
    blocks = modality_columns([str(c) for c in training.columns], training.shape[1])
    tabular = (
        positions for name, positions in blocks.items() if not holds_voxels(name)
    )  # a box's voxels mean nothing alone
    columns = [str(training.columns[i]) for positions in tabular for i in positions]
    there = new.reindex(columns=training.columns)
    old_has, new_has = (presence(t.to_numpy(dtype=float), blocks) for t in (training, there))
    rows = [_availability(name, old_has[:, i], new_has[:, i], fewest) for i, name in enumerate(blocks)]
    for column in columns:
        old, fresh = (t[column].to_numpy(dtype=float) for t in (training, there))
        rows.append(_predictor(column, old[~np.isnan(old)], fresh[~np.isnan(fresh)], fewest))
    table = pd.DataFrame(rows)
    tested = table["p_value"].notna()
    table["q_value"] = np.nan
    if tested.any():
        table.loc[tested, "q_value"] = false_discovery_control(table.loc[tested, "p_value"])
    table["drifted"] = (table["q_value"] <= rate).fillna(False)
    return conform(table, DRIFT)


def _availability(modality: str, old: np.ndarray, new: np.ndarray, fewest: int) -> dict[str, Any]:
    row = _row(modality, PRESENT, len(old), len(new))
    if len(new) < fewest:
        return {**row, "reason": f"fewer than {fewest} new patients"}
    counts = [[int(new.sum()), int((~new).sum())], [int(old.sum()), int((~old).sum())]]
    return {**row, "statistic": float(new.mean() - old.mean()), "p_value": float(fisher_exact(counts).pvalue)}


def _predictor(column: str, old: np.ndarray, new: np.ndarray, fewest: int) -> dict[str, Any]:
    row = _row(modality_of(column), feature_of(column), len(old), len(new))
    if min(len(old), len(new)) < fewest:
        return {**row, "reason": f"fewer than {fewest} patients with a known value on one side"}
    if np.ptp(np.concatenate([old, new])) == 0:
        return {**row, "reason": "constant"}
    test = ks_2samp(new, old, method="auto")
    label = np.concatenate([np.ones(len(new), dtype=int), np.zeros(len(old), dtype=int)])
    scores = np.concatenate([new, old])[:, None]
    larger = auc_interval(scores, label, np.zeros((len(label), 1), dtype=int))
    return {
        **row,
        "statistic": float(test.statistic),
        "p_value": float(test.pvalue),
        "larger": larger.estimate,
        "larger_lower": larger.lower,
        "larger_upper": larger.upper,
    }


def _row(modality: str, feature: str, old: int, new: int) -> dict[str, Any]:
    unknown = dict.fromkeys(("statistic", "p_value", "larger", "larger_lower", "larger_upper"), np.nan)
    return {"modality": modality, "feature": feature, "n_training": old, "n_new": new, "reason": "", **unknown}


def in_words(table: pd.DataFrame, patients: int) -> str:
    """One sentence about a table by `schemas.DRIFT` of that many new patients."""
    if patients == 0:
        return "None to compare: there are no patients beyond those that the model was trained on."
    tested = int(table["p_value"].notna().sum())
    if tested == 0:
        return f"None to compare: {patients} new patients are too few for a test."
    drifted = int(table["drifted"].sum())
    return (
        f"{drifted} of {tested} predictors and modalities of {patients} new patients differ from those of the training "
        "patients beyond the declared false discovery rate."
    )
