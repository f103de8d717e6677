"""SHAP values: which features and which modalities move the predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radiogenomics.reporting.figures.canvas import GREY, INK, message_figure, modality_colours, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, number, plain

__all__ = [
    "group_points",
    "modality_contributions",
    "modality_contributions_figure",
    "shap_beeswarm_figure",
    "top_features",
]


def top_features(explanations: pd.DataFrame, top: int = 15) -> pd.DataFrame:
    """`modality`, `feature`, `unit`, `mean_absolute` (log-odds, over patients) of the features that move most."""
    n = explanations["patient_id"].nunique()
    table = explanations.assign(absolute=explanations["shap_value"].abs())
    grouped = table.groupby(["modality", "feature"], sort=True)
    found = grouped.agg(unit=("unit", "first"), mean_absolute=("absolute", "sum")).reset_index()
    found["mean_absolute"] /= max(n, 1)
    found = found[found["mean_absolute"] > 0]
    order = ["mean_absolute", "modality", "feature"]
    return found.sort_values(order, ascending=[False, True, True]).head(top).reset_index(drop=True)


def modality_contributions(explanations: pd.DataFrame) -> pd.DataFrame:
    """`modality`, `mean_absolute`: mean over patients of the absolute sum of a modality's SHAP values (log-odds)."""
    sums = explanations.groupby(["modality", "patient_id"], sort=True)["shap_value"].sum().abs()
    patients = max(explanations["patient_id"].nunique(), 1)
    table = (sums.groupby("modality").sum() / patients).rename("mean_absolute").reset_index()
    order = ["mean_absolute", "modality"]
    return table.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def shap_beeswarm_figure(
    explanations: pd.DataFrame,
    *,
    importance: pd.DataFrame | None = None,
    endpoint: str = "",
    top: int = 15,
    simulated: bool = False,
) -> Figure:
    """One point a patient for each of the `top` features or groups; colour is the rank of the feature's value.

    Parameters
    ----------
    explanations : by `schemas.EXPLANATIONS`.
    importance : by `schemas.IMPORTANCE`; given, a line is a group of correlated features, its points are sums over the
        group, its colour is the representative's value, and groups that the folds do not agree on are faded.
    """
    title = "Features that move the prediction most" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    lines = _lines(explanations, importance, top)
    if not lines:
        message = "No SHAP values are stored, or the model uses no feature."
        return message_figure(title=title, message=message, simulated=simulated)
    n = explanations["patient_id"].nunique()
    model = ", ".join(sorted(set(explanations["model"])))
    faded = (
        " Faded lines marked 'unstable': models of other folds do not agree on them." if importance is not None else ""
    )
    figure = new_figure(
        title=title,
        subtitle=f"SHAP values of {model}, n = {n} patients; mean absolute value on the right",
        note=f"Right of zero: towards the event. Grey: the value is not known for that patient.{faded}",
        body=0.30 * len(lines) + 0.95,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    axes.axvline(0, color=INK, linewidth=1.0)
    colour_map = colormaps["cividis"]
    reach = max(float(line.points["shap_value"].abs().max()) for line in lines) or 1.0
    for y, line in enumerate(lines):
        shap, value = line.points["shap_value"].to_numpy(float), line.points["value"].to_numpy(float)
        known = np.isfinite(value)
        heights = y + swarm(shap, reach)
        shade = 0.25 if line.faded else 0.9
        axes.scatter(shap[~known], heights[~known], s=11, color=GREY, alpha=0.75 * shade, linewidths=0)
        ranks = pd.Series(value[known]).rank(pct=True).to_numpy()
        axes.scatter(
            shap[known], heights[known], s=13, c=ranks, cmap=colour_map, vmin=0, vmax=1, alpha=shade, linewidths=0
        )
        colour = GREY if line.faded else INK
        axes.text(reach * 1.09, y, number(line.strength, 3), fontsize=9, va="center", color=colour)
    axes.set_yticks(range(len(lines)), [line.label for line in lines])
    for tick, line in zip(axes.get_yticklabels(), lines, strict=True):
        tick.set_color(GREY if line.faded else INK)
        tick.set_fontstyle("italic" if line.faded else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-reach * 1.06, reach * 1.06), ylim=(len(lines) - 0.4, -0.6), xlabel="SHAP value (log-odds)")
    scale = figure.colorbar(ScalarMappable(Normalize(0, 1), colour_map), ax=axes, pad=0.11, aspect=30)
    scale.set_ticks([0, 1], labels=["low", "high"])
    scale.set_label("Rank of the feature's value", fontsize=9)
    return figure


