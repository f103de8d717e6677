"""Leave-one-site-out: each hospital is predicted by models that never saw it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.cohort.schemas import SUBGROUPS
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.nested import predictions
from radiogenomics.evaluation.outer_fold import Part, Task
from radiogenomics.evaluation.populations import scores_by_model
from radiogenomics.evaluation.subgroups import NOT_KNOWN, subgroup_table
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.robustness import Readings

LEFT_OUT = "left out"
CROSS_VALIDATED = "cross-validated"
EVERY_SITE = "(every site)"


class SiteEvaluation(NamedTuple):
    """What leaving each site out found.

    Attributes
    ----------
    out_of_fold : by `schemas.OUT_OF_FOLD`; `fold` numbers the sites, `repeat` is 0.
    sites : by `schemas.SUBGROUPS`: `subgroup` says whether the site was 'left out' or 'cross-validated' (trained with
        patients of the same site), `level` is the site.
    skipped : site, n, events, reason: sites that could not be left out, because too few events are left to learn from.
    """

    out_of_fold: pd.DataFrame
    sites: pd.DataFrame
    skipped: pd.DataFrame


def leave_one_site_out(
    X: pd.DataFrame,
    y: pd.Series,
    confounders: pd.DataFrame,
    sites: pd.Series,
    *,
    models: Models,
    resampling: Resampling,
    settings: Scrutiny | None = None,
    imaging: Iterable[str] = (),
    readings: Iterable[Readings] = (),
    cross_validated: pd.DataFrame | None = None,
    **work: Any,
) -> SiteEvaluation:
    """Every model and floor, trained without a site and tested on it, for each site in turn.

    A model with a harmonising or a site-specific part meets a site it never saw, as it would in another hospital. The
    figure over every site counts only pairs of patients of the same site, so that a model is not rewarded for telling
    hospitals with many events from those with few.

    Parameters
    ----------
    X, y, confounders, models, resampling, settings, imaging, readings : as in `evaluate`.
    sites : the site of each patient, same index; not known is a site of its own.
    cross_validated : `Evaluation.out_of_fold` of the same patients, to be shown beside.
    work : workers, scheduler, on_progress and cache, as in `evaluate`.

    Raises
    ------
    ComputationError
        There is one site only, or none can be left out.
    """
    settings = settings or Scrutiny()
    given = align(X, y, confounders, imaging)
    named = sites.copy()
    named.index = named.index.astype(str)
    place = named.reindex(given.X.index).map(lambda site: NOT_KNOWN if pd.isna(site) else str(site))
    names = sorted(place.unique())
    if len(names) < 2:
        raise ComputationError(f"leave-one-site-out: the only site is '{names[0]}'", rule="one_site")
    parts, skipped = _parts(place.to_numpy(), names, given.target, resampling)
    if not parts:
        raise ComputationError(
            f"leave-one-site-out: without any one of {names} too few events are left to learn from",
            rule="too_few_events",
        )
    task = Task(given.X, given.target, given.floors, models, resampling, given.imaging, tuple(readings))
    out_of_fold = predictions(parts, task, **work)
    tables = [_table(out_of_fold, given.X.index, given.target, place, settings, LEFT_OUT)]
    if cross_validated is not None:
        kept = cross_validated[cross_validated["patient_id"].isin(set(out_of_fold["patient_id"]))]
        tables.append(_table(kept, given.X.index, given.target, place, settings, CROSS_VALIDATED))
    return SiteEvaluation(out_of_fold, pd.concat(tables, ignore_index=True), skipped)


def _parts(
    place: np.ndarray, names: list[str], target: np.ndarray, resampling: Resampling
) -> tuple[list[Part], pd.DataFrame]:
    parts, skipped = [], []
    for number, name in enumerate(names):
        train, test = np.flatnonzero(place != name), np.flatnonzero(place == name)
        events = int(target[train].sum())
        if min(events, len(train) - events) < resampling.inner_folds:
            reason = (
                f"{events} events and {len(train) - events} others are left, inner_folds is {resampling.inner_folds}"
            )
            skipped.append((name, len(test), int(target[test].sum()), reason))
        else:
            parts.append(Part(0, number, train, test))
    return parts, pd.DataFrame(skipped, columns=["site", "n", "events", "reason"])


def _table(
    out_of_fold: pd.DataFrame,
    patients: pd.Index,
    target: np.ndarray,
    place: pd.Series,
    settings: Scrutiny,
    how: str,
) -> pd.DataFrame:
    inside = patients.isin(set(out_of_fold["patient_id"]))
    scores = scores_by_model(out_of_fold, patients[inside])
    levels = {how: place[inside]}
    each = subgroup_table(scores, target[inside], levels, settings, models=scores)
    every = subgroup_table(
        scores, target[inside], {how: place[inside].map(lambda _: EVERY_SITE)}, settings, models=scores
    )
    return pd.concat([each, every], ignore_index=True)[list(SUBGROUPS.columns)]
