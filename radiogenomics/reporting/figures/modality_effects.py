"""What each modality adds to the probability: Shapley values over true coalitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import INK, message_figure, modality_colours, new_figure, tidy
from radiogenomics.reporting.figures.shap_values import swarm
from radiogenomics.reporting.wording import endpoint_name, number, plain


def modality_summary(effects: pd.DataFrame) -> pd.DataFrame:
    """`modality`, `n`, `events`, `mean_absolute`, `lower`, `upper` (95 % interval over patients, normal), the largest first.

    Parameters
    ----------
    effects : by `schemas.MODALITY_EFFECTS`; a patient counts for the modalities that he has.
    """
    rows = []
    for modality, own in effects.groupby("modality", sort=True):
        size = own["effect"].abs().to_numpy()
        error = float(size.std(ddof=1) / np.sqrt(len(size))) if len(size) > 1 else float("nan")
        mean = float(size.mean())
        rows.append(
            {
                "modality": str(modality),
                "n": len(own),
                "events": int(own["label"].sum()),
                "mean_absolute": mean,
                "lower": max(mean - 1.96 * error, 0.0),
                "upper": mean + 1.96 * error,
                "method": ", ".join(sorted(set(own["method"]))),
            }
        )
    columns = ["modality", "n", "events", "mean_absolute", "lower", "upper", "method"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["mean_absolute", "modality"], ascending=[False, True], ignore_index=True)


def modality_effects_figure(effects: pd.DataFrame, *, endpoint: str = "", simulated: bool = False) -> Figure:
    """One point a patient: by how much a modality raised or lowered his probability; the bar is the mean absolute effect."""
    title = "What each modality adds to a patient's probability"
    title += f", {endpoint_name(endpoint, inside=True)}" if endpoint else ""
    table = modality_summary(effects)
    if table.empty:
        return message_figure(title=title, message="No effects of modalities are stored.", simulated=simulated)
    sampled = " Effects are estimated from sampled orders." if "sampled" in set(effects["method"]) else ""
    figure = new_figure(
        title=title,
        subtitle=f"Shapley values of {plain(effects['model'].iloc[0])}, out of fold; bar: mean absolute effect with 95 % interval",
        note=(
            "0.11 means: with this modality beside the others the probability is 0.11 higher, averaged over every way to "
            f"add it; a patient's effects add up to his probability less the base rate.{sampled}"
        ),
        body=0.62 * len(table) + 0.75,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    axes.axvline(0, color=INK, linewidth=1.0)
    colours = modality_colours(list(table["modality"]))
    reach = max(float(effects["effect"].abs().max()), float(table["upper"].fillna(0).max()), 0.02)
    for y, row in enumerate(table.to_dict("records")):
        own = effects[effects["modality"] == row["modality"]].sort_values("patient_id")
        colour = colours[row["modality"]]
        axes.barh(y + 0.28, row["mean_absolute"], height=0.2, color=colour, zorder=2)
        axes.plot([row["lower"], row["upper"]], [y + 0.28] * 2, color=INK, linewidth=1.4, zorder=3)
        values = own["effect"].to_numpy()
        axes.scatter(values, y - 0.12 + 0.55 * swarm(values, reach), s=12, color=colour, alpha=0.75, linewidths=0)
        text = f"{number(row['mean_absolute'], 3)}"
        axes.text(reach * 1.09, y + 0.28, text, fontsize=9, va="center", color=INK)
    axes.set_yticks(
        range(len(table)), [f"{plain(row['modality'], 30)} ({row['n']})" for row in table.to_dict("records")]
    )
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-reach * 1.06, reach * 1.06), ylim=(len(table) - 0.4, -0.6), xlabel="Effect on the probability")
    return figure