class _Line(NamedTuple):
    """One line of the swarm: `points` has `shap_value` and `value`, in the order of the patients."""

    label: str
    points: pd.DataFrame
    strength: float
    faded: bool


def _lines(explanations: pd.DataFrame, importance: pd.DataFrame | None, top: int) -> list[_Line]:
    if importance is None:
        ranking = top_features(explanations, top).to_dict("records")
        groups = [(row["modality"], [row["feature"]], row["mean_absolute"], False, "") for row in ranking]
    else:
        shown = importance[importance["importance"] > 0].sort_values("rank").head(top).to_dict("records")
        groups = [
            (
                row["modality"],
                row["members"].split("; "),
                row["importance"],
                not row["stable"],
                f" +{row['features'] - 1}" if row["features"] > 1 else "",
            )
            for row in shown
        ]
    return [
        _Line(
            plain(f"{modality}: {members[0]}", 40) + more + (" (unstable)" if faded else ""),
            group_points(explanations, modality, members),
            strength,
            faded,
        )
        for modality, members, strength, faded, more in groups
    ]


def group_points(explanations: pd.DataFrame, modality: str, members: list[str]) -> pd.DataFrame:
    """`patient_id`, `shap_value` (sum over the members), `value` (of the first member), by patient."""
    own = explanations[(explanations["modality"] == modality) & explanations["feature"].isin(members)]
    value = own[own["feature"] == members[0]].set_index("patient_id")["value"]
    sums = own.groupby("patient_id", sort=True)["shap_value"].sum()
    return pd.DataFrame({"shap_value": sums, "value": value.reindex(sums.index)}).reset_index()


def swarm(values: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Vertical offsets in [-0.38, 0.38] that spread points of about the same value; the same for the same input."""
    cell = np.floor(values / reach * 60).astype(int)
    offsets = np.zeros(len(values))
    order = np.lexsort((np.arange(len(values)), cell))
    largest = max(np.bincount(cell - cell.min()).max(), 6)
    for start in np.unique(cell[order], return_index=True)[1]:
        members = order[start : start + int((cell == cell[order[start]]).sum())]
        place = np.arange(len(members))
        signed = np.where(place % 2 == 0, place / 2, -(place + 1) / 2)
        offsets[members] = signed / largest * 0.76
    return np.clip(offsets, -0.38, 0.38)


def modality_contributions_figure(explanations: pd.DataFrame, *, endpoint: str = "", simulated: bool = False) -> Figure:
    """How far each modality as a whole moves a patient's prediction, on average."""
    title = "Contribution of each modality" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    if explanations.empty:
        return message_figure(title=title, message="No SHAP values are stored.", simulated=simulated)
    table = modality_contributions(explanations)
    spread = explanations.groupby(["modality", "patient_id"], sort=True)["shap_value"].sum().abs()
    n = explanations["patient_id"].nunique()
    figure = new_figure(
        title=title,
        subtitle=f"SHAP values of {', '.join(sorted(set(explanations['model'])))}, n = {n} patients",
        note="Bar: mean over patients of the absolute sum of the modality's SHAP values; line: quartiles over patients.",
        body=0.42 * len(table) + 0.75,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    colours = modality_colours(table["modality"].tolist())
    for y, row in enumerate(table.to_dict("records")):
        axes.barh(y, row["mean_absolute"], height=0.6, color=colours[row["modality"]])
        low, high = spread[row["modality"]].quantile([0.25, 0.75])
        axes.plot([low, high], [y, y], color=INK, linewidth=1.4)
        right = max(row["mean_absolute"], high)
        axes.annotate(
            number(row["mean_absolute"], 3),
            (right, y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.set_yticks(range(len(table)), [plain(name) for name in table["modality"]])
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(table) - 0.4, -0.6), xlabel="Mean absolute contribution (log-odds)")
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    return figure
