"""Tables of figures for a time to an event: every model and floor in every population it covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import FIGURES, SURVIVAL_METRICS, conform
from radiogenomics.evaluation.comparisons import Measure
from radiogenomics.evaluation.concordance import Difference, Interval
from radiogenomics.evaluation.metrics import role_of
from radiogenomics.evaluation.survival_fold import SURVIVING
from radiogenomics.evaluation.survival_scores import (
    METHOD,
    FollowUp,
    Parts,
    auc_parts,
    brier_parts,
    difference,
    follow_up,
    harrell_parts,
    interval,
    last_reliable_time,
    uno_parts,
)
from radiogenomics.fusion.cox_floor import EVERYBODY

PLAIN = METHOD.removesuffix(", logit scale")


class SurvivalScores(NamedTuple):
    """Predictions of one model, rows in the order of the patients; NaN where it abstained.

    Attributes
    ----------
    risk, fold, percentile : (n, r). survival : (n, r, t), the chance of no event until each of the curve's times.
    """

    risk: np.ndarray
    fold: np.ndarray
    percentile: np.ndarray
    survival: np.ndarray

    def never_abstains(self, rows: np.ndarray) -> bool:
        """Whether the model predicts all of these patients in every repeat."""
        return not bool(np.isnan(self.risk[rows]).any())


def survival_scores(table: pd.DataFrame, patients: pd.Index) -> dict[str, SurvivalScores]:
    """Out-of-fold predictions (with the columns `surviving_..`) as arrays, models in their order of appearance."""
    chances = [c for c in table.columns if c.startswith(SURVIVING)]
    found = {}
    for name, rows in table.groupby("model", sort=False):
        wide = rows.pivot(index="patient_id", columns="repeat").reindex(patients)
        survival = np.stack([wide[c].to_numpy(float) for c in chances], axis=2)
        found[str(name)] = SurvivalScores(
            wide["log_hazard"].to_numpy(float),
            wide["fold"].to_numpy(int),
            wide["risk_percentile"].to_numpy(float),
            survival,
        )
    return found


def c_index_measure(scores: dict[str, SurvivalScores], time: np.ndarray, event: np.ndarray) -> Measure:
    """Harrell's C within folds, for `comparisons_table`."""
    prepared: dict[bytes, FollowUp] = {}

    def parts(name: str, inside: np.ndarray) -> Parts:
        key = inside.tobytes()
        if key not in prepared:
            prepared[key] = follow_up(time[inside], event[inside])
        return harrell_parts(prepared[key], scores[name].risk[inside], scores[name].fold[inside])

    def paired(first: str, second: str, inside: np.ndarray) -> Difference:
        fold, events = scores[first].fold[inside], int(event[inside].sum())
        return difference(parts(first, inside), parts(second, inside), fold, events)

    return Measure(
        "C-index",
        lambda name, inside: scores[name].never_abstains(inside),
        lambda name, inside: parts(name, inside).estimate,
        paired,
    )


def survival_metrics(
    scores: dict[str, SurvivalScores],
    time: np.ndarray,
    event: np.ndarray,
    groups: dict[str, np.ndarray],
    clinical: str,
    times: np.ndarray,
) -> pd.DataFrame:
    """By `schemas.SURVIVAL_METRICS`; a model has a row where it predicts all patients of a population."""
    rows = []
    for population, inside, seen, name, score in _covered(scores, time, event, groups):
        fold, events = score.fold[inside], int(seen.event.sum())
        concordance = interval(harrell_parts(seen, score.risk[inside], fold), fold, events)
        brier = interval(brier_parts(seen, score.survival[inside], times), fold, events, logistic=False)
        rows.append(
            {
                "model": name,
                "role": role_of(name, clinical),
                "population": population,
                "n": len(seen.time),
                "events": events,
                "c_index": concordance.estimate,
                "c_index_lower": concordance.lower,
                "c_index_upper": concordance.upper,
                "integrated_brier": brier.estimate,
                "integrated_brier_lower": brier.lower,
                "integrated_brier_upper": brier.upper,
                "share_abstained": float(np.isnan(score.risk).mean()),
                "interval_method": METHOD,
            }
        )
    return conform(pd.DataFrame(rows, columns=list(SURVIVAL_METRICS.columns)), SURVIVAL_METRICS)


def survival_figures(
    scores: dict[str, SurvivalScores],
    time: np.ndarray,
    event: np.ndarray,
    groups: dict[str, np.ndarray],
    clinical: str,
    times: np.ndarray,
    horizons: Sequence[float],
) -> pd.DataFrame:
    """By `schemas.FIGURES`.

    ======================  ===========================================================================================
    figure                  at
    ======================  ===========================================================================================
    uno_c                   months until which events count: where a tenth of the patients is still observed
    time_dependent_auc      each of `horizons` (months)
    integrated_brier        the end of the curve's times
    integrated_brier_gain   the same: the score of one curve for everyone, less the model's (above 0: better than that)
    ======================  ===========================================================================================
    """
    rows = []
    for population, inside, seen, name, score in _covered(scores, time, event, groups):
        for figure, at, value, method in _figures(seen, score, scores[EVERYBODY], inside, times, horizons):
            rows.append(
                {
                    "model": name,
                    "role": role_of(name, clinical),
                    "population": population,
                    "figure": figure,
                    "at": at,
                    "n": len(seen.time),
                    "events": int(seen.event.sum()),
                    "estimate": value.estimate,
                    "lower": value.lower,
                    "upper": value.upper,
                    "method": method,
                }
            )
    return conform(pd.DataFrame(rows, columns=list(FIGURES.columns)), FIGURES)


def _figures(
    seen: FollowUp,
    score: SurvivalScores,
    everybody: SurvivalScores,
    inside: np.ndarray,
    times: np.ndarray,
    horizons: Sequence[float],
) -> Iterator[tuple[str, float, Interval, str]]:
    risk, fold, events = score.risk[inside], score.fold[inside], int(seen.event.sum())
    until = last_reliable_time(seen.time)
    yield "uno_c", until, interval(uno_parts(seen, risk, fold, until), fold, events), METHOD
    for at in dict.fromkeys(horizons):
        yield "time_dependent_auc", at, interval(auc_parts(seen, risk, fold, at), fold, events), METHOD
    own = brier_parts(seen, score.survival[inside], times)
    yield "integrated_brier", float(times[-1]), interval(own, fold, events, logistic=False), PLAIN
    gain = difference(brier_parts(seen, everybody.survival[inside], times), own, fold, events)
    yield "integrated_brier_gain", float(times[-1]), Interval(gain.estimate, gain.lower, gain.upper), PLAIN


def _covered(
    scores: dict[str, SurvivalScores], time: np.ndarray, event: np.ndarray, groups: dict[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray, FollowUp, str, SurvivalScores]]:
    """Each population with each model that predicts all of its patients."""
    for population, inside in groups.items():
        if not inside.any():
            continue
        seen = follow_up(time[inside], event[inside])
        for name, score in scores.items():
            if score.never_abstains(inside):
                yield population, inside, seen, name, score
