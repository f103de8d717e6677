"""All parts of the study, as tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.compute import map_items
from radiogenomics.evaluation.proportions import wilson_interval
from radiogenomics.evaluation.study.linear import Found, Setting, one_cohort
from radiogenomics.evaluation.study.pipeline import leak_is_caught, verdicts_of
from radiogenomics.exceptions import ComputationError

SETTINGS = (
    Setting("no signal, 40 predictors", 100, 0.3, 4, 40, 0.0, 0.0),
    Setting("moderate signal, 40 predictors", 100, 0.3, 4, 40, 1.0, 0.0),
    Setting("strong signal, 172 patients", 172, 0.25, 4, 40, 1.4, 0.8),
    Setting("more predictors than patients", 80, 0.25, 4, 200, 1.2, 0.8),
    Setting("40 patients, 15 events", 40, 0.375, 4, 20, 1.0, 0.5),
)
EFFECT = 1.2
"""Stated effect of the power figure: imaging's own shift in standard deviations; alone it reaches an AUC of 0.80 at most."""


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
    pipeline_runs: int = 60,
    leak_runs: int = 8,
    settings: tuple[Setting, ...] = SETTINGS,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Simulate, evaluate, count.

    Parameters
    ----------
    linear_runs : cohorts of each setting, for bias and coverage. pipeline_runs : cohorts through the whole pipeline without
        and with an effect of imaging. leak_runs : cohorts with a planted leak, and as many without.
    """
    tables = []
    for setting in settings:
        cohorts = _mapped(partial(one_cohort, setting), range(linear_runs), workers, None)
        tables.append(_coverage(setting.name, cohorts))
    rows = []
    for what, effect in (("imaging is noise", 0.0), (f"imaging has an effect of {EFFECT} SD", EFFECT)):
        found = pd.DataFrame(_mapped(partial(verdicts_of, imaging=effect), range(pipeline_runs), workers, on_progress))
        rows += [_share(f"{what}: '{name}' says adds", found[name]) for name in found.columns if _about_imaging(name)]
        if effect == 0.0:
            nothing = [c for c in found.columns if "imaging" in c or c.split(" ")[0] in {"radiomics_ct", "expression"}]
            rows.append(_share(f"{what}: any verdict on imaging or expression says adds", found[nothing].any(axis=1)))
    for what, planted in (("leak planted: caught", True), ("no leak: false alarm", False)):
        caught = _mapped(partial(leak_is_caught, planted=planted), range(leak_runs), workers, on_progress)
        rows.append(_share(what, pd.Series(caught)))
    return Study(pd.concat(tables, ignore_index=True), pd.DataFrame(rows))


def _about_imaging(name: str) -> bool:
    return name in {"imaging over clinical", "imaging over all other modalities", "fusion over clinical"}


def _mapped(
    function: Callable[[int], Any], seeds: range, workers: int, on_progress: Callable[[int, int], None] | None
) -> list[Any]:
    outcomes = map_items(function, seeds, workers=workers, on_progress=on_progress)
    for seed, outcome in zip(seeds, outcomes, strict=True):
        if outcome.error is not None:
            raise ComputationError(f"study, seed {seed}: {outcome.error}", rule="study") from outcome.error
    return [outcome.value for outcome in outcomes]


def _coverage(setting: str, cohorts: list[list[Found]]) -> pd.DataFrame:
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
