"""The look of every figure: colours, a header with n and events, a foot note, and the mark of simulated data."""

from __future__ import annotations

import base64
import io
import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Okabe and Ito's colours (Color Universal Design, 2008): told apart with any common colour vision."""

GREY, LIGHT, INK, MUTED = "#7F7F7F", "#E3E6EA", "#1B1F24", "#555C66"

ROLE_COLOURS = {"fusion": BLUE, "unimodal": GREEN, "clinical_baseline": ORANGE, "floor": GREY}

WIDTH = 7.5
"""Inches; 10-point text then reads as 17 pixels where the figure is 900 pixels wide."""

DPI = 144


def new_figure(
    *, title: str, body: float, simulated: bool, subtitle: str = "", note: str = "", width: float = WIDTH
) -> Figure:
    """An empty figure with a header and a foot note around a body of `body` inches.

    Parameters
    ----------
    title, subtitle, note : what it shows; n, events and interval; how to read it. Wrapped to the width.
    body : height left for the axes, inches.
    simulated : puts the mark 'SIMULATED DATA' on the figure.
    """
    badge = 1.55 if simulated else 0.0
    titles = textwrap.wrap(title, max(20, int((width - badge - 0.2) * 10.3))) or [""]
    subtitles = textwrap.wrap(subtitle, int((width - 0.2) * 14.2))
    notes = textwrap.wrap(note, int((width - 0.2) * 15.8))
    header = 0.14 + 0.215 * len(titles) + (0.06 + 0.175 * len(subtitles) if subtitles else 0) + 0.06
    footer = 0.10 + 0.16 * len(notes) if notes else 0.02
    height = header + body + footer
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0.0, footer / height, 1.0, body / height), w_pad=0.06, h_pad=0.05)
    left = 0.12 / width
    figure.text(
        left,
        1 - 0.12 / height,
        "\n".join(titles),
        fontsize=12,
        weight="bold",
        color=INK,
        va="top",
        linespacing=1.25,
        parse_math=False,
    )
    if subtitles:
        top = 1 - (0.12 + 0.215 * len(titles) + 0.05) / height
        figure.text(
            left, top, "\n".join(subtitles), fontsize=9.5, color=MUTED, va="top", linespacing=1.3, parse_math=False
        )
    if notes:
        figure.text(
            left,
            0.07 / height,
            "\n".join(notes),
            fontsize=8.5,
            color=MUTED,
            va="bottom",
            linespacing=1.3,
            parse_math=False,
        )
    if simulated:
        mark_simulated(figure)
    return figure


def mark_simulated(figure: Figure) -> None:
    """A badge in the corner and a pale word across the figure."""
    width, height = figure.get_size_inches()
    figure.text(
        1 - 0.12 / width,
        1 - 0.13 / height,
        "SIMULATED DATA",
        fontsize=9,
        weight="bold",
        color="white",
        ha="right",
        va="top",
        bbox={"boxstyle": "square,pad=0.35", "facecolor": VERMILLION, "edgecolor": "none"},
        gid="simulated",
    )
    figure.text(
        0.5,
        0.45,
        "SIMULATED",
        fontsize=min(52.0, 7.0 * width),
        weight="bold",
        color=VERMILLION,
        alpha=0.09,
        rotation=20,
        ha="center",
        va="center",
        zorder=0.1,
    )


def tidy(axes: Axes, *, grid: str = "") -> None:
    """Fewer lines: no upper and right spine, a pale grid along `grid` ('x', 'y' or 'both')."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, labelsize=9.5)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(True, axis=grid, color=LIGHT, linewidth=0.8)  # type: ignore[arg-type]


def message_figure(*, title: str, message: str, simulated: bool) -> Figure:
    """What stands where a figure has nothing to show: the reason."""
    figure = new_figure(title=title, body=1.0, simulated=simulated)
    axes = figure.subplots()
    axes.set_axis_off()
    text = "\n".join(textwrap.wrap(message, 80))
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=10.5, color=MUTED, transform=axes.transAxes)
    return figure


def modality_colours(modalities: list[str]) -> dict[str, str]:
    """A colour for each modality, the same in every figure for the usual ones."""
    usual = {"clinical": ORANGE, "expression": GREEN, "mutations": PURPLE}
    prefixes = {"radiomics": BLUE, "embedding": SKY, "volumetrics": VERMILLION}
    colours: dict[str, str] = {}
    for name in sorted(modalities):
        colour = usual.get(name) or next((c for p, c in prefixes.items() if name.startswith(p)), GREY)
        colours[name] = colour
    return colours


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG; the same bytes for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def png_data_uri(figure: Figure, dpi: int = DPI) -> str:
    """The figure as a `data:` address, for a page that needs no other file."""
    return "data:image/png;base64," + base64.b64encode(png(figure, dpi)).decode("ascii")
