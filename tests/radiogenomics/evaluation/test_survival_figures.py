"""Survival figures: against other implementations on real times, and against what is known without computing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics.evaluation.survival import (
    breslow_survival,
    brier_at,
    censoring,
    harrell_c,
    integrated_brier,
    time_dependent_auc,
    uno_c,
)
from radiogenomics.exceptions import TableError


@pytest.fixture
def progression(shared_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Progression-free survival of 240 patients on PD-(L)1 blockade, and minus their mutation rate as risk."""
    folder = shared_data / "nsclc_pd1_msk_2018"
    tables = [
        pd.read_csv(folder / f"data_clinical_{name}.txt", sep="\t", comment="#") for name in ("patient", "sample")
    ]
    rows = tables[0].merge(tables[1], on="PATIENT_ID").sort_values("PATIENT_ID")
    event = rows["PFS_STATUS"].str.startswith("1").to_numpy(dtype=int)
    return rows["PFS_MONTHS"].to_numpy(float), event, -rows["MUTATION_RATE"].to_numpy(float)


@pytest.mark.real_data
def test_figures_agree_with_lifelines_and_scikit_survival_on_real_times(progression) -> None:
    """Harrell's C: lifelines 0.30 and scikit-survival 0.25; the others: scikit-survival.

    scikit-survival weights an event by the chance of not being censored at its time, we by that just before it (Uno's own
    definition): on these data that changes the fourth decimal.
    """
    time, event, risk = progression
    assert harrell_c(time, event, risk).estimate == pytest.approx(0.547876801097812, abs=1e-12)
    assert uno_c(time, event, risk, until=12.0).estimate == pytest.approx(0.5476186617997753, abs=2e-4)
    assert time_dependent_auc(time, event, risk, 6.0).estimate == pytest.approx(0.61379632, abs=2e-4)
    assert time_dependent_auc(time, event, risk, 12.0).estimate == pytest.approx(0.58734304, abs=2e-4)
    times = np.arange(2.0, 13.0)
    survival = np.exp(-np.exp(0.02 * (risk - risk.mean()))[:, None] * times / 8)
    assert integrated_brier(time, event, survival, times).estimate == pytest.approx(0.21340818, abs=2e-4)
    assert brier_at(time, event, survival[:, 0], 2.0) == pytest.approx(0.24149667, abs=2e-4)


def simulated(n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    death, left = rng.exponential(np.exp(-risk)), rng.exponential(2.0, n)
    return np.minimum(death, left), (death <= left).astype(int), risk


def test_harrells_c_counts_pairs_as_by_hand_ties_included() -> None:
    time, event, risk = np.array([1.0, 2.0, 2.0, 3.0]), np.array([1, 0, 1, 0]), np.array([2.0, 1.0, 1.0, 3.0])
    # known pairs: (1,2) right, (1,3) right, (1,4) wrong, (3,2) tie in risk: the censored one outlived, (3,4) wrong
    assert harrell_c(time, event, risk).estimate == pytest.approx((1 + 1 + 0 + 0.5 + 0) / 5)


def test_without_censoring_unos_c_is_harrells_and_the_time_dependent_auc_is_the_plain_one() -> None:
    from sklearn.metrics import roc_auc_score

    time, _, risk = simulated()
    event = np.ones(len(time), dtype=int)
    assert uno_c(time, event, risk).estimate == pytest.approx(harrell_c(time, event, risk).estimate)
    at = float(np.median(time))
    assert time_dependent_auc(time, event, risk, at).estimate == pytest.approx(roc_auc_score(time <= at, risk))
    half = np.full(len(time), 0.5)
    assert brier_at(time, event, half, at) == pytest.approx(0.25)


def test_only_patients_of_one_fold_are_compared() -> None:
    time, event, risk = simulated()
    fold = np.arange(len(time)) % 3
    shifted = risk + 100.0 * fold
    assert harrell_c(time, event, shifted, fold).estimate == harrell_c(time, event, risk, fold).estimate
    assert uno_c(time, event, shifted, fold=fold).estimate == uno_c(time, event, risk, fold=fold).estimate


def test_unos_c_stays_near_that_of_uncensored_times_under_heavy_censoring() -> None:
    """Two groups whose hazards converge: pairs of late times are harder, and censoring hides them from Harrell's C."""
    rng = np.random.default_rng(0)
    risk = rng.binomial(1, 0.5, 400) * 1.0
    death = np.where(risk == 1, rng.weibull(0.5, 400), 1.2 * rng.weibull(1.5, 400))
    left = rng.uniform(0, 3.0, 400)
    time, event = np.minimum(death, left), (death <= left).astype(int)
    limit = 1.0
    reference = harrell_c(np.minimum(death, limit + 1e-9), (death <= limit).astype(int), risk).estimate
    uno, harrell = uno_c(time, event, risk, until=limit).estimate, harrell_c(time, event, risk).estimate
    assert event.mean() < 0.7
    assert uno == pytest.approx(reference, abs=0.03)
    assert abs(uno - reference) < abs(harrell - reference)


def test_jackknife_intervals_of_harrells_c_hold_the_truth_as_often_as_they_say() -> None:
    time, event, risk = simulated(20000, 99)
    order = np.arange(4000)
    truth = harrell_c(time[order], event[order], risk[order]).estimate
    inside = [low <= truth <= high for _, low, high in (harrell_c(*simulated(80, seed)) for seed in range(200))]
    assert 0.90 <= np.mean(inside) <= 0.99


def test_censoring_curve_is_kaplan_meiers_with_events_before_censorings_of_the_same_time() -> None:
    time, event = np.array([1.0, 2.0, 2.0, 3.0, 4.0]), np.array([0, 1, 0, 0, 1])
    np.testing.assert_allclose(
        censoring(time, event, np.array([0.5, 1.0, 2.0, 3.0, 4.0])), [1, 0.8, 8 / 15, 4 / 15, 4 / 15]
    )
    np.testing.assert_allclose(censoring(time, event, np.array([2.0]), before=True), [0.8])


def test_the_true_survival_scores_better_than_a_wrong_one_and_breslow_comes_close_to_it() -> None:
    time, event, risk = simulated(400, 4)
    times = np.linspace(0.1, 2.0, 12)
    true = np.exp(-np.exp(risk)[:, None] * times)
    fitted = breslow_survival(time, event, risk, risk, times)
    flat = np.broadcast_to(true.mean(axis=0), true.shape)
    best, own, plain = (
        float(
            np.trapezoid([brier_at(time, event, s[:, i], float(t)) for i, t in enumerate(times)], times)
            / (times[-1] - times[0])
        )
        for s in (true, fitted, flat)
    )
    assert best < plain - 0.03
    assert own == pytest.approx(best, abs=0.01)
    assert np.abs(fitted - true).max() < 0.2


def test_what_is_wrong_with_the_arrays_is_named() -> None:
    with pytest.raises(TableError, match="time, event and risk have 3, 2 and 3 rows"):
        harrell_c(np.ones(3), np.ones(2), np.ones(3))
    with pytest.raises(TableError, match="rising times"):
        integrated_brier(np.ones(3), np.ones(3), np.ones((3, 2)), np.array([2.0, 1.0]))
