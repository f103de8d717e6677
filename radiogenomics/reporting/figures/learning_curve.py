"""AUC by number of training patients."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import GREY, message_figure, new_figure, tidy
from radiogenomics.reporting.figures.model_colours import model_colours
from radiogenomics.reporting.wording import endpoint_name, plain


def learning_curve_figure(
    curve: pd.DataFrame, final_model: str, *, endpoint: str = "", simulated: bool = False, most: int = 4
) -> Figure:
    """The final model with its interval, and those of the others that end highest.

    Parameters
    ----------
    curve : `evaluation.learning_curve.LearningCurve.curve`.
    most : how many models are drawn.
    """
    title = "Learning curve" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    if curve.empty:
        return message_figure(title=title, message="No learning curve is stored.", simulated=simulated)
    own = curve[curve["model"] == final_model]
    n, events = (int(own[c].iloc[0]) for c in ("n", "events")) if len(own) else (0, 0)
    figure = new_figure(
        title=title,
        subtitle=f"AUC with 95 % interval of {plain(final_model)}, n = {n} tested patients, events = {events}",
        note="The same test patients at every point; the patients of a smaller training set are in every larger one.",
        body=3.6,
        width=5.8,
        simulated=simulated,
    )
    axes = figure.subplots()
    tidy(axes, grid="both")
    last = curve.sort_values("share").groupby("model").tail(1).sort_values("auc", ascending=False)
    models = list(dict.fromkeys([final_model, *last["model"]]))[:most]
    colours = model_colours(models)
    for model in models:
        rows = curve[curve["model"] == model].sort_values("training_patients")
        if rows.empty:
            continue
        if model == final_model:
            axes.fill_between(
                rows["training_patients"],
                rows["auc_lower"],
                rows["auc_upper"],
                color=colours[model],
                alpha=0.15,
                linewidth=0,
            )
        width = 2.2 if model == final_model else 1.3
        axes.plot(
            rows["training_patients"],
            rows["auc"],
            marker="o",
            color=colours[model],
            linewidth=width,
            label=plain(model),
        )
    axes.axhline(0.5, color=GREY, linestyle=(0, (2, 2)), linewidth=1.2)
    axes.set(xlabel="Training patients (mean over folds)", ylabel="AUC", ylim=(0.35, 1.0))
    axes.legend(loc="lower right", fontsize=8.5, frameon=False)
    return figure
