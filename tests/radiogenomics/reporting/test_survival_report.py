"""The report of a survival endpoint: complete, self-contained, its numbers those that are stored, calm where tables are missing."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from survival_tables import FINAL, survival_tables
from test_reporting_report import Page

from radiogenomics.cohort import schemas
from radiogenomics.evaluation.observed_times import median_follow_up
from radiogenomics.evaluation.verdict import survival_verdict
from radiogenomics.reporting import render_survival_report
from radiogenomics.reporting.survival_method import SURVIVAL_REFERENCES, survival_method_in_words
from radiogenomics.reporting.survival_patients import follow_up_rows, risk_group_rows, survival_flow
from radiogenomics.reporting.wording import estimate


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    return survival_tables()


@pytest.fixture(scope="module")
def verdict(given) -> str:
    return survival_verdict(given["metrics"], given["comparisons"], FINAL)


@pytest.fixture(scope="module")
def html(given, verdict) -> str:
    return render_survival_report(**given, verdict=verdict)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_the_verdict_stands_first_before_three_figures_with_their_counts(html, page, given, verdict) -> None:
    lead = html.split('class="lead">')[1].split("</p>")[0]
    assert re.sub(r"<[^>]+>", "", lead)[:30].lower() in verdict.replace(": ", " ").lower()
    first, everyone = page.first_screen, given["metrics"].query("population == 'all'").set_index("model")
    assert first.index(f"C-index of {everyone.loc[FINAL, 'c_index']:.2f}") < first.index("Final model, Harrell's C")
    for model in (FINAL, "clinical/cox", "floor/hospital"):
        row = everyone.loc[model]
        assert f"{row['c_index']:.2f} 95 % CI {row['c_index_lower']:.2f} to {row['c_index_upper']:.2f} {model}" in first
    assert first.count(f"n = 90, events = {everyone.loc[FINAL, 'events']}") == 3
    assert "Research use only. Not a medical device." in first
    assert "SIMULATED DATA" in first


def test_every_model_and_floor_stands_there_with_its_stored_figures_and_counts(page, given) -> None:
    uno = given["figures"].query("figure == 'uno_c'").set_index(["model", "population"])
    assert len(given["metrics"]) > 10
    for row in given["metrics"].to_dict("records"):
        own = uno.loc[(row["model"], row["population"])]
        said = [
            row["model"],
            estimate(row["c_index"], row["c_index_lower"], row["c_index_upper"]),
            estimate(own["estimate"], own["lower"], own["upper"]),
            estimate(row["integrated_brier"], row["integrated_brier_lower"], row["integrated_brier_upper"], 3),
            f"{row['n']} {row['events']}",
        ]
        assert " ".join(said) in page.text


def test_comparisons_stand_there_with_their_corrected_p_values(page, given) -> None:
    assert "p, corrected" in page.text
    for row in given["comparisons"].query("population == 'all'").to_dict("records"):
        assert f"{row['model']} − {row['reference']} all n = {row['n']} events = {row['events']}" in page.text
        assert estimate(row["auc_difference"], row["lower"], row["upper"]) in page.text


def test_further_figures_of_the_final_model_are_those_that_are_stored(page, given) -> None:
    own = given["figures"].query("population == 'all' and model == @FINAL")
    assert set(own["figure"]) == {"uno_c", "time_dependent_auc", "integrated_brier", "integrated_brier_gain"}
    after = page.text.split("Further figures of the final model")[1]
    for row in own.to_dict("records"):
        value = estimate(row["estimate"], row["lower"], row["upper"], 3)
        assert f"{value} {row['n']} {row['events']}" in after
    assert "Time-dependent AUC at 6 months" in after


def test_who_was_left_out_is_counted_with_the_reason(page, given) -> None:
    events = int(given["times"]["event"].sum())
    for said in (
        "Patients of the cohort n = 97",
        "5 no date of the last visit",
        f"With a known time n = 92, events = {events}",
        "2 has none of the modalities radiomics_ct, clinical",
        f"Evaluated by cross-validation n = 90, events = {events - 1}",
        "lack radiomics_ct: 23",
        "1 features refused as predictors by the leakage guard",
        "clinical:last_visit",
    ):
        assert said in page.text
    steps = survival_flow(
        given["times"], given["endpoint"], out_of_fold=given["out_of_fold"], excluded=given["excluded"]
    )
    for before, after in pairwise(steps):
        assert before.patients - sum(n for _, n in before.left_out) == after.patients


def test_follow_up_is_given_in_months_with_its_interval(page, given) -> None:
    each = given["out_of_fold"].drop_duplicates("patient_id")
    found = median_follow_up(each["time_months"].to_numpy(), each["event"].to_numpy())
    row = f"{found.estimate:.1f} ({found.lower:.1f} to {found.upper:.1f}) 90 {each['event'].sum()}"
    assert f"Median follow-up (reverse Kaplan-Meier) {row}" in page.text


def test_a_median_that_is_not_reached_is_said_to_be() -> None:
    rows = pd.DataFrame({"patient_id": list("abcdefgh"), "time_months": np.arange(1.0, 9), "event": [1] + [0] * 7})
    assert follow_up_rows(rows)[1].value == "not reached (1.0 to not reached)"
    assert follow_up_rows(None) == []


def test_curves_by_risk_have_their_figures_beside_them(page, given) -> None:
    rows = risk_group_rows(given["out_of_fold"], FINAL, 2, [6.0, 12.0])
    assert sum(row["n"] for row in rows) == 90
    for row in rows:
        assert " ".join([str(row["n"]), str(row["events"]), *row["free"]]) in page.text
    assert risk_group_rows(given["out_of_fold"], FINAL, 2, [900.0])[0]["free"] == ["–"]


def test_the_page_needs_no_other_file_and_no_network(page) -> None:
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert all(page.alternatives)
    assert len(page.alternatives) == 6


def test_limits_statements_method_and_repetition_are_there(page) -> None:
    for said in (
        "proportional hazards",
        "Censoring is assumed to be independent",
        "A C-index says how well patients are put in order, not whether the predicted chances are right",
        "cross-validation inside one cohort",
        "90 patients,",
        "Intended use, as declared: to plan visits",
        "approved in 2020",
        "5 outer and 3 inner folds, repeated 2 times",
        "Patients who share centre:town stay in one outer fold.",
        "jackknife over patients within a repeat",
        "Schemper M, Smith TL",
        "radiogenomics run cohort.yaml",
        "c0ffee" * 10,
        "4 entries in quarantine",
    ):
        assert said in page.text


def test_every_source_that_is_listed_is_cited_in_the_text(given) -> None:
    method = survival_method_in_words(given["settings"], given["metrics"])
    assert sorted(method.references) == sorted(SURVIVAL_REFERENCES.values())
    text = " ".join(method.paragraphs)
    assert [int(n) for n in dict.fromkeys(re.findall(r"\[(\d+)\]", text))] == list(range(1, len(method.references) + 1))
    assert "Patients who share" not in " ".join(survival_method_in_words({"group": "patient_id"}, None).paragraphs)


@pytest.mark.usefixtures("quick_drawing")
def test_data_that_are_not_simulated_bear_no_mark(given) -> None:
    assert "SIMULATED" not in Page(render_survival_report(**{**given, "simulated": False})).text


def test_the_same_tables_give_the_same_page_to_the_byte(given, html, verdict) -> None:
    assert render_survival_report(**given, verdict=verdict) == html


SAID = {
    "metrics": "No figures of any model are stored",
    "comparisons": "No comparison of models is stored",
    "figures": "No time-dependent AUC is stored",
    "out_of_fold": "No out-of-fold predictions of the final model are stored",
    "times": "No times of this endpoint are stored",
    "account": "No account of the input rows is stored",
    "quarantine": "No quarantine table is stored",
    "availability": "The availability of modalities is not stored",
    "refused": "No table of refused features is stored",
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.usefixtures("quick_drawing")
def test_a_table_that_is_missing_is_named_in_its_section(given, name: str) -> None:
    assert SAID[name] in Page(render_survival_report(**{**given, name: None})).text


def test_a_page_of_nothing_but_empty_tables_says_so_in_every_section() -> None:
    empty: dict[str, Any] = {
        "metrics": schemas.empty(schemas.SURVIVAL_METRICS),
        "out_of_fold": schemas.empty(schemas.SURVIVAL_OUT_OF_FOLD),
        "times": schemas.empty(schemas.SURVIVAL),
        **{name: schemas.empty(getattr(schemas, name.upper())) for name in ("figures", "comparisons", "quarantine")},
    }
    text = Page(
        render_survival_report(cohort_title="c", endpoint="e", simulated=False, final_model=FINAL, **empty)
    ).text
    expected = [said for name, said in SAID.items() if name != "quarantine"]
    assert all(said in text for said in [*expected, "Nothing is in quarantine.", "No verdict"])


@pytest.mark.usefixtures("quick_drawing")
def test_a_figure_without_an_interval_says_that_it_has_none(given) -> None:
    bare = given["metrics"].assign(c_index_lower=np.nan, c_index_upper=np.nan)
    figure = bare.query("population == 'all'").set_index("model").loc[FINAL, "c_index"]
    assert f"{FINAL} {figure:.2f} no interval" in Page(render_survival_report(**{**given, "metrics": bare})).text


@pytest.mark.usefixtures("quick_drawing")
def test_whatever_comes_from_data_is_escaped(given) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    changed = {
        "times": given["times"].assign(reason=attack),
        "excluded": given["excluded"].assign(reason=attack),
        "refused": given["refused"].assign(reason=attack),
        "comparisons": given["comparisons"].assign(verdict=attack),
        "description": attack,
        "settings": {attack: attack},
    }
    html = render_survival_report(**{**given, **changed}, source_url="javascript:alert(1)")
    assert "<img src=x" not in html
    assert not any(address.startswith("javascript") for address in Page(html).addresses)  # and no script element
