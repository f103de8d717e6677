"""The HTML report: complete, self-contained, escaped, and calm where tables are missing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from radiogenomics.cohort import schemas
from radiogenomics.reporting import render_report
from radiogenomics.reporting.page import flat

_VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Checks that tags nest; collects text, addresses and the text before the first section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.alternatives: list[str] = []
        self.parts: list[str] = []
        self.first_screen = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self.first_screen = self.text
        if tag not in _VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.addresses += [value for key in ("src", "href") if (value := given.get(key))]
        if tag == "img":
            self.alternatives.append(given.get("alt") or "")
        assert tag not in {"script", "link", "iframe", "object"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.parts))


@pytest.fixture(scope="module")
def rendered() -> Page:
    from stored_tables import stored_tables

    return Page(render_report(**stored_tables()))


def test_the_first_screen_has_verdict_counts_three_figures_and_the_warnings(rendered: Page, tables) -> None:
    first = rendered.first_screen
    assert "No evidence that imaging adds to the clinical variables." in first
    assert "n = 172 patients, 40 events" in first
    rows = tables["metrics"].query("population == 'all'").set_index("model")
    for model in ("late/weighted", "clinical/elastic_net", "floor/hospital"):
        row = rows.loc[model]
        assert f"{row['auc']:.2f} 95 % CI {row['auc_lower']:.2f} to {row['auc_upper']:.2f} {model}" in first
    assert "Research use only. Not a medical device." in first
    assert "SIMULATED DATA" in first


def test_every_model_and_floor_is_in_the_table_of_results(rendered: Page, tables) -> None:
    for row in tables["metrics"].to_dict("records"):
        auc = f"{row['auc']:.2f} ({row['auc_lower']:.2f} to {row['auc_upper']:.2f})"
        brier = f"{row['brier']:.3f} ({row['brier_lower']:.3f} to {row['brier_upper']:.3f})"
        assert f"{row['model']} {auc} {row['n']} {row['events']} {brier}" in rendered.text


def test_the_page_needs_no_other_file_and_no_network(rendered: Page) -> None:
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in rendered.addresses)
    assert all(rendered.alternatives)
    assert len(rendered.alternatives) >= 11


def test_labels_quarantine_settings_and_sources_are_all_there(rendered: Page) -> None:
    for text in (
        "34 clinical/main: 'Unknown'",
        "age 431 is above the declared maximum 110",
        "4 entries in quarantine",
        "resampling.random_state 20260101",
        "c0ffee" * 10,
        "5 outer and 3 inner folds, repeated 5 times",
        "DeLong ER",
        "placement values over patients",
    ):
        assert text in rendered.text


@pytest.mark.usefixtures("quick_drawing")
def test_data_that_are_not_simulated_bear_no_mark(tables) -> None:
    assert "SIMULATED" not in Page(render_report(**{**tables, "simulated": False})).text


def test_the_same_tables_give_the_same_page_to_the_byte(tables) -> None:
    assert render_report(**tables) == render_report(**tables)


TABLES = ["metrics", "comparisons", "out_of_fold", "explanations", "labels", "account", "quarantine", "availability"]
SAID = {
    "metrics": "No figures of any model are stored",
    "comparisons": "No verdict: no comparison of models is stored",
    "out_of_fold": "No out-of-fold predictions of the final model are stored",
    "explanations": "No explanations are stored",
    "labels": "No labels of this endpoint are stored",
    "account": "No account of the input rows is stored",
    "quarantine": "No quarantine table is stored",
    "availability": "The availability of modalities is not stored",
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.usefixtures("quick_drawing")
def test_a_table_that_is_missing_is_named_in_its_section(tables, name: str) -> None:
    assert SAID[name] in Page(render_report(**{**tables, name: None})).text


def test_a_page_of_nothing_but_empty_tables_says_so_in_every_section() -> None:
    empty: dict[str, Any] = {
        name: schemas.empty(getattr(schemas, name.upper()))
        for name in ("metrics", "comparisons", "out_of_fold", "explanations", "labels", "quarantine", "predictions")
    }
    page = Page(render_report(cohort_title="c", endpoint="e", simulated=False, account=pd.DataFrame(), **empty))
    expected = [text for name, text in SAID.items() if name != "quarantine"]
    assert all(text in page.text for text in [*expected, "Nothing is in quarantine."])


@pytest.mark.usefixtures("quick_drawing")
def test_whatever_comes_from_data_is_escaped(tables) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    quarantine = tables["quarantine"].assign(reason=attack, patient_id=attack, file=attack)
    labels = tables["labels"].assign(reason=attack)
    comparisons = tables["comparisons"].assign(verdict=attack)
    html = render_report(
        **{
            **tables,
            "quarantine": quarantine,
            "labels": labels,
            "comparisons": comparisons,
            "cohort_title": attack,
            "settings": {attack: attack},
            "versions": {"code": attack},
        },
        description=attack,
        licence=attack,
        source_url="javascript:alert(1)",
    )
    page = Page(html)  # asserts that no script element is there
    assert "<img src=x" not in html
    assert attack in page.text
    assert not any(address.startswith("javascript") for address in page.addresses)


@pytest.mark.usefixtures("quick_drawing")
def test_availability_counts_only_modalities_that_predict_this_endpoint(tables) -> None:
    availability = tables["availability"].assign(mutations=False)
    page = Page(render_report(**{**tables, "availability": availability}))
    assert "With every modality n = 65, events = 20" in page.text


@pytest.mark.usefixtures("quick_drawing")
def test_a_long_quarantine_is_cut_and_the_rest_is_counted(tables) -> None:
    many = pd.concat([tables["quarantine"]] * 300, ignore_index=True)
    page = Page(render_report(**{**tables, "quarantine": many}))
    assert "1200 entries in quarantine" in page.text
    assert "700 further entries are in the stored quarantine table" in page.text


def test_nested_settings_become_dotted_keys() -> None:
    assert flat({"a": {"b": 1, "c": ["x", "y"]}, "d": None}) == [("a.b", "1"), ("a.c", "x, y"), ("d", "")]


def test_the_verdict_sentence_stands_first_and_operating_points_and_subgroups_have_their_tables(tables) -> None:
    figures = pd.DataFrame(
        [
            {"model": "late/weighted", "population": "all", "figure": "sensitivity", "at": 0.3}
            | {"estimate": 0.71, "lower": 0.6, "upper": 0.8},
            {"model": "late/weighted", "population": "all", "figure": "average_precision", "at": float("nan")}
            | {"estimate": 0.5, "lower": 0.4, "upper": 0.6},
            {"model": "late/mean", "population": "all", "figure": "sensitivity", "at": 0.3}
            | {"estimate": 0.123, "lower": 0.1, "upper": 0.2},
        ]
    )
    subgroups = pd.DataFrame(
        [{"subgroup": "sex", "level": "Male", "model": "late/weighted", "n": 8, "events": 2, "suppressed": "too few"}]
    )
    page = render_report(**{**tables, "figures": figures, "subgroups": subgroups, "verdict": "Believe it: 0.8."})
    lead = page.split('class="lead">')[1].split("</p>")[0]
    assert lead.startswith("Believe it")
    assert "0.30 0.71 0.60 to 0.80" in Page(page).text
    assert "average precision 0.500 (0.400 to 0.600)" in Page(page).text
    assert "0.123" not in page
    assert "suppressed: too few" in page
