"""What stands first, and what goes to the command line and to JSON."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from radiogenomics.cohort import schemas
from radiogenomics.evaluation import comparisons as asked
from radiogenomics.reporting import results_records, text_results
from radiogenomics.reporting.headline import COMPARISON_ORDER, best_single_modalities, headline, outcome, verdicts
from radiogenomics.reporting.populations import distinct_comparisons, populations


def printed(renderable: object, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_final_model_baseline_and_floor_stand_on_the_same_patients(tables) -> None:
    first = headline(tables["metrics"], "late/weighted")
    assert first.population == "all"
    assert {first.final["n"], first.baseline["n"], first.floor["n"]} == {172}
    rows = tables["metrics"].query("population == 'all'").set_index("model")["auc"]
    assert first.baseline["auc"] == max(rows["clinical/elastic_net"], rows["clinical/xgboost"])
    assert first.floor["auc"] == rows[rows.index.str.startswith("floor/")].max()


def test_a_smaller_population_is_shown_where_the_baseline_does_not_cover_the_larger(tables) -> None:
    metrics = tables["metrics"]
    without = metrics[~((metrics["population"] == "all") & (metrics["role"] == "clinical_baseline"))]
    assert headline(without, "late/weighted").population == "radiomics_ct"  # 113 patients, more than the complete ones


def test_without_the_final_model_nothing_takes_its_place(tables) -> None:
    assert headline(tables["metrics"], "late/unheard_of") == ("", None, None, None)
    assert headline(None, "late/weighted").final is None


def test_the_order_of_questions_names_those_that_evaluation_asks() -> None:
    names = (asked.IMAGING_OVER_CLINICAL, asked.IMAGING_OVER_OTHERS, asked.FUSION_OVER_CLINICAL)
    assert (*names, asked.FUSION_OVER_SINGLE, asked.FUSION_OVER_FLOOR) == COMPARISON_ORDER


def test_the_first_verdict_is_about_imaging_whatever_the_order_of_the_table(tables) -> None:
    shuffled = tables["comparisons"].iloc[::-1]
    found = verdicts(shuffled, "all")
    assert [row["comparison"] for row in found] == [
        "imaging over clinical",
        "fusion over best single modality",
        "fusion over confounder floor",
    ]


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(0.01, 0.2, "better"), (-0.2, -0.01, "worse"), (-0.1, 0.1, "no evidence"), (np.nan, 0.1, "unknown")],
)
def test_only_an_interval_that_excludes_zero_is_a_difference(lower: float, upper: float, expected: str) -> None:
    assert outcome({"lower": lower, "upper": upper}) == expected


def test_one_model_a_modality_is_compared_with_the_fusion(tables) -> None:
    found = best_single_modalities(tables["metrics"], "complete")
    assert [model.split("/")[0] for model in found] == ["clinical", "expression", "radiomics_ct"]


def test_the_same_patients_under_two_names_are_listed_once(tables) -> None:
    everyone = tables["metrics"].query("population == 'all'")
    metrics = pd.concat([everyone.assign(population="complete"), everyone], ignore_index=True)
    found = populations(metrics)
    assert [(block.name, block.same_as) for block in found] == [("all", ("complete",))]
    assert "the same as patients with every modality" in found[0].heading
    comparisons = pd.concat([tables["comparisons"].assign(population="complete"), tables["comparisons"]])
    assert distinct_comparisons(comparisons)["population"].tolist() == ["all"] * 3
    assert len(populations(tables["metrics"])) == 3  # other patients stay apart


def test_records_are_strict_json_with_null_for_what_is_not_known(tables) -> None:
    metrics = tables["metrics"].assign(auc=np.nan)
    records = results_records(metrics, tables["comparisons"])
    again = json.loads(json.dumps(records, allow_nan=False))
    assert len(again) == len(metrics) + len(tables["comparisons"])
    assert again[0]["auc"] is None
    assert again[0]["n"] == 172
    assert {record["table"] for record in again} == {"metrics", "comparisons"}


def test_the_terminal_shows_every_model_and_floor_with_n_events_auc_and_interval(tables) -> None:
    text = printed(text_results(tables["metrics"], tables["comparisons"], title="cohort", simulated=True))
    for row in tables["metrics"].query("population == 'all'").to_dict("records"):
        line = next(line for line in text.splitlines() if line.startswith(row["model"]))
        assert f"{row['auc']:.2f} ({row['auc_lower']:.2f} to {row['auc_upper']:.2f})" in line
        assert "172" in line
        assert "40" in line
    assert "SIMULATED DATA" in text
    assert "No evidence that imaging adds" in text


def test_the_terminal_takes_no_markup_from_data(tables) -> None:
    metrics = tables["metrics"].assign(model=lambda t: t["model"].replace("late/mean", "late/[red]mean[/red]"))
    assert "late/[red]mean[/red]" in printed(text_results(metrics))


@pytest.mark.parametrize("metrics", [None, schemas.empty(schemas.METRICS), pd.DataFrame()])
def test_without_results_the_terminal_says_so(metrics) -> None:
    assert "No results are stored yet" in printed(text_results(metrics))
