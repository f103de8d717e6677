"""Cross-validated risk of a time to an event, where the true concordance of every fitted model is known.

Predictors are standard normal, the hazard is exponential and log-linear in the first few of them. The score of a fitted model and
the true log hazard are then jointly normal, so all that matters of a model is their correlation: the concordance it would have
among endless patients, under the same censoring, is one integral over pairs of patients.

The model is quick to fit: one Newton step of ridge Cox regression from zero, whose gradient is the covariance of the predictors
with the martingale residuals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, qmc
from sklearn.model_selection import StratifiedKFold

from radiogenomics.evaluation.concordance import Interval
from radiogenomics.evaluation.study.linear import Found, as_if_independent
from radiogenomics.evaluation.study.run import coverage_table, mapped
from radiogenomics.evaluation.survival import harrell_c
from radiogenomics.evaluation.survival_scores import (
    auc_parts,
    difference,
    follow_up,
    harrell_parts,
    interval,
    uno_parts,
)
from radiogenomics.fusion.partial_likelihood import martingale_residuals

PAIRS = 2**14
CORRELATIONS = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 81))


class SurvivalSetting(NamedTuple):
    """One kind of cohort.

    Attributes
    ----------
    few, many : predictors of the small and of the large model; the hazard depends on the first `few`. effect : standard deviation
        of the true log hazard. median : months, of the average patient. accrual, study : months; patients enter evenly, the data
        are cut `study` months after the first one. lost : mean months until a patient is lost. until : months up to which Uno's C
        counts events, and at which the time-dependent AUC is taken.
    """

    name: str
    patients: int
    few: int
    many: int
    effect: float
    median: float = 14.0
    accrual: float = 24.0
    study: float = 36.0
    lost: float = 80.0
    until: float = 12.0
    folds: int = 5
    repeats: int = 3


SURVIVAL_SETTINGS = (
    SurvivalSetting("no signal, 40 predictors", 100, 4, 40, 0.0),
    SurvivalSetting("moderate signal, 40 predictors", 100, 4, 40, 0.7),
    SurvivalSetting("strong signal, 172 patients", 172, 4, 40, 1.2),
    SurvivalSetting("two of three censored", 140, 4, 20, 0.8, median=40.0, lost=60.0),
    SurvivalSetting("40 patients", 40, 4, 20, 0.8),
)


def run_survival_study(
    *,
    runs: int,
    settings: tuple[SurvivalSetting, ...] = SURVIVAL_SETTINGS,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Bias and coverage of each figure in each setting, over `runs` cohorts; columns as `Study.coverage`."""
    tables = [
        coverage_table(s.name, mapped(partial(one_survival_cohort, s), range(runs), workers, on_progress))
        for s in settings
    ]
    return pd.concat(tables, ignore_index=True)


def one_survival_cohort(setting: SurvivalSetting, seed: int) -> list[Found]:
    """Cross-validate the small and the large model on one simulated cohort, and compare with what is true."""
    rng = np.random.default_rng(np.random.SeedSequence([20260101, 7, seed]))
    X, time, event = draw(setting, rng)
    sizes = {"small": setting.few, "large": setting.many}
    risk = {name: np.empty((len(X), setting.repeats)) for name in sizes}
    fold = np.empty((len(X), setting.repeats), dtype=int)
    models: dict[str, list[np.ndarray]] = {name: [] for name in sizes}
    for repeat in range(setting.repeats):
        splitter = StratifiedKFold(setting.folds, shuffle=True, random_state=int(rng.integers(2**31)))
        for number, (train, test) in enumerate(splitter.split(X, event)):
            fold[test, repeat] = number
            for name, size in sizes.items():
                models[name].append(fit(X[train][:, :size], time[train], event[train]))
                risk[name][test, repeat] = X[test][:, :size] @ models[name][-1]
    whole = {name: fit(X[:, :size], time, event) for name, size in sizes.items()}
    seen, events, large = follow_up(time, event), int(event.sum()), risk["large"]
    found = []
    for figure, parts in (
        ("c_index", harrell_parts(seen, large, fold)),
        ("uno_c", uno_parts(seen, large, fold, setting.until)),
        ("auc_at_horizon", auc_parts(seen, large, fold, setting.until)),
    ):
        truth, final = _true_mean(figure, setting, models["large"]), _true_mean(figure, setting, [whole["large"]])
        found.append(Found(figure, interval(parts, fold, events), truth, final))
        if figure == "c_index":
            mistake = _over_folds(time, event, large, fold)
            found.append(Found("c_index, t over folds (the classic mistake)", mistake, truth, final))
    gap = difference(harrell_parts(seen, risk["small"], fold), harrell_parts(seen, large, fold), fold, events)
    truths = [
        _true_mean("c_index", setting, source["small"]) - _true_mean("c_index", setting, source["large"])
        for source in (models, {name: [model] for name, model in whole.items()})
    ]
    found.append(Found("c_index_difference", Interval(gap.estimate, gap.lower, gap.upper), *truths))
    return found


