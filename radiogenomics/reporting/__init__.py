"""Figures, tables for the command line, and the HTML report: pure functions of stored tables.

Light to import: matplotlib, jinja2 and rich are loaded by the functions that need them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiogenomics.reporting import figures
    from radiogenomics.reporting.records import results_records
    from radiogenomics.reporting.report import render_report
    from radiogenomics.reporting.survival_report import render_survival_report
    from radiogenomics.reporting.terminal import text_results

_HOMES = {
    "render_report": "radiogenomics.reporting.report",
    "render_survival_report": "radiogenomics.reporting.survival_report",
    "results_records": "radiogenomics.reporting.records",
    "text_results": "radiogenomics.reporting.terminal",
}

__all__ = ["figures", "render_report", "render_survival_report", "results_records", "text_results"]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("radiogenomics.reporting.figures")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
