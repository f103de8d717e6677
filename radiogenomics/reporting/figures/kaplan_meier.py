"""Kaplan-Meier curves by predicted risk, with the number at risk below."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.evaluation.survival import kaplan_meier
from radiogenomics.reporting.figures.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    VERMILLION,
    message_figure,
    new_figure,
    tidy,
)
from radiogenomics.reporting.wording import endpoint_name, plain

_COLOURS = {2: (BLUE, VERMILLION), 3: (BLUE, GREEN, VERMILLION), 4: (BLUE, GREEN, ORANGE, VERMILLION)}
_STYLES = ("-", "--", "-.", ":")
_NAMES = {
    2: ("lower half of risk", "upper half of risk"),
    3: ("lowest third", "middle third", "highest third"),
    4: ("lowest quarter", "second quarter", "third quarter", "highest quarter"),
}


def group_names(groups: int) -> tuple[str, ...]:
    """What 2, 3 or 4 groups are called, from the lowest risk."""
    return _NAMES[groups]


def risk_groups(out_of_fold: pd.DataFrame, model: str, groups: int) -> pd.DataFrame:
    """The risk group of each patient, by cuts that were learned on training patients.

    A patient's percentile is that among the training patients of the model that predicted it, averaged over repeats.

    Returns
    -------
    DataFrame patient_id, time_months, event, group (0: lowest risk).
    """
    rows = out_of_fold[(out_of_fold["model"] == model) & out_of_fold["risk_percentile"].notna()]
    each = rows.groupby("patient_id", sort=True).agg(
        percentile=("risk_percentile", "mean"), time_months=("time_months", "first"), event=("event", "first")
    )
    each["group"] = np.minimum((each.pop("percentile") * groups).astype(int), groups - 1)
    return each.reset_index()


def kaplan_meier_figure(
    out_of_fold: pd.DataFrame, model: str, *, groups: int = 2, endpoint: str = "", simulated: bool = False
) -> Figure:
    """Observed event-free share by predicted risk, with 95 % intervals (log-log) and a table of patients at risk.

    Parameters
    ----------
    out_of_fold : by `schemas.SURVIVAL_OUT_OF_FOLD`.
    groups : 2 to 4.
    """
    title = f"Observed course by predicted risk, {model}" + (
        f", {endpoint_name(endpoint, inside=True)}" if endpoint else ""
    )
    patients = risk_groups(out_of_fold, model, groups)
    if patients.empty:
        return message_figure(title=title, message=f"{model} predicts no patient.", simulated=simulated)
    figure = new_figure(
        title=title,
        subtitle=f"Kaplan-Meier with 95 % interval; n = {len(patients)}, events = {int(patients['event'].sum())}",
        note="Each patient's risk was predicted by models that never saw the patient, and its group cut where the training "
        "patients' was. The groups overlap in what they are made of: compare the curves by the C-index, not by a test.",
        body=3.5 + 0.22 * groups,
        simulated=simulated,
    )
    axes, table = figure.subplots(2, 1, sharex=True, height_ratios=[3.3, 0.3 + 0.22 * groups])
    tidy(axes, grid="y")
    end = float(patients["time_months"].quantile(0.95))
    ticks = _ticks(end)
    for group in range(groups):
        own = patients[patients["group"] == group]
        colour, name = _COLOURS[groups][group], _NAMES[groups][group]
        table.text(
            -0.01, group, name, transform=table.get_yaxis_transform(), ha="right", va="center", fontsize=9, color=colour
        )
        for at in ticks:
            left = int((own["time_months"] >= at).sum())
            table.text(at, group, str(left), ha="center", va="center", fontsize=9, color=INK)
        if own.empty:
            continue
        curve = kaplan_meier(own["time_months"].to_numpy(float), own["event"].to_numpy(int))
        label = f"{name}: n = {len(own)}, events = {int(own['event'].sum())}"
        axes.step(
            curve.times,
            curve.survival,
            where="post",
            color=colour,
            linestyle=_STYLES[group],
            linewidth=2,
            label=plain(label, 60),
        )
        axes.fill_between(curve.times, curve.lower, curve.upper, step="post", color=colour, alpha=0.15, linewidth=0)
        gone = own[(own["event"] == 0) & (own["time_months"] <= end)]["time_months"].to_numpy(float)
        level = curve.survival[np.searchsorted(curve.times, gone, side="right") - 1]
        axes.plot(gone, level, "|", color=colour, markersize=7)
    axes.set(ylim=(0, 1.02), xlim=(-0.01 * end, end), ylabel="share without an event")
    axes.legend(frameon=False, fontsize=9, loc="upper right")
    axes.set_xticks(ticks)
    table.set(ylim=(groups - 0.4, -0.9), xlabel="months since the index date")
    table.text(
        0, -0.8, "patients at risk", transform=table.get_yaxis_transform(), fontsize=9, weight="bold", va="center"
    )
    table.spines[:].set_visible(False)
    table.tick_params(axis="both", length=0, labelsize=9.5)
    table.set_yticks([])
    return figure


def _ticks(end: float) -> list[float]:
    """Round months, four to eight of them."""
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if end / s <= 8), 120)
    return [float(at) for at in np.arange(0, end + 1e-9, step)]
