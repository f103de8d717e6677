"""Whether a patient lies inside what a model was trained on: distance, ranges, hospital and scanner, modalities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.model_use import Domain
from radiogenomics.evaluation.training_reference import TrainingReference, pattern_names
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.floor import is_number
from radiogenomics.multimodal.sites import site_text

COLUMNS = ["in_domain", "reason", "note", "p_value"]
_NAMED = 3


def applicability(
    reference: TrainingReference, X: pd.DataFrame, confounders: pd.DataFrame | None, rules: Domain
) -> pd.DataFrame:
    """Judge each patient.

    Parameters
    ----------
    X : the model's predictor columns, index patient_id. confounders : columns `<confounder>:<column>`, same index; None:
        not known.

    Returns
    -------
    DataFrame, index patient_id: `in_domain` (bool), `reason` (why not; '' inside), `note` (what is unusual without being
    outside), `p_value` (the smallest share, over modalities, of training patients at least as far from the others; NaN
    where no modality could be judged).
    """
    columns = [str(c) for c in X.columns]
    values = X.to_numpy(dtype=float)
    blocks = modality_columns(columns, len(columns))
    here = presence(values, blocks)
    outside: list[list[str]] = [[] for _ in range(len(X))]
    notes: list[list[str]] = [[] for _ in range(len(X))]
    smallest = _distances(reference, values, blocks, here, rules, outside)
    _ranges(reference, values, columns, rules, outside)
    for row, pattern in enumerate(pattern_names(here, list(blocks))):
        if pattern and pattern not in reference.patterns:
            said = f"no training patient had exactly {pattern.replace(';', ', ')}"
            (outside if rules.unseen_pattern == "outside" else notes)[row].append(said)
        elif not pattern:
            outside[row].append("has none of the model's modalities")
    if confounders is not None:
        _sites(reference, confounders.reindex(X.index), rules, outside, notes)
    return pd.DataFrame(
        {
            "in_domain": [not reasons for reasons in outside],
            "reason": ["; ".join(reasons) for reasons in outside],
            "note": ["; ".join(said) for said in notes],
            "p_value": smallest,
        },
        index=X.index,
    )


def _distances(
    reference: TrainingReference,
    values: np.ndarray,
    blocks: dict[str, np.ndarray],
    here: np.ndarray,
    rules: Domain,
    outside: list[list[str]],
) -> np.ndarray:
    smallest = np.full(len(values), np.nan)
    for index, (name, positions) in enumerate(blocks.items()):
        summary = reference.modalities.get(name)
        rows = np.flatnonzero(here[:, index])
        if summary is None or not len(rows):
            continue
        n = len(summary.distances)
        p_values = summary.p_value(values[np.ix_(rows, positions)])
        smallest[rows] = np.fmin(smallest[rows], p_values)
        for row, p in zip(rows, p_values, strict=True):
            if p <= max(rules.novelty, 1 / (n + 1)) + 1e-12:
                farther = round(p * (n + 1)) - 1
                outside[row].append(f"{name}: {farther} of {n} training patients lie as far from the others")
    return smallest


def _ranges(
    reference: TrainingReference, values: np.ndarray, columns: list[str], rules: Domain, outside: list[list[str]]
) -> None:
    counting = set(reference.counting)
    kept = np.array([column in counting for column in columns])
    width = reference.highest - reference.lowest
    margin = rules.range_margin * width + 1e-9 * np.fmax(1.0, np.abs(reference.highest))
    with np.errstate(invalid="ignore"):
        beyond = kept & ((values < reference.lowest - margin) | (values > reference.highest + margin))
    for row in np.flatnonzero(beyond.any(axis=1)):
        found = [
            f"{columns[i]} is {values[row, i]:.4g}, trained on {reference.lowest[i]:.4g} to {reference.highest[i]:.4g}"
            for i in np.flatnonzero(beyond[row])
        ]
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        outside[row].append("; ".join(found[:_NAMED]) + more)


def _sites(
    reference: TrainingReference,
    confounders: pd.DataFrame,
    rules: Domain,
    outside: list[list[str]],
    notes: list[list[str]],
) -> None:
    for column, seen in reference.sites.items():
        if column not in confounders.columns:
            for said in notes:
                said.append(f"{column} is not known")
            continue
        numeric = is_number(confounders[column])
        for row, value in enumerate(confounders[column]):
            if pd.isna(value):
                notes[row].append(f"{column} is not known")
            elif site_text(float(value) if numeric else value) not in seen:
                said_so = f"{column} '{site_text(value)}' was not seen in training"
                (outside if rules.unseen_site == "outside" else notes)[row].append(said_so)
