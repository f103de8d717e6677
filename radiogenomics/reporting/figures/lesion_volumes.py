"""How large the lesions are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from radiogenomics.reporting.figures.canvas import message_figure, modality_colours, new_figure, tidy
from radiogenomics.reporting.wording import number, plain


def lesion_volumes_figure(volumetrics: pd.DataFrame, *, column: str = "volume_mm3", simulated: bool = False) -> Figure:
    """Histogram of lesion volumes in cm3 on a logarithmic axis, one panel for each kind of image.

    Parameters
    ----------
    volumetrics : one row a lesion: `patient_id`, `images` (may be absent) and `column`, in mm3.
    """
    title = "Volume of the lesions"
    table = volumetrics[volumetrics[column].notna() & (volumetrics[column] > 0)] if column in volumetrics else None
    if table is None or table.empty:
        return message_figure(title=title, message="No lesion has a volume.", simulated=simulated)
    images = table["images"] if "images" in table else pd.Series("lesions", index=table.index)
    names = sorted(set(images))
    lesions = table["lesion_id"].nunique() if "lesion_id" in table else len(table)
    figure = new_figure(
        title=title,
        subtitle=f"{lesions} lesions of {table['patient_id'].nunique()} patients",
        note="Dashed line: median. The axis is logarithmic.",
        body=1.5 * len(names) + 0.5,
        simulated=simulated,
    )
    volumes = table[column].to_numpy(float) / 1000.0
    low, high = np.log10(volumes.min()) - 0.05, np.log10(volumes.max()) + 0.05
    edges = np.logspace(low, high, 25)
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False).ravel()
    colours = modality_colours([f"radiomics_{name}" for name in names])
    for axes, name in zip(panels, names, strict=True):
        tidy(axes, grid="y")
        own = volumes[(images == name).to_numpy()]
        axes.hist(own, bins=edges.tolist(), color=colours[f"radiomics_{name}"], edgecolor="white", linewidth=0.5)
        median = float(np.median(own))
        axes.axvline(median, color="#1B1F24", linestyle="--", linewidth=1.2)
        text = f"{plain(name)}: n = {len(own)}, median {number(median, 1 if median >= 1 else 2)} cm³"
        axes.set_title(text, fontsize=9.5, loc="left")
        axes.set_xscale("log")
        axes.set_ylabel("Lesions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panels[-1].set_xlabel("Volume (cm³)")
    return figure
