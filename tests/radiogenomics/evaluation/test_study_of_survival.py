"""The study of survival figures: its truth is true, and the C-index's interval holds it."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.evaluation.study.survival import (
    SurvivalSetting,
    draw,
    fit,
    run_survival_study,
    true_figure,
)
from radiogenomics.evaluation.survival import harrell_c, time_dependent_auc

SETTING = SurvivalSetting("small", 80, 4, 10, 0.8, folds=4, repeats=2)


def test_the_stated_truth_is_what_a_large_cohort_shows() -> None:
    X, time, event = draw(SETTING, np.random.default_rng(1))
    weights = fit(X, time, event)
    big, months, died = draw(SETTING._replace(patients=4000), np.random.default_rng(2))
    seen = harrell_c(months, died, big @ weights)
    assert true_figure("c_index", SETTING, weights) == pytest.approx(seen.estimate, abs=0.02)
    known = died.astype(bool) | (months > SETTING.until)  # next to nobody is censored before: a plain count will do
    early, late = known & (months <= SETTING.until), months > SETTING.until
    gap = (big @ weights)[early][:, None] - (big @ weights)[late][None, :]
    assert true_figure("auc_at_horizon", SETTING, weights) == pytest.approx((gap > 0).mean(), abs=0.025)
    few = slice(0, 300)
    assert true_figure("auc_at_horizon", SETTING, weights) == pytest.approx(
        time_dependent_auc(months[few], died[few], (big @ weights)[few], SETTING.until).estimate, abs=0.1
    )


def test_a_model_that_knows_the_hazard_is_better_than_any_other_and_noise_is_worth_one_half() -> None:
    right = np.r_[np.ones(4), np.zeros(6)]
    bent = right + np.r_[np.zeros(4), np.ones(6)]
    for figure in ("c_index", "uno_c", "auc_at_horizon"):
        assert true_figure(figure, SETTING, right) > true_figure(figure, SETTING, bent) + 0.02
        assert true_figure(figure, SETTING, -right) == pytest.approx(1 - true_figure(figure, SETTING, right), abs=0.003)
        assert true_figure(figure, SETTING, np.r_[np.zeros(4), np.ones(6)]) == pytest.approx(0.5, abs=0.003)


def test_the_c_index_is_nearly_unbiased_its_interval_holds_the_truth_and_the_classic_mistake_does_not() -> None:
    counted = run_survival_study(runs=60, settings=(SETTING,)).set_index("figure")
    for figure in ("c_index", "uno_c"):
        assert abs(counted.loc[figure, "bias"]) < 0.03
        assert counted.loc[figure, "coverage"] >= 0.87
    assert counted.loc["c_index_difference", "coverage"] >= 0.87
    assert counted.loc["c_index, t over folds (the classic mistake)", "coverage"] < 0.87
