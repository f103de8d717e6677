"""All lesions at a glance: is the contour where the tumour is?"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiogenomics.exceptions import RadiogenomicsError
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.reading import Lesion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = {"CT": ((-160.0, 240.0), "gray"), "PT": ((0.0, 10.0), "gray_r")}
_MARGIN_MM = 20.0


_STATES = {"used": "#333333", "flagged": "#b35900", "quarantined": "#b00020"}


def contact_sheet(lesions: pd.DataFrame, limit: int = 12, qc: pd.DataFrame | None = None) -> Figure:
    """Axial, coronal and sagittal planes of lesions with their contours, a 2 cm scale bar, and what quality control found.

    Those that were flagged come first, then the quarantined ones; where there are more than `limit`, the rest is spread evenly
    over the table. One that cannot be read shows its reason.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    limit : how many to show at most.
    qc : `LesionQuality.qc` of these lesions; left out, no flags are shown.

    Returns
    -------
    matplotlib Figure, not registered with pyplot, so that nothing needs to be closed.
    """
    from matplotlib.figure import Figure

    states = _states(qc)
    places = _places(lesions, limit, states)
    across = 2 if len(places) > 1 else 1
    down = max(1, -(-len(places) // across))
    figure = Figure(figsize=(5.4 * across, 2.1 * down), facecolor="white", layout="constrained")
    axes = figure.subplots(down, 3 * across, squeeze=False)
    for axis in axes.ravel():
        axis.set_axis_off()
    if not places:
        axes[0][0].text(0, 0.5, "no lesions")
    for position, place in enumerate(places):
        record = {str(key): value for key, value in lesions.iloc[place].to_dict().items()}
        row, block = divmod(position, across)
        state = states.get((str(record["images"]), str(record["lesion_id"])), ("used", ""))
        _draw(record, axes[row][3 * block : 3 * block + 3], *state)
    return figure


def _states(qc: pd.DataFrame | None) -> dict[tuple[str, str], tuple[str, str]]:
    """(images, lesion) -> status and reason."""
    if qc is None:
        return {}
    return {
        (images, lesion): (status, reason)
        for images, lesion, status, reason in zip(
            qc["images"], qc["lesion_id"], qc["status"], qc["reason"], strict=True
        )
    }


def _places(lesions: pd.DataFrame, limit: int, states: dict[tuple[str, str], tuple[str, str]]) -> list[int]:
    """Which rows are shown: what a person must look at first, then the rest in the order of the table."""
    keys = list(zip(lesions["images"], lesions["lesion_id"], strict=True))
    odd = [place for place, key in enumerate(keys) if states.get(key, ("used", ""))[0] != "used"]
    odd.sort(key=lambda place: states[keys[place]][0] == "quarantined")  # flagged ones have planes to look at
    odd = odd[:limit]
    rest = [place for place in range(len(keys)) if place not in set(odd)]
    count = min(limit - len(odd), len(rest))
    spread = np.unique(np.linspace(0, max(len(rest) - 1, 0), count).round().astype(int)).tolist()
    return [*odd, *(rest[index] for index in spread)]


def _draw(record: dict[str, Any], axes: np.ndarray, status: str, reason: str) -> None:
    from matplotlib.patheffects import withStroke

    title = f"{record['lesion_id']}  {record['images']}" + (f"  {status}" if status != "used" else "")
    title += ", DRAFT CONTOUR" if record.get("contour") == "draft" else ""
    axes[0].set_title(title, fontsize=7, loc="left", color=_STATES[status]).set_in_layout(False)
    try:
        lesion = read_lesion(record)
    except RadiogenomicsError as error:
        text = "\n".join(textwrap.wrap(f"quarantined: {error}", 90))
        _write(axes[0], 0.95, text, 6.0, _STATES["quarantined"])
        return
    if reason:
        text = "\n".join(textwrap.wrap(reason, 110)[:3])
        _write(axes[0], -0.04, text, 5.5, _STATES[status])
    image, roi, spacing = _oriented(lesion)
    lower, upper = bounding_box(roi)
    centre = [round(float(axis.mean())) for axis in np.nonzero(roi)]
    window, colours = window_of(lesion.kind, image)
    lines = "dashed" if record.get("contour") == "draft" else "solid"
    margin = np.ceil(_MARGIN_MM / spacing).astype(int)
    start, stop = np.maximum(lower - margin, 0), np.minimum(upper + margin + 1, roi.shape)
    for axis, fixed in zip(axes, (0, 1, 2), strict=True):
        rows, columns = (other for other in range(3) if other != fixed)
        part = tuple(centre[d] if d == fixed else slice(int(start[d]), int(stop[d])) for d in range(3))
        # the feet are below in coronal and sagittal planes
        origin: Any = "lower" if fixed else "upper"
        aspect = float(spacing[rows] / spacing[columns])
        axis.imshow(image[part], cmap=colours, vmin=window[0], vmax=window[1], origin=origin, aspect=aspect)
        axis.contour(roi[part], levels=[0.5], colors="#e6550d", linewidths=0.8, linestyles=lines)
    length = 20.0 / spacing[2]
    height = stop[1] - start[1] - 2
    outlined = [withStroke(linewidth=2.5, foreground="black")]  # to be seen on bone as on lung
    axes[0].plot([1, 1 + length], [height, height], color="#fdd835", linewidth=2, path_effects=outlined)
    axes[0].text(
        1,
        height - 1,
        "2 cm",
        color="#fdd835",
        fontsize=6,
        va="bottom",
        path_effects=[withStroke(linewidth=1, foreground="black")],
    )


def _write(axis: Any, height: float, text: str, size: float, colour: str) -> None:
    """Text that runs on over the planes beside it instead of making room for itself."""
    written = axis.text(0, height, text, fontsize=size, va="top", color=colour, transform=axis.transAxes)
    written.set_in_layout(False)


def _oriented(lesion: Lesion) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image and ROI with axes along the body (z, y, x), and their spacing in that order."""
    import SimpleITK as sitk

    image, mask = (sitk.DICOMOrient(volume, "LPS") for volume in (lesion.image, lesion.mask))
    return sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask) > 0, np.array(image.GetSpacing())[::-1]


def window_of(kind: str, image: np.ndarray) -> tuple[tuple[float, float], str]:
    """Lowest and highest intensity that is shown, and matplotlib's colour map."""
    if kind in _SHOWN:
        window, colours = _SHOWN[kind]
        if kind == "CT" and float(np.median(image)) < -400:  # in the lung
            window = (-1350.0, 150.0)
        return window, colours
    low, high = np.percentile(image, (1, 99))
    return (float(low), float(max(high, low + 1e-6))), "gray"
