"""What the page says of other cohorts, and of which model it speaks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from declared_cohort import COHORT as DECLARED

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.reporting import render_report
from radiogenomics.reporting.checklists.evidence import MET, NOT_APPLICABLE, PARTLY, UNMET, Evidence
from radiogenomics.reporting.checklists.filled import fill
from radiogenomics.reporting.external_validation import external_validation, said_of_validation
from radiogenomics.reporting.standing import standing_in_words
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.validations import StoredValidation, Validations

ARCHIVE = Path(__file__).parents[2] / "archives" / "validations"
COHORT = {**DECLARED, "name": "simulated"}


@pytest.fixture
def stored() -> StoredValidation:
    return Validations(ARCHIVE).of_model("simulated", "egfr_status", "late-weighted-d6c7696bae05")[-1]


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def changed(stored: StoredValidation, figure: str, estimate: float, lower: float, upper: float) -> StoredValidation:
    figures = stored.figures.copy()
    own = (figures["figure"] == figure) & (figures["population"] == "all") & (figures["version"] == "as stored")
    figures.loc[own, ["estimate", "lower", "upper"]] = [estimate, lower, upper]
    return replace(stored, figures=figures)


@pytest.mark.usefixtures("quick_drawing")
def test_the_page_shows_when_which_cohort_and_each_figure_by_what_patients_have(tables, stored) -> None:
    page = text_of(render_report(**tables, validation=stored))
    assert "late-weighted-d6c7696bae05 on Made of random numbers (elsewhere), SIMULATED DATA, 2026-11-28" in page
    assert "Development, internal and external evaluation" in page
    rows = stored.figures[(stored.figures["version"] == "as stored") & (stored.figures["figure"] == "auc")]
    known = rows.set_index("population")
    for population in ("all", "has clinical", "has clinical, expression"):
        row = known.loc[population]
        counts = stored.counts.set_index("population").loc[population]
        figures = f"{row['estimate']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})"
        shown = (
            f"{population[0].upper()}{population[1:]} {counts['n']} {counts['events']} {counts['abstained']} {figures}"
        )
        assert shown in page
    assert "Recalibrated here: intercept and slope" in page
    assert "Above the better of all and none" in page
    assert "Expression: 3 genes are not there" in page


@pytest.mark.usefixtures("quick_drawing")
def test_without_a_validation_the_page_says_so_and_names_the_command(tables) -> None:
    page = text_of(render_report(**tables))
    assert "No validation of this model on another cohort is stored; `radiogenomics validate` makes one." in page
    assert "Development and internal evaluation" in page
    assert "It has not been tested on patients of another cohort." in page


def test_a_group_that_is_too_small_has_counts_alone(stored) -> None:
    figures = stored.figures[stored.figures["population"] != "has clinical"]
    rows = {row["population"]: row for row in external_validation(replace(stored, figures=figures)).rows[:4]}
    assert rows["has clinical"]["figures"] == {}
    assert rows["has clinical"]["n"] == 15
    assert set(rows["all"]["figures"]) == {"auc", "brier", "calibration_in_the_large", "calibration_slope"}


@pytest.mark.parametrize(
    ("figure", "values", "can", "cannot"),
    [
        ("auc", (0.75, 0.6, 0.9), "ranks patients of another cohort better than chance: AUC 0.75", ""),
        ("auc", (0.55, 0.4, 0.7), "", "not shown to rank patients of another cohort"),
        ("calibration_slope", (0.4, 0.2, 0.7), "", "are off on patients of another cohort"),
    ],
)
def test_sentences_follow_the_intervals(stored, figure: str, values: Any, can: str, cannot: str) -> None:
    good = changed(stored, "calibration_in_the_large", 0.0, -0.3, 0.3)
    good = changed(changed(good, "calibration_slope", 1.0, 0.6, 1.4), "auc", 0.8, 0.7, 0.9)
    assert not said_of_validation(good)[1]
    able, unable = said_of_validation(changed(good, figure, *values))
    assert can in " ".join(able)
    assert cannot in " ".join(unable)
    assert bool(unable) == bool(cannot)


def test_items_on_external_evaluation_are_met_by_a_validation_and_unmet_without(tables, stored) -> None:
    def statuses(validation: StoredValidation | None) -> dict[str, str]:
        given = Evidence(
            Cohort.model_validate(COHORT), "egfr_status", {"metrics": tables["metrics"]}, validation=validation
        )
        items = {name: {i.id: i for i in fill(name, given).items} for name in ("clear", "metrics", "tripod_ai")}
        return {f"{name} {at}": items[name][at].status for name, at in asked}

    asked = (("clear", "38"), ("metrics", "27"), ("tripod_ai", "16"))
    assert statuses(stored) == {"clear 38": MET, "metrics 27": MET, "tripod_ai 16": PARTLY}
    without = {"clear 38": PARTLY, "metrics 27": UNMET, "tripod_ai 16": NOT_APPLICABLE}
    assert statuses(None) == without
    assert statuses(replace(stored, shared=2)) == without
    assert statuses(replace(stored, on="simulated")) == without


@pytest.mark.usefixtures("quick_drawing")
def test_a_validation_on_patients_of_the_training_is_called_none(tables, stored) -> None:
    page = text_of(render_report(**tables, validation=replace(stored, shared=7)))
    assert "No external validation: 7 patients of &#39;elsewhere&#39; bear identifiers of patients" in page
    assert "Development and internal evaluation" in page


def test_the_page_says_whether_it_describes_the_model_in_use(tmp_path: Path) -> None:
    stages = ModelStages(tmp_path, "little", "response")
    stages.add("first-1", "registered by training", by="ann")
    assert standing_in_words(stages.history(), "first-1").endswith("No model is in use: the endpoint has no champion.")
    stages.promote("first-1", "first", by="gate")
    same = standing_in_words(stages.history(), "first-1")
    assert same.startswith("This page describes first-1, the champion, which is the model in use: since 20")
    assert same.endswith("by gate, because: first.")
    stages.add("second-2", "registered by training", by="ann")
    other = standing_in_words(stages.history(), "second-2")
    assert "describes second-2 (candidate: since 20" in other
    assert "which is not the model in use. The champion is first-1: since 20" in other
    assert "no figure or explanation here is of it" in other
    stages.promote("second-2", "better", by="bob")
    assert "by bob, because: better" in standing_in_words(stages.history(), "second-2")
    assert "(retired: since" in standing_in_words(stages.history(), "first-1")
    assert "(without a stage)" in standing_in_words(pd.DataFrame(columns=stages.history().columns), "x")


@pytest.mark.usefixtures("quick_drawing")
def test_the_standing_is_on_the_first_screen(tables) -> None:
    html = render_report(**tables, standing="This page describes late-mean-1, the champion.")
    assert html.index("late-mean-1, the champion") < html.index("<main>")
