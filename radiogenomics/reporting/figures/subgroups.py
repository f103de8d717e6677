"""AUC of groups of patients, each with its n and interval."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, INK, MUTED, message_figure, new_figure, tidy
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import endpoint_name, estimate, known, plain

_ROW = 0.26  # inches a row
_MOST = 40


def subgroups_figure(
    subgroups: pd.DataFrame, *, heading: str = "AUC by subgroup", endpoint: str = "", simulated: bool = False
) -> Figure:
    """Forest of one model's AUC by subgroup; a suppressed group keeps its line and says why.

    Parameters
    ----------
    subgroups : by `schemas.SUBGROUPS`, rows of one model.
    heading : what the title begins with.
    """
    title = heading + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    if subgroups.empty:
        return message_figure(title=title, message="No subgroups are known of these patients.", simulated=simulated)
    shown = subgroups.head(_MOST)
    lines = len(shown) + 1.3 * shown["subgroup"].nunique()
    cut = f" {len(subgroups) - _MOST} further groups are in the table." if len(subgroups) > _MOST else ""
    figure = new_figure(
        title=title,
        subtitle=f"{plain(shown['model'].iloc[0])}: AUC with 95 % interval, n, events",
        note=f"Dashed line: 0.5, no better than chance. Small groups are counted only.{cut}",
        body=lines * _ROW + 0.7,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    lowest = shown[["auc", "auc_lower"]].min().min()
    left = 0.3 if not known(lowest) or lowest >= 0.32 else max(0.0, float(lowest) - 0.03)
    y, ticks = 0.0, []
    for subgroup, rows in shown.groupby("subgroup", sort=False):
        heading_text = axes.text(left, y, plain(subgroup), fontsize=9.5, weight="bold", va="center")
        heading_text.set_in_layout(False)
        y += 1.0
        for row in table_rows(rows):
            ticks.append((y, f"{plain(row['level'], 30)} ({row['n']}, {row['events']})"))
            if row["suppressed"]:
                axes.text(left + 0.01, y, f"suppressed: {row['suppressed']}", fontsize=8.5, color=MUTED, va="center")
            elif known(row["auc"]):
                if known(row["auc_lower"]):
                    axes.plot([row["auc_lower"], row["auc_upper"]], [y, y], color=BLUE, linewidth=2)
                axes.plot(row["auc"], y, marker="o", color=BLUE, markersize=6)
                text = estimate(row["auc"], row["auc_lower"], row["auc_upper"])
                axes.text(1.015, y, text, fontsize=9, va="center", color=INK)
            y += 1.0
        y += 0.3
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1.1, zorder=0.5)
    axes.set(xlim=(left, 1.0), ylim=(y - 0.5, -0.8), xlabel="AUC (area under the ROC curve)")
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.tick_params(axis="y", length=0)
    return figure
