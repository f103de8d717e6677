"""Further figures of the final model, sorted for reading: single ones, and what holds at each threshold."""

from __future__ import annotations

from typing import Any, NamedTuple

from radiogenomics.reporting.wording import known

AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv", "net_benefit", "net_benefit_gain")
AT_TARGET = ("target_sensitivity", "target_specificity", "target_ppv", "target_npv", "target_threshold")


class OperatingPoints(NamedTuple):
    """Rows of `schemas.FIGURES`.

    Attributes
    ----------
    single : figures that hold at no threshold. thresholds, targets : (at, figure -> row) for each declared threshold, and for
        each sensitivity that was aimed at.
    """

    single: list[dict[str, Any]]
    thresholds: list[tuple[float, dict[str, dict[str, Any]]]]
    targets: list[tuple[float, dict[str, dict[str, Any]]]]


def operating_points(rows: list[dict[str, Any]]) -> OperatingPoints:
    """Sort the rows of one model on one population."""
    single = [row for row in rows if not known(row["at"])]
    return OperatingPoints(single, _by_place(rows, AT_THRESHOLD), _by_place(rows, AT_TARGET))


def _by_place(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[tuple[float, dict[str, dict[str, Any]]]]:
    found: dict[float, dict[str, dict[str, Any]]] = {}
    for row in rows:
        if known(row["at"]) and row["figure"] in names:
            found.setdefault(float(row["at"]), {})[row["figure"]] = row
    return sorted(found.items(), key=lambda item: item[0])
