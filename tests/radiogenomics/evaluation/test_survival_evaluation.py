"""Survival models under nested cross-validation: figures, intervals, folds, groups, and what may not predict."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Resampling, TimeToEvent
from radiogenomics.evaluation.prediction_table import survival_rows
from radiogenomics.evaluation.survival import (
    censoring,
    harrell_c,
    integrated_brier,
    kaplan_meier,
    time_dependent_auc,
    uno_c,
)
from radiogenomics.evaluation.survival_nested import SurvivalEvaluation, evaluate_survival
from radiogenomics.evaluation.survival_scores import (
    auc_parts,
    brier_parts,
    difference,
    follow_up,
    harrell_parts,
    interval,
    standard_error,
    uno_parts,
)
from radiogenomics.evaluation.verdict import survival_verdict
from radiogenomics.exceptions import ComputationError, ConfigurationError, TableError
from radiogenomics.exports import export_predictions
from radiogenomics.reporting.figures.kaplan_meier import kaplan_meier_figure, risk_groups
from radiogenomics.reporting.figures.time_dependent_auc import time_dependent_auc_figure
from radiogenomics.storage.feature_cache import FeatureCache
from tests.conftest import REPOSITORY

SETTINGS = TimeToEvent(time="t", event="e", modalities=("clinical", "radiomics_ct"), horizons_months=(5.0, 10.0))
RESAMPLING = Resampling(outer_folds=3, inner_folds=2, repeats=1)


def tables(n: int = 80, effect: float = 1.2, seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"clinical:c{i}" for i in range(3)] + [f"radiomics_ct:r{i}" for i in range(6)]
    X = pd.DataFrame(rng.normal(size=(n, 9)), columns=names, index=[f"P{i:03d}" for i in range(n)])
    X.loc[X.index[::7], names[3:]] = np.nan
    died = rng.exponential(8 * np.exp(-effect * X["clinical:c0"]))
    left = rng.exponential(20, n)
    months = pd.Series(np.minimum(died, left), index=X.index)
    event = pd.Series((died <= left).astype(int), index=X.index)
    hospital = pd.DataFrame({"hospital:name": rng.choice(["A", "B"], n)}, index=X.index)
    return X, months, event, hospital


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [3, 60])
def test_censoring_without_a_patient_is_that_of_the_others(n: int, tied: bool) -> None:
    rng = np.random.default_rng(n)
    time = rng.integers(1, 8, n).astype(float) if tied else rng.exponential(5, n)
    event = (rng.random(n) < 0.6).astype(int)
    seen = follow_up(time, event)
    for i in range(n):
        others = censoring(np.delete(time, i), np.delete(event, i), time, before=True)
        np.testing.assert_array_equal(seen.before[i], np.maximum(others, 1e-12))
    np.testing.assert_array_equal(seen.before[-1], np.maximum(censoring(time, event, time, before=True), 1e-12))


@pytest.fixture(scope="module")
def found() -> SurvivalEvaluation:
    return evaluate_survival(*tables(), settings=SETTINGS, resampling=RESAMPLING)


@pytest.fixture(scope="module")
def rows(found: SurvivalEvaluation) -> pd.DataFrame:
    """The rows of the predictions table."""
    return survival_rows(
        found.out_of_fold, found.at_horizons, recipe={"settings": {"seed": 1}, "code": {}}, cohort="c",
        endpoint="overall_survival", snapshot_id="s", simulated=True, code_version="0",
    )  # fmt: skip


def test_the_rows_say_the_risk_the_chance_of_the_event_by_the_first_horizon_and_whether_it_was_seen(
    found, rows
) -> None:
    assert len(rows) == len(found.out_of_fold)
    assert set(rows["horizon_months"]) == {5.0}
    both = rows.merge(found.at_horizons, on=["patient_id", "model", "repeat", "horizon_months"], validate="one_to_one")
    known = both[~both["abstained"]]
    np.testing.assert_allclose(known["probability"], 1 - known["event_free"])
    assert both.loc[both["abstained"], ["probability", "risk_score"]].isna().all(axis=None)
    assert (both.loc[both["abstained"], "abstention_reason"] != "").all()
    _, months, event, _ = tables()
    for patient, label in rows.drop_duplicates("patient_id").set_index("patient_id")["label"].items():
        if months[patient] < 5.0 and event[patient] == 0:
            assert pd.isna(label)
        else:
            assert label == int(months[patient] <= 5.0)
    assert rows["label"].isna().any()
    later = found.at_horizons.pivot(
        index=["patient_id", "model", "repeat"], columns="horizon_months", values="event_free"
    )
    assert (later[10.0].dropna() <= later[5.0].dropna()).all()


def test_the_lines_of_the_page_give_the_c_index_again(found, rows, tmp_path, monkeypatch) -> None:
    export_predictions(rows, tmp_path / "predictions.csv", "csv")
    page = (REPOSITORY / "docs" / "predictions.md").read_text(encoding="utf-8")
    (block,) = (text for text in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL) if "c_index" in text)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "docs/predictions.md", "exec"), names)  # the block is ours
    everyone = found.metrics[found.metrics["population"] == "all"].set_index("model")["c_index"]
    assert set(names["c_index"].index) == set(everyone.index)
    np.testing.assert_allclose(names["c_index"][everyone.index], everyone, atol=1e-9)


def test_the_curve_of_mercaptopurine_is_the_published_one() -> None:
    """Freireich et al. 1963 as in Kalbfleisch and Prentice: S(6) = 0.857, S(10) = 0.753, S(13) = 0.690, S(23) = 0.448."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    seen = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(np.array(weeks, float), np.array(seen))
    at = {time: curve.survival[curve.times == time][0] for time in (6, 10, 13, 23)}
    assert at == pytest.approx({6: 0.857, 10: 0.753, 13: 0.690, 23: 0.448}, abs=5e-4)
    last = curve.times == 23  # R survival 3: conf.type = "log-log"
    assert (curve.lower[last][0], curve.upper[last][0]) == pytest.approx((0.188, 0.680), abs=2e-3)


