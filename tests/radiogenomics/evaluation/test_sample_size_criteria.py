"""Sample size: the published worked example of Riley et al., and words that say what the numbers mean."""

from __future__ import annotations

import pytest

from radiogenomics.evaluation.sample_size import (
    affordable_parameters,
    largest_r2,
    r2_from_auc,
    required_patients,
    statement,
)


def test_the_published_example_is_reproduced() -> None:
    """Worked example of the pmsampsize package: Cox-Snell R2 0.288, 24 parameters, 17.4 % events."""
    found = required_patients(0.288, 24, 0.174)
    assert (found.shrinkage, found.optimism, found.prevalence, found.needed) == (623, 662, 221, 662)
    assert found.events == pytest.approx(115.2, abs=0.05)
    assert found.per_parameter == pytest.approx(4.8, abs=0.01)
    assert largest_r2(0.174) == pytest.approx(0.603, abs=0.001)


def test_r2_from_a_c_statistic_is_the_published_one() -> None:
    """Same package: a C statistic of 0.89 at 17.4 % events stands for a Cox-Snell R2 of about 0.29."""
    assert r2_from_auc(0.89, 0.174) == pytest.approx(0.29, abs=0.005)
    assert r2_from_auc(0.5, 0.3) == 0
    assert r2_from_auc(0.6, 0.3) < r2_from_auc(0.8, 0.3) < largest_r2(0.3)


def test_affordable_parameters_are_the_most_that_the_criteria_allow() -> None:
    afford = affordable_parameters(662, 0.288, 0.174)
    assert required_patients(0.288, afford, 0.174).needed <= 662 < required_patients(0.288, afford + 1, 0.174).needed
    assert afford == 24
    assert affordable_parameters(30, 0.288, 0.174) == 0


def test_the_statement_says_in_words_whether_the_cohort_is_large_enough() -> None:
    small = statement(172, 43, 2340, 0.82)
    assert "172 patients, 43 in the rarer class" in small
    assert "not enough for a single predictor" in small
    assert statement(1000, 500, 10, 0.82).endswith("at an AUC of 0.82 and 50 % events.")
    assert "Large enough" in statement(1000, 500, 10, 0.82)
    assert "no number of patients" in statement(100, 30, 5, 0.48)
    assert "nothing to learn" in statement(100, 0, 5, 0.7)
