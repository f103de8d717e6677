"""The HTML report of one survival endpoint: one file that needs no other, from stored tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiogenomics.evaluation.populations import ALL
from radiogenomics.fusion.cox_floor import EVERYBODY
from radiogenomics.reporting.headline import Headline, headline
from radiogenomics.reporting.page import beginning, ending, environment, of_final, of_the_endpoint, population_blocks
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.survival_limits import survival_limits
from radiogenomics.reporting.survival_method import survival_method_in_words
from radiogenomics.reporting.survival_patients import follow_up_rows, known_times, risk_group_rows, survival_flow
from radiogenomics.reporting.survival_pictures import draw_survival

_NAMES = {
    "c_index": "auc",
    "c_index_lower": "auc_lower",
    "c_index_upper": "auc_upper",
    "integrated_brier": "brier",
    "integrated_brier_lower": "brier_lower",
    "integrated_brier_upper": "brier_upper",
}
"""Columns of survival metrics -> what figures and tables that classification shares call them."""

_FIGURES = {
    "uno_c": "Uno's C, events until {} months",
    "time_dependent_auc": "Time-dependent AUC at {} months",
    "integrated_brier": "Integrated Brier score until {} months (lower is better)",
    "integrated_brier_gain": "Brier score gained over one curve for everyone, until {} months (above 0 is better)",
}


def render_survival_report(
    *,
    cohort_title: str,
    endpoint: str,
    simulated: bool,
    final_model: str,
    description: str = "",
    verdict: str = "",
    metrics: pd.DataFrame | None = None,
    figures: pd.DataFrame | None = None,
    comparisons: pd.DataFrame | None = None,
    out_of_fold: pd.DataFrame | None = None,
    times: pd.DataFrame | None = None,
    excluded: pd.DataFrame | None = None,
    refused: pd.DataFrame | None = None,
    availability: pd.DataFrame | None = None,
    account: pd.DataFrame | None = None,
    quarantine: pd.DataFrame | None = None,
    contours: pd.DataFrame | None = None,
    risk_groups: int = 2,
    statements: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    versions: Mapping[str, Any] | None = None,
    command: str = "",
    source_url: str = "",
    licence: str = "",
) -> str:
    """The report as HTML text: same tables, same text. A table that is None or empty is named as missing in its section.

    Parameters
    ----------
    cohort_title, endpoint, description, final_model, risk_groups : as configured.
    simulated : puts a banner on the page and a mark on every figure.
    verdict : the one sentence that stands first; left out, the first of the comparisons does.
    metrics, figures, comparisons, out_of_fold, times : by `schemas.SURVIVAL_METRICS`, `FIGURES`, `COMPARISONS`,
        `SURVIVAL_OUT_OF_FOLD` and `SURVIVAL`; times of other endpoints are ignored.
    excluded : `patient_id`, `reason` of patients that were not evaluated.
    refused, availability, account, quarantine, contours, statements, settings, versions, command, source_url, licence : as for
        :func:`radiogenomics.reporting.report.render_report`.
    """
    availability = of_the_endpoint(availability, out_of_fold)
    named = None if metrics is None else metrics.rename(columns=_NAMES)
    ordering = None if named is None else named[named["model"] != EVERYBODY]
    first = _first(ordering, final_model)
    own = _further_figures(figures, final_model, first.population)
    months = [float(row["at"]) for row in own if row["figure"] == "time_dependent_auc"]
    page = {
        **beginning(
            cohort_title=cohort_title,
            endpoint=endpoint,
            description=description,
            simulated=simulated,
            final_model=final_model,
            first=first,
            verdict=verdict,
            comparisons=None if comparisons is None else _corrected(comparisons),
        ),
        "flow": survival_flow(times, endpoint, out_of_fold=out_of_fold, availability=availability, excluded=excluded),
        "follow_up": follow_up_rows(out_of_fold),
        "populations": _with_uno(population_blocks(named, first.population), figures),
        "has_refused": refused is not None,
        "months": months,
        "risk_groups": risk_group_rows(out_of_fold, final_model, risk_groups, months),
        "further_figures": own,
        "pictures": draw_survival(
            endpoint=endpoint,
            simulated=simulated,
            final_model=final_model,
            first=first,
            metrics=ordering,
            figures=figures,
            comparisons=comparisons,
            out_of_fold=out_of_fold,
            labels=known_times(times, endpoint),
            availability=availability,
            account=account,
            quarantine=quarantine,
            risk_groups=risk_groups,
        ),
        "outcome_name": "times",
        "measure": "Harrell's C",
        "counted": True,
        "corrected": True,
        **ending(
            account=account,
            quarantine=quarantine,
            contours=contours,
            refused=refused,
            limits=survival_limits(first.final, simulated),
            statements=statements,
            method=survival_method_in_words(settings or {}, metrics),
            settings=settings,
            versions=versions,
            command=command,
            crate="",
            source_url=source_url,
            licence=licence,
        ),
    }
    return environment().get_template("survival_report.html.j2").render(page) + "\n"


def _first(metrics: pd.DataFrame | None, final_model: str) -> Headline:
    """All patients, of whom the verdict speaks; where the final model has no figures on them, as `headline` chooses."""
    if metrics is None:
        return headline(None, final_model)
    everyone = headline(metrics[metrics["population"] == ALL], final_model)
    return everyone if everyone.final is not None else headline(metrics, final_model)


def _corrected(comparisons: pd.DataFrame) -> pd.DataFrame:
    """With the column of corrected p-values, unknown where none is stored."""
    return comparisons if "p_holm" in comparisons.columns else comparisons.assign(p_holm=float("nan"))


def _with_uno(blocks: list[dict[str, Any]], figures: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Uno's C as `uno` beside the other figures of each model and population; None where none is stored."""
    rows = [] if figures is None else table_rows(figures[figures["figure"] == "uno_c"])
    found = {(row["model"], row["population"]): row for row in rows}
    for block in blocks:
        for row in block["rows"]:
            row["uno"] = found.get((row["model"], row["population"]))
    return blocks


def _further_figures(figures: pd.DataFrame | None, final_model: str, population: str) -> list[dict[str, Any]]:
    """Rows of the final model on the patients of the first screen, each with what it is `in_words`."""
    rows = of_final(figures, final_model, population)
    for row in rows:
        row["in_words"] = _FIGURES.get(row["figure"], f"{row['figure']} at {{}}").format(f"{round(row['at'], 1):g}")
    return rows
