"""How many features survive perturbation, by family and filter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, INK, SKY, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import plain

GOOD, EXCELLENT = 0.75, 0.90
"""Koo, Li, J Chiropr Med 2016: above 0.75 reliability is good, above 0.9 excellent."""
_TITLES = {
    "contour": "Features that survive another contour, position and noise",
    "acquisition": "Features that survive another scan: dose, kernel, slices",
}


def robustness_figure(table: pd.DataFrame, *, group: str, simulated: bool = False) -> Figure:
    """Share of features with an ICC above 0.75 and above 0.9, one pair of bars a family and filter.

    Parameters
    ----------
    table : `fusion.robustness.robustness_table`.
    group : 'contour' or 'acquisition'.
    """
    title = _TITLES[group]
    own = table[(table["group"] == group) & table["icc"].notna()]
    if own.empty:
        return message_figure(title=title, message="No feature has an intraclass correlation.", simulated=simulated)
    keys = ["images", "filter", "family"]
    counts = own.groupby(keys, sort=True).agg(
        n=("icc", "size"),
        good=("icc", lambda v: float((v > GOOD).mean())),
        excellent=("icc", lambda v: float((v > EXCELLENT).mean())),
        sure=("lower", lambda v: float((v > EXCELLENT).mean())),
    )
    counts = counts.reset_index().iloc[::-1].reset_index(drop=True)
    lesions, readings = int(own["lesions"].max()), int(own["readings"].max())
    figure = new_figure(
        title=title,
        subtitle=f"{lesions} lesions, {readings} readings each; {len(own)} features, "
        f"{int((own['icc'] > EXCELLENT).sum())} with an ICC above 0.9, {int((own['lower'] > EXCELLENT).sum())} with the lower end "
        "of its 95 % interval above 0.9",
        note="ICC(2,1), absolute agreement. The mark is the share whose whole 95 % interval is above 0.9.",
        body=0.6 + 0.27 * len(counts),
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    places = np.arange(len(counts))
    axes.barh(places, 100 * counts["good"], color=SKY, height=0.72, label="ICC above 0.75")
    axes.barh(places, 100 * counts["excellent"], color=BLUE, height=0.40, label="ICC above 0.9")
    axes.plot(
        100 * counts["sure"], places, linestyle="", marker="|", markersize=11, color=INK, label="interval above 0.9"
    )
    one = counts["images"].nunique() == 1
    axes.set_yticks(
        places,
        [
            f"{'' if one else plain(row['images']) + ' '}{row['filter']}, {row['family']} ({row['n']})"
            for row in counts.to_dict("records")
        ],
        fontsize=8.5,
    )
    axes.set_xlim(0, 100)
    axes.set_xlabel("Share of features (%)")
    axes.legend(
        frameon=False,
        fontsize=8.5,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.42 / (0.6 + 0.27 * len(counts)) - 0.02),
        ncols=3,
    )
    return figure
