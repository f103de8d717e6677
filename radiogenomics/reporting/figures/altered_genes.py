"""Genes that are altered most often, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from radiogenomics.cohort.features import feature_columns
from radiogenomics.reporting.figures.calibration import wilson_interval
from radiogenomics.reporting.figures.canvas import INK, PURPLE, message_figure, new_figure, tidy
from radiogenomics.reporting.wording import percent, plain


def altered_genes_figure(
    values: pd.DataFrame, *, genes: Sequence[str] | None = None, top: int = 15, simulated: bool = False
) -> Figure:
    """Left: a patient a column, filled where the gene is altered, white where the panel does not cover it.
    Right: share altered among the patients whose panel covers the gene, with its 95 % interval (Wilson).

    Parameters
    ----------
    values : `patient_id` and one column a gene: 1 altered, 0 not, NaN not covered.
    genes : which columns are genes; left out: those that hold nothing but 0, 1 and NaN.
    """
    title = "Genes altered most often"
    table = values.set_index("patient_id")[list(genes) if genes is not None else _gene_columns(values)]
    covered, altered = table.notna().sum(), table.sum()
    share = (altered / covered.where(covered > 0)).dropna()
    share = share[altered[share.index] > 0]
    ranking = (
        share.rename_axis("gene").reset_index(name="share").sort_values(["share", "gene"], ascending=[False, True])
    )
    chosen = ranking["gene"].head(top).tolist()
    if not chosen:
        return message_figure(title=title, message="No gene is altered in any patient.", simulated=simulated)
    table = table[chosen]
    # the usual order of such plots: patients altered in the first gene first, then in the second, and so on
    order = (
        table.fillna(-1).reset_index().sort_values([*chosen, "patient_id"], ascending=[False] * len(chosen) + [True])
    )
    table = table.loc[order["patient_id"]]
    n = len(table)
    figure = new_figure(
        title=title,
        subtitle=f"n = {n} sequenced patients; {len(chosen)} of {len(share)} altered genes",
        note="Purple: altered. Pale: not altered. White: not covered by the patient's panel, so not known.",
        body=0.27 * len(chosen) + 0.6,
        simulated=simulated,
    )
    left, right = figure.subplots(1, 2, width_ratios=[2.2, 1], sharey=True)
    tidy(left)
    codes = np.where(table.isna(), 0, np.where(table == 1, 2, 1)).T
    left.imshow(
        codes,
        aspect="auto",
        cmap=ListedColormap(["#FFFFFF", "#DDE1E6", PURPLE]),
        vmin=0,
        vmax=2,
        interpolation="nearest",
    )
    left.hlines(np.arange(len(chosen) - 1) + 0.5, -0.5, n - 0.5, color="white", linewidth=2)
    left.set_yticks(range(len(chosen)), [plain(gene, 20) for gene in chosen])
    left.tick_params(axis="y", length=0)
    left.set_xlabel("Patients")
    tidy(right, grid="x")
    counts, of = altered[chosen].to_numpy(float), covered[chosen].to_numpy(float)
    lower, upper = wilson_interval(counts, of)
    right.barh(range(len(chosen)), counts / of, height=0.6, color=PURPLE)
    right.hlines(range(len(chosen)), lower, upper, color=INK, linewidth=1.2)
    reach = float(upper.max())
    for y, (k, m) in enumerate(zip(counts, of, strict=True)):
        text = f"{percent(k / m)} of {int(m)}"
        right.text(max(upper[y], k / m) + 0.03 * reach, y, text, fontsize=8.5, va="center")
    right.tick_params(axis="y", length=0, labelleft=False)
    right.set(xlim=(0, reach * 1.6), xlabel="Share altered")
    return figure


def _gene_columns(values: pd.DataFrame) -> list[str]:
    return [c for c in feature_columns(values) if values[c].notna().any() and values[c].dropna().isin([0, 1]).all()]
