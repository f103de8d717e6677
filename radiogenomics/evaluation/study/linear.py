"""Linear models of normal predictors: every true figure of a fitted model has a formula, so coverage can be counted.

A patient's predictors are normal with unit variance; those of events are shifted by `delta`. A fitted model says log-odds
L = w x + c, which is normal in each class, so that its true AUC, sensitivity, Brier score and so on follow exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.model_selection import StratifiedKFold

from radiogenomics.evaluation.average_precision import average_precision_interval
from radiogenomics.evaluation.calibration import brier_interval, calibration_intervals
from radiogenomics.evaluation.concordance import Interval, auc_difference, auc_interval, placements
from radiogenomics.evaluation.operating_points import calls_at_sensitivity, net_benefit, operating_point
from radiogenomics.evaluation.study.discriminant import Linear, fit
from radiogenomics.evaluation.study.nested_intervals import nested_auc_interval

THRESHOLD = 0.3
SENSITIVITY = 0.9
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Setting(NamedTuple):
    """One kind of cohort.

    Attributes
    ----------
    patients, prevalence : size and share of events. few, many : predictors of the small and of the large model (the large
        one has those of the small one too). distance : how far events are shifted, in standard deviations, along the
        first `few` predictors together; further : the same along the others.
    """

    name: str
    patients: int
    prevalence: float
    few: int
    many: int
    distance: float
    further: float
    folds: int = 5
    repeats: int = 3


class Found(NamedTuple):
    """A figure of one cohort, its interval, and what is true: of the folds' models, and of the model of all patients."""

    figure: str
    interval: Interval
    truth: float
    truth_final: float


def one_cohort(setting: Setting, seed: int) -> list[Found]:
    """Cross-validate the small and the large model on one simulated cohort, and compare with what is true."""
    rng = np.random.default_rng(np.random.SeedSequence([20260101, seed]))
    n = setting.patients
    target = _labels(rng, setting)
    delta = np.concatenate(
        [
            np.full(setting.few, setting.distance / np.sqrt(setting.few)),
            np.full(setting.many - setting.few, setting.further / np.sqrt(max(setting.many - setting.few, 1))),
        ]
    )
    X = rng.normal(size=(n, setting.many)) + target[:, None] * delta
    sizes = {"small": setting.few, "large": setting.many}
    log_odds = {name: np.empty((n, setting.repeats)) for name in sizes}
    fold = np.empty((n, setting.repeats), dtype=int)
    models: dict[str, list[Linear]] = {name: [] for name in sizes}
    for repeat in range(setting.repeats):
        splitter = StratifiedKFold(setting.folds, shuffle=True, random_state=int(rng.integers(2**31)))
        for number, (train, test) in enumerate(splitter.split(X, target)):
            fold[test, repeat] = number
            for name, size in sizes.items():
                model = fit(X[train][:, :size], target[train])
                log_odds[name][test, repeat] = X[test][:, :size] @ model.weights + model.constant
                models[name].append(model)
    whole = {name: fit(X[:, :size], target) for name, size in sizes.items()}
    return [
        *_of_one_model(
            nested_auc_interval(X, target, setting.folds, seed),
            expit(log_odds["large"]),
            target,
            fold,
            models["large"],
            whole["large"],
            delta,
            setting.prevalence,
        ),
        _difference(log_odds, target, fold, models, whole, delta, sizes),
    ]


def _labels(rng: np.random.Generator, setting: Setting) -> np.ndarray:
    """Patients as they come; a cohort with too few of one class for the folds is drawn again."""
    while True:
        target = (rng.random(setting.patients) < setting.prevalence).astype(int)
        if 2 * setting.folds <= target.sum() <= setting.patients - 2 * setting.folds:
            return target


