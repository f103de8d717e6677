"""Precision against recall from out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radiogenomics.evaluation.average_precision import average_precision_interval as repeated_interval
from radiogenomics.reporting.figures.canvas import GREY, message_figure, new_figure, tidy
from radiogenomics.reporting.figures.model_colours import model_colours
from radiogenomics.reporting.figures.shared_patients import mean_over_repeats, patient_counts, shared_patients
from radiogenomics.reporting.wording import endpoint_name, interval, number, percent, plain

__all__ = ["PrecisionRecall", "average_precision_interval", "precision_recall", "precision_recall_figure"]

RESAMPLES = 500
GRID = np.linspace(0.005, 1, 200)


class PrecisionRecall(NamedTuple):
    """`recall`, `precision`: shape (n_thresholds,), from the highest threshold to the lowest; `average_precision`."""

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    average_precision: float


def precision_recall(label: NDArray[np.integer], probability: NDArray[np.floating]) -> PrecisionRecall:
    """Precision and recall at each distinct probability; average precision is the step-wise area, as scikit-learn's."""
    weights = np.ones((1, len(label)))
    recall, precision = _weighted(np.asarray(label), np.asarray(probability, float), weights)
    area = float((np.diff(recall, prepend=0.0, axis=1) * precision).sum())
    return PrecisionRecall(recall[0], precision[0], area)


def average_precision_interval(
    label: NDArray[np.integer], probability: NDArray[np.floating], *, random_state: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile interval of the average precision over patients drawn anew within each class."""
    label = np.asarray(label)
    generator = np.random.default_rng(random_state)
    weights = np.zeros((resamples, len(label)))
    for value in (0, 1):
        members = np.nonzero(label == value)[0]
        weights[:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), resamples)
    recall, precision = _weighted(label, np.asarray(probability, float), weights)
    areas = (np.diff(recall, prepend=0.0, axis=1) * precision).sum(axis=1)
    lower, upper = np.quantile(areas, [0.025, 0.975])
    return float(lower), float(upper)


def _weighted(
    label: NDArray[np.integer], probability: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision, shape (n_weightings, n_thresholds)."""
    order = np.argsort(-probability, kind="stable")
    last = np.append(np.nonzero(np.diff(probability[order]))[0], len(order) - 1)
    weights = weights[:, order]
    positive = (label[order] == 1).astype(float)
    true = np.cumsum(weights * positive, axis=1)[:, last]
    called = np.cumsum(weights, axis=1)[:, last]
    return true / true[:, -1:], np.divide(true, called, out=np.zeros_like(true), where=called > 0)


def _at(curve: PrecisionRecall, recall: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision at the highest threshold that reaches each recall."""
    place = np.searchsorted(curve.recall, recall - 1e-12, side="left")
    return np.asarray(curve.precision[np.minimum(place, len(curve.precision) - 1)])


def precision_recall_figure(
    out_of_fold: pd.DataFrame, models: Sequence[str], *, endpoint: str = "", simulated: bool = False
) -> Figure:
    """Precision (positive predictive value) against recall (sensitivity) of the mean probability over repeats.

    The flat line is the share of events: what a model without any information reaches.
    """
    title = f"Precision and recall, {endpoint_name(endpoint, inside=True)}" if endpoint else "Precision and recall"
    rows = shared_patients(out_of_fold, models)
    n, events = patient_counts(rows)
    if not 0 < events < n:
        message = "No patients of both classes that all of these models predicted."
        return message_figure(title=title, message=message, simulated=simulated)
    figure = new_figure(
        title=title,
        subtitle=f"Out-of-fold predictions (mean over repeats), n = {n}, events = {events}, the same for every curve",
        note=(
            "AP: average precision, mean over repeats, in brackets its 95 % interval (logit; Boyd 2013, or the patients' "
            "influence where that is wider). Band: lowest to highest of the repeats."
        ),
        body=4.3,
        width=5.4,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="both")
    share = events / n
    axes.axhline(share, color=GREY, linestyle=(0, (2, 2)), linewidth=1.2, label=f"share of events  {percent(share)}")
    present = [model for model in models if (rows["model"] == model).any()]
    colours = model_colours(present)
    for model in present:
        means = mean_over_repeats(rows[rows["model"] == model])
        label, probability = means["label"].to_numpy(), means["probability"].to_numpy()
        found = precision_recall(label, probability)
        own = rows[rows["model"] == model]
        by_repeat = own.pivot(index="patient_id", columns="repeat", values="probability")
        area = repeated_interval(by_repeat.to_numpy(dtype=float), label, own["fold"].nunique())
        if by_repeat.shape[1] > 1:
            heights = np.array([_at(precision_recall(label, by_repeat[r].to_numpy()), GRID) for r in by_repeat])
            axes.fill_between(GRID, heights.min(0), heights.max(0), color=colours[model], alpha=0.15, linewidth=0)
        floor = model.startswith("floor/")
        axes.step(
            np.append(0.0, found.recall),
            np.append(found.precision[0], found.precision),
            where="pre",
            color=colours[model],
            linewidth=1.5 if floor else 2.0,
            linestyle=(0, (5, 2)) if floor else "-",
            label=f"{plain(model)}  AP {number(area.estimate)} [{interval(area.lower, area.upper)}]",
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.32))
    axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])  # the room above is for the legend
    axes.set_xlabel("Recall (sensitivity)")
    axes.set_ylabel("Precision (positive predictive value)")
    axes.legend(loc="upper right", fontsize=8.5, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
    return figure
