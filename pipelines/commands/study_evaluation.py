"""``radiogenomics study-evaluation``."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from radiogenomics.storage import write_atomically, write_text

_PAGE = """# The evaluation, evaluated

Written by `make study-evaluation` (`radiogenomics study-evaluation --linear-runs {linear} --pipeline-runs {pipeline}
--power-runs {power} --leak-runs {leak}`). **Simulated data**: no patient stands behind these figures. The same command gives the same figures.

## What is held against what

In each setting {linear} cohorts are simulated. A linear model is cross-validated (5 folds, 3 repeats) and evaluated by the
code that evaluates everything else. Predictors are normal, so the true AUC, sensitivity, Brier score and so on of every
fitted model have a formula. *Truth* is that of the models of the folds, which saw 80 % of the patients: that is what
cross-validation estimates. *Bias to the final model* is the distance to the truth of the model of all patients, which is
usually a little better. The row 'classic mistake' treats folds and repeats as independent; it is there to be seen.

![coverage]({plot})

| setting | figure | truth | bias | bias to the final model | coverage of 95 % intervals | mean width |
| --- | --- | --- | --- | --- | --- | --- |
{coverage}

Reading: the goal is a bias of the AUC below 0.01 and a coverage of 93 to 97 %; above that an interval is wider than it
need be, below it is too short.

- *Calibration slope*: an inverted robust score test. Where a model has learned next to nothing its log-odds hardly vary,
  the slope is a ratio to almost nothing, and its interval is as wide as that says. The estimate is then biased all the same.
- *Net benefit*: from Wilson intervals of the two shares it is made of (Zou and Donner 2008). *Gain*: over the better of two
  defaults; the interval does not need to know which is better, and is wide where they are equally good. The net benefit is
  too high where a model has learned next to nothing and the threshold is near the share of events: stratified folds give the
  training and the test patients the same share, which other patients need not have.
- *Predictive values* are of all calls of a repeat together, and so is their truth. They are given where anybody is called.
- *Average precision* pools folds and is a little high in small cohorts.
- *Nested cross-validation* after Bates, Hastie and Tibshirani (2023), with the AUC of a fold in place of its mean error and
  10 divisions (they advise 200): what their interval would cover here, beside ours, for the same model.

## The whole pipeline

Cohorts of 120 patients with clinical, imaging and expression predictors go through `evaluate` (elastic nets, learned late
fusion, 5 x 3 folds). Clinical variables have an effect, expression and hospital have none. The planted leak chooses features
with the labels of all patients before the folds are made; the null audit (12 permutations) has to raise its alarm.

| what | cohorts | share | 95 % interval |
| --- | --- | --- | --- |
{verdicts}

Goals: false 'adds' at most 5 %; the leak always caught. The difference beside a question is the mean of the estimates.
"""


def study_evaluation(
    output: Path,
    linear_runs: int,
    pipeline_runs: int,
    power_runs: int,
    leak_runs: int,
    workers: int,
    err: Console,
) -> None:
    """Run the study and write its page and plot."""
    from radiogenomics.evaluation.study.run import run_study
    from radiogenomics.reporting.figures import coverage_figure, png

    started = time.monotonic()
    found = run_study(
        linear_runs=linear_runs,
        pipeline_runs=pipeline_runs,
        power_runs=power_runs,
        leak_runs=leak_runs,
        workers=workers,
        on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r"),
    )
    plot = output.with_suffix(".png")
    write_atomically(plot, partial(Path.write_bytes, data=png(coverage_figure(found.coverage))))
    page = _PAGE.format(
        linear=linear_runs,
        pipeline=pipeline_runs,
        power=power_runs,
        leak=leak_runs,
        plot=plot.name,
        coverage="\n".join(coverage_row(row) for row in found.coverage.to_dict("records")),
        verdicts="\n".join(
            f"| {r['what']} | {r['runs']} | {r['share']:.1%} | {r['lower']:.1%} to {r['upper']:.1%} |"
            for r in found.verdicts.to_dict("records")
        ),
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


def coverage_row(row: dict) -> str:
    """One line of the table of coverage."""
    final = "" if pd.isna(row["bias_final"]) else f"{row['bias_final']:+.3f}"
    return (
        f"| {row['setting']} | {row['figure']} | {row['truth']:.3f} | {row['bias']:+.3f} | {final} | "
        f"{row['coverage']:.1%} | {row['width']:.3f} |"
    )