def test_figures_of_one_fold_are_those_of_the_plain_estimators_with_the_same_jackknife() -> None:
    rng = np.random.default_rng(1)
    risk = rng.normal(size=70)
    died, left = rng.exponential(np.exp(-risk)), rng.exponential(2.0, 70)
    time, event = np.minimum(died, left), (died <= left).astype(int)
    seen, fold, times = follow_up(time, event), np.zeros((70, 1), int), np.linspace(0.1, 1.0, 5)
    chances = np.exp(-np.exp(risk)[:, None] * times)
    for parts, plain in (
        (harrell_parts(seen, risk[:, None], fold), harrell_c(time, event, risk)),
        (uno_parts(seen, risk[:, None], fold, 1.0), uno_c(time, event, risk, until=1.0)),
        (auc_parts(seen, risk[:, None], fold, 0.5), time_dependent_auc(time, event, risk, 0.5)),
        (brier_parts(seen, chances[:, None], times), integrated_brier(time, event, chances, times)),
    ):
        assert parts.estimate == pytest.approx(plain.estimate, abs=1e-12)
        assert standard_error(parts, fold) == pytest.approx((plain.upper - plain.lower) / 2 / 1.959964, rel=1e-6)


def test_repeats_are_no_new_patients() -> None:
    rng = np.random.default_rng(2)
    time, event, risk = rng.exponential(size=60), rng.integers(0, 2, 60), rng.normal(size=(60, 1))
    fold = np.arange(60)[:, None] % 3
    seen = follow_up(time, event)
    once = interval(harrell_parts(seen, risk, fold), fold, 20)
    often = interval(harrell_parts(seen, np.repeat(risk, 8, axis=1), np.repeat(fold, 8, axis=1)), fold, 20)
    assert often == pytest.approx(once)
    parts = harrell_parts(seen, risk, fold)
    assert difference(parts, parts, fold, 20) == (0.0, 0.0, 0.0, 1.0)


