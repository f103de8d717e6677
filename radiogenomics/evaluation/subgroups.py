"""Does the model work for everybody? Figures of groups of patients, suppressed where a group is small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort, Scrutiny
from radiogenomics.cohort.schemas import SUBGROUPS, conform
from radiogenomics.evaluation.calibration import brier_interval
from radiogenomics.evaluation.concordance import auc_interval
from radiogenomics.evaluation.contributions import mean_interval
from radiogenomics.evaluation.populations import Scores
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.floor import is_number

NOT_KNOWN = "(not known)"
AVAILABILITY = "availability"
MOST_LEVELS = 12
"""A confounder with more levels (an identifier) makes no subgroups unless it is declared."""


def subgroup_levels(cohort: Cohort, X: pd.DataFrame, confounders: pd.DataFrame) -> dict[str, pd.Series]:
    """Subgroup -> level of each patient (index as in X), as text.

    The pattern of modalities, each confounder column that is a category, and what is declared under
    `evaluation.subgroups`: a clinical variable by its name (its categories; bands of a number), a number of X, or a column
    of the confounders.

    Raises
    ------
    ConfigurationError
        A declared source exists nowhere, or a number has no `cuts`.
    """
    blocks = modality_columns([str(c) for c in X.columns], X.shape[1])
    here = presence(X.to_numpy(dtype=float), blocks)
    names = np.array(list(blocks))
    found = {AVAILABILITY: pd.Series([" + ".join(sorted(names[row])) or "none" for row in here], index=X.index)}
    for column in confounders.columns:
        if not is_number(confounders[column]) and confounders[column].nunique() <= MOST_LEVELS:
            same = [c for c in confounders.columns if str(c).split(":")[0] == str(column).split(":")[0]]
            name = str(column).split(":")[0] if len(same) == 1 else str(column)
            found[name] = _texts(confounders[column])
    for name, declared in cohort.evaluation.subgroups.items():
        found[name] = _declared(cohort, f"evaluation.subgroups.{name}", declared.source, declared.cuts, X, confounders)
    return {name: levels for name, levels in found.items() if levels.nunique() > 1}


def _declared(
    cohort: Cohort, key: str, source: str, cuts: tuple[float, ...], X: pd.DataFrame, confounders: pd.DataFrame
) -> pd.Series:
    modality, _, feature = source.partition(":")
    if source in confounders.columns:
        values = confounders[source]
        return _bands(cohort, key, values, cuts) if is_number(values) else _texts(values)
    variable = cohort.clinical.variables.get(feature) if modality == "clinical" else None
    if variable is None or variable.type == "number":
        if source not in X.columns:
            raise ConfigurationError(
                f"{cohort.file}: {key}.source: '{source}' is neither a clinical variable nor a predictor of this endpoint "
                f"nor a confounder column {sorted(map(str, confounders.columns))}",
                rule="unknown_subgroup",
            )
        return _bands(cohort, key, X[source], cuts)
    if variable.type == "ordered" and source in X.columns:
        codes = X[source]
        return codes.map(lambda code: NOT_KNOWN if np.isnan(code) else variable.categories[int(code)])
    columns = {f"{source}={category}": category for category in variable.categories}
    shown = [column for column in columns if column in X.columns]
    if not shown:
        raise ConfigurationError(
            f"{cohort.file}: {key}.source: '{source}' is not among this endpoint's predictors", rule="unknown_subgroup"
        )
    levels = pd.Series(variable.categories[0] if len(shown) == 1 else NOT_KNOWN, index=X.index, dtype=object)
    for column in shown:
        levels[X[column] == 1] = columns[column]
        levels[X[column].isna()] = NOT_KNOWN
    return levels


def _bands(cohort: Cohort, key: str, values: pd.Series, cuts: tuple[float, ...]) -> pd.Series:
    if not cuts or list(cuts) != sorted(set(cuts)):
        raise ConfigurationError(
            f"{cohort.file}: {key}.cuts: a number needs where it is cut, rising; found {list(cuts)}", rule="cuts"
        )
    edges = [f"{cut:g}" for cut in cuts]
    names = [f"below {edges[0]}", *[f"{a} to below {b}" for a, b in pairwise(edges)]]
    names.append(f"{edges[-1]} and above")
    numbers = values.to_numpy(dtype=float)
    places = np.searchsorted(np.asarray(cuts), numbers, side="right")
    return pd.Series(
        [NOT_KNOWN if np.isnan(v) else names[place] for v, place in zip(numbers, places, strict=True)],
        index=values.index,
    )


def _texts(values: pd.Series) -> pd.Series:
    return values.map(lambda value: NOT_KNOWN if pd.isna(value) else str(value))


def subgroup_table(
    scores: Mapping[str, Scores],
    target: np.ndarray,
    levels: Mapping[str, pd.Series],
    settings: Scrutiny,
    *,
    models: Iterable[str],
) -> pd.DataFrame:
    """Figures by `schemas.SUBGROUPS` of these models, each on the patients of a group that it predicts.

    Parameters
    ----------
    levels : subgroup -> level of each patient, in the order of `target`.

    The models are those trained on everybody. A group below `minimum_patients`, or below `minimum_events` of either class,
    is counted and its figures are left out: they would say something of single patients, and nothing of the group.
    """
    rows = []
    for subgroup, column in levels.items():
        groups = [(str(level), (column == level).to_numpy()) for level in sorted(column.unique(), key=_place)]
        rows += [
            _row(subgroup, level, name, scores[name], target, inside, settings)
            for level, inside in groups
            for name in dict.fromkeys(models)
            if name in scores
        ]
    return conform(pd.DataFrame(rows, columns=list(SUBGROUPS.columns)), SUBGROUPS)


def _place(level: str) -> tuple[int, str]:
    """Lowest band first, not known last."""
    return (0 if level.startswith("below ") else 2 if level == NOT_KNOWN else 1), level


def _row(
    subgroup: str, level: str, name: str, score: Scores, target: np.ndarray, inside: np.ndarray, settings: Scrutiny
) -> dict[str, object]:
    inside = inside & ~np.isnan(score.probability).any(axis=1)
    label = target[inside]
    n, events = int(inside.sum()), int(label.sum())
    row: dict[str, object] = {"subgroup": subgroup, "level": level, "model": name, "n": n, "events": events}
    row |= {column: np.nan for column in SUBGROUPS.columns if column not in row}
    row["suppressed"] = _too_small(n, events, settings)
    if row["suppressed"]:
        return row
    probability = score.probability[inside]
    for figure, value in (
        ("auc", auc_interval(probability, label, score.fold[inside])),
        ("brier", brier_interval(probability, label)),
        ("observed_minus_predicted", mean_interval(label[:, None] - probability, least=-1.0, most=1.0)),
    ):
        row |= {figure: value.estimate, f"{figure}_lower": value.lower, f"{figure}_upper": value.upper}
    return row


def _too_small(n: int, events: int, settings: Scrutiny) -> str:
    if n < settings.minimum_patients:
        return f"fewer than {settings.minimum_patients} patients"
    if min(events, n - events) < settings.minimum_events:
        return (
            f"fewer than {settings.minimum_events} patients {'with' if events <= n - events else 'without'} the event"
        )
    return ""
