"""Every figure beside AUC, Brier and calibration, in one long table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Scrutiny
from radiogenomics.cohort.schemas import FIGURES, conform
from radiogenomics.evaluation import average_precision, contributions, operating_points
from radiogenomics.evaluation.brier_decomposition import brier_decomposition
from radiogenomics.evaluation.calibration import calibration_intervals
from radiogenomics.evaluation.concordance import Interval
from radiogenomics.evaluation.metrics import role_of
from radiogenomics.evaluation.populations import Scores

ROBUST = "robust (sandwich) variance, mean over repeats, t"
SCORE = "inverted robust score test (Boos 1992), mean over repeats, x K/(K-1), t"
ENVELOPE = f"{contributions.METHOD}; recalibration held fixed (Dimitriadis 2021)"

Row = tuple[str, float, Interval, str]
"""Figure, where (threshold or target sensitivity, NaN), value, method of the interval."""


def figures_table(
    scores: dict[str, Scores],
    target: np.ndarray,
    groups: dict[str, np.ndarray],
    clinical_baseline: str,
    settings: Scrutiny,
) -> pd.DataFrame:
    """Figures by `schemas.FIGURES`, of each model in each population whose patients it predicts all.

    ==========================================  =======================================================================
    figure                                      at
    ==========================================  =======================================================================
    average_precision                           -
    brier_miscalibration, _discrimination,      -
    _uncertainty
    calibration_intercept, calibration_slope    -
    sensitivity, specificity, ppv, npv          the declared threshold
    net_benefit, net_benefit_gain               the declared threshold; gain: over the better of acting on all and none
    target_sensitivity, target_specificity,     the sensitivity that was aimed at, with thresholds learned on the other
    target_ppv, target_npv, target_threshold    folds (`target_sensitivity` is what was reached)
    ==========================================  =======================================================================
    """
    rows = []
    for population, inside in groups.items():
        label = target[inside]
        for name, score in scores.items():
            if not inside.any() or not score.never_abstains(inside):
                continue
            for figure, at, value, method in _figures(score.probability[inside], label, score.fold[inside], settings):
                rows.append(
                    {
                        "model": name,
                        "role": role_of(name, clinical_baseline),
                        "population": population,
                        "figure": figure,
                        "at": at,
                        "n": int(inside.sum()),
                        "events": int(label.sum()),
                        "estimate": value.estimate,
                        "lower": value.lower,
                        "upper": value.upper,
                        "method": method,
                    }
                )
    return conform(pd.DataFrame(rows, columns=list(FIGURES.columns)), FIGURES)


def _figures(probability: np.ndarray, label: np.ndarray, fold: np.ndarray, settings: Scrutiny) -> Iterator[Row]:
    folds = len(np.unique(fold[:, 0]))
    ranked = average_precision.average_precision_interval(probability, label, folds)
    yield "average_precision", np.nan, ranked, average_precision.METHOD
    for name, value in brier_decomposition(probability, label)._asdict().items():
        yield f"brier_{name}", np.nan, value, ENVELOPE
    intercept, slope = calibration_intervals(probability, label, folds)
    yield "calibration_intercept", np.nan, intercept, ROBUST
    yield "calibration_slope", np.nan, slope, SCORE
    for threshold in dict.fromkeys(settings.thresholds):
        point = operating_points.operating_point(probability >= threshold, label, folds)
        for name, value in point._asdict().items():
            yield name, threshold, value, _method(name)
        benefit, gain = operating_points.net_benefit(probability, label, threshold)
        yield "net_benefit", threshold, benefit, operating_points.BENEFIT_METHOD
        yield "net_benefit_gain", threshold, gain, operating_points.BENEFIT_METHOD
    for wanted in dict.fromkeys(settings.target_sensitivity):
        called, thresholds = operating_points.calls_at_sensitivity(probability, label, fold, wanted)
        for name, value in operating_points.operating_point(called, label, folds)._asdict().items():
            yield f"target_{name}", wanted, value, _method(name)
        used = thresholds[np.isfinite(thresholds)]
        span = (
            Interval(float(used.mean()), float(used.min()), float(used.max())) if len(used) else Interval(*[np.nan] * 3)
        )
        yield "target_threshold", wanted, span, "lowest and highest of the folds, no interval"


def _method(share: str) -> str:
    return operating_points.PREDICTIVE_METHOD if share in {"ppv", "npv"} else operating_points.METHOD
