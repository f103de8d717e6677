"""Where in the image a network's part of the prediction comes from: lesions with contour and map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from radiogenomics.reporting.figures.canvas import INK, MUTED, message_figure, new_figure
from radiogenomics.reporting.wording import endpoint_name

_ROW = 1.75  # inches a lesion
_CONTOUR = "#F0E442"


class LesionMap(NamedTuple):
    """One lesion to be drawn.

    Attributes
    ----------
    lines : what stands beside it.
    image, mask, values : (z, y, x) of one shape, z to the head: intensities, ROI, map.
    spacing : voxel edges z, y, x, mm.
    """

    lines: tuple[str, ...]
    image: np.ndarray
    mask: np.ndarray
    values: np.ndarray
    spacing: tuple[float, float, float]


def attention_maps_figure(maps: Sequence[LesionMap], *, endpoint: str = "", simulated: bool = False) -> Figure:
    """Axial, coronal and sagittal plane through the centroid of each ROI, its contour, and the map over it.

    Purple speaks against the event, orange for it; each lesion has a colour scale of its own, symmetric about 0.
    """
    title = "Where the network's part comes from" + (f": {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    if not maps:
        return message_figure(title=title, message="No patient with a prediction has a map.", simulated=simulated)
    figure = new_figure(
        title=title,
        subtitle="Final model, which was trained on these patients; contour in yellow; orange speaks for the event, purple against",
        note="A map explains the model, not the disease. 'Outside' is the share of the map that lies outside the contour, beside "
        "the share of what was seen that does. 'Random weights' is the rank correlation with the map of an untrained network: "
        "near 1 the map shows the picture alone. Colours have a scale of their own in each row.",
        body=_ROW * len(maps),
        simulated=simulated,
    )
    axes = figure.subplots(len(maps), 4, squeeze=False, width_ratios=[1.45, 1, 1, 1])
    for row, lesion in zip(axes, maps, strict=True):
        for axis in row:
            axis.set_axis_off()
        row[0].text(
            0, 0.95, lesion.lines[0], fontsize=9.5, weight="bold", color=INK, va="top", transform=row[0].transAxes
        )
        text = "\n".join(lesion.lines[1:])
        row[0].text(0, 0.8, text, fontsize=8.5, color=MUTED, va="top", linespacing=1.45, transform=row[0].transAxes)
        _planes(row[1:], lesion)
    return figure


def _planes(axes: Any, lesion: LesionMap) -> None:
    shown = np.nonzero(lesion.mask | (lesion.values != 0))
    spacing = np.array(lesion.spacing)
    start, stop = (np.array([end(axis) for axis in shown]) for end in (np.min, np.max))
    centre = [round(float(axis.mean())) for axis in np.nonzero(lesion.mask)]
    limit = float(np.abs(lesion.values).max()) or 1.0
    low, high = np.percentile(lesion.image[tuple(slice(a, b + 1) for a, b in zip(start, stop, strict=True))], (1, 99))
    for fixed, axis in enumerate(axes):
        rows, columns = (other for other in range(3) if other != fixed)
        part = tuple(centre[d] if d == fixed else slice(int(start[d]), int(stop[d]) + 1) for d in range(3))
        options: Any = {"origin": "lower" if fixed else "upper", "aspect": float(spacing[rows] / spacing[columns])}
        axis.imshow(lesion.image[part], cmap="gray", vmin=low, vmax=max(high, low + 1e-6), **options)
        values = lesion.values[part]
        opacity = 0.75 * np.clip(np.abs(values) / limit, 0, 1) ** 0.7
        axis.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, alpha=opacity, **options)
        if lesion.mask[part].any() and not lesion.mask[part].all():
            axis.contour(lesion.mask[part], levels=[0.5], colors=_CONTOUR, linewidths=1.0)
