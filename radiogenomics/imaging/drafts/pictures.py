"""Draft contours at a glance: three planes of each lesion with the draft, the second opinion and, where there is one, the
drawn contour."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.imaging.drafts.drafted import drafted_lesion
from radiogenomics.imaging.lesion_pictures import window_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = {"draft": ("#D55E00", "solid"), "second": ("#56B4E9", "dashed"), "drawn": ("#009E73", "dotted")}
"""Colour (Okabe and Ito) and line of each contour: told apart by either."""

_MARGIN_MM = 20.0


def draft_sheet(drafts: pd.DataFrame, limit: int = 24) -> Figure:
    """Axial, coronal and sagittal planes of drafted lesions, those that may not be used first.

    Parameters
    ----------
    drafts : `DraftedLesions.drafts`.
    limit : how many to show at most.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    shown = drafts.sort_values("status", key=lambda s: s != "not used", kind="stable").head(limit)
    across = 2 if len(shown) > 1 else 1
    down = max(1, -(-len(shown) // across))
    figure = Figure(figsize=(5.4 * across, 2.1 * down + 0.4), facecolor="white", layout="constrained")
    axes = figure.subplots(down, 3 * across, squeeze=False)
    for axis in axes.ravel():
        axis.set_axis_off()
    for position, row in enumerate(shown.to_dict("records")):
        place, block = divmod(position, across)
        _draw({str(k): v for k, v in row.items()}, axes[place][3 * block : 3 * block + 3])
    names = {"draft": "draft", "second": "second opinion", "drawn": "drawn by a person"}
    handles = [Line2D([], [], color=c, linestyle=line, label=names[key]) for key, (c, line) in LINES.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, fontsize=7, frameon=False)
    return figure


def _draw(row: dict[str, Any], axes: np.ndarray) -> None:
    title = f"{row['lesion_id']}  {row['images']}  {row['status']}"
    colour = "#b00020" if row["status"] == "not used" else "#333333"
    axes[0].set_title(title, fontsize=7, loc="left", color=colour).set_in_layout(False)
    text = row["reason"] or f"both methods agree to Dice {row['agreement']:.2f}"
    lines = "\n".join(textwrap.wrap(text, 110)[:3])
    axes[0].text(0, -0.04, lines, fontsize=5.5, va="top", color=colour, transform=axes[0].transAxes).set_in_layout(
        False
    )
    if not row["draft"]:
        axes[0].text(0, 0.5, "no draft could be made", fontsize=6, color=colour, transform=axes[0].transAxes)
        return
    try:
        lesion = drafted_lesion(row)
    except RadiogenomicsError as error:
        axes[0].text(0, 0.5, "\n".join(textwrap.wrap(str(error), 60)), fontsize=6, color=colour)
        return
    image, masks, spacing = lesion.along_axes()
    together = np.argwhere(np.logical_or.reduce(list(masks.values())))
    if not len(together):
        return
    window, colours = window_of(row["kind"], image)
    middle = np.argwhere(next(mask for mask in masks.values() if mask.any())).mean(axis=0).round().astype(int)
    margin = np.ceil(_MARGIN_MM / spacing).astype(int)
    start, stop = (
        np.maximum(together.min(axis=0) - margin, 0),
        np.minimum(together.max(axis=0) + margin + 1, image.shape),
    )
    for axis, fixed in zip(axes, (0, 1, 2), strict=True):
        rows, columns = (other for other in range(3) if other != fixed)
        part = tuple(middle[d] if d == fixed else slice(int(start[d]), int(stop[d])) for d in range(3))
        axis.imshow(
            image[part],
            cmap=colours,
            vmin=window[0],
            vmax=window[1],
            origin="lower" if fixed else "upper",  # the feet are below in coronal and sagittal planes
            aspect=float(spacing[rows] / spacing[columns]),
        )
        for key, mask in masks.items():
            if mask[part].any():
                axis.contour(mask[part], levels=[0.5], colors=LINES[key][0], linewidths=0.8, linestyles=LINES[key][1])
