"""Decision curve: net benefit of acting on a model (Vickers and Elkin, Med Decis Making 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radiogenomics.reporting.figures.canvas import BLACK, GREY, message_figure, new_figure, tidy
from radiogenomics.reporting.figures.model_colours import model_colours
from radiogenomics.reporting.figures.shared_patients import patient_counts, shared_patients
from radiogenomics.reporting.wording import endpoint_name, plain

__all__ = ["decision_curve_figure", "net_benefit", "net_benefit_of_treating_all"]

Z95 = 1.959963984540054
THRESHOLDS = np.round(np.arange(0.01, 0.801, 0.01), 2)


def net_benefit(
    label: NDArray[np.integer], probability: NDArray[np.floating], thresholds: NDArray[np.floating]
) -> NDArray[np.float64]:
    """True positives a patient, less false positives a patient weighted by the odds of the threshold.

    Parameters
    ----------
    label : shape (n_patients,), 0 or 1.
    probability : shape (n_patients,), in [0, 1]; a patient is called positive at or above the threshold.
    thresholds : shape (n_thresholds,), in (0, 1).

    Returns
    -------
    ndarray of shape (n_thresholds,).
    """
    return _contributions(np.asarray(label), np.asarray(probability, float), np.asarray(thresholds, float)).mean(axis=0)


def net_benefit_of_treating_all(prevalence: float, thresholds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Net benefit where every patient is called positive. Treating none has net benefit 0."""
    odds = np.asarray(thresholds, float) / (1 - np.asarray(thresholds, float))
    return prevalence - (1 - prevalence) * odds


def _contributions(
    label: NDArray[np.integer], probability: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each patient adds to the net benefit, shape (n_patients, n_thresholds)."""
    called = probability[:, None] >= thresholds[None, :]
    worth = np.where(label[:, None] == 1, 1.0, -(thresholds / (1 - thresholds))[None, :])
    return np.asarray(called * worth, float)


def decision_curve_figure(
    out_of_fold: pd.DataFrame,
    models: Sequence[str],
    *,
    endpoint: str = "",
    simulated: bool = False,
    thresholds: NDArray[np.floating] = THRESHOLDS,
) -> Figure:
    """Net benefit of each model, of treating all and of treating none, by threshold probability.

    The band is the 95 % interval of the first model: normal, over patients, each patient averaged over repeats.
    """
    title = f"Decision curve, {endpoint_name(endpoint, inside=True)}" if endpoint else "Decision curve"
    rows = shared_patients(out_of_fold, models)
    n, events = patient_counts(rows)
    if not 0 < events < n:
        message = "No patients of both classes that all of these models predicted."
        return message_figure(title=title, message=message, simulated=simulated)
    at = np.asarray(thresholds, dtype=np.float64)
    present = [model for model in models if (rows["model"] == model).any()]
    figure = new_figure(
        title=title,
        subtitle=f"Out-of-fold predictions, n = {n}, events = {events}, the same patients for every curve",
        note=(
            "Net benefit (Vickers and Elkin 2006): true positives a patient, less false positives weighted by the odds of "
            f"the threshold. Band: 95 % interval of {present[0]} over patients."
        ),
        body=4.2,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="both")
    everyone = net_benefit_of_treating_all(events / n, at)
    axes.plot(at, everyone, color=BLACK, linewidth=1.1, linestyle=(0, (2, 2)), label="call all positive")
    axes.axhline(0, color=GREY, linewidth=1.1, label="call none positive")
    colours = model_colours(present)
    top = events / n
    for place, model in enumerate(present):
        own = rows[rows["model"] == model]
        repeats = [
            _contributions(part["label"].to_numpy(), part["probability"].to_numpy(float), at)
            for _, part in own.sort_values("patient_id").groupby("repeat", sort=True)
        ]
        patient = np.mean(repeats, axis=0)
        benefit = patient.mean(axis=0)
        if place == 0:
            half = Z95 * patient.std(axis=0, ddof=1) / np.sqrt(n)
            axes.fill_between(at, benefit - half, benefit + half, color=colours[model], alpha=0.15, linewidth=0)
            top = max(top, float((benefit + half).max()))
        floor = model.startswith("floor/")
        axes.plot(
            at,
            benefit,
            color=colours[model],
            linewidth=1.5 if floor else 2.1,
            linestyle=(0, (5, 2)) if floor else "-",
            label=plain(model),
        )
    axes.set(xlim=(0, float(at[-1])), ylim=(-0.25 * top, top * 1.05))
    axes.set_xlabel("Threshold probability at which one would act")
    axes.set_ylabel("Net benefit (a patient)")
    axes.legend(loc="upper right", fontsize=9, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    return figure
