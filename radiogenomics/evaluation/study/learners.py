"""Which learner should speak for a modality in late fusion: one, or several averaged? Judged on simulated cohorts.

Each cohort has three modalities of 20, 20 and 5 features. Their effects are linear, or nonlinear (a burden counts only above a
cut; two features count only where both are high), or mixed. Every learner is fitted once on each modality; every rule then
makes one score a modality of the same fitted models, by their inner out-of-fold predictions alone, and late fusion weighs
the scores as `late/weighted` does. All are judged on 2,000 new patients.

References
----------
.. [1] Wolpert: Stacked generalization, Neural Networks 1992.
.. [2] van der Laan, Polley, Hubbard: Super learner, Stat. Appl. Genet. Mol. Biol. 2007.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.compute import map_items, single_threaded
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.late import LateFusion, combined_evidence, shrunken_weights
from radiogenomics.fusion.logistic import log_loss_rows, recalibration

ELASTIC_NET = "elastic net"
"""The rule that all others are held against."""
AVERAGED = "mean of elastic net and XGBoost"
"""What `averaged` does, and late fusion of the two."""
NEW_PATIENTS = 2000
LINEAR, NONLINEAR, MIXED = "linear", "nonlinear", "mixed"
SLOPE, STEP = 0.5, 1.6
"""Log-odds: for one standard deviation of a linear feature; above the cut, and where two features are both high."""
CUT = 0.67
"""The burden's cut, in standard deviations of its logarithm: a quarter of the patients lie above it."""


class Scene(NamedTuple):
    """A kind of cohort: patients, events, and the effects of its modalities of 20, 20 and 5 features."""

    patients: int
    events: int
    effects: tuple[str, str, str]


FEATURES = (20, 20, 5)
_EFFECTS = {LINEAR: (LINEAR,) * 3, NONLINEAR: (NONLINEAR,) * 3, MIXED: (LINEAR, NONLINEAR, MIXED)}
SCENES: dict[tuple[str, int], Scene] = {
    (kind, patients): Scene(patients, events, effects)
    for kind, effects in _EFFECTS.items()
    for patients, events in ((40, 15), (94, 24), (227, 69))
}
"""(effects, patients) -> scene; sizes and events are those of real cohorts of this kind."""


class Said(NamedTuple):
    """Evidence (calibrated log-odds above the prevalence) of elastic net and XGBoost, in this order, in one modality.

    Attributes
    ----------
    inner : (n, repeats, 2), of the training patients, by models that did not see them. new : (NEW_PATIENTS, 2).
    """

    inner: np.ndarray
    new: np.ndarray


