"""How many patients have which label, and why."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, GREY, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.patient_flow import label_reasons
from radiogenomics.reporting.wording import endpoint_name, plain

_COLOURS = {"event": ORANGE, "no event": BLUE, "missing": GREY}
_SHOWN = 14


def label_counts_figure(labels: pd.DataFrame, endpoint: str, *, simulated: bool = False) -> Figure:
    """Bars of patients by reason of the label; a missing label is its own group, never 'no event'."""
    title = f"Labels of {endpoint_name(endpoint, inside=True)}"
    table = label_reasons(labels, endpoint)
    if table.empty:
        return message_figure(title=title, message="No labels are stored for this endpoint.", simulated=simulated)
    totals = table.groupby("label")["patients"].sum()
    shown = table.head(_SHOWN)
    hidden = len(table) - len(shown)
    subtitle = f"n = {int(table['patients'].sum())} patients: events = {int(totals.get('event', 0))}, "
    subtitle += f"no event = {int(totals.get('no event', 0))}, missing = {int(totals.get('missing', 0))}"
    note = "Rule: " + "; ".join(sorted(set(table["rule"]))) + "."
    if hidden:
        note += f" {hidden} rarer reasons ({int(table['patients'][_SHOWN:].sum())} patients) are not drawn."
    names = ["\n".join(textwrap.wrap(plain(reason, 84), 44)) for reason in shown["reason"]]
    lines = sum(name.count("\n") + 1 for name in names)
    figure = new_figure(
        title=title, subtitle=subtitle, note=note, body=0.20 * lines + 0.14 * len(names) + 0.95, simulated=simulated
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    drawn: set[str] = set()
    for y, row in enumerate(shown.to_dict("records")):
        name = None if row["label"] in drawn else row["label"]
        drawn.add(row["label"])
        axes.barh(y, row["patients"], height=0.62, color=_COLOURS[row["label"]], label=name)
        axes.annotate(
            str(row["patients"]),
            (row["patients"], y),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel="Patients")
    axes.margins(x=0.12)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=9, frameon=False, borderaxespad=0.1)
    return figure
