"""Would more patients help? The same test patients, predicted by models trained on fewer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.concordance import auc_difference, auc_interval
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.evaluation.narrowed import models_for
from radiogenomics.evaluation.nested import fold_parts, predictions
from radiogenomics.evaluation.outer_fold import Part, Task
from radiogenomics.evaluation.populations import scores_by_model
from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.robustness import Readings

_COLUMNS = [
    *("share", "training_patients", "training_events", "model", "n", "events"),
    *("auc", "auc_lower", "auc_upper", "gain", "gain_lower", "gain_upper"),
]


class LearningCurve(NamedTuple):
    """AUC by number of training patients.

    Attributes
    ----------
    curve : share, training_patients (mean over folds), training_events, model, n, events (of the tested), auc, auc_lower,
        auc_upper, gain, gain_lower, gain_upper (what training on all of them gives more, paired).
    skipped : share, reason.
    verdict : one sentence on the final model.
    """

    curve: pd.DataFrame
    skipped: pd.DataFrame
    verdict: str


def learning_curve(
    X: pd.DataFrame,
    y: pd.Series,
    *,
    models: Models,
    resampling: Resampling,
    settings: Scrutiny,
    final_model: str,
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    groups: pd.Series | None = None,
    **work: Any,
) -> LearningCurve:
    """The final model and what it is built from, trained on `settings.learning_curve` shares of each training part.

    Shares are nested (the patients of a small one are in every larger one) and stratified by label; the folds and the
    tested patients are those of `evaluate`.

    Parameters
    ----------
    X, y, models, resampling, imaging, readings, groups : as in `evaluate`. work : workers, scheduler, on_progress and cache.

    Returns
    -------
    LearningCurve, whose curve is empty where no share is large enough to learn from: `skipped` says why of each.
    """
    given = align(X, y, pd.DataFrame(index=X.index), imaging)
    complete = np.asarray(presence(given.X.to_numpy(), given.modalities).all(axis=1))
    folds = outer_folds(pd.Series(given.target, index=given.X.index), resampling, complete=complete, groups=groups)
    whole = fold_parts(folds, len(given.X))
    shares: dict[float, list[Part]] = {}
    skipped = []
    for share in sorted({*settings.learning_curve, 1.0}):
        parts = [_fewer(part, share, given.target, resampling.random_state) for part in whole]
        scarce = min(min(int(given.target[p.train].sum()), int((1 - given.target[p.train]).sum())) for p in parts)
        if scarce < max(resampling.inner_folds, 2):
            skipped.append((share, f"{scarce} patients of the rarer class in a training part"))
        else:
            shares[share] = parts
    if len(shares) < 2:
        return LearningCurve(
            pd.DataFrame(columns=_COLUMNS),
            pd.DataFrame(skipped, columns=["share", "reason"]),
            verdict_of_curve(None, final_model),
        )
    narrow = models_for(models, final_model)
    task = Task(given.X, given.target, {}, narrow, resampling, given.imaging, tuple(readings))
    repeats = resampling.repeats
    together = [
        part._replace(repeat=part.repeat + place * repeats)
        for place, parts in enumerate(shares.values())
        for part in parts
    ]
    table = predictions(together, task, **work)
    rows = []
    by_share = {
        share: scores_by_model(rows_of_share.assign(repeat=rows_of_share["repeat"] - place * repeats), given.X.index)
        for place, share in enumerate(shares)
        if not (rows_of_share := table[table["repeat"] // repeats == place]).empty
    }
    for share, scores in by_share.items():
        for name, score in scores.items():
            full = by_share[1.0][name]
            known = ~np.isnan(score.probability).any(axis=1) & ~np.isnan(full.probability).any(axis=1)
            label, fold = given.target[known], full.fold[known]
            auc = auc_interval(score.probability[known], label, fold)
            gain = auc_difference(full.probability[known], score.probability[known], label, fold)
            rows.append(
                {
                    "share": share,
                    "training_patients": float(np.mean([len(part.train) for part in shares[share]])),
                    "training_events": float(np.mean([given.target[part.train].sum() for part in shares[share]])),
                    "model": name,
                    "n": int(known.sum()),
                    "events": int(label.sum()),
                    "auc": auc.estimate,
                    "auc_lower": auc.lower,
                    "auc_upper": auc.upper,
                    "gain": gain.estimate,
                    "gain_lower": gain.lower,
                    "gain_upper": gain.upper,
                }
            )
    curve = pd.DataFrame(rows, columns=_COLUMNS)
    return LearningCurve(
        curve, pd.DataFrame(skipped, columns=["share", "reason"]), verdict_of_curve(curve, final_model)
    )


def _fewer(part: Part, share: float, target: np.ndarray, random_state: int) -> Part:
    """The part with a stratified share of its training patients, the same ones first for every share."""
    if share >= 1:
        return part
    rng = np.random.default_rng(np.random.SeedSequence([random_state, 11, part.repeat, part.fold]))
    kept = []
    for value in (0, 1):
        members = rng.permutation(part.train[target[part.train] == value])
        kept.append(members[: max(1, round(share * len(members)))])
    return part._replace(train=np.sort(np.concatenate(kept)))


def verdict_of_curve(curve: pd.DataFrame | None, final_model: str) -> str:
    """What the curve of the final model says, by rule, from the largest share below all."""
    own = pd.DataFrame() if curve is None or curve.empty else curve[curve["model"] == final_model].sort_values("share")
    if len(own) < 2:
        return f"no learning curve of {final_model}: too few patients of the rarer class to train on a part of them"
    before, full = own.iloc[-2], own.iloc[-1]
    step = f"from {before['training_patients']:.0f} to {full['training_patients']:.0f} training patients"
    figure = f"{before['gain']:+.3f} AUC, 95 % interval {before['gain_lower']:+.3f} to {before['gain_upper']:+.3f}"
    if np.isfinite(before["gain_lower"]) and before["gain_lower"] > 0:
        return f"the curve of {final_model} still rises {step} ({figure}): more patients are likely to help"
    return f"no evidence that the curve of {final_model} still rises {step} ({figure})"