Rule = Callable[[Said, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(what the learners say, target (n,)) -> one score a modality: inner (n, repeats) and new (NEW_PATIENTS,)."""


def learner_study(
    *, cohorts: int = 12, workers: int = 1, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Mean AUC of each rule in each scene, alone and fused, and how far it is from the elastic net, paired.

    Returns
    -------
    DataFrame effects, patients, what ('fusion', or 'single modality': mean of the three), rule, cohorts, auc, difference,
    difference_error (standard error of the mean difference).

    Raises
    ------
    ComputationError
        A cohort could not be evaluated.
    """
    jobs = [(*scene, seed) for scene in SCENES for seed in range(cohorts)]
    outcomes = map_items(_aucs, jobs, workers=workers, on_progress=on_progress)
    rows = []
    for (kind, patients, seed), outcome in zip(jobs, outcomes, strict=True):
        if outcome.value is None:
            raise ComputationError(
                f"learners, {kind}, {patients} patients, seed {seed}: {outcome.error}", rule="study"
            ) from outcome.error
        rows += [(kind, patients, seed, *found) for found in outcome.value]
    scores = pd.DataFrame(rows, columns=["effects", "patients", "seed", "what", "rule", "auc"])
    found = []
    for scene, table in scores.groupby(["effects", "patients", "what"], sort=False):
        wide = table.pivot(index="seed", columns="rule", values="auc")
        for rule in RULES:
            gap = wide[rule] - wide[ELASTIC_NET]
            error = gap.std(ddof=1) / np.sqrt(cohorts)
            found.append((*scene, rule, cohorts, wide[rule].mean(), gap.mean(), error))
    names = ["effects", "patients", "what", "rule", "cohorts", "auc", "difference", "difference_error"]
    return pd.DataFrame(found, columns=names)


def _aucs(job: tuple[str, int, int]) -> list[tuple[str, str, float]]:
    kind, patients, seed = job
    said, target, truth = _fitted(SCENES[kind, patients], [seed, list(SCENES).index((kind, patients))])
    found = []
    for name, rule in RULES.items():
        scores = [rule(one, target) for one in said]
        inner = np.stack([score[0] for score in scores], axis=-1)
        new = np.stack([score[1] for score in scores], axis=-1)
        single = [_auc(truth, column) for column in new.T]
        found.append(("single modality", name, float(np.mean(single))))
        found.append(("fusion", name, _auc(truth, _fused(inner, new, target))))
    return found


def _auc(truth: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, score)) if np.ptp(score) > 0 else 0.5


def _fused(inner: np.ndarray, new: np.ndarray, target: np.ndarray) -> np.ndarray:
    """What `late/weighted` makes of one score a modality: (NEW_PATIENTS,)."""
    model = LateFusion()
    model.prior_log_odds_ = float(np.log(target.mean() / (1 - target.mean())))
    model._learn(inner, target)
    return combined_evidence(new, model.weights_, model.sharpening_)


def _fitted(scene: Scene, seed: list[int]) -> tuple[list[Said], np.ndarray, np.ndarray]:
    """What all learners say in each modality, and the labels of the training and of the new patients."""
    rng = np.random.default_rng(seed)
    X, target = drawn(scene, scene.patients, rng)
    new, truth = drawn(scene, NEW_PATIENTS, rng)
    said = []
    with single_threaded():
        for modality in dict.fromkeys(column.split(":")[0] for column in X.columns):
            inner, later = [], []
            for learner in (ElasticNet, BoostedTrees):
                model = learner((modality,)).fit(X, target)
                inner.append(model.inner_log_odds_ - model.prior_log_odds_)
                later.append(model.decision_function(new) - model.prior_log_odds_)
            said.append(Said(np.stack(inner, axis=-1), np.stack(later, axis=-1)))
    return said, target, truth


def drawn(scene: Scene, patients: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Features of so many patients, columns `m<number>:f<number>`, and their labels with the scene's share of events."""
    events = round(patients * scene.events / scene.patients)
    pool = 12 * patients
    columns: dict[str, np.ndarray] = {}
    log_odds = np.full(pool, np.log(scene.events / (scene.patients - scene.events)))
    for place, (effects, features) in enumerate(zip(scene.effects, FEATURES, strict=True)):
        own = 0.5 * rng.normal(size=(pool, 1)) + np.sqrt(0.75) * rng.normal(size=(pool, features))
        effect = _effect(effects, own)
        log_odds += effect - effect.mean()
        own[:, 0] = np.exp(own[:, 0])  # a burden is skewed
        columns |= {f"m{place}:f{i:02d}": own[:, i] for i in range(features)}
    positive = rng.random(pool) < expit(log_odds)
    rows = np.concatenate([np.flatnonzero(positive)[:events], np.flatnonzero(~positive)[: patients - events]])
    return pd.DataFrame(columns).iloc[rows].reset_index(drop=True), positive[rows].astype(int)


def _effect(effects: str, standard: np.ndarray) -> np.ndarray:
    """Log-odds (n,) of one modality's standard features (n, p), of which the first is the burden's logarithm."""
    linear = SLOPE * standard[:, :3].sum(axis=1)
    steps = STEP * ((standard[:, 0] > CUT).astype(float) + ((standard[:, 1] > 0) & (standard[:, 2] > 0)))
    return {LINEAR: linear, NONLINEAR: steps, MIXED: (linear + steps) / 2}[effects]


# ------------------------------------------------------------------------------------------------------------ rules
def _weighted(weights: np.ndarray, said: Said, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weighted mean of both."""
    return said.inner @ weights, said.new @ weights


def _recalibrated(said: Said, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean, recalibrated once more: an average of two is less extreme than it should be."""
    inner, new = _weighted(np.array([0.5, 0.5]), said, target)
    prior = float(np.log(target.mean() / (1 - target.mean())))
    intercept, slope = recalibration(prior + inner, target)
    return intercept + slope * (prior + inner) - prior, intercept + slope * (prior + new) - prior


def _inner_loss(inner: np.ndarray, target: np.ndarray) -> float:
    """Log-loss in patients of evidence (n, repeats)."""
    prior = float(np.log(target.mean() / (1 - target.mean())))
    return float(log_loss_rows(prior + inner, target[:, None]).mean(axis=1).sum())


def _selected(said: Said, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The learner with the lowest inner log-loss: the discrete super learner [2]_."""
    best = int(np.argmin([_inner_loss(said.inner[:, :, k], target) for k in range(2)]))
    return said.inner[:, :, best], said.new[:, best]


def _stacked(said: Said, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Convex weights by inner log-loss, drawn to equal ones as those of modalities are: the super learner [2]_."""
    weights = shrunken_weights(lambda w, sharpening: _inner_loss(sharpening * (said.inner @ w), target), 2)
    return _weighted(weights, said, target)


RULES: dict[str, Rule] = {
    ELASTIC_NET: partial(_weighted, np.array([1.0, 0.0])),
    "XGBoost": partial(_weighted, np.array([0.0, 1.0])),
    AVERAGED: partial(_weighted, np.array([0.5, 0.5])),
    "the same, recalibrated": _recalibrated,
    "the one with the lower inner loss": _selected,
    "weights learned, drawn to equal ones": _stacked,
}
