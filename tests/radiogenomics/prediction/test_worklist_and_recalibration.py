"""The worklist's order, and recalibration of a model that is off by a known amount."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from radiogenomics.cohort.model_use import Worklist
from radiogenomics.prediction.validation import RESCALED, SHIFTED, recalibrated
from radiogenomics.prediction.worklist import rank_patients


def rows(probabilities: list[float]) -> pd.DataFrame:
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(len(probabilities))], "probability": probabilities})
    abstained = table["probability"].isna()
    return table.assign(
        lower=0.1,
        upper=0.9,
        in_domain=~abstained,
        abstained=abstained,
        abstention_reason=np.where(abstained, "far", ""),
    )


def test_a_patient_for_whom_the_result_is_urgent_comes_before_a_likelier_one() -> None:
    rules = Worklist(benefit=10, cost=1, urgency="clinical:stage", urgency_weights={3.0: 3.0})
    stage = pd.Series({"P0": 0.0, "P1": 3.0, "P2": np.nan, "P3": 3.0})
    ranked = rank_patients(rows([0.6, 0.3, 0.5, np.nan]), rules, stage, None)
    assert ranked["patient_id"].tolist() == ["P1", "P0", "P2", "P3"]
    assert ranked["value"].tolist()[:3] == pytest.approx([8, 5, 4])
    assert ranked["rank_by_probability"].tolist()[:3] == [3, 1, 2]
    assert ranked["rank_by_value"].isna().tolist() == [False, False, False, True]
    assert ranked["abstention_reason"].iloc[-1] == "far"


def test_without_urgency_value_and_probability_give_the_same_order() -> None:
    ranked = rank_patients(rows([0.2, 0.9, 0.5]), Worklist(), None, None)
    assert ranked["rank_by_value"].tolist() == ranked["rank_by_probability"].tolist() == [1, 2, 3]
    assert ranked["expected_found"].tolist() == pytest.approx([0.9, 1.4, 1.6])


def test_recalibration_finds_a_known_shift_and_slope_and_each_patient_is_left_out() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=3000) * 1.5
    label = (rng.random(3000) < expit(truth)).astype(int)
    given = 1.0 + 2.0 * truth
    found = recalibrated(given, label)
    assert np.corrcoef(found[RESCALED], truth)[0, 1] > 0.999
    assert found[RESCALED] == pytest.approx(truth, abs=0.35)
    assert (found[SHIFTED] - given).mean() == pytest.approx(np.log(1) - 1.0, abs=0.35)
    flipped = label.copy()
    flipped[0] = 1 - flipped[0]
    own = recalibrated(given, label)[RESCALED][0]
    assert abs(recalibrated(given, flipped)[RESCALED][0] - own) < 0.05


def test_a_silent_model_stays_silent_and_one_class_cannot_be_recalibrated() -> None:
    found = recalibrated(np.array([0.1, np.nan, 0.3, -0.2, 0.5]), np.array([0, 1, 1, 0, 1]))
    assert np.isnan(found[SHIFTED][1])
    assert np.isfinite(found[SHIFTED][[0, 2, 3, 4]]).all()
    assert np.isnan(recalibrated(np.array([0.1, 0.3]), np.array([1, 1]))[SHIFTED]).all()
