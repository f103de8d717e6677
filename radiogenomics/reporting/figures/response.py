"""Change of tumours over time: waterfall and spider plots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from radiogenomics.reporting.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT,
    SKY,
    VERMILLION,
    message_figure,
    new_figure,
    tidy,
)
from radiogenomics.reporting.wording import plain

COLOURS = {"CR": GREEN, "PR": BLUE, "SD": SKY, "PD": VERMILLION, "NE": GREY}
WORDS = {
    "CR": "complete response",
    "PR": "partial response",
    "SD": "stable disease",
    "PD": "progression",
    "NE": "not evaluable",
}
_BY = {
    "volume": ("volume", "volume_response", "volume_within_error", "Total volume", (-0.65, 0.73)),
    "diameter": ("sum", "recist", "recist_within_error", "Sum of diameters", (-0.30, 0.20)),
}
HIGHEST = 3.0
"""Bars are cut at +300 %, and say so."""


def response_waterfall_figure(patients: pd.DataFrame, *, by: str = "volume", simulated: bool = False) -> Figure:
    """One bar a patient: change from the baseline to the last study, in the colour of its category.

    A hatched bar is a change within measurement error; the whisker is its 95 % interval.

    Parameters
    ----------
    patients : by `imaging.follow_up.tables.PATIENT_COLUMNS`.
    by : 'volume' or 'diameter'.
    """
    prefix, category, within, what, thresholds = _BY[by]
    title = f"{what}, baseline to last study"
    last = patients.sort_values("days").groupby(["patient_id", "images"], as_index=False).tail(1)
    shown = last[last[f"{prefix}_change"].notna()].sort_values(f"{prefix}_change", ascending=False, ignore_index=True)
    if shown.empty:
        return message_figure(title=title, message="No patient has an evaluable later study.", simulated=simulated)
    error = int(shown[within].sum())
    figure = new_figure(
        title=title,
        subtitle=f"{len(shown)} of {len(last)} patients evaluable; {error} changed within measurement error",
        note="Hatched: within measurement error. Whisker: 95 % limits of measurement error. Dashed: thresholds of response and "
        "progression. A new lesion is progression whatever the bar.",
        body=3.1,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="y")
    change = shown[f"{prefix}_change"].to_numpy(float)
    cut = np.minimum(change, HIGHEST)
    for place, (value, row) in enumerate(zip(cut, shown.to_dict("records"), strict=True)):
        hatch: dict[str, Any] = {"hatch": "////", "fill": True} if row[within] else {}
        axes.bar(
            place, 100 * value, color=COLOURS[row[category]], edgecolor="white", linewidth=0.4, width=0.85, **hatch
        )
        if change[place] > HIGHEST:
            text = f"+{100 * change[place]:.0f} %"
            axes.text(place, 100 * HIGHEST, text, ha="center", va="top", fontsize=7, rotation=90, color="white")
    lower, upper = (np.minimum(shown[f"{prefix}_{end}"].to_numpy(float), HIGHEST) for end in ("lower", "upper"))
    axes.vlines(np.arange(len(shown)), 100 * lower, 100 * upper, color=INK, linewidth=0.7)
    axes.axhline(0, color=INK, linewidth=0.8)
    for threshold in thresholds:
        axes.axhline(100 * threshold, color=GREY, linestyle="--", linewidth=0.9)
    axes.set_xticks([])
    axes.set_xlabel("Patients, by change")
    axes.set_ylabel(f"{what} (%)")
    _legend(axes, list(shown[category]), hatched=bool(error))
    return figure


def response_spider_figure(patients: pd.DataFrame, *, simulated: bool = False) -> Figure:
    """One line a patient: total volume against the baseline's over time, logarithmic, coloured by the last category."""
    title = "Total volume over time"
    known = patients[patients["volume_after_mm3"] > 0]
    if known.empty:
        return message_figure(title=title, message="No patient has an evaluable later study.", simulated=simulated)
    groups = list(known.sort_values("days").groupby(["patient_id", "images"]))
    figure = new_figure(
        title=title,
        subtitle=f"{len(groups)} patients, {len(known)} later studies",
        note="1 is the baseline. Colour: volumetric category of the last study. The shaded band is -65 % to +73 %.",
        body=3.1,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="y")
    axes.axhspan(0.35, 1.73, color=LIGHT, alpha=0.6, zorder=0)
    ends = []
    for _, visits in groups:
        ends.append(str(visits["volume_response"].iloc[-1]))
        days = [0.0, *visits["days"].astype(float)]
        ratio = [1.0, *(visits["volume_after_mm3"] / visits["volume_before_mm3"])]
        axes.plot(days, ratio, color=COLOURS[ends[-1]], linewidth=1.1, marker="o", markersize=2.5, alpha=0.85)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = [t for t in (0.05, 0.1, 0.2, 0.35, 0.5, 1, 1.73, 3, 5, 10, 20) if low <= t <= high]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Days since the baseline")
    axes.set_ylabel("Volume / baseline")
    _legend(axes, ends, lines=True)
    return figure


def _legend(axes: Axes, used: list[str], *, hatched: bool = False, lines: bool = False) -> None:
    handles: list[Any] = []
    for name in COLOURS:
        count = used.count(name)
        if count:
            label = f"{plain(WORDS[name])} ({count})"
            handles.append(
                Line2D([], [], color=COLOURS[name], label=label) if lines else Patch(color=COLOURS[name], label=label)
            )
    if hatched:
        handles.append(Patch(facecolor="white", edgecolor=INK, hatch="////", label="within measurement error"))
    axes.legend(handles=handles, frameon=False, fontsize=8.5, loc="best", ncols=1 if len(handles) < 4 else 2)
