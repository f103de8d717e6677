"""Cohort flow: who came in, who was left out and why."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from radiogenomics.reporting.figures.canvas import BLUE, GREY, INK, MUTED, message_figure, new_figure
from radiogenomics.reporting.patient_flow import FlowStep
from radiogenomics.reporting.wording import endpoint_name, shorten

_LINE = 0.19  # inches
_REASONS = 6


def patient_flow_figure(steps: Sequence[FlowStep], *, endpoint: str = "", simulated: bool = False) -> Figure:
    """Boxes from top to bottom; beside each arrow, the patients that were left out with their reasons.

    `steps` as :func:`radiogenomics.reporting.patient_flow.patient_flow` returns them.
    """
    title = "Flow of patients" + (f", {endpoint_name(endpoint, inside=True)}" if endpoint else "")
    if not steps:
        return message_figure(title=title, message="No labels are stored for this endpoint.", simulated=simulated)
    notes = [_left_out(step) for step in steps]
    gaps = [max(0.42, _LINE * (len(lines) + 0.5)) for lines in notes[:-1]]
    box = 0.52
    height = box * len(steps) + sum(gaps) + 0.1
    figure = new_figure(title=title, subtitle="Patients (n) and events", body=height, simulated=simulated)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 7.3), ylim=(height, 0))
    top = 0.05
    for place, step in enumerate(steps):
        axes.add_patch(
            FancyBboxPatch(
                (0.1, top),
                3.0,
                box,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="#EAF2F8",
                edgecolor=BLUE,
                linewidth=1.2,
            )
        )
        figures = f"n = {step.patients}" + (f", events = {step.events}" if step.events is not None else "")
        axes.text(1.6, top + 0.17, step.title, ha="center", va="center", fontsize=9.5, color=INK)
        axes.text(1.6, top + 0.37, figures, ha="center", va="center", fontsize=9.5, weight="bold", color=INK)
        top += box
        if place + 1 < len(steps):
            gap = gaps[place]
            axes.annotate(
                "", (1.6, top + gap), (1.6, top), arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.3}
            )
            if notes[place]:
                axes.plot([1.6, 3.3], [top + gap / 2] * 2, color=GREY, linewidth=1.0)
                axes.text(
                    3.4,
                    top + gap / 2,
                    "\n".join(notes[place]),
                    fontsize=9,
                    va="center",
                    color=MUTED,
                    linespacing=1.25,
                    parse_math=False,
                )
            top += gap
    return figure


def _left_out(step: FlowStep) -> list[str]:
    """The lines beside the arrow that leaves this box."""
    shown, rest = step.left_out[:_REASONS], step.left_out[_REASONS:]
    lines: list[str] = []
    for reason, n in shown:
        lines.extend(textwrap.wrap(f"{n}  {shorten(reason, 150)}", 56, subsequent_indent="     "))
    if rest:
        lines.append(f"{sum(n for _, n in rest)}  for {len(rest)} other reasons")
    return lines
