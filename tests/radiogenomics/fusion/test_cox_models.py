"""Cox models: published values, the contract of every survival model, and late fusion of risk scores."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.exceptions import ComputationError, ConfigurationError, TableError
from radiogenomics.fusion import SURVIVAL_ALGORITHMS, TRUSTED_TYPES, build_survival_models, fit_final_survival
from radiogenomics.fusion.cox import CoxElasticNet
from radiogenomics.fusion.late_cox import LateCox
from radiogenomics.fusion.partial_likelihood import (
    baseline_hazard,
    log_partial_likelihood,
    martingale_residuals,
    penalised_cox,
    risk_recalibration,
)
from radiogenomics.storage.models import ModelRegistry

EXACT = {"tolerance": 1e-10, "maximum_iterations": 5000}

MERCAPTOPURINE = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Weeks of remission of Freireich et al. 1963, as analysed by Cox 1972; negative: censored."""


def leukaemia() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signed = np.array(MERCAPTOPURINE + PLACEBO, dtype=float)
    treated = np.repeat([0.0, 1.0], 21)
    return (treated - treated.mean())[:, None], np.abs(signed), (signed > 0).astype(int)


def test_the_leukaemia_trial_gives_the_values_of_r_survival() -> None:
    """coxph(Surv(time, status) ~ group), ties = 'efron': coefficient 1.572, log likelihoods -93.18 and -85.01."""
    design, times, events = leukaemia()
    found = penalised_cox(design, times, events, np.array([0.0]), np.array([0.0]), **EXACT)
    assert found[0, 0] == pytest.approx(1.57213, abs=1e-4)
    assert log_partial_likelihood(np.zeros((42, 1)), times, events)[0] == pytest.approx(-93.18427, abs=1e-4)
    assert log_partial_likelihood(design @ found, times, events)[0] == pytest.approx(-85.00842, abs=1e-4)


def test_the_martingale_residuals_sum_to_zero_and_the_cumulative_hazard_is_nelson_aalens() -> None:
    _, times, events = leukaemia()
    assert martingale_residuals(times, events).sum() == pytest.approx(0.0, abs=1e-10)
    when, cumulative = baseline_hazard(np.zeros(42), times, events)
    assert when[:3].tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(cumulative[:3], np.cumsum([2 / 42, 2 / 40, 1 / 38]))