def draw(setting: SurvivalSetting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictors (n, many), months (n,) and events (n,); a cohort with too few events for the folds is drawn again."""
    n = setting.patients
    while True:
        X = rng.normal(size=(n, setting.many))
        true = setting.effect / np.sqrt(setting.few) * X[:, : setting.few].sum(axis=1)
        died = rng.exponential(setting.median / np.log(2) * np.exp(-true))
        end = np.minimum(setting.study - setting.accrual * rng.random(n), rng.exponential(setting.lost, n))
        event = (died <= end).astype(int)
        if 2 * setting.folds <= event.sum() <= n - setting.folds:
            return X, np.minimum(died, end), event


def fit(X: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Weights (p,): one Newton step of Cox regression from zero, with a ridge penalty of 1."""
    centred = X - X.mean(axis=0)
    information = event.mean() * centred.T @ centred + np.eye(X.shape[1])
    return np.linalg.solve(information, centred.T @ martingale_residuals(time, event))


def true_figure(figure: str, setting: SurvivalSetting, weights: np.ndarray) -> float:
    """'c_index', 'uno_c' or 'auc_at_horizon' of the score X @ weights among endless patients of the setting."""
    size = float(np.linalg.norm(weights))
    along = float(weights[: setting.few].sum()) / (np.sqrt(setting.few) * size) if size > 0 else 0.0
    return float(np.interp(along, CORRELATIONS, _by_correlation(figure, setting)))


def _true_mean(figure: str, setting: SurvivalSetting, models: list[np.ndarray]) -> float:
    return float(np.mean([true_figure(figure, setting, weights) for weights in models]))


@lru_cache(maxsize=32)
def _by_correlation(figure: str, setting: SurvivalSetting) -> np.ndarray:
    """The figure at each of `CORRELATIONS` between score and true log hazard, by a Sobol sequence over pairs of patients."""
    if setting.effect == 0:
        return np.full(len(CORRELATIONS), 0.5)
    u = qmc.Sobol(6, seed=20260101).random(PAIRS)
    first, second = norm.ppf(u[:, 0]), norm.ppf(u[:, 1])
    ends = [
        np.minimum(setting.study - setting.accrual * u[:, at], -setting.lost * np.log1p(-u[:, at + 1])) for at in (2, 4)
    ]
    rate, other = (np.log(2) / setting.median * np.exp(setting.effect * z) for z in (first, second))
    if figure == "auc_at_horizon":
        weight = -np.expm1(-rate * setting.until) * np.exp(-other * setting.until)
    else:
        until = np.minimum(*ends) if figure == "c_index" else setting.until
        weight = rate / (rate + other) * -np.expm1(-(rate + other) * until)
    gap = (first - second) / np.sqrt(2)
    spread = np.sqrt(np.maximum(1 - CORRELATIONS**2, 1e-12))
    right = norm.cdf(CORRELATIONS[:, None] * gap[None, :] / spread[:, None])
    return np.asarray(right @ weight / weight.sum())


def _over_folds(time: np.ndarray, event: np.ndarray, risk: np.ndarray, fold: np.ndarray) -> Interval:
    """Mean and t-interval over folds and repeats as if they were independent."""
    values = [
        harrell_c(time[inside], event[inside], risk[inside, repeat]).estimate
        for repeat in range(risk.shape[1])
        for inside in (fold[:, repeat] == number for number in np.unique(fold[:, repeat]))
    ]
    return as_if_independent([value for value in values if np.isfinite(value)])
