"""What an asset shows is JSON, honest about what it cuts, and short enough to show without a click."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assets import display


def test_a_table_says_what_it_cuts():
    shown = display.table(pd.DataFrame(np.zeros((30, 15))), rows=5, columns=4)
    assert len(shown["value"]) == 5
    assert shown["cut"] == "25 more rows, 11 more columns"


def test_missing_and_infinite_numbers_become_null_not_text():
    frame = pd.DataFrame(
        {"a": [1.5, np.nan, np.inf], "b": pd.array([1, None, 3], dtype="Int64"), "c": ["x", None, "z"]}
    )
    shown = display.table(frame)
    assert [row["a"] for row in shown["value"]] == [1.5, None, None]
    assert [row["b"] for row in shown["value"]] == [1, None, 3]
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_an_empty_table_and_a_missing_number_can_be_shown():
    metadata = display.to_dagster(
        {"1_rows": display.table(pd.DataFrame({"a": []})), "2_n": display.number(float("nan"))}
    )
    assert metadata["1_rows"].value == "*none*"
    assert metadata["2_n"].value is None


def test_a_plot_is_two_files_and_a_short_link(tmp_path):
    figure = Figure(figsize=(8, 4))
    figure.subplots().plot([0, 1])
    item = display.plot(figure, tmp_path, ["a_cohort", "labels"], "labels")
    shown = display.to_dagster({"1": item})["1"].value
    assert shown.startswith("[![labels](http://127.0.0.1:")
    assert len(shown) < 1000
    files = sorted(p.name for p in (tmp_path / "a_cohort" / "labels").iterdir())
    assert len(files) == 2
    for file in files:
        assert file in shown


def test_a_new_plot_replaces_the_old_one_and_leaves_others(tmp_path):
    for name, value in (("roc", 1), ("roc_by_site", 1), ("roc", 2)):
        figure = Figure()
        figure.subplots().plot([0, value])
        display.plot(figure, tmp_path, ["c"], name)
    names = [p.name for p in (tmp_path / "c").iterdir()]
    assert sum(n.startswith("roc-") for n in names) == 2
    assert sum(n.startswith("roc_by_site-") for n in names) == 2


def test_links_follow_the_address_of_the_pages_server(tmp_path, monkeypatch):
    item, file = display.page("<p>x</p>", tmp_path, ["c", "e"])
    monkeypatch.setenv("RADIOGENOMICS_PAGES_URL", "http://127.0.0.1:4444/")
    assert display.to_dagster({"1": item})["1"].value == "http://127.0.0.1:4444/c/e/report.html"
    assert file.read_text() == "<p>x</p>"