def _of_one_model(
    nested: Interval,
    probability: np.ndarray,
    target: np.ndarray,
    fold: np.ndarray,
    models: list[Linear],
    whole: Linear,
    delta: np.ndarray,
    share: float,
) -> list[Found]:
    folds = len(np.unique(fold))
    intercept, slope = calibration_intervals(probability, target, folds)
    point = operating_point(probability >= THRESHOLD, target, folds)
    benefit, gain = net_benefit(probability, target, THRESHOLD)
    called, thresholds = calls_at_sensitivity(probability, target, fold, SENSITIVITY)
    aimed = operating_point(called, target, folds)
    intervals = {
        "auc": auc_interval(probability, target, fold),
        "auc, t over folds (the classic mistake)": _over_folds(probability, target, fold),
        "auc, nested cross-validation (Bates 2023)": nested,
        "average_precision": average_precision_interval(probability, target, folds),
        "brier": brier_interval(probability, target),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "net_benefit": benefit,
        "net_benefit_gain": gain,
        **point._asdict(),
    }
    true, final = [_truth(model, delta, share) for model in models], _truth(whole, delta, share)
    truth = _with_predictive_values({name: float(np.mean([t[name] for t in true])) for name in true[0]}, share)
    final = _with_predictive_values(final, share)
    truth |= _truth_of_pooled([models[i : i + folds] for i in range(0, len(models), folds)], delta, share)
    final |= _truth_of_pooled([[whole]], delta, share)
    found = [
        Found(name, value, truth[name.split(",")[0]], final[name.split(",")[0]]) for name, value in intervals.items()
    ]
    cut = [float(thresholds[fold[:, r] == k, r][0]) for r in range(fold.shape[1]) for k in range(folds)]
    reached = [_rates(model, delta, limit) for model, limit in zip(models, cut, strict=True)]
    for place, name in enumerate(("sensitivity", "specificity")):
        true_rate = float(np.mean([rates[place] for rates in reached]))
        found.append(Found(f"target_{name}", getattr(aimed, name), true_rate, np.nan))
    return found


def _difference(
    log_odds: dict[str, np.ndarray],
    target: np.ndarray,
    fold: np.ndarray,
    models: dict[str, list[Linear]],
    whole: dict[str, Linear],
    delta: np.ndarray,
    sizes: dict[str, int],
) -> Found:
    found = auc_difference(log_odds["large"], log_odds["small"], target, fold)
    true = {name: float(np.mean([true_auc(model, delta[: sizes[name]]) for model in models[name]])) for name in sizes}
    final = {name: true_auc(model, delta[: sizes[name]]) for name, model in whole.items()}
    interval = Interval(found.estimate, found.lower, found.upper)
    return Found("auc_difference", interval, true["large"] - true["small"], final["large"] - final["small"])


def _over_folds(probability: np.ndarray, target: np.ndarray, fold: np.ndarray) -> Interval:
    """Mean AUC of folds and repeats with a t-interval as if they were independent: shown to be too short."""
    aucs = []
    for repeat in range(fold.shape[1]):
        for number in np.unique(fold[:, repeat]):
            inside = fold[:, repeat] == number
            aucs.append(placements(probability[inside, repeat, None], target[inside], fold[inside, repeat, None])[0])
    return as_if_independent(aucs)


def as_if_independent(values: list[float]) -> Interval:
    """Mean and t-interval of a figure's values over folds and repeats as if these were independent: the classic mistake."""
    mean = float(np.mean(values))
    reach = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - reach, mean + reach)


def true_auc(model: Linear, delta: np.ndarray) -> float:
    """AUC of a fitted model on all patients there could be."""
    spread = float(np.sqrt(model.weights @ model.weights))
    return float(norm.cdf(model.weights @ delta / (spread * np.sqrt(2)))) if spread > 0 else 0.5


def _rates(model: Linear, delta: np.ndarray, threshold: float) -> tuple[float, float]:
    """True sensitivity and specificity of calling at a threshold probability."""
    spread = max(float(np.sqrt(model.weights @ model.weights)), 1e-12)
    shifted = float(model.weights @ delta) + model.constant
    cut = float(logit(threshold))
    return float(norm.sf((cut - shifted) / spread)), float(norm.cdf((cut - model.constant) / spread))


