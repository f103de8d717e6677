"""What a missing modality costs, measured on simulated cohorts from which modalities are deleted at random.

Every cohort trains all models on patients who lack modalities; many new patients, of whom everything is known, are then
predicted from each subset of their modalities. What is asked: how much AUC does a model lose with a pattern, and does a
fusion ever fall below the best modality that remains?
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.compute import map_items, single_threaded
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.columns import SEPARATOR, modality_of

EFFECTS: dict[str, tuple[int, float, int]] = {
    "clinical": (2, 0.7, 5),
    "radiomics_ct": (3, 0.8, 40),
    "expression": (4, 0.5, 60),
    "mutations": (1, 0.0, 12),
}
"""Modality -> informative features, their shift between the classes in SD, features in all. Mutations tell nothing."""
SHARED = 0.5
"""Loading of each modality's features on a factor of its own: features of a modality go together, as real ones do."""
FUSIONS = (
    "early/elastic_net",
    "early/group_sparse",
    "intermediate/attention",
    "late/mean",
    "late/weighted",
    "late/stacked",
)
ABSENT = 0.3


class MissingModalities(NamedTuple):
    """What the study found.

    Attributes
    ----------
    patterns : one row a pattern and fusion: `pattern` (modalities that remain, `;` between), `model`, `cohorts`, `auc` (mean
        over cohorts), `lost` (AUC with everything, less that), `best_modality` (of those that remain, by its mean over
        cohorts), `best_auc`, `difference` (fusion less best modality, paired), `difference_error` (standard error of that
        mean), `best_error` (standard error of the best modality's AUC in one cohort: its SD over cohorts), `holds`
        (difference is not below minus `best_error`).
    scores : one row a cohort, pattern and model: `cohort, pattern, model, auc`, single modalities among the models.
    """

    patterns: pd.DataFrame
    scores: pd.DataFrame


def missing_modality_study(
    *,
    cohorts: int = 40,
    patients: int = 120,
    new_patients: int = 1500,
    absent: float = ABSENT,
    fusions: tuple[str, ...] = FUSIONS,
    seed: int = 1,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> MissingModalities:
    """Run the study; the same arguments give the same tables.

    Parameters
    ----------
    cohorts : simulated cohorts. patients : training patients of each. new_patients : on whom AUCs are measured.
    absent : chance that a training patient lacks a modality; one always remains.
    fusions : names of `radiogenomics.fusion.ALGORITHMS` with a `/`.
    """
    one = partial(_cohort, patients=patients, new_patients=new_patients, absent=absent, fusions=fusions)
    seeds = [seed * 100_000 + number for number in range(cohorts)]
    frames = []
    for outcome in map_items(one, seeds, workers=workers, on_progress=on_progress):
        if outcome.error is not None or outcome.value is None:
            raise ComputationError(f"missing modalities: {outcome.error}", rule="study_failed") from outcome.error
        frames.append(outcome.value)
    scores = pd.concat(frames, ignore_index=True)
    return MissingModalities(_summary(scores, fusions), scores)


def simulated_modalities(n: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """`n` patients with the modalities of `EFFECTS`, none missing, and their label (40 % positive)."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    parts: dict[str, np.ndarray] = {}
    for modality, (informative, shift, features) in EFFECTS.items():
        factor = rng.normal(size=(n, 1))
        values = SHARED * factor + np.sqrt(1 - SHARED**2) * rng.normal(size=(n, features))
        values[:, :informative] += shift * y[:, None]
        if modality == "mutations":
            values = (values > 0.8).astype(float)
        parts |= {f"{modality}{SEPARATOR}f{i:02d}": values[:, i] for i in range(features)}
    index = pd.Index([f"P{i:05d}" for i in range(n)], name="patient_id")
    return pd.DataFrame(parts, index=index), pd.Series(y, index=index)


def with_modalities_deleted(X: pd.DataFrame, absent: float, seed: int) -> pd.DataFrame:
    """`X` with each modality of each patient deleted with chance `absent`; of every patient one modality stays."""
    rng = np.random.default_rng(seed)
    owner = np.array([modality_of(str(column)) for column in X.columns])
    names = list(dict.fromkeys(owner))
    luck = rng.random((len(X), len(names)))
    deleted = luck < absent
    deleted[np.arange(len(X)), luck.argmax(axis=1)] = False
    result = X.copy()
    for position, name in enumerate(names):
        result.loc[deleted[:, position], owner == name] = np.nan
    return result


def _cohort(seed: int, *, patients: int, new_patients: int, absent: float, fusions: tuple[str, ...]) -> pd.DataFrame:
    from sklearn.metrics import roc_auc_score

    from radiogenomics.fusion.registry import build_models

    X, y = simulated_modalities(patients, seed)
    X = with_modalities_deleted(X, absent, seed + 50_000)
    new, truth = simulated_modalities(new_patients, seed + 10_000_000)
    built = build_models(Models(unimodal=("elastic_net",), fusion=fusions), EFFECTS, Resampling())
    fitted: dict[str, Any] = {}
    rows = []
    with single_threaded():
        for name, model in built.items():
            if hasattr(model, "fit_combination"):
                model.fit_combination(X, y, fitted)
            else:
                fitted[name] = model.fit(X, y)
        owner = np.array([modality_of(str(column)) for column in new.columns])
        for pattern in _patterns():
            shown = new.copy()
            shown.loc[:, ~np.isin(owner, pattern)] = np.nan
            for name, model in built.items():
                if name in fusions or name.split("/")[0] in pattern:
                    value = float(roc_auc_score(truth, model.decision_function(shown)))
                    rows.append((seed, ";".join(pattern), name, value))
    return pd.DataFrame(rows, columns=["cohort", "pattern", "model", "auc"])


def _patterns() -> list[tuple[str, ...]]:
    return [kept for size in range(len(EFFECTS), 0, -1) for kept in combinations(EFFECTS, size)]


def _summary(scores: pd.DataFrame, fusions: tuple[str, ...]) -> pd.DataFrame:
    everything = ";".join(EFFECTS)
    wide = scores.pivot(index="cohort", columns=["pattern", "model"], values="auc")
    rows = []
    for pattern in (";".join(kept) for kept in _patterns()):
        table = pd.DataFrame(wide[pattern])
        single = table[[name for name in table.columns if name not in fusions]]
        best = str(single.columns[int(np.argmax(single.to_numpy().mean(axis=0)))])
        for model in fusions:
            difference = table[model] - table[best]
            error = float(table[best].std(ddof=1))
            rows.append(
                {
                    "pattern": pattern,
                    "model": model,
                    "cohorts": len(table),
                    "auc": float(table[model].mean()),
                    "lost": float((wide[everything][model] - table[model]).mean()),
                    "best_modality": best.split("/")[0],
                    "best_auc": float(table[best].mean()),
                    "difference": float(difference.mean()),
                    "difference_error": float(difference.std(ddof=1) / np.sqrt(len(table))),
                    "best_error": error,
                    "holds": bool(difference.mean() >= -error),
                }
            )
    return pd.DataFrame(rows)
