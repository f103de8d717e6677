"""Which model to believe: one sentence, chosen by rule from the figures and the comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.evaluation.comparisons import (
    ALPHA,
    FUSION_OVER_CLINICAL,
    FUSION_OVER_FLOOR,
    FUSION_OVER_SINGLE,
    IMAGING_OVER_CLINICAL,
    IMAGING_OVER_OTHERS,
)
from radiogenomics.evaluation.populations import ALL, COMPLETE


def verdict_sentence(
    metrics: pd.DataFrame, comparisons: pd.DataFrame, final_model: str, *, measure: str = "an AUC"
) -> str:
    """The sentence that stands above everything else.

    The rules, in their order: no better than chance; no better than what is not biology; no better than the clinical
    variables; then what imaging and fusion add. 'Better' means: 95 % interval above 0 and corrected p below 0.05.

    Parameters
    ----------
    metrics, comparisons : by `schemas.METRICS` and `schemas.COMPARISONS`. measure : what the column `auc` holds, in words.
    """
    own = metrics[metrics["model"] == final_model].set_index("population")
    population = next((name for name in (ALL, COMPLETE) if name in own.index), None)
    row: Any = None if population is None else own.loc[population]
    if row is None or not np.isfinite(row["auc_lower"]):
        return f"No verdict: too few patients for an interval of {final_model}."
    start = (
        f"{final_model} reaches {measure} of {row['auc']:.2f} ({row['auc_lower']:.2f} to {row['auc_upper']:.2f}; "
        f"n = {row['n']}, {row['events']} events)"
    )
    if row["auc_lower"] <= 0.5:
        return f"Do not use: {start}, which may be chance."
    floor = _asked(comparisons, FUSION_OVER_FLOOR)
    if floor is not None and not _better(floor):
        return f"Do not believe it yet: {start}, but it is not shown to be better than {floor['reference']}, the floor it has to beat."
    clinical = _asked(comparisons, FUSION_OVER_CLINICAL)
    if clinical is not None and not _better(clinical):
        return f"{start}{_beats(floor)}; it is not shown to be better than {clinical['reference']} alone, which is simpler."
    imaging = _asked(comparisons, IMAGING_OVER_OTHERS)
    imaging = _asked(comparisons, IMAGING_OVER_CLINICAL) if imaging is None else imaging
    single = _asked(comparisons, FUSION_OVER_SINGLE)
    added = [f"{start}{_beats(floor)}"]
    if clinical is not None:
        added.append(f"it adds {clinical['auc_difference']:.2f} to {clinical['reference']}")
    if imaging is not None:
        added.append("imaging adds to it" if _better(imaging) else "no evidence that imaging is needed for that")
    if single is not None and single["reference"] != (clinical or {}).get("reference"):
        shown = "better than" if _better(single) else "not shown to be better than"
        added.append(f"it is {shown} the best single modality ({single['reference']})")
    return "; ".join(added) + "."


def survival_verdict(metrics: pd.DataFrame, comparisons: pd.DataFrame, final_model: str) -> str:
    """The same of a survival model, by Harrell's C.

    Parameters
    ----------
    metrics, comparisons : by `schemas.SURVIVAL_METRICS` and `schemas.COMPARISONS`.
    """
    renamed = metrics.rename(columns={name: name.replace("c_index", "auc") for name in metrics.columns})
    return verdict_sentence(renamed, comparisons, final_model, measure="a C-index")


def _asked(comparisons: pd.DataFrame, question: str) -> dict[str, Any] | None:
    """The row of a question on all patients, or on the complete ones, or on the most there are."""
    rows = comparisons[comparisons["comparison"] == question]
    if rows.empty:
        return None
    order = rows["population"].map({ALL: 0, COMPLETE: 1}).fillna(2)
    first = rows.assign(order=order).sort_values(["order", "n"], ascending=[True, False], kind="stable").iloc[0]
    return {str(key): value for key, value in first.items()}


def _better(row: dict[str, Any]) -> bool:
    corrected = row.get("p_holm", row["p_value"])
    return bool(np.isfinite(row["lower"]) and row["lower"] > 0 and corrected < ALPHA)


def _beats(floor: dict[str, Any] | None) -> str:
    return "" if floor is None else f", above the confounder floor ({floor['reference']})"
