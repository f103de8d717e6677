"""Distributions of a few features by hospital, scanner or another group."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.cohort.features import feature_columns
from radiogenomics.reporting.figures.canvas import BLUE, INK, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import plain

_MAXIMUM = 6
_GROUPS = 6


def feature_distributions_figure(
    values: pd.DataFrame,
    groups: pd.Series | None = None,
    *,
    dictionary: pd.DataFrame | None = None,
    features: Sequence[str] | None = None,
    group_name: str = "hospital",
    simulated: bool = False,
) -> Figure:
    """Box and points of up to six features, side by side for each group.

    Parameters
    ----------
    values : a feature table (`patient_id`, one float column a feature).
    groups : by `patient_id` (index): the hospital or scanner; None: all in one.
    dictionary : by `schemas.FEATURE_DICTIONARY`; gives units.
    features : which; left out: spread evenly over the columns that hold more than two
        values, so that each family shows.
    """
    title = "Distribution of features" + (f" by {group_name}" if groups is not None else "")
    columns = [c for c in feature_columns(values) if values[c].notna().any()]
    measured = [c for c in columns if values[c].nunique() > 2] or columns
    chosen = [c for c in features if c in columns] if features else _spread(measured)
    chosen = chosen[:_MAXIMUM]
    if not chosen:
        return message_figure(title=title, message="No feature has any value.", simulated=simulated)
    group = _group_of_rows(values, groups)
    names = group.value_counts().sort_index(key=lambda index: index.astype(str)).index.tolist()
    if len(names) > _GROUPS:
        frequent = group.value_counts().sort_values(ascending=False, kind="stable").index[: _GROUPS - 1].tolist()
        group = group.where(group.isin(frequent), "others")
        names = [*sorted(frequent), "others"]
    units = {} if dictionary is None else dict(zip(dictionary["feature"], dictionary["unit"], strict=True))
    rows = math.ceil(len(chosen) / 2)
    panel = max(1.25, 0.28 * len(names) + 0.75)
    figure = new_figure(
        title=title,
        subtitle=f"{len(values)} rows of {values['patient_id'].nunique()} patients; {len(chosen)} of {len(columns)} features",
        note="Box: quartiles; whiskers: 5th to 95th percentile. A shift between groups may be the scanner, not the tumour.",
        body=panel * rows,
        simulated=simulated,
    )
    panels = figure.subplots(rows, 2, squeeze=False).ravel()
    generator = np.random.default_rng(0)  # jitter only, the same for the same table
    for axes, feature in zip(panels, chosen, strict=False):
        tidy(axes, grid="x")
        parts = [values.loc[group == name, feature].dropna().to_numpy(float) for name in names]
        for y, part in enumerate(parts):
            jitter = generator.uniform(-0.22, 0.22, len(part))
            axes.scatter(part, y + jitter, s=5, color=BLUE, alpha=0.35, linewidths=0)
        filled = [y for y, part in enumerate(parts) if len(part)]
        axes.boxplot(
            [parts[y] for y in filled],
            positions=filled,
            vert=False,
            widths=0.55,
            whis=(5, 95),
            showfliers=False,
            medianprops={"color": INK, "linewidth": 1.6},
        )
        labels = [f"{plain(name, 18)} ({len(part)})" for name, part in zip(names, parts, strict=True)]
        axes.set_yticks(range(len(names)), labels, fontsize=8.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
        unit = units.get(feature, "")
        axes.set_xlabel(plain(feature, 40) + (f" ({plain(unit, 12)})" if unit not in ("", "1") else ""), fontsize=8.5)
        axes.tick_params(axis="x", labelsize=8.5)
    for axes in panels[len(chosen) :]:
        axes.set_axis_off()
    return figure


def _spread(columns: Sequence[str]) -> list[str]:
    if len(columns) <= _MAXIMUM:
        return list(columns)
    return [columns[int(at)] for at in np.linspace(0, len(columns) - 1, _MAXIMUM)]


def _group_of_rows(values: pd.DataFrame, groups: pd.Series | None) -> pd.Series:
    if groups is None:
        return pd.Series("all", index=values.index)
    named = groups.astype("object").where(groups.notna(), "not known").map(str)
    return values["patient_id"].map(named).fillna("not known")
