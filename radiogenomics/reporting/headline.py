"""What stands first: the declared final model beside the clinical baseline and the highest floor, on the same patients."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import known

COMPARISON_ORDER = (
    "imaging over clinical",
    "imaging over all other modalities",
    "fusion over clinical",
    "fusion over best single modality",
    "fusion over confounder floor",
)
"""The questions a reviewer asks, in the order in which they are asked."""


class Headline(NamedTuple):
    """Rows of METRICS on one population; None where that population has no such row.

    Attributes
    ----------
    population : name of the population, '' where the final model has no figures.
    final : the declared final model.
    baseline : the clinical baseline with the highest AUC (the harder one to beat).
    floor : the confounder floor with the highest AUC (the harder one to beat).
    """

    population: str
    final: dict[str, Any] | None
    baseline: dict[str, Any] | None
    floor: dict[str, Any] | None


def headline(metrics: pd.DataFrame | None, final_model: str) -> Headline:
    """Choose the population on which final model, clinical baseline and floor stand side by side.

    Of the populations that hold the final model, the one with most of the three; of several such, the one with most
    patients; of several such, 'all' before 'complete' before others. The choice never looks at an AUC.
    """
    if metrics is None or metrics.empty:
        return Headline("", None, None, None)
    found = []
    for population, rows in metrics.groupby("population", sort=False):
        final = rows[rows["model"] == final_model]
        if final.empty:
            continue
        row = table_rows(final)[0]
        candidate = Headline(str(population), row, best(rows, "clinical_baseline"), best(rows, "floor"))
        order = {"all": 0, "complete": 1}.get(str(population), 2)
        held = sum(part is not None for part in candidate[1:])
        found.append((-held, -int(row["n"]), order, str(population), candidate))
    if not found:
        return Headline("", None, None, None)
    return min(found, key=lambda item: item[:4])[-1]


def best(rows: pd.DataFrame, role: str) -> dict[str, Any] | None:
    """The row of that role with the highest known AUC; the first of equals by name."""
    chosen = rows[rows["role"] == role].sort_values(["auc", "model"], ascending=[False, True], na_position="last")
    return None if chosen.empty else table_rows(chosen)[0]


def best_single_modalities(metrics: pd.DataFrame | None, population: str) -> list[str]:
    """Of each modality on that population, the model with the highest AUC, in the order of their names."""
    if metrics is None or metrics.empty:
        return []
    rows = metrics[(metrics["population"] == population) & metrics["role"].isin(["unimodal", "clinical_baseline"])]
    rows = rows[rows["auc"].notna()].sort_values(["auc", "model"], ascending=[False, True])
    modality = rows["model"].str.split("/").str[0]
    return sorted(rows.loc[~modality.duplicated(), "model"])


def verdicts(comparisons: pd.DataFrame | None, population: str) -> list[dict[str, Any]]:
    """One comparison for each question: on that population, or on the largest one where it was not asked there."""
    if comparisons is None or comparisons.empty:
        return []
    chosen = []
    main = comparisons[~comparisons["comparison"].str.endswith(" in the fusion")]  # one a modality: in table and figure
    for question, rows in main.groupby("comparison", sort=False):
        here = rows[rows["population"] == population]
        row = table_rows(here if not here.empty else rows.sort_values("n", ascending=False, kind="stable"))[0]
        order = COMPARISON_ORDER.index(str(question)) if question in COMPARISON_ORDER else len(COMPARISON_ORDER)
        chosen.append((order, str(question), row))
    return [row for _, _, row in sorted(chosen, key=lambda item: item[:2])]


def outcome(comparison: dict[str, Any]) -> str:
    """'better', 'worse' or 'no evidence', by whether the interval of the difference excludes zero; 'unknown' without one.

    Where a corrected p-value stands beside it, 'better' must hold after correction too.
    """
    if not known(comparison.get("lower")) or not known(comparison.get("upper")):
        return "unknown"
    if comparison["lower"] > 0:
        corrected = comparison.get("p_holm")
        return "better" if not known(corrected) or float(str(corrected)) < 0.05 else "no evidence"
    return "worse" if comparison["upper"] < 0 else "no evidence"
