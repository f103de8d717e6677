"""Checklists are whole, and tick nothing without evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from declared_cohort import COHORT
from explained_tables import explained_tables

from radiogenomics.cohort.configuration import Cohort, Statements
from radiogenomics.reporting import render_report
from radiogenomics.reporting.checklists.evidence import MET, NOT_APPLICABLE, PARTLY, UNMET, Evidence, Found
from radiogenomics.reporting.checklists.filled import CHECKLISTS, fill, reference
from radiogenomics.reporting.checklists.rules import combined, rule_of


def evidence(tables: dict[str, pd.DataFrame], **changed: Any) -> Evidence:
    return Evidence(Cohort.model_validate({**COHORT, **changed}), "egfr_status", tables)


def statuses(name: str, given: Evidence) -> dict[str, str]:
    return {item.id: item.status for item in fill(name, given).items}


def test_each_checklist_has_all_of_its_items_once() -> None:
    tripod, clear, metrics = ([item["id"] for item in reference(name)["items"]] for name in CHECKLISTS)
    assert {number.rstrip("abcdefg") for number in tripod} == {str(i) for i in range(1, 28)}
    assert len(tripod) == len(set(tripod)) == 52
    assert clear == [str(i) for i in range(1, 59)]
    assert metrics == [str(i) for i in range(1, 31)]
    assert len(reference("metrics")["conditions"]) == 5


def test_with_nothing_stored_and_nothing_declared_nothing_but_the_page_itself_is_met() -> None:
    given = evidence({}, title="")
    for name in CHECKLISTS:
        met = {item.note for item in fill(name, given).items if item.status == MET}
        assert met <= {
            "TRIPOD+AI, CLEAR and METRICS are filled on this page",
            "limits of this run",
            "one kind of imaging",
        }


def test_every_statement_that_a_checklist_asks_for_can_be_declared_and_is_then_cited() -> None:
    fields = set(Statements.model_fields)
    asked = {
        rule.removeprefix("statement:")
        for name in CHECKLISTS
        for item in reference(name)["items"]
        for rule in item["rules"]
        if rule.startswith("statement:")
    }
    assert asked <= fields
    given = evidence({}, statements={"ethics": "Approved by the board, 2019/12"})
    item = next(item for item in fill("tripod_ai", given).items if item.id == "17")
    assert (item.status, item.link) == (MET, "statement-ethics")
    assert "Approved by the board" in item.note
    assert statuses("tripod_ai", evidence({}))["17"] == UNMET


def test_an_item_is_met_by_the_table_that_shows_it_and_unmet_without(tables) -> None:
    stored = {name: tables[name] for name in ("metrics", "out_of_fold", "labels", "comparisons")}
    with_them, without = statuses("tripod_ai", evidence(stored)), statuses("tripod_ai", evidence({}))
    for item in ("12a", "12c", "20a", "21"):
        assert (without[item], with_them[item]) == (UNMET, MET)
    assert with_them["23a"] == PARTLY  # performance, but no subgroups
    assert with_them["12d"] == UNMET  # no hospital was left out


def test_ready_made_features_do_not_pass_as_documented_image_processing(tables) -> None:
    clear = statuses("clear", evidence({"metrics": tables["metrics"]}))
    assert [clear[item] for item in ("21", "22", "23", "25", "31")] == [UNMET] * 5


def test_checklists_of_radiomics_do_not_apply_where_no_image_predicts() -> None:
    endpoint = {**COHORT["endpoints"]["egfr_status"], "modalities": ["clinical"]}
    given = evidence({}, endpoints={"egfr_status": endpoint})
    assert set(statuses("clear", given).values()) == {NOT_APPLICABLE}
    assert NOT_APPLICABLE in set(statuses("tripod_ai", given).values())


def test_conditions_of_metrics_take_items_out() -> None:
    filled = fill("metrics", evidence({}))
    holds = {number: value for number, _, value in filled.conditions}
    assert (holds["C1"], holds["C2"], holds["C5"]) == (True, False, False)
    by_id = {item.id: item.status for item in filled.items}
    assert by_id["9"] == by_id["17"] == NOT_APPLICABLE
    assert by_id["27"] == UNMET
    assert sum(filled.counts.values()) == 30


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([MET, MET], MET),
        ([MET, UNMET], PARTLY),
        ([UNMET, UNMET], UNMET),
        ([NOT_APPLICABLE, UNMET], UNMET),
        ([NOT_APPLICABLE], NOT_APPLICABLE),
    ],
)
def test_several_rules_of_an_item_are_combined_carefully(given: list[str], expected: str) -> None:
    assert combined([Found(status, "") for status in given]).status == expected


def test_every_rule_answers_without_and_with_tables(tables) -> None:
    names = {rule for name in CHECKLISTS for item in reference(name)["items"] for rule in item["rules"]}
    for stored in ({}, {n: t for n, t in tables.items() if isinstance(t, pd.DataFrame)} | explained_tables(tables)):
        for name in names:
            found = rule_of(name)(evidence(stored))
            assert found.status in {MET, PARTLY, UNMET, NOT_APPLICABLE}
            assert found.status != MET or found.link, f"{name} ticks without a link"


@pytest.mark.usefixtures("quick_drawing")
def test_every_link_of_the_page_leads_to_a_place_on_it(tables) -> None:
    import re

    explained = explained_tables(tables)
    stored = {n: t for n, t in tables.items() if isinstance(t, pd.DataFrame)} | explained
    given = evidence(stored, statements={"ethics": "approved", "intended_use": "to order testing"})
    filled = [fill(name, given) for name in CHECKLISTS]
    page = render_report(
        **tables, explained=explained, checklists=filled, statements=given.cohort.statements.model_dump()
    )
    places = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links
    assert links <= places
    assert "unmet" in page
    assert "not declared (statements.funding)" in page
