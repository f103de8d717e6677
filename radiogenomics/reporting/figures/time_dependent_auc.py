"""Time-dependent AUC of some models at the declared months."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, INK, ORANGE, PURPLE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, estimate, known, plain

_LOOKS = ((BLUE, "D"), (ORANGE, "s"), (GREY, "o"), (PURPLE, "^"))


def time_dependent_auc_figure(
    figures: pd.DataFrame, models: Sequence[str], *, endpoint: str = "", simulated: bool = False
) -> Figure:
    """Who has had an event by then against who is still without one, with 95 % intervals.

    Parameters
    ----------
    figures : by `schemas.FIGURES`, of a survival endpoint. models : up to four, the first the final one.
    """
    title = "Discrimination by time" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    shown = list(dict.fromkeys(models))[: len(_LOOKS)]
    rows = figures[(figures["population"] == "all") & (figures["figure"] == "time_dependent_auc")]
    rows = rows[rows["model"].isin(shown) & rows["estimate"].notna()]
    if rows.empty:
        return message_figure(
            title=title, message="At none of the declared months is an AUC known.", simulated=simulated
        )
    months = sorted(rows["at"].unique())
    figure = new_figure(
        title=title,
        subtitle=f"time-dependent AUC with 95 % interval; n = {rows['n'].max()}, events = {rows['events'].max()}",
        note="Patients with an event by then against those still without one; those censored before are made up for by "
        "weights. Dashed line: 0.5, no better than chance.",
        body=0.9 + 0.3 * (len(shown) + 0.8) * len(months),
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    y, ticks = 0.0, []
    for at in months:
        axes.text(
            0.0, y, f"{at:g} months", fontsize=9.5, weight="bold", va="center", transform=axes.get_yaxis_transform()
        )
        y += 1
        for model, (colour, marker) in zip(shown, _LOOKS, strict=False):
            own = rows[(rows["model"] == model) & (rows["at"] == at)]
            if own.empty:
                continue
            row = own.iloc[0]
            if known(row["lower"]) and known(row["upper"]):
                axes.plot([row["lower"], row["upper"]], [y, y], color=colour, linewidth=2)
            axes.plot(row["estimate"], y, marker=marker, color=colour, markersize=6.5)
            text = estimate(row["estimate"], row["lower"], row["upper"])
            axes.text(1.015, y, text, fontsize=9, va="center", color=INK, transform=axes.get_yaxis_transform())
            ticks.append((y, plain(model, 38)))
            y += 1
        y += 0.4
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1.1, zorder=0.5)
    left = min(0.4, float(rows["lower"].min(skipna=True)) - 0.03) if rows["lower"].notna().any() else 0.4
    axes.set(ylim=(y - 0.6, -0.8), xlim=(max(0.0, left), 1.0), xlabel="time-dependent AUC")
    axes.set_yticks([tick for tick, _ in ticks], [label for _, label in ticks])
    axes.tick_params(axis="y", length=0)
    return figure
