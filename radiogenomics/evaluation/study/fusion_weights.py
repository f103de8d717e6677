"""How should late fusion weigh its modalities? Rules side by side, on simulated cohorts with one dominant modality, with
several equal ones, and with correlated ones.

Each cohort fits one elastic net a modality; every rule then combines the same fitted models by their inner out-of-fold
evidence alone, and is judged on 2,000 new patients.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.compute import map_items, single_threaded
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.logistic import log_loss_rows
from radiogenomics.fusion.stacked import StackedFusion

BEST = "the best modality, known in advance"
CURRENT = "learned, drawn to equal weights (late/weighted)"
NEW_PATIENTS = 2000


class Scene(NamedTuple):
    """A kind of cohort: patients, events, each modality's (informative features, shift in SD, features), and the correlation
    of the informative features of all modalities with each other."""

    patients: int
    events: int
    modalities: tuple[tuple[int, float, int], ...]
    shared: float = 0.0


SCENES = {
    "correlated": Scene(40, 15, (*[(3, 0.7, 20)] * 3, *[(2, 0.6, 4)] * 2), 0.8),
    "one dominant": Scene(40, 15, ((3, 1.0, 20), (1, 0, 20), (1, 0, 20), (1, 0.3, 4), (1, 0, 4))),
    "one dominant, 94 patients": Scene(94, 24, ((3, 1.0, 60), (1, 0, 60), (1, 0.3, 5))),
    "one dominant, one helps": Scene(40, 15, ((3, 0.9, 20), (2, 0.5, 20), (1, 0, 20), (1, 0.3, 4), (1, 0.4, 4))),
    "equal": Scene(40, 15, (*[(2, 0.6, 20)] * 3, *[(1, 0.6, 4)] * 2)),
    "equal, 94 patients": Scene(94, 24, ((3, 0.6, 60), (3, 0.6, 60), (2, 0.6, 5))),
}

Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(inner evidence (n, repeats, m), target (n,)) -> weights (m,), not negative."""


