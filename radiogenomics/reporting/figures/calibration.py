"""Calibration: predicted probability against the share that had the event."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.evaluation.calibration_curve import calibration_bins
from radiogenomics.evaluation.proportions import wilson_interval
from radiogenomics.reporting.figures.canvas import BLUE, GREY, MUTED, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.figures.shared_patients import mean_over_repeats, patient_counts
from radiogenomics.reporting.wording import endpoint_name, number, plain

__all__ = ["calibration_bins", "calibration_figure", "wilson_interval"]


def calibration_figure(
    out_of_fold: pd.DataFrame,
    model: str,
    *,
    metrics: pd.DataFrame | None = None,
    endpoint: str = "",
    simulated: bool = False,
) -> Figure:
    """Calibration of one model, with the number of patients in each group and a histogram below."""
    title = f"Calibration of {plain(model)}" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    rows = out_of_fold[(out_of_fold["model"] == model) & out_of_fold["probability"].notna()]
    if rows.empty:
        message = f"No out-of-fold predictions of {model} are stored."
        return message_figure(title=title, message=message, simulated=simulated)
    n, events = patient_counts(rows)
    means = mean_over_repeats(rows)
    bins = calibration_bins(means["label"].to_numpy(), means["probability"].to_numpy())
    figure = new_figure(
        title=title,
        subtitle=f"Out-of-fold predictions (mean over repeats), n = {n}, events = {events}{_slope(model, n, metrics)}",
        note=(
            "Points: groups of about equal size, the number of patients above; bars: 95 % interval (Wilson). "
            "Below: patients by predicted probability, with and without the event."
        ),
        body=4.6,
        width=5.4,
        simulated=simulated,
    )
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    tidy(upper, grid="both")
    upper.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (2, 2)), linewidth=1.2, label="perfect")
    observed = bins["observed"].to_numpy()
    bars = np.vstack([observed - bins["lower"], bins["upper"] - observed]).clip(0)
    upper.errorbar(
        bins["mean_probability"], observed, yerr=bars, fmt="o", color=BLUE, elinewidth=1.5, markersize=6, capsize=3
    )
    right = min(1.0, np.ceil(float(means["probability"].max()) * 10) / 10)
    crowded = bins["mean_probability"].diff().lt(0.05 * right).cumsum() % 2  # neighbours take turns in height
    for at, height, size, raised in zip(bins["mean_probability"], bins["upper"], bins["n"], crowded, strict=True):
        upper.annotate(
            str(size),
            (at, height),
            xytext=(0, 4 + 9 * raised),
            textcoords="offset points",
            fontsize=8.5,
            color=MUTED,
            ha="center",
        )
    upper.set(
        xlim=(-0.02 * right, 1.02 * right),
        ylim=(-0.03, min(1.0, float(bins["upper"].max())) + 0.12),
        ylabel="Observed share with the event",
    )
    tidy(lower)
    edges = np.linspace(0, right, 26)
    with_event = means.loc[means["label"] == 1, "probability"]
    without = means.loc[means["label"] == 0, "probability"]
    lower.hist(
        [with_event, without],
        bins=edges.tolist(),
        stacked=True,
        color=[ORANGE, BLUE],
        label=["event", "no event"],
        edgecolor="white",
        linewidth=0.4,
    )
    lower.set(xlabel="Predicted probability", ylabel="Patients")
    lower.legend(fontsize=8.5, frameon=False, loc="upper right")
    return figure


def _slope(model: str, n: int, metrics: pd.DataFrame | None) -> str:
    if metrics is None:
        return ""
    rows = metrics[(metrics["model"] == model) & (metrics["n"] == n) & metrics["calibration_slope"].notna()]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    intercept, slope = number(row["calibration_intercept"]), number(row["calibration_slope"])
    return f"; intercept {intercept} (ideal 0), slope {slope} (ideal 1)"
