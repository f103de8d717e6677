"""What the pipeline scores where there is nothing to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, INK, VERMILLION, message_figure, new_figure, tidy
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import endpoint_name, number, p_text, plain


def null_audit_figure(
    runs: pd.DataFrame, summary: pd.DataFrame, model: str, *, endpoint: str = "", simulated: bool = False
) -> Figure:
    """One line a kind of run: a point for each run, the observed AUC as a bar, the p-value beside.

    Parameters
    ----------
    runs, summary : of `evaluation.null_audit.NullAudit`.
    """
    title = "Null audit" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    rows = table_rows(summary[summary["model"] == model])
    if not rows:
        return message_figure(title=title, message=f"No null runs of {model} are stored.", simulated=simulated)
    figure = new_figure(
        title=title,
        subtitle=f"{plain(model)}: AUC of each run of the whole pipeline (points) and of the real data (bar)",
        note="With permuted labels the points lie around 0.5 unless something leaks. p: share of runs that reach the bar.",
        body=0.6 * len(rows) + 0.9,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    labels = []
    for place, row in enumerate(rows):
        own = runs[(runs["kind"] == row["kind"]) & (runs["modality"] == row["modality"]) & (runs["model"] == model)]
        spread = np.linspace(-0.22, 0.22, len(own)) if len(own) > 1 else np.zeros(len(own))
        colour = VERMILLION if row["alarm"] else GREY
        axes.plot(own["auc"], place + spread, linestyle="", marker="o", markersize=3.5, color=colour, alpha=0.7)
        axes.plot([row["observed"]] * 2, [place - 0.32, place + 0.32], color=BLUE, linewidth=2.6)
        labels.append(plain("labels permuted" if not row["modality"] else f"{row['modality']} shuffled", 36))
        axes.text(1.015, place, f"{number(row['null_mean'])}, p {p_text(row['p_value'])}", fontsize=9, va="center")
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1.1, zorder=0.5)
    lowest = min(0.3, float(runs["auc"].min()) - 0.03)
    axes.set(xlim=(max(0.0, lowest), 1.0), ylim=(len(rows) - 0.5, -0.5), xlabel="AUC (area under the ROC curve)")
    axes.set_yticks(range(len(rows)), labels)
    return figure
