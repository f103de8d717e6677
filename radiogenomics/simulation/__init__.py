"""Simulated cohorts with known truth, in the file formats that hospitals hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radiogenomics.simulation.biology import Biology, Effects, OutcomeEffects, View
from radiogenomics.simulation.cohort_file import cohort_text

if TYPE_CHECKING:
    from radiogenomics.simulation.simulate import SimulationSummary, simulate_cohort

__all__ = [
    "Biology",
    "Effects",
    "OutcomeEffects",
    "SimulationSummary",
    "View",
    "cohort_text",
    "simulate_cohort",
]


def __getattr__(name: str) -> Any:
    if name in {"SimulationSummary", "simulate_cohort"}:  # they bring scipy's image filters: only when wanted
        from radiogenomics.simulation import simulate

        return getattr(simulate, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
