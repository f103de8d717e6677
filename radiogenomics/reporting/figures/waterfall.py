"""One patient's prediction, from the base value to the log-odds, feature by feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import expit

from radiogenomics.reporting.figures.canvas import BLUE, GREY, INK, VERMILLION, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import number, plain

_MARGIN = 0.14


def waterfall_figure(
    explanations: pd.DataFrame,
    patient: str,
    *,
    importance: pd.DataFrame | None = None,
    label: int | None = None,
    why: str = "",
    top: int = 9,
    simulated: bool = False,
) -> Figure:
    """How the strongest features and all others together lead from the base value to a patient's prediction.

    Parameters
    ----------
    explanations : by `schemas.EXPLANATIONS`. importance : by `schemas.IMPORTANCE`; given, groups of features are the steps.
    label : what became of the patient. why : why this patient is shown.
    """
    own = explanations[explanations["patient_id"] == patient]
    title = f"{why[:1].upper()}{why[1:]}: {plain(patient, 24)}" if why else f"Patient {plain(patient, 24)}"
    if own.empty:
        return message_figure(title=title, message="No explanation of this patient is stored.", simulated=simulated)
    steps = _steps(own, importance, top)
    base = float(own["base_value"].iloc[0])
    ends = base + np.cumsum([step[1] for step in steps])
    starts = np.concatenate([[base], ends[:-1]])
    known = "" if label is None else f"; what became of the patient: {'event' if label == 1 else 'no event'}"
    figure = new_figure(
        title=title,
        subtitle=f"Base probability {number(expit(base))}, predicted {number(expit(ends[-1]))}{known}",
        note="Orange to the right raises the prediction, blue to the left lowers it. By models that never saw this patient.",
        body=0.30 * len(steps) + 1.15,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="x")
    low, high = min(base, *ends), max(base, *ends)
    span = max(high - low, 0.2)
    for y, (_, change, quiet) in enumerate(steps):
        colour = GREY if quiet else (VERMILLION if change > 0 else BLUE)
        axes.barh(y, change, left=starts[y], height=0.66, color=colour)
        right = max(starts[y], ends[y])
        sign = "+" if change > 0 else ""
        axes.text(right + 0.012 * span, y, f"{sign}{number(change)}", fontsize=9, va="center", color=INK)
        if y + 1 < len(steps):
            axes.plot([ends[y]] * 2, [y + 0.33, y + 0.67], color=INK, linewidth=0.8)
    axes.axvline(base, color=INK, linestyle=":", linewidth=1.1)
    axes.set_yticks(range(len(steps)), [name for name, _, _ in steps])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(low - _MARGIN * span, high + _MARGIN * span), ylim=(len(steps) - 0.4, -0.6))
    axes.set_xlabel("Log-odds")
    above = axes.secondary_xaxis("top")
    chances = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
    inside = [p for p in chances if low - _MARGIN * span <= np.log(p / (1 - p)) <= high + _MARGIN * span]
    above.set_xticks([np.log(p / (1 - p)) for p in inside], [f"{p:g}" for p in inside])
    above.set_xlabel("Probability", fontsize=9)
    above.tick_params(labelsize=8.5)
    return figure


def _steps(own: pd.DataFrame, importance: pd.DataFrame | None, top: int) -> list[tuple[str, float, bool]]:
    """(label, change in log-odds, whether it is the rest), the strongest first."""
    if importance is None:
        groups = [(row["modality"], [row["feature"]]) for row in own.to_dict("records")]
    else:
        groups = [(row["modality"], row["members"].split("; ")) for row in importance.to_dict("records")]
    rows = {(row["modality"], row["feature"]): row for row in own.to_dict("records")}
    found: list[tuple[str, float, bool]] = []
    for modality, members in groups:
        change = float(sum(rows[modality, m]["shap_value"] for m in members if (modality, m) in rows))
        if change == 0:
            continue
        lead = rows[modality, members[0]]
        value = lead["value"]
        unit = f" {lead['unit']}" if lead["unit"] not in {"", "1"} else ""
        said = f" = {plain(f'{value:.3g}{unit}', 18)}" if np.isfinite(value) and len(members) == 1 else ""
        more = f" +{len(members) - 1}" if len(members) > 1 else ""
        found.append((plain(f"{modality}: {members[0]}", 36) + more + said, change, False))
    found.sort(key=lambda step: (-abs(step[1]), step[0]))
    rest = found[top:]
    if rest:
        found = [*found[:top], (f"{len(rest)} others together", sum(step[1] for step in rest), True)]
    return found or [("no feature moves it", 0.0, True)]


def telling_patients(folds: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Patients worth a look: (why, patient, label) of the highest and lowest prediction, and of the most wrong one.

    Parameters
    ----------
    folds : by `schemas.EXPLANATION_FOLDS`. A patient who is two of them stands once, by the first reason.
    """
    if folds.empty:
        return []
    table = folds.groupby("patient_id", sort=True).agg(said=("log_odds", "mean"), label=("label", "first"))
    wrong = (expit(table["said"]) - table["label"]).abs()
    chosen = {
        "highest prediction": table["said"].idxmax(),
        "lowest prediction": table["said"].idxmin(),
        "most wrong prediction": wrong.idxmax(),
    }
    found: dict[str, tuple[str, str, int]] = {}
    for why, patient in chosen.items():
        if str(patient) in found:
            first = found[str(patient)]
            found[str(patient)] = (f"{first[0]}, and {why}", first[1], first[2])
        else:
            found[str(patient)] = (why, str(patient), int(table["label"][patient]))
    return list(found.values())
