"""Receiver operating characteristic from out-of-fold predictions, with the spread over repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radiogenomics.reporting.figures.canvas import GREY, message_figure, new_figure, tidy
from radiogenomics.reporting.figures.model_colours import model_colours
from radiogenomics.reporting.figures.shared_patients import patient_counts, shared_patients
from radiogenomics.reporting.wording import endpoint_name, interval, known, number, plain

__all__ = ["RocCurve", "average_roc", "roc_by_repeat", "roc_curve", "roc_figure"]


class RocCurve(NamedTuple):
    """A curve from (0, 0) to (1, 1): `fpr` and `tpr`, shape (n_points,), both non-decreasing, in [0, 1]."""

    fpr: NDArray[np.float64]
    tpr: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve by trapezoids: the concordance, ties counted half."""
        return float(np.trapezoid(self.tpr, self.fpr))


def roc_curve(label: NDArray[np.integer], probability: NDArray[np.floating]) -> RocCurve:
    """The empirical curve of one set of patients. `label` must hold both 0 and 1."""
    order = np.argsort(-probability, kind="stable")
    positive = (np.asarray(label)[order] == 1).astype(float)
    last = np.append(np.nonzero(np.diff(np.asarray(probability)[order]))[0], len(order) - 1)
    true, false = np.cumsum(positive)[last], np.cumsum(1 - positive)[last]
    return RocCurve(np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1]))


def average_roc(curves: Sequence[RocCurve], weights: Sequence[float]) -> RocCurve:
    """The vertical average, exact at every step of every curve, so that its area is the weighted mean of the areas."""
    knots = np.unique(np.concatenate([curve.fpr for curve in curves]))
    share = np.asarray(weights, float) / np.sum(weights)
    left = sum(w * _value(curve, knots, "left") for w, curve in zip(share, curves, strict=True))
    right = sum(w * _value(curve, knots, "right") for w, curve in zip(share, curves, strict=True))
    fpr, tpr = np.repeat(knots, 2), np.column_stack([left, right]).ravel()
    tpr[0] = 0.0
    return RocCurve(fpr, np.minimum(tpr, 1.0))


def _value(curve: RocCurve, at: NDArray[np.float64], side: str) -> NDArray[np.float64]:
    """The height just before ('left') or just after ('right') each point, where the curve may jump."""
    before = np.searchsorted(curve.fpr, at, side="left")
    after = np.searchsorted(curve.fpr, at, side="right") - 1
    exact = before <= after
    low, high = np.where(exact, before, before - 1), np.where(exact, after, before)
    at_point = curve.tpr[before if side == "left" else after]
    span = np.where(exact, 1.0, curve.fpr[high] - curve.fpr[low])
    between = curve.tpr[low] + (at - curve.fpr[low]) / span * (curve.tpr[high] - curve.tpr[low])
    return np.where(exact, at_point, between)


def roc_by_repeat(rows: pd.DataFrame) -> list[RocCurve]:
    """One curve a repeat of one model: the average of its folds' curves, weighted by their pairs of patients.

    A fold's model is never compared with another fold's: probabilities of differently trained models are not on one
    scale. The area of a repeat's curve is then the concordance within folds. Folds without both classes have no pairs.
    """
    curves = []
    for _, repeat in rows.groupby("repeat", sort=True):
        parts, pairs = [], []
        for _, fold in repeat.groupby("fold", sort=True):
            label = fold["label"].to_numpy()
            n_pairs = int((label == 1).sum()) * int((label == 0).sum())
            if n_pairs:
                parts.append(roc_curve(label, fold["probability"].to_numpy(float)))
                pairs.append(n_pairs)
        if parts:
            curves.append(average_roc(parts, pairs))
    return curves


def roc_figure(
    out_of_fold: pd.DataFrame,
    models: Sequence[str],
    *,
    metrics: pd.DataFrame | None = None,
    endpoint: str = "",
    heading: str = "ROC",
    simulated: bool = False,
) -> Figure:
    """ROC of several models on the patients that all of them predicted; the band is the range over repeats.

    Parameters
    ----------
    out_of_fold : by `schemas.OUT_OF_FOLD`.
    models : which, in the order of the legend.
    metrics : by `schemas.METRICS`; gives the legend its 95 % intervals where a population is the same patients.
    heading : what the title begins with.
    """
    title = f"{heading}, {endpoint_name(endpoint, inside=True)}" if endpoint else heading
    rows = shared_patients(out_of_fold, models)
    curves = {model: roc_by_repeat(rows[rows["model"] == model]) for model in models}
    curves = {model: found for model, found in curves.items() if found}
    if not curves:
        message = "No patients that all of these models predicted, in folds with both classes."
        return message_figure(title=title, message=message, simulated=simulated)
    n, events = patient_counts(rows)
    repeats = max(len(found) for found in curves.values())
    figure = new_figure(
        title=title,
        subtitle=f"Out-of-fold predictions, n = {n}, events = {events}, the same patients for every curve",
        note=(
            "Curves are averaged over folds, so that patients are compared within a fold only. "
            f"Band: lowest to highest of {repeats} repeats. Brackets: 95 % interval."
        ),
        body=4.6,
        width=5.4,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="both")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (2, 2)), linewidth=1.2)
    colours = model_colours(list(curves), metrics)
    grid = np.linspace(0, 1, 201)
    for model, found in curves.items():
        mean = average_roc(found, np.ones(len(found)))  # type: ignore[arg-type]
        heights = np.array([_value(curve, grid, "right") for curve in found])
        floor = model.startswith("floor/")
        axes.fill_between(grid, heights.min(0), heights.max(0), color=colours[model], alpha=0.15, linewidth=0)
        axes.plot(
            mean.fpr,
            mean.tpr,
            color=colours[model],
            linewidth=1.6 if floor else 2.2,
            linestyle=(0, (5, 2)) if floor else "-",
            label=f"{plain(model)}  {_area_text(model, mean.area, n, events, metrics)}",
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xlabel("1 − specificity (false positive rate)")
    axes.set_ylabel("Sensitivity (true positive rate)")
    axes.legend(loc="lower right", fontsize=8.5, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    return figure


def _area_text(model: str, area: float, n: int, events: int, metrics: pd.DataFrame | None) -> str:
    text = f"AUC {number(area)}"
    if metrics is None:
        return text
    same = metrics[(metrics["model"] == model) & (metrics["n"] == n) & (metrics["events"] == events)]
    same = same[(same["auc"] - area).abs() < 0.005]
    if same.empty or not known(same.iloc[0]["auc_lower"]):
        return text
    row = same.iloc[0]
    return f"AUC {number(row['auc'])} [{interval(row['auc_lower'], row['auc_upper'])}]"
