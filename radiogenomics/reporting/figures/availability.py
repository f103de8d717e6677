"""Which patient has which modality."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import INK, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, percent, plain


def availability_figure(
    availability: pd.DataFrame, labels: pd.DataFrame | None = None, *, endpoint: str = "", simulated: bool = False
) -> Figure:
    """One column a patient, one row a modality: filled where the patient has it; the label on top where given.

    Parameters
    ----------
    availability : bool, index `patient_id`, one column a modality.
    labels : by `schemas.LABELS`; one row a patient of `endpoint`, or of the only endpoint there is.
    """
    title = "Which patient has which modality"
    if availability.empty:
        message = "No patient has any modality yet."
        return message_figure(title=title, message=message, simulated=simulated)
    table = availability.astype(bool)
    label = pd.Series(np.nan, index=table.index)
    if labels is not None:
        own = labels[labels["endpoint"] == endpoint] if endpoint else labels
        if own["endpoint"].nunique() == 1:
            label = own.set_index("patient_id")["label"].astype("Float64").astype(float).reindex(table.index)
    order = [*[f"has__{i}" for i in range(table.shape[1])], "label"]
    keys = pd.DataFrame({f"has__{i}": ~table[column] for i, column in enumerate(table.columns)}, index=table.index)
    keys["label"] = -label.fillna(-1)
    ranked = keys.reset_index(names="patient").sort_values([*order, "patient"], kind="stable")["patient"]
    table, label = table.loc[ranked], label.loc[ranked]
    n, complete = len(table), int(table.all(axis=1).sum())
    labelled = label.notna().any()
    subtitle = f"n = {n} patients, {complete} with every modality"
    if labelled:
        of = f" ({endpoint_name(endpoint, inside=True)})" if endpoint else ""
        subtitle += f"; labelled{of} = {int(label.notna().sum())}, events = {int((label == 1).sum())}"
    rows = table.shape[1] + int(labelled)
    note = "Filled: has it. Empty: lacks it (masked, not imputed)."
    if labelled:
        note += " Label: orange event, blue no event, empty missing."
    figure = new_figure(title=title, subtitle=subtitle, note=note, body=0.36 * rows + 0.6, simulated=simulated)
    axes = figure.subplots()
    tidy(axes)
    codes = np.zeros((rows, n))
    if labelled:
        codes[0] = np.select([label.to_numpy() == 1, label.to_numpy() == 0], [2, 3], 0)
    codes[int(labelled) :] = table.to_numpy().T
    colours = ListedColormap(["#F1F2F4", "#3D4652", "#E69F00", "#0072B2"])
    axes.imshow(codes, aspect="auto", cmap=colours, vmin=0, vmax=3, interpolation="nearest")
    axes.hlines(np.arange(rows - 1) + 0.5, -0.5, n - 0.5, color="white", linewidth=3)
    names = ["label"] if labelled else []
    names += [plain(column) for column in table.columns]
    axes.set_yticks(range(rows), names)
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    shares = [int(label.notna().sum())] if labelled else []
    shares += [int(table[column].sum()) for column in table.columns]
    for at, have in enumerate(shares):
        axes.text(
            n - 0.5 + 0.012 * n, at, f"{have} ({percent(have / n)})", va="center", fontsize=9, color=INK, clip_on=False
        )
    axes.set_xlabel("Patients, ordered by what they have")
    return figure
