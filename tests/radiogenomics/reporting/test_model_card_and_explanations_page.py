"""The first screen says what the model can and cannot do; explanations show what is not to be relied on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explained_tables import explained_tables

from radiogenomics.reporting import figures, render_report
from radiogenomics.reporting.feature_words import feature_words
from radiogenomics.reporting.figures.modality_effects import modality_summary
from radiogenomics.reporting.figures.waterfall import telling_patients
from radiogenomics.reporting.headline import headline
from radiogenomics.reporting.missingness import characteristics, missingness
from radiogenomics.reporting.model_card import model_card
from radiogenomics.reporting.surviving import surviving_features

FINAL = "late/weighted"


def card(tables: dict[str, Any], **changed: Any) -> Any:
    given = {"figures": None, "comparisons": tables["comparisons"], "subgroups": None, "final_model": FINAL, **changed}
    return model_card(headline(tables["metrics"], FINAL), **given)


def figure(name: str, at: float, estimate: float, lower: float, upper: float) -> dict[str, Any]:
    return {"model": FINAL, "population": "all", "figure": name, "at": at, "estimate": estimate} | {
        "lower": lower,
        "upper": upper,
    }


def test_a_model_that_ranks_better_than_chance_can_and_says_by_how_much(tables) -> None:
    row = tables["metrics"].query("model == @FINAL and population == 'all'").iloc[0]
    said = card(tables)
    assert f"{100 * row['auc']:.0f} % of pairs" in said.can[0]
    assert f"{row['n']} patients, {row['events']} events" in said.can[0]
    assert any("not shown to add anything in answer to: imaging over clinical" in line for line in said.cannot)
    assert any("another cohort" in line for line in said.cannot)


def test_a_model_that_may_be_chance_can_do_nothing_that_rests_on_ranking(tables) -> None:
    metrics = tables["metrics"].assign(auc_lower=0.45)
    rows = pd.DataFrame(
        [figure("target_sensitivity", 0.9, 0.9, 0.8, 1.0), figure("target_specificity", 0.9, 0.3, 0.2, 0.4)]
    )
    said = card({**tables, "metrics": metrics}, figures=rows)
    assert not any("rank" in line or "Asked to find" in line for line in said.can)
    assert any(line.startswith("It is not shown to tell patients") for line in said.cannot)
    able = card(tables, figures=rows)
    assert any("found 90 % (80 to 100 %) and spared 30 %" in line for line in able.can)


def test_probabilities_that_are_off_are_said_to_be_off(tables) -> None:
    rows = pd.DataFrame(
        [figure("calibration_slope", np.nan, 0.5, 0.3, 0.7), figure("calibration_intercept", np.nan, 0, -1, 1)]
    )
    assert any("cannot be taken at face value" in line for line in card(tables, figures=rows).cannot)
    right = pd.DataFrame(
        [figure("calibration_slope", np.nan, 0.9, 0.6, 1.2), figure("calibration_intercept", np.nan, 0, -1, 1)]
    )
    assert any("not shown to be off" in line for line in card(tables, figures=right).can)


def test_what_holds_of_groups_hospitals_and_reasons_is_said(tables) -> None:
    common = {"model": FINAL, "n": 40, "events": 12, "auc": 0.7, "auc_upper": 0.9}
    groups = pd.DataFrame(
        [
            {**common, "subgroup": "sex", "level": "Female", "auc_lower": 0.6, "suppressed": ""}
            | {
                "observed_minus_predicted": -0.2,
                "observed_minus_predicted_lower": -0.3,
                "observed_minus_predicted_upper": -0.1,
            },
            {**common, "subgroup": "sex", "level": "Male", "auc_lower": np.nan, "suppressed": "fewer than 20 patients"},
        ]
    )
    sites = pd.DataFrame([{**common, "subgroup": "left out", "level": "Northgate", "auc_lower": 0.4, "suppressed": ""}])
    said = " ".join(card(tables, subgroups=groups, sites=sites, stability=explained_tables(tables)["stability"]).cannot)
    assert "too high for sex Female" in said
    assert "groups that are too small: sex Male" in said
    assert "a hospital that it has not seen: Northgate (0.70, 0.40 to 0.90)" in said
    assert "mean rank correlation 0.31, 0.22 to 0.40" in said


def test_unstable_groups_are_faded_and_labelled_in_the_plot_and_marked_in_the_table(tables) -> None:
    explained = explained_tables(tables)
    drawn = figures.shap_beeswarm_figure(tables["explanations"], importance=explained["importance"], simulated=True)
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    unstable = explained["importance"].head(len(labels)).query("not stable")["representative"]
    assert 0 < len(unstable) < len(labels)
    assert [("(unstable)" in label) for label in labels] == (
        ~explained["importance"].head(len(labels))["stable"]
    ).tolist()
    faint = {points.get_alpha() for points in drawn.axes[0].collections}
    assert min(faint) < 0.3 < max(faint)


def test_the_patients_worth_a_look_are_the_highest_the_lowest_and_the_most_wrong() -> None:
    folds = pd.DataFrame(
        {"patient_id": list("abcd"), "log_odds": [3.0, -2.0, -1.9, 0.1], "label": [1, 0, 1, 0], "repeat": 0, "fold": 0}
    )
    assert telling_patients(folds) == [
        ("highest prediction", "a", 1),
        ("lowest prediction", "b", 0),
        ("most wrong prediction", "c", 1),
    ]
    both = folds.assign(label=[0, 0, 0, 0])
    assert telling_patients(both)[0] == ("highest prediction, and most wrong prediction", "a", 0)


def test_a_waterfall_runs_from_the_base_to_the_prediction(tables) -> None:
    patient = tables["explanations"]["patient_id"].iloc[0]
    drawn = figures.waterfall_figure(tables["explanations"], patient, importance=explained_tables(tables)["importance"])
    bars = drawn.axes[0].patches
    own = tables["explanations"].query("patient_id == @patient")
    assert bars[0].get_x() == pytest.approx(-1.1)
    assert sum(bar.get_width() for bar in bars) == pytest.approx(own["shap_value"].sum())


def test_the_mean_effect_of_a_modality_has_n_events_and_interval(tables) -> None:
    effects = explained_tables(tables)["modalities"]
    summary = modality_summary(effects)
    own = effects.query("modality == 'clinical'")["effect"].abs()
    row = summary.set_index("modality").loc["clinical"]
    assert row["mean_absolute"] == pytest.approx(own.mean())
    assert row["lower"] < row["mean_absolute"] < row["upper"]
    assert row["n"] == 172


def test_features_have_their_ibsi_code_from_the_column_or_from_the_words(tables) -> None:
    dictionary = explained_tables(tables)["dictionary"]
    assert feature_words(dictionary)["radiomics_ct:original_firstorder_Mean"].ibsi == "Q4LE"
    coded = feature_words(dictionary.assign(ibsi_code=["ABCD", None]))
    assert coded["radiomics_ct:original_firstorder_Mean"].ibsi == "ABCD"
    assert coded["clinical:pack_years"] == ("pack_years", "pack-years", "", "packs a day times years")


def test_missing_values_and_characteristics_are_counted() -> None:
    X = pd.DataFrame(
        {
            "clinical:age": [60.0, 70.0, np.nan, 50.0],
            "clinical:sex=Female": [1.0, 0.0, 1.0, 1.0],
            "radiomics_ct:f": [1.0, np.nan, np.nan, 2.0],
        },
        index=list("abcd"),
    )
    y = pd.Series([1, 0, 0, 1], index=list("abcd"))
    table = missingness(X, y).set_index("modality")
    assert table.loc["radiomics_ct", ["features", "n", "patients", "events", "no_events"]].tolist() == [1, 4, 2, 2, 0]
    assert table.loc["clinical", "share_missing"] == pytest.approx(1 / 8)
    dictionary = pd.DataFrame({"modality": ["clinical"], "feature": ["age"], "unit": ["years"]})
    rows = characteristics(X, y, dictionary).set_index("variable")
    assert rows.loc["age", ["unit", "all", "event", "no_event", "missing"]].tolist() == [
        "years",
        "60.0 (10.0)",
        "55.0 (7.1)",
        "70.0",
        1,
    ]
    assert rows.loc["sex=Female", "all"] == "3 (75 %)"
    assert rows.loc["patients", ["all", "event", "no_event"]].tolist() == ["4", "2", "2"]


@pytest.mark.usefixtures("quick_drawing")
def test_the_page_shows_explanations_with_meaning_stability_drift_and_how_to_repeat_it(tables) -> None:
    page = render_report(
        **tables,
        explained=explained_tables(tables),
        sentences={"drift": "None to compare: there are no patients beyond those that the model was trained on."},
        command="radiogenomics run cohort.yaml",
        crate="ro-crate-metadata.json",
    )
    for text in (
        "What it can do",
        "What it cannot do",
        "Mean (intensity statistic) of the CT image; IBSI Q4LE",
        "weak agreement",
        "None to compare",
        "radiogenomics run cohort.yaml",
        "ro-crate-metadata.json",
        "No intended use is declared",
        "by models that never saw him",
        '@page { @top-center { content: "SIMULATED DATA"',
    ):
        assert text in page
    assert page.count('class="unstable"') > 2


def test_features_under_perturbation_are_counted_on_the_page(tables) -> None:
    table = pd.DataFrame(
        {
            "images": "ct",
            "modality": "radiomics_ct",
            "feature": ["a", "b", "c"],
            "group": "contour",
            "icc": [0.97, 0.93, np.nan],
            "lower": [0.95, 0.80, np.nan],
            "lesions": 23,
            "readings": 7,
            "kept": [True, True, False],
        }
    )
    row = surviving_features(table).iloc[0]
    assert (row["features"], row["above"], row["surely"], row["kept"]) == (3, 2, 1, 2)
    assert surviving_features(table.head(0)) is None
    page = render_report(**tables, scrutiny={"robustness": table})
    found = re.search(r'id="robustness".*?<tbody>(.*?)</tbody>', page, flags=re.DOTALL)
    assert found is not None
    assert re.findall(r">([^<>\n]+)</td>", found[1]) == ["radiomics_ct", "contour", "23", "7", "3", "2", "1", "2"]
