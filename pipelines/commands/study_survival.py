"""``radiogenomics study-evaluation --part survival``."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from rich.console import Console

from pipelines.commands.study_evaluation import coverage_row
from radiogenomics.storage import write_atomically, write_text

_PAGE = """# The evaluation of times to an event, evaluated

Written by `make study-survival` (`radiogenomics study-evaluation --part survival --survival-runs {runs}`). **Simulated data**: no
patient stands behind these figures. The same command gives the same figures.

In each setting {runs} cohorts are simulated. Predictors are normal, the hazard is log-linear in four of them; patients enter over two
years, the data are cut three years after the first, some are lost before. A quick Cox model (one Newton step of the ridge regression)
is cross-validated (5 folds, 3 repeats, stratified by event) and evaluated by the code that evaluates every survival endpoint. The
score of a fitted model and the true hazard are jointly normal, so what its C-index tends to under that censoring is an integral.
*Truth* is that of the models of the folds, which saw 80 % of the patients. *Bias to the final model* is the distance to the truth of
the model of all patients. The row 'classic mistake' treats folds and repeats as independent; it is there to be seen.

![coverage]({plot})

| setting | figure | truth | bias | bias to the final model | coverage of 95 % intervals | mean width |
| --- | --- | --- | --- | --- | --- | --- |
{coverage}

Reading: the goal is a bias of the C-index below 0.01 and a coverage of 93 to 97 %; above that an interval is wider than it need be,
below it is too short. {runs} cohorts tell a coverage of 95 % to {error:.1f} points either way.

- *c_index*: Harrell's, of pairs within a fold. *uno_c*: Uno's up to {until:g} months. *auc_at_horizon*: cumulative-dynamic AUC at
  {until:g} months.
- *c_index_difference*: of a model of the four predictors that matter less one of all predictors, on the same patients and folds.
"""


def study_survival(output: Path, runs: int, workers: int, err: Console) -> None:
    """Run the study of survival figures and write its page and plot."""
    from radiogenomics.evaluation.study.survival import SURVIVAL_SETTINGS, run_survival_study
    from radiogenomics.reporting.figures import coverage_figure, png

    started = time.monotonic()
    coverage = run_survival_study(
        runs=runs, workers=workers, on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r")
    )
    plot = output.with_suffix(".png")
    write_atomically(plot, partial(Path.write_bytes, data=png(coverage_figure(coverage))))
    page = _PAGE.format(
        runs=runs,
        plot=plot.name,
        coverage="\n".join(coverage_row(row) for row in coverage.to_dict("records")),
        error=196 * (0.95 * 0.05 / runs) ** 0.5,
        until=SURVIVAL_SETTINGS[0].until,
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)
