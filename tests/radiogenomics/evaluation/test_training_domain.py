"""The domain of a model: few ordinary patients lie outside it, wrong units do, and rows are not kept."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.evaluation.training_domain import is_novel, rank_p_value, summarise


def patients(n: int, p: int, seed: int) -> np.ndarray:
    """Correlated features with long tails, as radiomic ones have."""
    mixing = np.random.default_rng(7).normal(size=(8, p)) / 3
    rng = np.random.default_rng(seed)
    return np.exp(rng.standard_t(5, size=(n, 8)) @ mixing + 0.3 * rng.normal(size=(n, p)))


@pytest.mark.parametrize(("n", "p"), [(60, 10), (60, 200), (300, 30)])
def test_few_ordinary_patients_lie_outside(n: int, p: int) -> None:
    alarms = []
    for seed in range(8):
        summary = summarise(patients(n, p, seed), np.ones(p, dtype=bool), 1)
        assert summary is not None
        new = patients(250, p, 100 + seed)
        alarms.append(is_novel(summary.distance(new), summary.distances, 0.01))
        alarms.append(is_novel(summary.excess(new).max(axis=1), summary.excesses, 0.01))
    assert np.mean(alarms) < 0.02


def test_wrong_units_lie_outside() -> None:
    summary = summarise(patients(100, 30, 0), np.ones(30, dtype=bool), 1)
    assert summary is not None
    wrong = patients(200, 30, 5)
    wrong[:, :10] *= 1000
    assert is_novel(summary.distance(wrong), summary.distances, 0.01).mean() > 0.95


def test_distances_are_ranked_evenly_for_ordinary_patients() -> None:
    ranks = []
    for seed in range(12):
        summary = summarise(patients(60, 40, seed), np.ones(40, dtype=bool), 1)
        assert summary is not None
        ranks.append(rank_p_value(summary.distance(patients(200, 40, 50 + seed)), summary.distances))
    assert np.mean(np.concatenate(ranks) <= 0.2) == pytest.approx(0.2, abs=0.07)


def test_values_that_are_not_known_and_constants_say_nothing() -> None:
    values = patients(40, 5, 0)
    values[:, 2] = 3.0
    values[::3, 1] = np.nan
    summary = summarise(values, np.ones(5, dtype=bool), 1)
    assert summary is not None
    row = values[[1]].copy()
    without = row.copy()
    without[0, 2] = np.nan
    assert summary.distance(row) == pytest.approx(summary.distance(without))
    assert np.isfinite(summary.distance(np.full((1, 5), np.nan))).all()
    assert summary.excess(np.array([[np.nan, np.nan, 4.0, np.nan, np.nan]])).max() > 1000  # a constant that moves


def test_too_few_patients_have_no_summary() -> None:
    assert summarise(patients(7, 5, 0), np.ones(5, dtype=bool), 1) is None
