"""Who is tested when: repeated, stratified folds, the same for every model and floor."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.exceptions import ComputationError


def outer_folds(
    y: pd.Series, resampling: Resampling, *, complete: np.ndarray | None = None, groups: pd.Series | None = None
) -> pd.DataFrame:
    """The fold in which each patient is tested, for each repeat.

    Parameters
    ----------
    y : 0/1 labels, index patient_id (one row a patient, so that a patient never straddles folds).
    complete : (n,) bool, whether a patient has every modality; folds are balanced for it too where numbers allow, so that
        each fold can compare models on the complete patients.
    groups : what must not straddle folds beside the patient (a family, a hospital), index patient_id.

    Returns
    -------
    DataFrame patient_id, repeat, fold: `outer_folds` x `repeats` parts, each patient once a repeat.

    Raises
    ------
    ComputationError
        Too few patients of one class for the folds.
    """
    target = y.to_numpy(dtype=int)
    require_enough(target, resampling)
    strata = target.copy()
    if complete is not None:
        finer = 2 * target + np.asarray(complete, dtype=int)
        if np.unique(finer, return_counts=True)[1].min() >= resampling.outer_folds:
            strata = finer
    parts = []
    for repeat in range(resampling.repeats):
        seed = np.random.SeedSequence([resampling.random_state, repeat]).generate_state(1)[0]
        if groups is None:
            splits = StratifiedKFold(resampling.outer_folds, shuffle=True, random_state=int(seed)).split(strata, strata)
        else:
            labels = groups.rename(index=str).reindex(y.index.astype(str)).astype(str).to_numpy()
            if len(np.unique(labels)) < resampling.outer_folds:
                raise ComputationError(
                    f"{len(np.unique(labels))} groups cannot be spread over outer_folds = {resampling.outer_folds}",
                    rule="too_few_groups",
                )
            splitter = StratifiedGroupKFold(resampling.outer_folds, shuffle=True, random_state=int(seed))
            splits = splitter.split(strata, target, labels)
        fold = np.empty(len(target), dtype=int)
        for number, (_, test) in enumerate(splits):
            fold[test] = number
        parts.append(pd.DataFrame({"patient_id": y.index.astype(str), "repeat": repeat, "fold": fold}))
    return pd.concat(parts, ignore_index=True)


def require_enough(target: np.ndarray, resampling: Resampling) -> None:
    """Raise ComputationError unless each class can be in every outer fold and every inner fold."""
    events, n = int(target.sum()), len(target)
    rarer = min(events, n - events)
    needed = max(resampling.outer_folds, resampling.inner_folds + 1)
    while needed - -(-needed // resampling.outer_folds) < resampling.inner_folds:
        needed += 1
    if rarer < needed:
        raise ComputationError(
            f"{n} labelled patients with {events} events and {n - events} without: each class needs at least {needed} patients "
            f"for outer_folds = {resampling.outer_folds} and inner_folds = {resampling.inner_folds}; use fewer folds or more patients",
            rule="too_few_events",
        )
