"""All parts of the study, as tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.compute import map_items
from radiogenomics.evaluation.comparisons import (
    FUSION_OVER_CLINICAL,
    IMAGING_OVER_CLINICAL,
    IMAGING_OVER_OTHERS,
)
from radiogenomics.evaluation.proportions import wilson_interval
from radiogenomics.evaluation.study.linear import Found, Setting, one_cohort
from radiogenomics.evaluation.study.pipeline import Said, leak_is_caught, verdicts_of
from radiogenomics.exceptions import ComputationError

SETTINGS = (
    Setting("no signal, 40 predictors", 100, 0.3, 4, 40, 0.0, 0.0),
    Setting("moderate signal, 40 predictors", 100, 0.3, 4, 40, 1.0, 0.0),
    Setting("strong signal, 172 patients", 172, 0.25, 4, 40, 1.4, 0.8),
    Setting("more predictors than patients", 80, 0.25, 4, 200, 1.2, 0.8),
    Setting("40 patients, 15 events", 40, 0.375, 4, 20, 1.0, 0.5),
)
EFFECTS = (1.2, 2.0)
"""Stated effects of the power figures: imaging's own shift in standard deviations. What it is worth in AUC beside the
clinical variables, once learned from 96 patients, is given with the power."""


class Study(NamedTuple):
    """What was found.

    Attributes
    ----------
    coverage : setting, figure, runs, truth, bias, bias_final (against the model of all patients), coverage,
        coverage_lower, coverage_upper, width.
    verdicts : what, runs, share, lower, upper: shares of cohorts with an 'adds' verdict, leaks caught, false alarms.
    """

    coverage: pd.DataFrame
    verdicts: pd.DataFrame


def run_study(
    *,
    linear_runs: int = 400,
    pipeline_runs: int = 80,
    power_runs: int = 30,
    leak_runs: int = 8,
    settings: tuple[Setting, ...] = SETTINGS,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Simulate, evaluate, count.

    Parameters
    ----------
    linear_runs : cohorts of each setting, for bias and coverage. pipeline_runs : cohorts through the whole pipeline without
        an effect of imaging; 74 without a false verdict bound their share below 5 %. power_runs : with each effect. leak_runs : cohorts with a planted leak, and as many without.
    """
    tables = []
    for setting in settings:
        cohorts = mapped(partial(one_cohort, setting), range(linear_runs), workers, None)
        tables.append(coverage_table(setting.name, cohorts))
    rows = []
    for what, effect in (("imaging is noise", 0.0), *((f"imaging has an effect of {e} SD", e) for e in EFFECTS)):
        runs = power_runs if effect else pipeline_runs
        said = mapped(partial(verdicts_of, imaging=effect), range(runs), workers, on_progress)
        questions = zip(*said, strict=True)
        rows += [row for group in questions for row in _question(what, list(group))]
        if effect == 0.0:
            wrong = [any(s.adds for s in cohort if _nothing_there(s.question)) for cohort in said]
            rows.append(_share(f"{what}: any verdict on imaging or expression says adds", pd.Series(wrong)))
    for what, planted in (("leak planted: caught", True), ("no leak: false alarm", False)):
        caught = mapped(partial(leak_is_caught, planted=planted), range(leak_runs), workers, on_progress)
        rows.append(_share(what, pd.Series(caught)))
    return Study(pd.concat(tables, ignore_index=True), pd.DataFrame(rows))


_ABOUT_IMAGING = (IMAGING_OVER_CLINICAL, IMAGING_OVER_OTHERS, FUSION_OVER_CLINICAL)


def _nothing_there(question: str) -> bool:
    """Whether the question is about imaging or expression, which are noise where imaging has no effect."""
    return question in _ABOUT_IMAGING or question in {"radiomics_ct in the fusion", "expression in the fusion"}


def _question(what: str, group: list[Said]) -> list[dict[str, Any]]:
    """Shares of 'adds' with and without correction, for the questions about imaging."""
    question = group[0].question
    if question not in _ABOUT_IMAGING:
        return []
    mean = float(np.mean([s.difference for s in group]))
    start = f"{what}: '{question}' (mean difference {mean:+.3f} AUC)"
    return [
        _share(f"{start} says adds", pd.Series([s.adds for s in group])),
        _share(f"{start} has an interval above 0", pd.Series([s.uncorrected for s in group])),
    ]


def mapped(
    function: Callable[[int], Any], seeds: range, workers: int, on_progress: Callable[[int, int], None] | None
) -> list[Any]:
    """What `function` says of each seed, in their order.

    Raises
    ------
    ComputationError
        A seed failed; the message names it.
    """
    outcomes = map_items(function, seeds, workers=workers, on_progress=on_progress)
    for seed, outcome in zip(seeds, outcomes, strict=True):
        if outcome.error is not None:
            raise ComputationError(f"study, seed {seed}: {outcome.error}", rule="study") from outcome.error
    return [outcome.value for outcome in outcomes]


def coverage_table(setting: str, cohorts: list[list[Found]]) -> pd.DataFrame:
    """Bias and coverage of each figure over the cohorts of one setting, one row a figure: the columns of `Study.coverage`."""
    rows = []
    for group in zip(*cohorts, strict=True):
        known = [found for found in group if np.isfinite([*found.interval, found.truth]).all()]
        inside = sum(found.interval.lower <= found.truth <= found.interval.upper for found in known)
        lower, upper = wilson_interval(inside, max(len(known), 1))
        rows.append(
            {
                "setting": setting,
                "figure": group[0].figure,
                "runs": len(known),
                "truth": float(np.mean([f.truth for f in known])),
                "bias": float(np.mean([f.interval.estimate - f.truth for f in known])),
                "bias_final": float(np.mean([f.interval.estimate - f.truth_final for f in known])),
                "coverage": inside / max(len(known), 1),
                "coverage_lower": float(lower),
                "coverage_upper": float(upper),
                "width": float(np.mean([f.interval.upper - f.interval.lower for f in known])),
            }
        )
    return pd.DataFrame(rows)


def _share(what: str, values: pd.Series) -> dict[str, Any]:
    count, runs = int(values.sum()), len(values)
    lower, upper = wilson_interval(count, runs)
    return {"what": what, "runs": runs, "share": count / runs, "lower": float(lower), "upper": float(upper)}
