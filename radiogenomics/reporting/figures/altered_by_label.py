"""Altered genes, patient by patient, with the patients of each label side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import BLUE, INK, ORANGE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import endpoint_name, percent, plain


def altered_by_label_figure(
    values: pd.DataFrame,
    labels: pd.Series,
    *,
    genes: Sequence[str],
    endpoint: str = "",
    top: int = 15,
    simulated: bool = False,
) -> Figure:
    """Left: a patient a column, positive patients first, filled where the gene is altered. Right: share altered among the
    patients of each label whose panel covers the gene.

    Parameters
    ----------
    values : `patient_id` and one column a gene: 1 altered, 0 not, NaN not covered.
    labels : 1, 0 or missing, by `patient_id`.
    genes : which columns are genes.
    """
    title = "Genes altered most often" + (f", by {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    table = values.set_index("patient_id")[list(genes)]
    label = labels.reindex(table.index).dropna().astype(int)
    table = table.loc[label.index]
    share = table.mean().dropna()
    ranking = pd.DataFrame({"share": share[share > 0]}).rename_axis("gene").reset_index()
    chosen = ranking.sort_values(["share", "gene"], ascending=[False, True])["gene"].head(top).tolist()
    if not chosen or label.nunique() < 2:
        message = "No gene is altered in a labelled patient, or only one label occurs."
        return message_figure(title=title, message=message, simulated=simulated)
    ordered = table[chosen].fillna(-1).assign(label__=label).reset_index()
    ordered = ordered.sort_values(["label__", *chosen, "patient_id"], ascending=[False] * (len(chosen) + 1) + [True])
    table = table.loc[ordered["patient_id"], chosen]
    positive = int((label == 1).sum())
    figure = new_figure(
        title=title,
        subtitle=f"n = {len(label)} labelled patients, events = {positive}; {len(chosen)} of {len(ranking)} altered genes",
        note="Orange: altered, label positive. Blue: altered, label negative. Pale: not altered. White: not on the panel.",
        body=0.29 * len(chosen) + 0.6,
        simulated=simulated,
    )
    left, right = figure.subplots(1, 2, width_ratios=[2.2, 1], sharey=True)
    tidy(left)
    codes = np.where(table.isna(), 0, np.where(table == 1, np.where(label[table.index] == 1, 2, 3)[:, None], 1)).T
    colours = ListedColormap(["#FFFFFF", "#DDE1E6", ORANGE, BLUE])
    left.imshow(codes, aspect="auto", cmap=colours, vmin=0, vmax=3, interpolation="nearest")
    left.hlines(np.arange(len(chosen) - 1) + 0.5, -0.5, len(table) - 0.5, color="white", linewidth=2)
    left.axvline(positive - 0.5, color=INK, linewidth=1)
    left.set_yticks(range(len(chosen)), [plain(gene, 20) for gene in chosen])
    left.tick_params(axis="y", length=0)
    left.set_xlabel("Patients, positive first")
    tidy(right, grid="x")
    reach = 0.0
    for code, colour, shift in ((1, ORANGE, -0.19), (0, BLUE, 0.19)):
        part = table[label[table.index] == code]
        shares = part.mean().reindex(chosen).to_numpy(dtype=float)
        reach = max(reach, float(np.nanmax(shares)))
        right.barh(np.arange(len(chosen)) + shift, shares, height=0.36, color=colour)
        for y, value in enumerate(shares):
            if np.isfinite(value):
                right.text(value + 0.01, y + shift, percent(value), fontsize=7, va="center")
    right.tick_params(axis="y", length=0, labelleft=False)
    right.set(xlim=(0, min(1.0, reach) * 1.3), xlabel="Share altered")
    return figure
