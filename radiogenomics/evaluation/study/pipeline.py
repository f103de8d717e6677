"""The whole pipeline on simulated cohorts: how often does a verdict say 'adds', and is a planted leak caught?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.evaluation.nested import WEIGHTED, evaluate
from radiogenomics.evaluation.null_audit import null_audit

MODELS = Models(unimodal=("elastic_net",), fusion=(WEIGHTED,))
RESAMPLING = Resampling(outer_folds=5, inner_folds=3, repeats=1)
CLINICAL, IMAGING, EXPRESSION = 4, 40, 20


def simulated_tables(
    seed: int, *, patients: int = 120, clinical: float = 1.0, imaging: float = 0.0
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Clinical, imaging and expression predictors, labels (30 % events) and a hospital that tells nothing.

    Parameters
    ----------
    clinical, imaging : how far events are shifted, in standard deviations, along each modality; spread over two clinical
        variables and four of the imaging ones. Expression is noise.
    """
    rng = np.random.default_rng(np.random.SeedSequence([20260102, seed]))
    y = (np.arange(patients) < round(0.3 * patients)).astype(int)
    index = pd.Index([f"P{i:03d}" for i in range(patients)], name="patient_id")
    blocks = []
    for name, size, strong, distance in (
        ("clinical", CLINICAL, 2, clinical),
        ("radiomics_ct", IMAGING, 4, imaging),
        ("expression", EXPRESSION, 1, 0.0),
    ):
        values = rng.normal(size=(patients, size))
        values[:, :strong] += y[:, None] * distance / np.sqrt(strong)
        blocks.append(pd.DataFrame(values, index=index, columns=[f"{name}:f{i:02d}" for i in range(size)]))
    hospital = pd.DataFrame({"hospital:name": rng.choice(["A", "B", "C"], patients).astype(object)}, index=index)
    return pd.concat(blocks, axis=1), pd.Series(y, index=index), hospital


class Said(NamedTuple):
    """One question of one cohort, on all patients: what was said, what would be without correction, the difference."""

    question: str
    adds: bool
    uncorrected: bool
    difference: float


def verdicts_of(seed: int, imaging: float) -> list[Said]:
    """What the comparisons of one cohort say."""
    X, y, hospital = simulated_tables(seed, imaging=imaging)
    found = evaluate(X, y, hospital, models=MODELS, resampling=RESAMPLING).comparisons
    rows = found[found["population"] == "all"]
    return [
        Said(str(r["comparison"]), says_adds(str(r["verdict"])), bool(r["lower"] > 0), float(r["auc_difference"]))
        for r in rows.to_dict("records")
    ]


def says_adds(verdict: str) -> bool:
    """Whether a verdict is the affirmative one."""
    return " adds " in verdict and not verdict.startswith("no evidence")


def select_on_everybody(X: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """The planted leak: the imaging features that differ most between the classes, chosen with the test patients."""
    imaging = X.filter(like="radiomics_ct:")
    gap = (imaging[y == 1].mean() - imaging[y == 0].mean()).abs()
    return imaging[gap.nlargest(8).index]


def imaging_alone(X: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """The honest counterpart: all imaging features, chosen without a look at the label."""
    return X.filter(like="radiomics_ct:")


def leak_is_caught(seed: int, *, planted: bool, permutations: int = 12) -> bool:
    """Whether the null audit raises its alarm, with the leak planted or without it."""
    X, y, _ = simulated_tables(seed, patients=80)
    found = null_audit(
        X,
        y,
        models=MODELS,
        resampling=RESAMPLING.model_copy(update={"inner_folds": 2}),
        settings=Scrutiny(permutations=permutations),
        final_model="radiomics_ct/elastic_net",
        prepare=select_on_everybody if planted else imaging_alone,
    )
    return bool(found.summary["alarm"].any())