def _truth(model: Linear, delta: np.ndarray, share: float) -> dict[str, float]:
    """Figures of one model that are means over patients, or over pairs of them."""
    spread = max(float(np.sqrt(model.weights @ model.weights)), 1e-12)
    lower, upper = model.constant, float(model.weights @ delta) + model.constant
    sensitivity, specificity = _rates(model, delta, THRESHOLD)
    odds = THRESHOLD / (1 - THRESHOLD)
    benefit = share * sensitivity - (1 - share) * (1 - specificity) * odds
    default = max(share - (1 - share) * odds, 0.0)
    others, events = lower + spread * _NODES, upper + spread * _NODES
    called = share * sensitivity + (1 - share) * (1 - specificity)
    return {
        "auc": true_auc(model, delta),
        "brier": float(share * _WEIGHTS @ (1 - expit(events)) ** 2 + (1 - share) * _WEIGHTS @ expit(others) ** 2),
        "net_benefit": benefit,
        "net_benefit_gain": benefit - default,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "called": called,
    }


def _with_predictive_values(truth: dict[str, float], share: float) -> dict[str, float]:
    """Predictive values are shares of all calls of all models together, so they follow from the models' mean shares."""
    called = truth["called"]
    return truth | {
        "ppv": share * truth["sensitivity"] / called if called > 0 else np.nan,
        "npv": (1 - share) * truth["specificity"] / (1 - called) if called < 1 else np.nan,
    }


def _truth_of_pooled(repeats: list[list[Linear]], delta: np.ndarray, share: float) -> dict[str, float]:
    """Figures that are made of the predictions of all models of a repeat together; the mean over repeats."""
    found: dict[str, list[float]] = {"average_precision": [], "calibration_intercept": [], "calibration_slope": []}
    for models in repeats:
        spreads = np.array([max(float(np.sqrt(m.weights @ m.weights)), 1e-12) for m in models])
        lower = np.array([m.constant for m in models])
        upper = lower + np.array([float(m.weights @ delta) for m in models])
        ends = [np.min(np.minimum(lower, upper) - 9 * spreads), np.max(np.maximum(lower, upper) + 9 * spreads)]
        grid = np.linspace(ends[1], ends[0], 2000)
        recall = norm.sf((grid[:, None] - upper) / spreads).mean(axis=1)
        alarms = norm.sf((grid[:, None] - lower) / spreads).mean(axis=1)
        called = share * recall + (1 - share) * alarms
        precision = np.divide(share * recall, called, out=np.ones_like(called), where=called > 1e-15)
        found["average_precision"].append(float(np.trapezoid(precision, recall)))
        values = np.concatenate(
            [(upper + _NODES[:, None] * spreads).ravel(), (lower + _NODES[:, None] * spreads).ravel()]
        )
        weight = np.repeat(_WEIGHTS / len(models), len(models))
        weights = np.concatenate([share * weight, (1 - share) * weight])
        label = np.repeat([1.0, 0.0], len(weight))
        found["calibration_intercept"].append(float(_offset(values, weights, share)))
        found["calibration_slope"].append(_slope(values, weights, label))
    return {name: float(np.mean(each)) for name, each in found.items()}


def _offset(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    return float(brentq(lambda shift: float(weights @ expit(values + shift)) - share, -30, 30))


def _slope(values: np.ndarray, weights: np.ndarray, label: np.ndarray) -> float:
    """Slope of the weighted logistic regression of the label on the log-odds, by Newton's method."""
    centre = float(weights @ values)
    spread = max(float(np.sqrt(weights @ (values - centre) ** 2)), 1e-12)
    design = np.column_stack([np.ones(len(values)), (values - centre) / spread])
    beta = np.zeros(2)
    for _ in range(50):
        fitted = expit(design @ beta)
        hessian = design.T @ (design * (weights * fitted * (1 - fitted))[:, None])
        change = np.linalg.solve(hessian, design.T @ (weights * (label - fitted)))
        beta = beta + np.clip(change, -2, 2)
        if np.abs(change).max() < 1e-10:
            break
    return float(beta[1] / spread)
