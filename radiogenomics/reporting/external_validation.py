"""The latest external validation of a model, as rows of a page and in sentences chosen by rule."""

from __future__ import annotations

from typing import Any, NamedTuple

from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import interval, known, number
from radiogenomics.storage.validations import StoredValidation

AS_STORED = "as stored"
_COLUMNS = ("auc", "calibration_in_the_large", "calibration_slope", "brier")
_BENEFITS = ("net_benefit", "net_benefit_above_default")


class ExternalValidation(NamedTuple):
    """What a page shows of a validation.

    Attributes
    ----------
    rows : one for each version of the model and group of patients, with its figures by name; a group that is too small for
        figures has counts alone.
    benefits : one for each group and threshold, of the model as stored.
    """

    stored: StoredValidation
    rows: list[dict[str, Any]]
    benefits: list[dict[str, Any]]


def external_validation(stored: StoredValidation) -> ExternalValidation:
    """Figures by version, group of patients and threshold, in the order in which they are stored."""
    figures = table_rows(stored.figures)
    rows = []
    for version in dict.fromkeys([AS_STORED, *(row["version"] for row in figures)]):
        for group in table_rows(stored.counts):
            own = _of(figures, version, group["population"], _COLUMNS)
            if own or version == AS_STORED:
                rows.append({"version": version, **group, "figures": {row["figure"]: row for row in own}})
    benefits = []
    for group in table_rows(stored.counts):
        own = _of(figures, AS_STORED, group["population"], _BENEFITS)
        for at in dict.fromkeys(row["at"] for row in own):
            here = {row["figure"]: row for row in own if row["at"] == at}
            benefits.append({"population": group["population"], "at": at, "figures": here})
    return ExternalValidation(stored, rows, benefits)


def _of(figures: list[dict[str, Any]], version: str, population: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        row
        for row in figures
        if row["version"] == version and row["population"] == population and row["figure"] in names
    ]


def said_of_validation(stored: StoredValidation | None) -> tuple[list[str], list[str]]:
    """What the model can, and cannot, do on patients of another cohort."""
    if stored is None:
        return [], ["It has not been tested on patients of another cohort."]
    if not stored.external:
        return [], [f"It has not been tested on other patients: {stored.why_not_external}."]
    everyone = {row["figure"]: row for row in external_validation(stored).rows[0]["figures"].values()}
    auc = everyone.get("auc")
    if auc is None or not known(auc["lower"]):
        return [], [f"It was applied to another cohort ({stored.title}), which has too few patients for figures."]
    counted = f"{auc['n']} patients, {auc['events']} events of {stored.title}"
    said = f"AUC {number(auc['estimate'])} ({interval(auc['lower'], auc['upper'])}); {counted}"
    can, cannot = [], []
    if auc["lower"] > 0.5:
        can.append(f"It ranks patients of another cohort better than chance: {said}.")
    else:
        cannot.append(f"It is not shown to rank patients of another cohort better than chance: {said}.")
    large, slope = everyone.get("calibration_in_the_large"), everyone.get("calibration_slope")
    if large is None or slope is None or not known(large["lower"]) or not known(slope["lower"]):
        return can, cannot
    text = (
        f"calibration in the large {number(large['estimate'])} ({interval(large['lower'], large['upper'])}, ideal 0), slope "
        f"{number(slope['estimate'])} ({interval(slope['lower'], slope['upper'])}, ideal 1)"
    )
    if large["lower"] <= 0 <= large["upper"] and slope["lower"] <= 1 <= slope["upper"]:
        can.append(f"Its probabilities are not shown to be off on patients of another cohort: {text}.")
    else:
        cannot.append(f"Its probabilities are off on patients of another cohort: {text}.")
    return can, cannot
