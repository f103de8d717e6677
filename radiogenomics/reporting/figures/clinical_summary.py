"""Clinical variables at a glance, as a table 1 in pictures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from radiogenomics.cohort.features import feature_columns
from radiogenomics.reporting.figures.canvas import BLUE, GREY, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, plain

_MAXIMUM = 12


def clinical_summary_figure(
    values: pd.DataFrame,
    dictionary: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    *,
    endpoint: str = "",
    simulated: bool = False,
) -> Figure:
    """Up to twelve variables: a histogram for numbers, shares for 0/1 variables; by label where labels are given.

    Parameters
    ----------
    values : `patient_id` and one float column a variable.
    dictionary : by `schemas.FEATURE_DICTIONARY`; gives units.
    labels : by `schemas.LABELS`; patients of `endpoint` are split by label, missing labels drawn in grey.
    """
    title = "Clinical variables"
    columns = [c for c in feature_columns(values) if values[c].notna().any()]
    if not columns:
        return message_figure(title=title, message="No clinical variable has any value.", simulated=simulated)
    shown = columns[:_MAXIMUM]
    units = {} if dictionary is None else dict(zip(dictionary["feature"], dictionary["unit"], strict=True))
    groups = _groups(values, labels, endpoint)
    counted = ", ".join(f"{name} = {int(mask.sum())}" for name, _, mask in groups)
    subtitle = f"n = {len(values)} patients" + (
        f"; {endpoint_name(endpoint, inside=True)}: {counted}" if len(groups) > 1 else ""
    )
    note = "Each panel names how many patients lack the value."
    if len(columns) > _MAXIMUM:
        note += f" {len(columns) - _MAXIMUM} further variables are not drawn."
    rows = math.ceil(len(shown) / 3)
    figure = new_figure(title=title, subtitle=subtitle, note=note, body=1.65 * rows + 0.35, simulated=simulated)
    grid = figure.add_gridspec(rows + 1, 3, height_ratios=[0.12, *[1.0] * rows])
    panels = [figure.add_subplot(grid[1 + place // 3, place % 3]) for place in range(rows * 3)]
    for axes, column in zip(panels, shown, strict=False):
        tidy(axes, grid="y")
        _panel(axes, values[column], groups)
        lacking = int(values[column].isna().sum())
        unit = units.get(column, "")
        heading = plain(column, 26) + (f" ({plain(unit, 10)})" if unit not in ("", "1") else "")
        axes.set_title(f"{heading}\nmissing {lacking}", fontsize=9, loc="left")
        axes.tick_params(labelsize=8.5)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    if len(groups) > 1:
        handles, names = panels[0].get_legend_handles_labels()
        legend = figure.add_subplot(grid[0, :])
        legend.set_axis_off()
        legend.legend(handles, names, loc="center", ncols=3, fontsize=9, frameon=False)
    return figure


_Group = tuple[str, str, pd.Series]


def _groups(values: pd.DataFrame, labels: pd.DataFrame | None, endpoint: str) -> list[_Group]:
    everyone = pd.Series(True, index=values.index)
    if labels is None or not (labels["endpoint"] == endpoint).any():
        return [("patients", BLUE, everyone)]
    own = labels[labels["endpoint"] == endpoint].set_index("patient_id")["label"]
    label = values["patient_id"].map(own.astype("Float64")).astype(float)
    found = [("event", ORANGE, label == 1), ("no event", BLUE, label == 0), ("label missing", GREY, label.isna())]
    return [group for group in found if group[2].any()]


def _panel(axes: Axes, column: pd.Series, groups: list[_Group]) -> None:
    known = column.dropna()
    if known.isin([0, 1]).all():
        width = 0.8 / len(groups)
        for place, (name, colour, mask) in enumerate(groups):
            own = column[mask].dropna()
            share = 100 * float((own == 1).mean()) if len(own) else 0.0
            axes.bar(place * width, share, width * 0.9, color=colour, label=name)
            axes.text(place * width, share + 2, f"{int((own == 1).sum())}/{len(own)}", ha="center", fontsize=7.5)
        axes.set(xticks=[], ylim=(0, 118), ylabel="Yes (%)")
        axes.set_yticks([0, 50, 100])
        axes.yaxis.label.set_fontsize(8.5)
        return
    edges = np.histogram_bin_edges(known.to_numpy(float), bins=min(12, max(known.nunique(), 2)))
    parts = [column[mask].dropna().to_numpy(float) for _, _, mask in groups]
    axes.hist(
        parts,
        bins=edges.tolist(),
        stacked=True,
        color=[colour for _, colour, _ in groups],
        label=[name for name, _, _ in groups],
        edgecolor="white",
        linewidth=0.3,
    )
    axes.set_ylabel("Patients", fontsize=8.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
