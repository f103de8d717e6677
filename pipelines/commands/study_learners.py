"""``radiogenomics study-learners``."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
from rich.console import Console

from radiogenomics.storage import write_text

_PAGE = """# Which learner speaks for a modality in late fusion

Written by `make study-learners` (`radiogenomics study-learners --cohorts {cohorts}`). **Simulated data**: no patient stands behind
these figures. The same command gives the same figures. No real outcome had a say.

Each cohort has three modalities of 20, 20 and 5 features. Effects are linear (three features each), or nonlinear (a burden counts
only above its upper quartile; two features count only where both are above their median), or mixed (one modality of each
kind, one half and half). {cohorts} cohorts of each kind and size fit every learner once on each modality, with its own inner
cross-validation. Every rule makes one score a modality of the same fitted models, by their inner out-of-fold predictions alone;
the fusion weighs the scores as `late/weighted` does. All are judged on {new:,} new patients. AUC: mean over cohorts; in brackets the
difference to the elastic net, paired, with its standard error. 40 patients have 15 events, 94 have 24, 227 have 69.

Stated before the figures were seen: the mean of elastic net and XGBoost is the learner of late fusion if the fusion loses less than
{limit} where effects are linear, and gains more than that where they are not.

{tables}

## Verdict

{verdict}

Reading: late fusion averages the unimodal models that a configuration declares, by default these two; `averaged` names the same
average, so that it stands beside each learner. Over all kinds of cohorts the average and the elastic net are level: it gains where
effects are nonlinear what it loses where they are linear. So the example cohorts do not declare `averaged`, and neither learner is
given up. Which learner suits cannot be read from the inner folds: choosing the better by inner loss does worse than averaging, and
learned weights do no better than equal ones.
"""
LIMIT = 0.005


def study_learners(output: Path, cohorts: int, workers: int, err: Console) -> None:
    """Run the study and write its page."""
    from radiogenomics.evaluation.study import learners as study

    started = time.monotonic()
    found = study.learner_study(
        cohorts=cohorts, workers=workers, on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r")
    )
    page = _PAGE.format(
        cohorts=cohorts,
        new=study.NEW_PATIENTS,
        limit=LIMIT,
        tables="\n\n".join(_table(found, what) for what in ("fusion", "single modality")),
        verdict=verdict(found, study.AVERAGED),
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


def _table(found: pd.DataFrame, what: str) -> str:
    title = "Late fusion" if what == "fusion" else "A single modality (mean of the three)"
    return f"## {title}\n\n{table_by_scene(found[found['what'] == what], 'rule')}"


def table_by_scene(found: pd.DataFrame, heading: str) -> str:
    """A row a rule and a column a scene: AUC, and in brackets the difference with its standard error.

    Parameters
    ----------
    found : effects, patients, rule, auc, difference, difference_error, one row a rule and scene. heading : of the first column.
    """
    scenes = list(dict.fromkeys(zip(found["effects"], found["patients"], strict=True)))
    lines = [
        f"| {heading} | {' | '.join(f'{effects}, {patients}' for effects, patients in scenes)} | mean |",
        f"| --- | {' | '.join('---' for _ in scenes)} | --- |",
    ]
    for rule, table in found.groupby("rule", sort=False):
        by_scene = table.set_index(["effects", "patients"]).loc[scenes]
        cells = [
            f"{row['auc']:.3f} ({row['difference']:+.3f} ± {row['difference_error']:.3f})"
            for row in by_scene.to_dict("records")
        ]
        lines.append(f"| {rule} | {' | '.join(cells)} | {by_scene['auc'].mean():.3f} |")
    return "\n".join(lines)


def verdict(found: pd.DataFrame, rule: str) -> str:
    """Whether a rule keeps to what was stated: a sentence an effect, means over sizes, and a conclusion.

    Parameters
    ----------
    found : by `radiogenomics.evaluation.study.learners.learner_study`.
    """
    own = found[(found["what"] == "fusion") & (found["rule"] == rule)]
    gaps, said = {}, []
    for effects, table in own.groupby("effects", sort=False):
        gaps[effects] = float(table["difference"].mean())
        error = float((table["difference_error"] ** 2).sum() ** 0.5) / len(table)
        said.append(f"{effects} effects {gaps[effects]:+.4f} ± {error:.4f}")
    kept = gaps["linear"] > -LIMIT and gaps["nonlinear"] > LIMIT
    conclusion = "the rule is met" if kept else "the rule is not met"
    return (
        f"Fusion of the {rule}, less that of the elastic net, mean over the sizes: {'; '.join(said)}. So {conclusion}."
    )
