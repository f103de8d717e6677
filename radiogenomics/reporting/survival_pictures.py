"""The figures of the report of a survival endpoint, drawn from tables and embedded as PNG; what has no table is left out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from radiogenomics.reporting import figures as drawing
from radiogenomics.reporting.headline import Headline
from radiogenomics.reporting.pictures import Picture, draw_availability, draw_inputs, picture
from radiogenomics.reporting.wording import endpoint_name

AXIS = "C-index: share of pairs whose order is predicted rightly"


def draw_survival(
    *,
    endpoint: str,
    simulated: bool,
    final_model: str,
    first: Headline,
    metrics: pd.DataFrame | None,
    figures: pd.DataFrame | None,
    comparisons: pd.DataFrame | None,
    out_of_fold: pd.DataFrame | None,
    labels: pd.DataFrame | None,
    availability: pd.DataFrame | None,
    account: pd.DataFrame | None,
    quarantine: pd.DataFrame | None,
    risk_groups: int,
) -> dict[str, Picture]:
    """Pictures by name; a name is absent where its table is None or empty.

    Parameters
    ----------
    metrics : by `schemas.SURVIVAL_METRICS` with Harrell's C as `auc` and the integrated Brier score as `brier`, without the floor
        that orders nobody. labels : as by `survival_patients.known_times`.
    """
    mark: dict[str, Any] = {"endpoint": endpoint, "simulated": simulated}
    drawn = draw_inputs(account, quarantine, simulated=simulated) | draw_availability(availability, labels, mark)
    title = endpoint_name(endpoint)
    if metrics is not None and not metrics.empty:
        main = [name for name in dict.fromkeys([first.population, "all", "complete"]) if name]
        figure = drawing.forest_figure(
            metrics, populations=main, final_model=final_model, measure="Harrell's C", axis=AXIS, **mark
        )
        alt = f"Harrell's C of every model and floor for {title}; the same figures are in the table"
        drawn["forest"] = picture(figure, alt)
    if comparisons is not None and not comparisons.empty:
        asked = [first.population] if first.population in set(comparisons["population"]) else None
        figure = drawing.comparisons_figure(comparisons, populations=asked, measure="Harrell's C", **mark)
        drawn["comparisons"] = picture(figure, "Paired differences in Harrell's C; the same figures are in the table")
    if out_of_fold is not None and (out_of_fold["model"] == final_model).any():
        figure = drawing.kaplan_meier_figure(out_of_fold, final_model, groups=risk_groups, **mark)
        drawn["kaplan_meier"] = picture(
            figure, "Observed share without an event by predicted risk, with patients at risk"
        )
    if figures is not None and (figures["figure"] == "time_dependent_auc").any():
        shown = [row["model"] for row in (first.final, first.baseline, first.floor) if row is not None] or [final_model]
        figure = drawing.time_dependent_auc_figure(figures, shown, **mark)
        drawn["time_dependent_auc"] = picture(
            figure, "Time-dependent AUC of final model, clinical baseline and confounder floor at the declared months"
        )
    return drawn
