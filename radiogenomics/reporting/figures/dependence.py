"""How the effect of a feature depends on its value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.feature_words import FeatureWords
from radiogenomics.reporting.figures.canvas import GREY, INK, message_figure, modality_colours, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, plain


def dependence_figure(
    explanations: pd.DataFrame,
    importance: pd.DataFrame,
    words: dict[str, FeatureWords],
    *,
    endpoint: str = "",
    top: int = 4,
    simulated: bool = False,
) -> Figure:
    """SHAP value of the representatives of the first `top` groups against their value, with unit; one point a patient.

    Parameters
    ----------
    explanations, importance : by `schemas.EXPLANATIONS` and `schemas.IMPORTANCE`.
    words : `feature_words.feature_words`, by column; gives names and units.
    """
    title = "How the effect depends on the value" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    rows = dependence_rows(explanations, importance, top)
    if not rows:
        message = "No feature with more than one known value moves the prediction."
        return message_figure(title=title, message=message, simulated=simulated)
    across = 2 if len(rows) > 1 else 1
    down = math.ceil(len(rows) / across)
    figure = new_figure(
        title=title,
        subtitle="SHAP value (log-odds) of single features, out of fold, means over repeats",
        note="Grey: groups of features that the folds do not agree on. Patients whose value is not known are not drawn.",
        body=2.35 * down,
        simulated=simulated,
    )
    colours = modality_colours([row["modality"] for row in rows])
    panels = np.atleast_1d(figure.subplots(down, across)).ravel()
    for axes, row in zip(panels, rows, strict=False):
        own = explanations[(explanations["modality"] == row["modality"]) & (explanations["feature"] == row["feature"])]
        own = own[own["value"].notna()]
        tidy(axes, grid="both")
        axes.axhline(0, color=INK, linewidth=0.9)
        colour = colours[row["modality"]] if row["stable"] else GREY
        axes.scatter(own["value"], own["shap_value"], s=15, color=colour, alpha=0.75, linewidths=0)
        known = words.get(f"{row['modality']}:{row['feature']}")
        name = known.name if known is not None else row["feature"]
        code = f" (IBSI {known.ibsi})" if known is not None and known.ibsi else ""
        mark = "" if row["stable"] else ", unstable"
        axes.set_title(plain(f"{name}{code}{mark}", 44), fontsize=9.5, loc="left")
        unit = row["unit"] if row["unit"] not in {"", "1"} else "no unit"
        axes.set_xlabel(plain(f"{row['modality']}: {row['feature']}", 34) + f" ({plain(unit, 12)})", fontsize=8.5)
        axes.set_ylabel("SHAP value", fontsize=8.5)
        axes.tick_params(labelsize=8)
    for axes in panels[len(rows) :]:
        axes.set_axis_off()
    return figure


def dependence_rows(explanations: pd.DataFrame, importance: pd.DataFrame, top: int = 4) -> list[dict[str, Any]]:
    """`modality`, `feature`, `unit`, `stable` of the representatives that have more than one known value."""
    found: list[dict[str, Any]] = []
    for row in importance.sort_values("rank").to_dict("records"):
        own = explanations[
            (explanations["modality"] == row["modality"]) & (explanations["feature"] == row["representative"])
        ]
        if row["importance"] > 0 and own["value"].nunique() > 1:
            found.append(
                {
                    "modality": row["modality"],
                    "feature": row["representative"],
                    "unit": row["unit"],
                    "stable": row["stable"],
                }
            )
        if len(found) == top:
            break
    return found
