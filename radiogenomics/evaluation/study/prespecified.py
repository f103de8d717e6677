"""What naming predictors beforehand is worth, and what it costs where earlier studies were wrong: simulated cohorts.

The cohorts are those of :mod:`radiogenomics.evaluation.study.learners`: three modalities, in each of which three features tell.
A list names some of them with their direction; the model of that list stands beside the learned late fusion of elastic nets over
all features. All are judged on the same 2,000 new patients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from radiogenomics.compute import map_items, single_threaded
from radiogenomics.evaluation.study.learners import FEATURES, NEW_PATIENTS, SCENES, drawn
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.prespecified import PrespecifiedPredictors

FUSION = "late/weighted over all features"
"""What all others are held against."""

_TELL = tuple(f"m{m}:f{f:02d}" for m in range(len(FEATURES)) for f in range(3))
_NOISE = tuple(f"m{m}:f{f:02d}" for m, count in enumerate(FEATURES) for f in range(3, min(count, 7)))[:9]
_FULL = tuple((name, 1) for name in _TELL)
LISTS: dict[str, tuple[tuple[str, int], ...]] = {
    "all nine that tell": _FULL,
    "the same, directions unknown": tuple((name, 0) for name in _TELL),
    "the same, three in the wrong direction": tuple((n, -1 if n.endswith("f02") else 1) for n in _TELL),
    "the same, and nine that tell nothing": (*_FULL, *((name, 1) for name in _NOISE)),
    "four of the nine": tuple((name, 1) for name in _TELL[::2][:4]),
    "nine that tell nothing": tuple((name, 1) for name in _NOISE),
}
"""Name -> (feature, sign) pairs. Every effect of the cohorts is positive."""

VOICES = {
    f"late fusion with one more voice: {name}": name
    for name in (
        "all nine that tell",
        "the same, three in the wrong direction",
        "four of the nine",
        "nine that tell nothing",
    )
}
"""What `late/with_prespecified` does with a list -> the list."""

RULES = (FUSION, *LISTS, *VOICES)


def prespecified_study(
    *, cohorts: int = 12, workers: int = 1, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Mean AUC of each list's model in each scene, and how far it is from the late fusion, paired.

    Returns
    -------
    DataFrame effects, patients, rule, cohorts, auc, difference, difference_error (standard error of the mean difference).

    Raises
    ------
    ComputationError
        A cohort could not be evaluated.
    """
    jobs = [(*scene, seed) for scene in SCENES for seed in range(cohorts)]
    rows = []
    for job, outcome in zip(jobs, map_items(_aucs, jobs, workers=workers, on_progress=on_progress), strict=True):
        if outcome.value is None:
            raise ComputationError(f"prespecified predictors, {job}: {outcome.error}", rule="study") from outcome.error
        rows += [(*job, rule, auc) for rule, auc in outcome.value.items()]
    scores = pd.DataFrame(rows, columns=["effects", "patients", "seed", "rule", "auc"])
    found = []
    for scene, table in scores.groupby(["effects", "patients"], sort=False):
        wide = table.pivot(index="seed", columns="rule", values="auc")
        for rule in RULES:
            gap = wide[rule] - wide[FUSION]
            found.append((*scene, rule, cohorts, wide[rule].mean(), gap.mean(), gap.std(ddof=1) / np.sqrt(cohorts)))
    return pd.DataFrame(
        found, columns=["effects", "patients", "rule", "cohorts", "auc", "difference", "difference_error"]
    )


def _aucs(job: tuple[str, int, int]) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    kind, patients, seed = job
    scene = SCENES[kind, patients]
    rng = np.random.default_rng([seed, list(SCENES).index((kind, patients))])
    X, target = drawn(scene, scene.patients, rng)
    new, truth = drawn(scene, NEW_PATIENTS, rng)
    with single_threaded():
        fitted = {f"m{m}/elastic_net": ElasticNet((f"m{m}",)).fit(X, target) for m in range(len(FEATURES))}
        models = {name: PrespecifiedPredictors(predictors=named).fit(X, target) for name, named in LISTS.items()}
        voices = {name: {**fitted, "early/prespecified": models[named]} for name, named in VOICES.items()}
        for name, members in {FUSION: fitted, **voices}.items():
            models[name] = LateFusion(list(members.items())).fit_combination(X, target, members)
        return {name: float(roc_auc_score(truth, models[name].decision_function(new))) for name in RULES}
