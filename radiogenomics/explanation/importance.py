"""Groups of correlated features and modalities, ranked, each with how far folds and repeats agree on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Explanations
from radiogenomics.evaluation.contributions import METHOD, mean_interval
from radiogenomics.explanation.groups import correlated_groups
from radiogenomics.explanation.shap_values import contribution_values
from radiogenomics.explanation.stability import agreement, direction, first_items
from radiogenomics.fusion.columns import feature_of, modality_of

SAME_DIRECTION = 0.75
"""Share of the outer folds that must point the same way for a group to be stable."""


def grouped(stacked: Any, X: pd.DataFrame, threshold: float) -> tuple[list[list[int]], np.ndarray]:
    """Positions of each group's contributions, and the sums of their SHAP values: (n, r, groups)."""
    label = correlated_groups(X, stacked.names, threshold)
    groups = [np.flatnonzero(label.to_numpy() == number).tolist() for number in range(label.nunique())]
    sums = [stacked.shap[:, :, members].sum(axis=2) for members in groups]
    return groups, np.stack(sums, axis=2) if sums else np.zeros((*stacked.base.shape, 0))


def importance_table(
    stacked: Any, X: pd.DataFrame, name: str, settings: Explanations, units: dict[str, str]
) -> pd.DataFrame:
    """Rows of `schemas.IMPORTANCE`, the most important first.

    A group is stable where it is among the first `settings.top` in at least the share `settings.stable` of the outer
    folds, and at least `SAME_DIRECTION` of the folds that use it agree whether a higher value of its representative raises
    or lowers the prediction. A group whose effect has no one direction is therefore never called stable: caution.

    Parameters
    ----------
    stacked : `out_of_fold.Stacked`. X : the predictors of the same patients. units : column -> unit.
    """
    groups, sums = grouped(stacked, X, settings.correlated)
    everywhere = ~np.isnan(stacked.base).any(axis=1)
    n, events = int(everywhere.sum()), int(stacked.target[everywhere].sum())
    strength = np.nanmean(np.abs(stacked.shap), axis=(0, 1)) if len(stacked.names) else np.zeros(0)
    by_fold, parts = _by_fold(np.abs(sums), stacked.fold)
    firsts = first_items(by_fold, settings.top)
    rows = []
    for number, members in enumerate(groups):
        ordered = sorted(members, key=lambda i: (-strength[i], stacked.names[i]))
        lead = stacked.names[ordered[0]]
        mean = mean_interval(np.abs(sums[everywhere][:, :, number]), least=0.0)
        value = pd.Series(contribution_values(X, [lead])[:, 0], index=X.index)
        whole = direction(value[everywhere], sums[everywhere][:, :, number].mean(axis=1))
        agreed = _agreement_of_direction(value, sums[:, :, number], stacked.fold, parts)
        share = float(np.mean([number in first for first in firsts])) if firsts else 0.0
        rows.append(
            {
                "model": name,
                "modality": modality_of(lead),
                "representative": feature_of(lead),
                "features": len(members),
                "members": "; ".join(feature_of(stacked.names[i]) for i in ordered),
                "n": n,
                "events": events,
                "importance": mean.estimate,
                "lower": mean.lower,
                "upper": mean.upper,
                "share_in_top": share,
                "direction": whole,
                "direction_agreement": agreed,
                "stable": bool(share >= settings.stable and (np.isnan(agreed) or agreed >= SAME_DIRECTION)),
                "unit": units.get(lead, ""),
                "method": METHOD,
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table = table.sort_values(
        ["importance", "modality", "representative"], ascending=[False, True, True], ignore_index=True
    )
    return table.assign(rank=range(1, len(table) + 1))


def stability_table(stacked: Any, X: pd.DataFrame, settings: Explanations) -> pd.DataFrame:
    """Rows of `schemas.STABILITY`: groups of features and modalities, ranked by outer folds and by repeats."""
    everywhere = ~np.isnan(stacked.base).any(axis=1)
    counts = {"n": int(everywhere.sum()), "events": int(stacked.target[everywhere].sum())}
    rows: list[dict[str, object]] = []
    for what, effects in (
        ("groups of features", grouped(stacked, X, settings.correlated)[1]),
        ("modalities", stacked.effect),
    ):
        size = np.abs(effects)
        by_fold = _by_fold(size, stacked.fold)[0]
        rows += agreement(by_fold, what=what, between="outer folds", top=settings.top, **counts)
        by_repeat = np.nan_to_num(np.nanmean(size, axis=0)) if len(size) else size.sum(axis=0)
        rows += agreement(by_repeat, what=what, between="repeats", top=settings.top, **counts)
    return pd.DataFrame(rows)


def _by_fold(size: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Mean over the patients tested in each outer fold of `size` (n, r, items): (folds, items); and (repeat, fold) of each."""
    parts = [(repeat, int(number)) for repeat in range(fold.shape[1]) for number in np.unique(fold[:, repeat])]
    means, kept = [], []
    for repeat, number in parts:
        own = size[fold[:, repeat] == number, repeat]
        own = own[~np.isnan(own).any(axis=1)] if own.shape[1] else own
        if len(own):
            means.append(own.mean(axis=0))
            kept.append((repeat, number))
    return (np.stack(means) if means else np.zeros((0, size.shape[2]))), kept


def _agreement_of_direction(
    value: pd.Series, effect: np.ndarray, fold: np.ndarray, parts: list[tuple[int, int]]
) -> float:
    """Share of the folds with a direction that point the more frequent way; NaN where no fold has one."""
    signs = []
    for repeat, number in parts:
        inside = fold[:, repeat] == number
        found = direction(value[inside], effect[inside, repeat])
        if np.isfinite(found) and found != 0:
            signs.append(found > 0)
    return float(max(np.mean(signs), 1 - np.mean(signs))) if signs else float("nan")
