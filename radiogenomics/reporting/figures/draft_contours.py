"""Draft contours against drawn ones: every draw of every lesion."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, LIGHT, VERMILLION, new_figure


def draft_contours_figure(draws: pd.DataFrame, *, title: str, note: str = "") -> Figure:
    """Dice of each draw by lesion, filled where the draft passes its own quality control.

    Parameters
    ----------
    draws : as `radiogenomics.imaging.drafts.study.draft_study` gives them, of one prompt; at most a dozen lesions.
    """
    lesions = list(dict.fromkeys(draws["lesion"]))
    methods = list(dict.fromkeys(draws["method"]))
    figure = new_figure(title=title, body=0.55 * len(lesions) * len(methods) + 0.6, simulated=False, note=note)
    axes = figure.subplots()
    noise = np.random.default_rng(0)
    ticks, names = [], []
    for position, (lesion, method) in enumerate((lesion, method) for lesion in lesions for method in methods):
        part = draws[(draws["lesion"] == lesion) & (draws["method"] == method)]
        heights = position + noise.uniform(-0.3, 0.3, len(part))
        passed = part["passed"].to_numpy(dtype=bool)
        axes.scatter(
            part["dice"][passed], heights[passed], s=9, color=BLUE, marker="o", label="passes" if not position else None
        )
        axes.scatter(
            part["dice"][~passed],
            heights[~passed],
            s=13,
            color=VERMILLION,
            marker="x",
            linewidths=0.8,
            label="is not used" if not position else None,
        )
        ticks.append(position)
        names.append(f"{lesion}, {method}")
    axes.set_yticks(ticks, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("Dice with the drawn contour")
    axes.grid(axis="x", color=LIGHT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.legend(loc="lower left", frameon=False, fontsize=8.5)
    return figure