def tied(n: int = 100, q: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rng.normal(size=42)
    design = rng.normal(size=(n, q))
    design = (design - design.mean(axis=0)) / design.std(axis=0, ddof=1)
    times = np.round(rng.exponential(np.exp(-design[:, 0] * 0.8 + design[:, 1] * 0.5)) * 10) / 10 + 0.1
    return design, times, (rng.random(n) < 0.7).astype(int)


@pytest.mark.parametrize(
    ("penalty", "lifelines"),
    [
        (0.0, [0.8046, -0.4947, -0.1243, -0.0773]),
        (0.1, [0.6667, -0.3993, -0.1099, -0.0502]),
        (0.5, [0.3992, -0.2249, -0.0732, -0.0086]),
    ],
)
def test_ridge_solutions_with_many_ties_are_those_of_lifelines(penalty: float, lifelines: list[float]) -> None:
    """CoxPHFitter(penalizer, l1_ratio=0) of lifelines 0.30.3 on the same table."""
    found = penalised_cox(*tied(), np.array([penalty]), np.array([0.0]), **EXACT)
    np.testing.assert_allclose(found[:, 0], lifelines, atol=1e-4)


def test_lasso_solutions_meet_their_optimality_conditions() -> None:
    design, times, events = tied(q=12)
    penalties = np.array([0.15, 0.08, 0.03])
    found = penalised_cox(design, times, events, penalties, np.ones(3), **EXACT)
    kept = (found != 0).sum(axis=0)
    assert kept[0] < kept[1] < kept[2] <= 12
    for k, penalty in enumerate(penalties):
        nudges = np.eye(12) * 1e-5
        up = log_partial_likelihood(design @ (found[:, [k]] + nudges), times, events)
        down = log_partial_likelihood(design @ (found[:, [k]] - nudges), times, events)
        slope = (up - down) / 2e-5 / len(times)
        moving = found[:, k] != 0
        np.testing.assert_allclose(slope[moving], penalty * np.sign(found[moving, k]), atol=1e-5)
        assert (np.abs(slope[~moving]) <= penalty + 1e-5).all()


def test_risks_that_are_twice_too_spread_out_get_a_slope_of_a_half() -> None:
    rng = np.random.default_rng(1)
    risk = rng.normal(size=3000)
    times = rng.exponential(np.exp(-risk))
    assert risk_recalibration(2 * risk[:, None], times, np.ones(3000, dtype=int)) == pytest.approx(0.5, abs=0.03)
    assert risk_recalibration(-risk[:, None], times, np.ones(3000, dtype=int)) == pytest.approx(0.0, abs=1e-3)


# ------------------------------------------------------------------------------------------------ every survival model
MODALITIES = ("clinical", "radiomics_ct", "mutations")


def cohort(n: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Months to progression; clinical and radiomics raise the hazard, mutations do nothing; some lack a modality."""
    rng = np.random.default_rng(seed)
    columns = {f"clinical:v{i}": rng.normal(size=n) for i in range(4)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) for i in range(20)}
    columns |= {f"mutations:g{i}": (rng.random(n) < 0.3).astype(float) for i in range(6)}
    X = pd.DataFrame(columns, index=[f"P{i:03d}" for i in range(n)])
    hazard = np.exp(0.8 * X["clinical:v0"] + 0.8 * X["radiomics_ct:f0"]) / 10
    time, censored = rng.exponential(1 / hazard), rng.exponential(25, n)
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    X.loc[X.index[::5], X.columns.str.startswith("mutations:")] = np.nan
    return X, np.minimum(time, censored).round(1) + 0.1, (time <= censored).astype(int)


def concordance(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    earlier = (time[:, None] < time[None, :]) & (event[:, None] == 1)
    return float((risk[:, None] > risk[None, :])[earlier].mean())


@pytest.mark.parametrize("name", [name for name in SURVIVAL_ALGORITHMS if "/" in name])
class TestEverySurvivalModel:
    def test_any_subset_of_the_modalities_is_enough_and_none_is_abstained_on(self, name: str) -> None:
        X, time, event = cohort()
        model = build_survival_models(MODALITIES, Resampling())[name].fit(X, time, event)
        whole = X.dropna().iloc[[0]]
        for size in (1, 2, 3):
            for kept in combinations(MODALITIES, size):
                patient = whole.copy()
                patient.loc[:, [c for c in X.columns if c.split(":")[0] not in kept]] = np.nan
                assert np.isfinite(model.predict_log_hazard(patient)).all()
                assert set(model.used(patient)[0]) <= set(kept)
        nobody = whole * np.nan
        assert np.isnan(model.predict_log_hazard(nobody)).all()
        assert np.isnan(model.predict_survival(nobody, [6.0])).all()
        assert model.used(nobody) == [()]

    def test_fitting_twice_and_reading_back_from_disk_give_the_same_to_the_bit(self, name: str, tmp_path: Path) -> None:
        X, time, event = cohort()
        model = build_survival_models(MODALITIES, Resampling())[name]
        once, again = clone(model).fit(X, time, event), clone(model).fit(X, time, event)
        registry = ModelRegistry(tmp_path)
        model_id = registry.register(once, cohort="c", endpoint="e", name=name, metadata={}, trusted=TRUSTED_TYPES)
        loaded = registry.load("c", "e", model_id, TRUSTED_TYPES)
        for other in (again, loaded):
            np.testing.assert_array_equal(other.predict_survival(X, [3, 12]), once.predict_survival(X, [3, 12]))

    def test_survival_falls_with_time_and_agrees_with_what_happened_to_new_patients(self, name: str) -> None:
        X, time, event = cohort(250)
        new, truth, seen = cohort(600, seed=1)
        model = build_survival_models(MODALITIES, Resampling())[name].fit(X, time, event)
        curves = model.predict_survival(new, [0, 3, 12, 30])
        assert (np.diff(curves, axis=1) <= 0).all()
        assert (curves[:, 0] == 1).all()
        assert concordance(model.predict_log_hazard(new), truth, seen) > 0.62
        when, cumulative = baseline_hazard(np.zeros(600), truth, seen)
        observed = np.exp(-cumulative[np.searchsorted(when, 12, side="right") - 1])  # Kaplan-Meier, nearly
        assert curves[:, 2].mean() == pytest.approx(observed, abs=0.06)

    def test_what_moves_a_risk_adds_up_to_it_whichever_modalities_a_patient_has(self, name: str) -> None:
        X, time, event = cohort()
        model = build_survival_models(MODALITIES, Resampling())[name].fit(X, time, event)
        names = model.contribution_names()
        new = pd.concat([X, X.iloc[[0]] * np.nan])
        shap, base = model.contributions(new)
        np.testing.assert_allclose(base[:-1] + shap[:-1].sum(axis=1), model.predict_log_hazard(X), atol=1e-12)
        assert (base[:-1] == 0).all()  # the average training patient
        assert np.isnan(shap[-1]).all()
        assert np.isnan(base[-1])
        absent = X["radiomics_ct:f0"].isna().to_numpy()
        of_radiomics = [n.startswith("radiomics_ct:f") for n in names]
        moved = np.abs(shap[:-1][:, of_radiomics]).max(axis=1)
        assert (
            moved[absent].max() < 0.01 < moved[~absent].max()
        )  # early fusion clips, so an absent value is nearly the mean

    def test_a_patient_alone_has_the_risk_it_has_among_others(self, name: str) -> None:
        X, time, event = cohort()
        model = build_survival_models(MODALITIES, Resampling())[name].fit(X, time, event)
        alone = np.concatenate([model.predict_log_hazard(X.iloc[[i]]) for i in range(20)])
        np.testing.assert_allclose(alone, model.predict_log_hazard(X)[:20], rtol=1e-12, atol=1e-14)


def test_the_contributions_of_two_modalities_are_those_that_one_calculates_by_hand() -> None:
    X, time, event = cohort()
    X = X[["clinical:v0", "radiomics_ct:f0"]].dropna()
    kept = np.flatnonzero(cohort()[0].index.isin(X.index))
    model = LateCox(weighting="mean").fit(X, time[kept], event[kept])
    patient = pd.DataFrame([[1.0, -0.5]], columns=X.columns, index=["new"])
    by_hand = []
    for column, member in zip(X.columns, model.members_.values(), strict=True):
        standard = ((X[column] - X[column].mean()) / X[column].std(ddof=0)).clip(-3, 3)
        value = (patient[column].iloc[0] - X[column].mean()) / X[column].std(ddof=0)
        alone = member.slope_ * member.coef_[0] * (value - standard.mean())
        assert member.predict_log_hazard(patient)[0] == pytest.approx(alone, abs=1e-12)
        by_hand.append(model.sharpening_ * alone / 2)
    shap, base = model.contributions(patient)
    assert min(np.abs(by_hand)) > 0.05
    np.testing.assert_allclose(shap[0], [*by_hand, 0.0, 0.0], atol=1e-12)
    assert base[0] + sum(by_hand) == pytest.approx(model.predict_log_hazard(patient)[0], abs=1e-12)


def test_the_final_model_does_not_hang_on_the_order_of_patients_and_keeps_nothing_of_a_single_one() -> None:
    X, time, event = cohort(80)
    months, seen = pd.Series(time, X.index), pd.Series(event, X.index)
    few = Resampling(inner_folds=2)
    model = fit_final_survival(X, months, seen, "late/cox_weighted", few)
    other = fit_final_survival(X.iloc[::-1], months, seen, "late/cox_weighted", few)
    np.testing.assert_array_equal(model.predict_log_hazard(X), other.predict_log_hazard(X))
    assert all(len(member.inner_log_hazard_) == 0 for member in model.members_.values())
    with pytest.raises(
        ConfigurationError, match="final_model: no survival model 'late/best'; valid here: clinical/cox"
    ):
        fit_final_survival(X, months, seen, "late/best", few)


def test_late_fusion_of_risks_beats_each_modality_and_gives_noise_little_weight() -> None:
    X, time, event = cohort(300, seed=2)
    new, truth, seen = cohort(800, seed=3)
    model = LateCox().fit(X, time, event)
    alone = []
    for name, member in model.members_.items():
        known = new[[c for c in new.columns if c.startswith(f"{name}:")]].notna().any(axis=1).to_numpy()
        alone.append(concordance(member.predict_log_hazard(new)[known], truth[known], seen[known]))
    assert concordance(model.predict_log_hazard(new), truth, seen) > max(alone) + 0.02
    spread = {
        name: weight * np.nanstd(member.predict_log_hazard(new))
        for (name, member), weight in zip(model.members_.items(), model.weights_, strict=True)
    }
    assert spread["mutations"] < 0.2 * min(spread["clinical"], spread["radiomics_ct"])


def test_times_and_events_that_cannot_be_are_named_with_their_row() -> None:
    X, time, event = cohort(20)
    with pytest.raises(TableError, match=r"time of row 3: a finite number, not negative; found -1"):
        CoxElasticNet().fit(X, np.where(np.arange(20) == 3, -1.0, time), event)
    with pytest.raises(TableError, match=r"event of row 0: 1 seen or 0 censored, found 2"):
        CoxElasticNet().fit(X, time, np.where(np.arange(20) == 0, 2, event))
    with pytest.raises(ComputationError, match="two events are needed to learn from, found 0"):
        CoxElasticNet().fit(X, time, np.zeros(20, dtype=int))


def test_a_modality_with_hardly_any_event_gives_everybody_the_average_hazard() -> None:
    X, time, event = cohort()
    rows = np.flatnonzero(event == 0)[:20]
    X.loc[~X.index.isin(X.index[rows]), X.columns.str.startswith("mutations:")] = np.nan
    model = CoxElasticNet(("mutations",)).fit(X, time, event)
    assert np.unique(model.predict_log_hazard(X.iloc[rows]).round(12)).size <= 2
    assert np.nanmax(np.abs(model.predict_log_hazard(X))) == 0.0