def test_signal_is_found_where_it_is_and_every_model_and_floor_stands_on_the_same_patients(found) -> None:
    everyone = found.metrics[found.metrics["population"] == "all"].set_index("model")
    assert everyone["n"].nunique() == 1
    assert everyone["events"].nunique() == 1
    assert everyone.loc["clinical/cox", "c_index_lower"] > 0.6
    assert everyone.loc["floor/hospital", "c_index_lower"] < 0.55
    assert everyone.loc["floor/same_for_everyone", "c_index"] == 0.5
    assert "radiomics_ct/cox" not in everyone.index  # it abstains on patients without images
    assert "radiomics_ct/cox" in set(found.metrics.query("population == 'complete'")["model"])
    gain = found.figures.query("figure == 'integrated_brier_gain' and population == 'all'").set_index("model")
    assert gain.loc["clinical/cox", "lower"] > 0
    assert set(found.figures.query("figure == 'time_dependent_auc'")["at"]) == {5.0, 10.0}
    assert (found.curves["survival"].dropna().between(0, 1)).all()


def test_the_verdict_names_figure_interval_and_events_and_says_nothing_of_noise(found) -> None:
    said = survival_verdict(found.metrics, found.comparisons, "late/cox_weighted")
    assert "C-index of" in said
    assert "events)" in said
    X, months, event, hospital = tables(effect=0.0, seed=3)
    noise = evaluate_survival(X, months, event, hospital, settings=SETTINGS, resampling=RESAMPLING)
    assert survival_verdict(noise.metrics, noise.comparisons, "late/cox_weighted").startswith("Do not use")


def test_order_of_rows_and_a_second_run_from_the_cache_change_nothing(found, tmp_path) -> None:
    X, months, event, hospital = tables()
    order = np.random.default_rng(0).permutation(len(X))
    cache = FeatureCache(tmp_path)
    for _ in range(2):
        again = evaluate_survival(
            X.iloc[order, ::-1], months, event, hospital, settings=SETTINGS, resampling=RESAMPLING, cache=cache
        )
        pd.testing.assert_frame_equal(again.out_of_fold, found.out_of_fold)
        pd.testing.assert_frame_equal(again.metrics, found.metrics)


def test_groups_do_not_straddle_folds() -> None:
    X, months, event, hospital = tables()
    family = pd.Series([f"F{i // 4}" for i in range(len(X))], index=X.index)
    found = evaluate_survival(X, months, event, hospital, settings=SETTINGS, resampling=RESAMPLING, groups=family)
    folds = found.folds.assign(family=found.folds["patient_id"].map(family))
    assert (folds.groupby(["family", "repeat"])["fold"].nunique() == 1).all()
    assert folds["fold"].nunique() == 3


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda t: (t[0], t[1].where(t[1].index != "P003", -1.0), t[2], t[3]), TableError, "time of patient 'P003'"),
        (lambda t: (t[0], t[1], t[2] * 0 + (t[2].index < "P004"), t[3]), ComputationError, "4 events"),
    ],
)
def test_what_cannot_be_evaluated_is_one_clear_error(change, error, said) -> None:
    with pytest.raises(error, match=said):
        evaluate_survival(*change(tables()), settings=SETTINGS, resampling=RESAMPLING)


def test_an_unknown_final_model_is_named_with_those_that_exist() -> None:
    settings = SETTINGS.model_copy(update={"final_model": "late/weighted"})
    with pytest.raises(ConfigurationError, match="no survival model 'late/weighted'; valid here: clinical/cox"):
        evaluate_survival(*tables(), settings=settings, resampling=RESAMPLING)


def test_curves_by_predicted_risk_carry_the_patients_at_risk(found) -> None:
    groups = risk_groups(found.out_of_fold, "late/cox_weighted", 2)
    assert len(groups) == 80
    assert groups.groupby("group")["time_months"].median().is_monotonic_decreasing
    figure = kaplan_meier_figure(found.out_of_fold, "late/cox_weighted", endpoint="pfs", simulated=True)
    shown = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {str(int((groups["group"] == g).sum())) for g in (0, 1)} <= shown
    assert len(time_dependent_auc_figure(found.figures, ["late/cox_weighted", "clinical/cox"]).axes[0].lines) == 9
