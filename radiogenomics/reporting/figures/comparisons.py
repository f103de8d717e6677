"""Paired differences in AUC with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, INK, MUTED, VERMILLION, message_figure, new_figure, tidy
from radiogenomics.reporting.headline import outcome
from radiogenomics.reporting.populations import distinct_comparisons
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import endpoint_name, estimate, known, p_text, plain

_MAXIMUM = 12
_PALE = {
    "facecolor": "white",
    "edgecolor": "none",
    "alpha": 0.85,
    "pad": 0.8,
}  # so that the zero line does not cross the text
_COLOURS = {"better": BLUE, "worse": VERMILLION, "no evidence": GREY, "unknown": GREY}


def comparisons_figure(
    comparisons: pd.DataFrame,
    *,
    populations: Sequence[str] | None = None,
    endpoint: str = "",
    simulated: bool = False,
    measure: str = "AUC",
) -> Figure:
    """One line a comparison: difference in AUC, 95 % interval and p; coloured only where the interval excludes zero.

    Parameters
    ----------
    comparisons : by `schemas.COMPARISONS`.
    populations : which to draw, in this order; left out: all of them, or where that is more than twelve lines, 'all' and
        'complete' alone. The foot note says how many lines are not drawn.
    measure : what the column `auc_difference` holds a difference of.
    """
    title = f"What is added: paired differences in {measure}" + (
        f", {endpoint_name(endpoint, inside=True)}" if endpoint else ""
    )
    comparisons = distinct_comparisons(comparisons)
    n_stored = len(comparisons)
    if populations is None and n_stored > _MAXIMUM:
        populations = ("all", "complete")
    if populations is not None:
        parts = [comparisons[comparisons["population"] == name] for name in populations]
        comparisons = pd.concat(parts, ignore_index=True) if parts else comparisons.head(0)
    if comparisons.empty:
        return message_figure(title=title, message="No comparison is stored.", simulated=simulated)
    figure = new_figure(
        title=title,
        subtitle="Model less reference, on the same patients and folds, with 95 % interval",
        note="Blue: the interval lies above zero. Vermillion: below zero. Grey: no evidence of a difference."
        + (
            f" {n_stored - len(comparisons)} comparisons on other patients are not drawn."
            if n_stored > len(comparisons)
            else ""
        ),
        body=0.62 * len(comparisons) + 0.75,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    axes.axvline(0, color=INK, linestyle="--", linewidth=1.1)
    bounds = comparisons[["auc_difference", "lower", "upper"]].abs().max().max()
    limit = min(1.0, max(0.1, float(bounds) * 1.08)) if known(bounds) else 0.5
    for y, row in enumerate(table_rows(comparisons)):
        colour = _COLOURS[outcome(row)]
        if known(row["lower"]) and known(row["upper"]):
            axes.plot([row["lower"], row["upper"]], [y, y], color=colour, linewidth=2.2)
        if known(row["auc_difference"]):
            axes.plot(row["auc_difference"], y, marker="D", color=colour, markersize=7)
        detail = f"{plain(row['model'], 30)} − {plain(row['reference'], 30)}; {plain(row['population'], 24)}"
        detail += f", n = {row['n']}, events = {row['events']}"
        axes.text(-limit, y + 0.34, detail, fontsize=8.5, color=MUTED, va="center", bbox=_PALE)
        figures = f"{estimate(row['auc_difference'], row['lower'], row['upper'])}\np {p_text(row['p_value'])}"
        axes.text(limit * 1.03, y, figures, fontsize=9, va="center", color=INK)
    axes.set(xlim=(-limit, limit), ylim=(len(comparisons) - 0.4, -0.5), xlabel=f"Difference in {measure}")
    axes.set_yticks(range(len(comparisons)), [_two_lines(text) for text in comparisons["comparison"]])
    axes.tick_params(axis="y", length=0)
    return figure


def _two_lines(text: str) -> str:
    words = plain(text, 60).split(" ")
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + ("\n" + " ".join(words[half:]) if words[half:] else "")
