"""Every patient's predicted probability, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name

_KINDS = {"out_of_fold": "Out-of-fold", "locked_test": "Locked-test", "prospective": "Prospective"}


def patient_probabilities_figure(
    predictions: pd.DataFrame, *, kind: str = "out_of_fold", model: str | None = None, simulated: bool = False
) -> Figure:
    """A strip with one column a patient, from the lowest to the highest probability, coloured by label.

    Parameters
    ----------
    predictions : by `schemas.PREDICTIONS`; several repeats of a patient are averaged. The vertical line is the stored
        interval (`lower`, `upper`), or where there is none the range over repeats.
    kind : which predictions.
    model : which model; left out: the only one there is, else the first by name.
    """
    rows = predictions[predictions["kind"] == kind]
    chosen = model or (min(rows["model"]) if len(rows) else "")
    rows = rows[rows["model"] == chosen]
    title = f"{_KINDS.get(kind, kind)} probability of each patient{_of_what(rows)}"
    answered = rows[rows["probability"].notna()]
    if answered.empty:
        message = f"No {kind} prediction of {chosen or 'any model'} is stored."
        return message_figure(title=title, message=message, simulated=simulated)
    endpoint = ", ".join(endpoint_name(name) for name in sorted(set(rows["endpoint"])))
    table = _one_row_a_patient(answered)
    n_abstained = rows["patient_id"].nunique() - len(table)
    events, labelled = int((table["label"] == 1).sum()), int(table["label"].notna().sum())
    subtitle = f"{endpoint}, {chosen}: n = {len(table)}, labelled = {labelled}, events = {events}"
    if n_abstained:
        subtitle += f", abstained on = {n_abstained}"
    stored = answered["lower"].notna().any()
    figure = new_figure(
        title=title,
        subtitle=subtitle,
        note="Vertical line: " + ("95 % interval as stored." if stored else "lowest to highest of the repeats."),
        body=2.9,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="y")
    x = np.arange(1, len(table) + 1)
    axes.vlines(x, table["lower"], table["upper"], color="#B9BEC6", linewidth=1.0)
    label = table["label"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    styles = ((1.0, ORANGE, "o", "event"), (0.0, BLUE, "s", "no event"))
    size = 26 if len(table) <= 120 else 12
    for value, colour, marker, name in styles:
        here = label == value
        if here.any():
            text = f"{name} ({int(here.sum())})"
            axes.scatter(x[here], table["probability"][here], s=size, color=colour, marker=marker, label=text, zorder=3)
    unknown = np.isnan(label)
    if unknown.any():
        text = f"label not known ({int(unknown.sum())})"
        axes.scatter(
            x[unknown],
            table["probability"][unknown],
            s=size,
            facecolors="white",
            edgecolors=GREY,
            marker="o",
            label=text,
            zorder=3,
        )
    axes.set(ylim=(-0.02, 1.02), xlim=(0, len(table) + 1))
    axes.set_xlabel("Patients, by predicted probability")
    axes.set_ylabel("Predicted probability")
    axes.legend(loc="upper left", fontsize=9, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    return figure


def _of_what(rows: pd.DataFrame) -> str:
    """Of the event by which horizon, where the endpoint is a time to an event."""
    if "horizon_months" not in rows:
        return ""
    horizons = rows["horizon_months"].dropna().unique()
    return f": event by {horizons[0]:g} months" if len(horizons) == 1 else ""


def _one_row_a_patient(answered: pd.DataFrame) -> pd.DataFrame:
    grouped = answered.groupby("patient_id", sort=True)
    table = pd.DataFrame(
        {
            "probability": grouped["probability"].mean(),
            "lower": grouped["lower"].mean().fillna(grouped["probability"].min()),
            "upper": grouped["upper"].mean().fillna(grouped["probability"].max()),
            "label": grouped["label"].first(),
        }
    ).reset_index()
    return table.sort_values(["probability", "patient_id"]).reset_index(drop=True)
