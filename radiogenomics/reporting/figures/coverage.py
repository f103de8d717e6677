"""How often 95 % intervals hold the truth, and how far estimates are from it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILLION,
    new_figure,
    tidy,
)
from radiogenomics.reporting.wording import plain

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, BLACK)
GOAL = (0.93, 0.97)


def coverage_figure(coverage: pd.DataFrame, *, simulated: bool = True) -> Figure:
    """Coverage of each figure's interval by setting, with the 95 % interval of the count.

    Parameters
    ----------
    coverage : `evaluation.study.run.Study.coverage`.
    """
    names, settings = list(dict.fromkeys(coverage["figure"])), list(dict.fromkeys(coverage["setting"]))
    figure = new_figure(
        title="Coverage of 95 % intervals against known truth",
        subtitle=f"{int(coverage['runs'].max())} simulated cohorts a setting; bars: 95 % interval of the count",
        note=f"Shaded: the goal, {GOAL[0]:.0%} to {GOAL[1]:.0%}. Truth: that of the models of the folds.",
        body=0.36 * len(names) + 1.4,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    axes.axvspan(*GOAL, color=GREY, alpha=0.2, linewidth=0)
    axes.axvline(0.95, color=INK, linestyle="--", linewidth=1)
    for place, setting in enumerate(settings):
        rows = coverage[coverage["setting"] == setting].set_index("figure").reindex(names)
        y = [number + 0.13 * (place - (len(settings) - 1) / 2) for number in range(len(names))]
        errors = [
            (rows["coverage"] - rows["coverage_lower"]).clip(0),
            (rows["coverage_upper"] - rows["coverage"]).clip(0),
        ]
        axes.errorbar(
            rows["coverage"],
            y,
            xerr=errors,
            fmt="o",
            markersize=3.5,
            elinewidth=1,
            color=_COLOURS[place % len(_COLOURS)],
            label=plain(setting, 60),
        )
    axes.set_yticks(range(len(names)), [plain(name.replace("_", " "), 44) for name in names])
    axes.set(xlim=(0.45, 1.005), ylim=(len(names) - 0.4, -0.6), xlabel="Share of intervals that hold the truth")
    axes.legend(loc="lower left", fontsize=8, frameon=True, facecolor="white", edgecolor="none")
    return figure
