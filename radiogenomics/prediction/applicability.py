"""Whether a patient lies inside what a model was trained on: distance, ranges, hospital and scanner, modalities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.model_use import Domain
from radiogenomics.evaluation.training_domain import is_novel, rank_p_value
from radiogenomics.evaluation.training_reference import TrainingReference, pattern_names
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.floor import is_number
from radiogenomics.multimodal.sites import site_text


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
    smallest = _modalities(reference, values, columns, here, rules, outside)
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


def _modalities(
    reference: TrainingReference,
    values: np.ndarray,
    columns: list[str],
    here: np.ndarray,
    rules: Domain,
    outside: list[list[str]],
) -> np.ndarray:
    """Modality by modality: how far a patient lies from the others, and how far a feature that counts leaves its range."""
    smallest = np.full(len(values), np.nan)
    counting = np.isin(columns, reference.counting)
    for index, (name, positions) in enumerate(modality_columns(columns, len(columns)).items()):
        summary = reference.modalities.get(name)
        rows = np.flatnonzero(here[:, index])
        if summary is None or not len(rows):
            continue
        own = values[np.ix_(rows, positions)]
        n, distance = len(summary.distances), summary.distance(own)
        p_values = rank_p_value(distance, summary.distances)
        smallest[rows] = np.fmin(smallest[rows], p_values)
        far = is_novel(distance, summary.distances, rules.novelty)
        excess = np.where(counting[positions], summary.excess(own), 0.0)
        beyond = is_novel(excess.max(axis=1, initial=0.0), summary.excesses, rules.novelty)
        for row, at in enumerate(rows):
            if far[row]:
                said = f"{round(p_values[row] * (n + 1)) - 1} of {n} training patients lie as far from the others"
                outside[at].append(f"{name}: {said}")
            if beyond[row]:
                feature = int(np.argmax(excess[row]))
                trained = f"trained on {summary.lowest[feature]:.4g} to {summary.highest[feature]:.4g}"
                outside[at].append(f"{columns[positions[feature]]} is {own[row, feature]:.4g}, {trained}")
    return smallest


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
