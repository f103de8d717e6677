"""Where new patients differ from those the model was trained on."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import GREY, INK, VERMILLION, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import p_text, plain


def drift_figure(drift: pd.DataFrame, *, top: int = 12, simulated: bool = False) -> Figure:
    """The predictors that differ most: chance that a new patient's value is above a training patient's, with interval.

    Parameters
    ----------
    drift : by `schemas.DRIFT`.
    """
    title = "New patients beside the training patients"
    tested = drift[drift["larger"].notna()]
    if tested.empty:
        return message_figure(title=title, message="There are no new patients to compare.", simulated=simulated)
    shown = tested.assign(far=(tested["larger"] - 0.5).abs())
    shown = shown.sort_values(["q_value", "far", "modality", "feature"], ascending=[True, False, True, True]).head(top)
    figure = new_figure(
        title=title,
        subtitle=f"{int(drift['drifted'].sum())} of {len(tested)} tested predictors drifted; the {len(shown)} most different",
        note="0.5: neither larger nor smaller. Orange: Kolmogorov-Smirnov test below the declared false discovery rate.",
        body=0.28 * len(shown) + 0.7,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1.0)
    for y, row in enumerate(shown.to_dict("records")):
        colour = VERMILLION if row["drifted"] else GREY
        axes.plot([row["larger_lower"], row["larger_upper"]], [y, y], color=colour, linewidth=2)
        axes.plot(row["larger"], y, marker="o", color=colour, markersize=6)
        axes.text(1.02, y, f"q {p_text(row['q_value'])}", fontsize=9, va="center", color=INK)
    axes.set_yticks(
        range(len(shown)), [plain(f"{row['modality']}: {row['feature']}", 42) for row in shown.to_dict("records")]
    )
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(shown) - 0.4, -0.6), xlabel="Chance that a new patient's value is the larger one")
    return figure
