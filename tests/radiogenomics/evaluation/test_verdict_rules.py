"""Verdicts are chosen by rule: Holm's correction, and one sentence that says which model to believe."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.evaluation.comparisons import Question, _holm, verdict
from radiogenomics.evaluation.concordance import Difference
from radiogenomics.evaluation.verdict import verdict_sentence

IMAGING = Question(
    "imaging over clinical", "late/weighted", ("clinical/elastic_net",), "imaging", "the clinical variables"
)


def test_p_values_are_corrected_as_holm_published_within_a_family() -> None:
    tests = [("main", 0.01), ("main", 0.04), ("main", 0.03), ("main", 0.005), ("left out", 0.04), ("main", np.nan)]
    corrected = _holm(tests)
    assert corrected[:5] == pytest.approx([0.03, 0.06, 0.06, 0.02, 0.04])
    assert np.isnan(corrected[5])


@pytest.mark.parametrize(
    ("found", "p_holm", "start"),
    [
        (Difference(0.08, 0.02, 0.14, 0.01), 0.04, "imaging adds 0.080 (0.020 to 0.140) AUC to the clinical variables"),
        (Difference(0.06, 0.01, 0.11, 0.03), 0.15, "imaging may add to the clinical variables"),
        (Difference(0.02, -0.03, 0.07, 0.4), 1.0, "no evidence that imaging adds"),
        (Difference(-0.1, -0.18, -0.02, 0.01), 0.05, "imaging scores below the clinical variables"),
        (Difference(0.1, np.nan, np.nan, np.nan), np.nan, "no evidence that imaging adds"),
    ],
)
def test_adds_is_said_only_where_interval_and_correction_agree(found: Difference, p_holm: float, start: str) -> None:
    assert verdict(IMAGING, "clinical/elastic_net", found, p_holm, 5).startswith(start)


def tables(auc_lower: float, better: set[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    metrics = pd.DataFrame(
        [{"model": "late/weighted", "population": "all", "n": 100, "events": 30, "auc": 0.8, "auc_upper": 0.9}]
    ).assign(auc_lower=auc_lower)
    references = {
        "fusion over confounder floor": "floor/hospital",
        "fusion over clinical": "clinical/elastic_net",
        "imaging over clinical": "clinical/elastic_net",
        "fusion over best single modality": "expression/elastic_net",
    }
    rows = [
        {
            "comparison": name,
            "reference": reference,
            "population": "all",
            "n": 100,
            "auc_difference": 0.1,
            "lower": 0.02 if name in better else -0.05,
            "p_value": 0.01,
            "p_holm": 0.04 if name in better else 1.0,
        }
        for name, reference in references.items()
    ]
    return metrics, pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("auc_lower", "better", "said"),
    [
        (0.48, set(), "Do not use: late/weighted reaches an AUC of 0.80"),
        (0.7, set(), "Do not believe it yet"),
        (0.7, {"fusion over confounder floor"}, "not shown to be better than clinical/elastic_net alone"),
        (
            0.7,
            {"fusion over confounder floor", "fusion over clinical"},
            "no evidence that imaging is needed for that",
        ),
        (
            0.7,
            {"fusion over confounder floor", "fusion over clinical", "imaging over clinical"},
            "imaging adds to it",
        ),
    ],
)
def test_the_sentence_names_the_first_thing_that_stands_in_the_way(
    auc_lower: float, better: set[str], said: str
) -> None:
    assert said in verdict_sentence(*tables(auc_lower, better), "late/weighted")


def test_without_figures_of_the_final_model_there_is_no_verdict() -> None:
    metrics, comparisons = tables(0.7, set())
    assert verdict_sentence(metrics, comparisons, "late/mean").startswith("No verdict")
