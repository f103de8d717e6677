"""Forest plot: every model and floor with its interval, by population."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from radiogenomics.reporting.figures.canvas import GREY, INK, LIGHT, ROLE_COLOURS, message_figure, new_figure, tidy
from radiogenomics.reporting.populations import ROLE_ORDER, Population
from radiogenomics.reporting.populations import populations as distinct_populations
from radiogenomics.reporting.wording import ROLE_NAMES, endpoint_name, estimate, known, plain

_MARKERS = {"fusion": "D", "unimodal": "o", "clinical_baseline": "s", "floor": "o"}
_ROW = 0.25  # inches a row


def forest_figure(
    metrics: pd.DataFrame,
    *,
    populations: Sequence[str] | None = None,
    final_model: str = "",
    endpoint: str = "",
    simulated: bool = False,
    measure: str = "AUC",
    axis: str = "AUC (area under the ROC curve)",
) -> Figure:
    """AUC of all models and floors with 95 % intervals; floors stand apart, on a shaded ground and with open markers.

    Parameters
    ----------
    metrics : by `schemas.METRICS`.
    populations : which, in this order; left out: all, 'all' and 'complete' first.
    final_model : written in bold.
    measure, axis : what the columns `auc` hold, short and for the axis.
    """
    title = "Discrimination of every model and floor" + (
        f", {endpoint_name(endpoint, inside=True)}" if endpoint else ""
    )
    metrics = metrics[~metrics["model"].str.startswith("late/without_")]  # they answer comparisons, and stand there
    blocks = distinct_populations(metrics, populations)
    if not blocks:
        return message_figure(title=title, message="No figures of any model are stored.", simulated=simulated)
    headings = [_heading(block) for block in blocks]
    n_lines = sum(len(block.rows) + 0.6 + len(lines) for block, lines in zip(blocks, headings, strict=True))
    methods = sorted(set(metrics["interval_method"].dropna()))
    figure = new_figure(
        title=title,
        subtitle=f"{measure} with 95 % interval; within a group, the same patients and folds for all",
        note=f"Interval: {'; '.join(methods)}. Dashed line: 0.5, no better than chance. Dotted: the highest floor.",
        body=n_lines * _ROW + 1.0,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    y = 0.0
    ticks: list[tuple[float, str, bool]] = []
    lowest = min(0.5, float(metrics[["auc", "auc_lower"]].min().min(skipna=True)))
    left = 0.4 if lowest >= 0.42 or pd.isna(lowest) else max(0.0, lowest - 0.03)
    for block, lines in zip(blocks, headings, strict=True):
        rows = block.rows
        for line in lines:
            drawn = axes.text(left, y, plain(line, 110), fontsize=9.5, weight="bold", va="center")
            drawn.set_in_layout(False)  # a long heading may run over the figures' column, and must not squeeze the axes
            y += 1.0
        floors = rows[(rows["role"] == "floor") & rows["auc"].notna()]
        n_floors = int((rows["role"] == "floor").sum())
        bottom = y + len(rows) - 0.5
        if n_floors:
            axes.axhspan(bottom - n_floors, bottom, color=LIGHT, alpha=0.6, linewidth=0)
        if not floors.empty:
            axes.plot([floors["auc"].max()] * 2, [y - 0.5, bottom], color=GREY, linestyle=":", linewidth=1.4)
        for row in rows.to_dict("records"):
            colour = ROLE_COLOURS[row["role"]]
            ticks.append((y, plain(row["model"], 38), row["model"] == final_model))
            if known(row["auc"]):
                if known(row["auc_lower"]) and known(row["auc_upper"]):
                    axes.plot([row["auc_lower"], row["auc_upper"]], [y, y], color=colour, linewidth=2)
                face = "white" if row["role"] == "floor" else colour
                marker = _MARKERS[row["role"]]
                axes.plot(row["auc"], y, marker=marker, color=colour, markerfacecolor=face, markersize=6.5)
            text = estimate(row["auc"], row["auc_lower"], row["auc_upper"])
            weight = "bold" if row["model"] == final_model else "normal"
            axes.text(1.015, y, text, fontsize=9, va="center", family="DejaVu Sans", weight=weight, color=INK)
            y += 1.0
        y += 0.6
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1.1, zorder=0.5)
    axes.set(xlim=(left, 1.0), ylim=(y - 0.6, -0.8), xlabel=axis)
    axes.set_yticks([tick for tick, _, _ in ticks], [label for _, label, _ in ticks])
    axes.tick_params(axis="y", length=0)
    for label, (_, _, bold) in zip(axes.get_yticklabels(), ticks, strict=True):
        label.set_fontweight("bold" if bold else "normal")
    present = [role for role in ROLE_ORDER if role in set(metrics["role"])]
    handles = [
        Line2D(
            [],
            [],
            color=ROLE_COLOURS[role],
            marker=_MARKERS[role],
            markerfacecolor="white" if role == "floor" else ROLE_COLOURS[role],
            label=ROLE_NAMES[role],
        )
        for role in present
    ]
    axes.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        fontsize=9,
        frameon=False,
        borderaxespad=0.1,
        columnspacing=1.2,
    )
    return figure


def _heading(block: Population) -> list[str]:
    """What the group is, with n and events, in lines that fit beside the names of the models."""
    first = block.rows.iloc[0]
    return textwrap.wrap(f"{block.heading}: n = {first['n']}, events = {first['events']}", 64)