def weight_study(
    *, cohorts: int = 60, workers: int = 1, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Mean AUC of each rule in each scene, and how far it is from late/weighted, paired.

    Returns
    -------
    DataFrame scene, rule, cohorts, auc, difference, difference_error (standard error of the mean difference).
    """
    jobs = [(scene, seed) for scene in SCENES for seed in range(cohorts)]
    outcomes = map_items(_aucs, jobs, workers=workers, on_progress=on_progress)
    rows = []
    for (scene, seed), outcome in zip(jobs, outcomes, strict=True):
        if outcome.value is None:
            raise ComputationError(f"fusion weights, {scene}, seed {seed}: {outcome.error}", rule="study")
        rows += [(scene, seed, rule, auc) for rule, auc in outcome.value.items()]
    scores = pd.DataFrame(rows, columns=["scene", "seed", "rule", "auc"])
    found = []
    for scene_name, table in scores.groupby("scene", sort=False):
        wide = table.pivot(index="seed", columns="rule", values="auc")
        for rule in dict.fromkeys(table["rule"]):
            gap = wide[rule] - wide[CURRENT]
            found.append((scene_name, rule, cohorts, wide[rule].mean(), gap.mean(), gap.std(ddof=1) / np.sqrt(cohorts)))
    names = ["scene", "rule", "cohorts", "auc", "difference", "difference_error"]
    return _best_known(pd.DataFrame(found, columns=names))


def _best_known(table: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of single modalities those with the highest mean, under one name: what nobody knows in advance."""
    single = table["rule"].str.startswith("m")
    best = table[single].loc[table[single].groupby("scene", sort=False)["auc"].idxmax()].assign(rule=BEST)
    return pd.concat([best, table[~single]], ignore_index=True)


def _aucs(job: tuple[str, int]) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    scene, seed = job
    inner, new, target, truth = _fitted(SCENES[scene], [seed, list(SCENES).index(scene)])
    found = {f"m{j}": float(roc_auc_score(truth, new[:, j])) for j in range(new.shape[1])}
    for name, rule in RULES.items():
        combined = new @ rule(inner, target)
        found[name] = float(roc_auc_score(truth, combined)) if np.ptp(combined) > 0 else 0.5
    return found


def _fitted(scene: Scene, seed: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inner evidence (n, repeats, m) and that of new patients (NEW_PATIENTS, m), and the labels of both."""
    from radiogenomics.fusion.elastic_net import ElasticNet

    rng = np.random.default_rng(seed)
    target = (np.arange(scene.patients) < scene.events).astype(int)
    truth = (np.arange(NEW_PATIENTS) < NEW_PATIENTS * scene.events / scene.patients).astype(int)
    X, new = _drawn(scene, target, rng), _drawn(scene, truth, rng)
    inner, said = [], []
    with single_threaded():
        for name in dict.fromkeys(column.split(":")[0] for column in X.columns):
            model = ElasticNet((name,)).fit(X, target)
            inner.append(model.inner_log_odds_ - model.prior_log_odds_)
            said.append(model.decision_function(new) - model.prior_log_odds_)
    return np.stack(inner, axis=-1), np.stack(said, axis=-1), target, truth


def _drawn(scene: Scene, target: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    n = len(target)
    columns: dict[str, np.ndarray] = {}
    together = rng.normal(size=(n, 1))
    for place, (informative, shift, features) in enumerate(scene.modalities):
        own = 0.5 * rng.normal(size=(n, 1)) + np.sqrt(0.75) * rng.normal(size=(n, features))
        if scene.shared:
            own[:, :informative] = np.sqrt(1 - scene.shared) * own[:, :informative] + np.sqrt(scene.shared) * together
        own[:, :informative] += shift * target[:, None]
        columns |= {f"m{place}:f{i:02d}": own[:, i] for i in range(features)}
    return pd.DataFrame(columns)


def _losses(inner: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inner log-loss of each patient by modality (n, m), and that of the prevalence (n,)."""
    share = target.mean()
    prior = float(np.log(share / (1 - share)))
    own = log_loss_rows(prior + inner, target[:, None, None]).mean(axis=1)
    return own, log_loss_rows(np.full(len(target), prior), target)


def _equal(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.full(inner.shape[2], 1 / inner.shape[2])


def _current(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    model = LateFusion()
    model.prior_log_odds_ = float(np.log(target.mean() / (1 - target.mean())))
    model._learn(inner, target)
    return np.asarray(model.weights_)


def _stacked(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    """What late/stacked gives each modality where none is absent; these do not sum to 1, and the AUC does not ask for it."""
    model = StackedFusion()
    model._learn(inner, target)
    return np.asarray(model._factors(np.zeros((1, inner.shape[2])))[0])


def _best_inner(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.eye(inner.shape[2])[int(_losses(inner, target)[0].mean(axis=0).argmin())]


def _by_gain(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    """In proportion to what each gains over the prevalence."""
    own, nothing = _losses(inner, target)
    gain = np.maximum(nothing.mean() - own.mean(axis=0), 0.0)
    return gain / gain.sum() if gain.sum() > 0 else _equal(inner, target)


def _one_standard_error(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mean of those within one standard error of the best, and better than the prevalence."""
    own, nothing = _losses(inner, target)
    best = int(own.mean(axis=0).argmin())
    behind = own - own[:, [best]]
    near = behind.mean(axis=0) <= behind.std(axis=0, ddof=1) / np.sqrt(len(target))
    kept = near & (own.mean(axis=0) < nothing.mean())
    kept[best] = True
    return kept / kept.sum()


def _pseudo_bma(inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pseudo-BMA+ (Yao, Vehtari, Simpson, Gelman: Bayesian Anal. 2018): weights by likelihood, smoothed by the bootstrap."""
    own, _ = _losses(inner, target)
    drawn = np.random.default_rng(0).dirichlet(np.ones(len(target)), 400) * len(target)
    total = -(drawn @ own)
    raised = np.exp(total - total.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).mean(axis=0)


def _mixed(share: float, first: Rule, second: Rule, inner: np.ndarray, target: np.ndarray) -> np.ndarray:
    return share * first(inner, target) + (1 - share) * second(inner, target)


RULES: dict[str, Rule] = {
    CURRENT: _current,
    "stacked, drawn to equal weights (late/stacked)": _stacked,
    "equal (late/mean)": _equal,
    "the best by inner loss": _best_inner,
    "by gain over the prevalence": _by_gain,
    "70 % equal, 30 % by gain": partial(_mixed, 0.7, _equal, _by_gain),
    "half equal, half by gain": partial(_mixed, 0.5, _equal, _by_gain),
    "equal within one standard error of the best": _one_standard_error,
    "pseudo-BMA+": _pseudo_bma,
}
