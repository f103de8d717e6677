"""What is stored beside a model, so that it can be applied with an interval, a conformal set and a domain.

It holds, of the training patients: sorted out-of-fold scores with their labels, where the model predicts a label; of each
feature the mean, spread, smallest and largest value; of each modality its principal directions and the sorted distances of its
patients; how many patients had which combination of modalities; which hospitals and scanners occurred. No identifier and no
patient's row.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.evaluation.training_domain import ModalitySummary, summarise
from radiogenomics.fusion.base import ABSENT
from radiogenomics.fusion.columns import feature_of, modality_columns, modality_of, presence
from radiogenomics.fusion.floor import is_number
from radiogenomics.multimodal.sites import site_text

ARRAYS, PLAIN = "reference.safetensors", "reference.json"
_EDGE = 1e-6  # keeps the log-odds of a probability finite
_MODALITY_ARRAYS = (
    "median", "scale", "mean", "spread", "components", "variances", "lowest", "highest", "distances", "excesses",
)  # fmt: skip


class LabelledScores(NamedTuple):
    """What intervals and conformal sets of a classifier rest on. Shape: m scored training patients.

    Attributes
    ----------
    scores, labels : (m,) out-of-fold log-odds (mean over repeats), sorted, and the labels 0/1.
    folds : outer folds of the out-of-fold scores.
    """

    scores: np.ndarray
    labels: np.ndarray
    folds: int


class TrainingReference(NamedTuple):
    """See the module.

    Attributes
    ----------
    columns : the predictor columns that the model was fitted on.
    counting : those that move a prediction of a training patient; the others are never missed.
    modalities : name -> its summary; without those of which too few patients were there.
    patterns : 'clinical;radiomics_ct' -> how many training patients had exactly these modalities.
    sites : confounder column -> the categories that occurred.
    scored : None for a model of a time to an event: whoever is censored has no label to hold a score against.
    """

    columns: list[str]
    counting: list[str]
    modalities: dict[str, ModalitySummary]
    patterns: dict[str, int]
    sites: dict[str, list[str]]
    scored: LabelledScores | None

    def to_files(self) -> dict[str, bytes]:
        """File name -> content, for `ModelRegistry.register`."""
        from safetensors.numpy import save

        arrays = {} if self.scored is None else {"scores": self.scored.scores, "labels": self.scored.labels}
        for name, summary in self.modalities.items():
            arrays |= {f"{name}/{key}": getattr(summary, key) for key in _MODALITY_ARRAYS}
        plain: dict[str, Any] = {
            "columns": self.columns,
            "counting": self.counting,
            "residual": {name: summary.residual for name, summary in self.modalities.items()},
            "patterns": self.patterns,
            "sites": self.sites,
        }
        if self.scored is not None:
            plain["folds"] = self.scored.folds
        return {
            ARRAYS: save({key: np.ascontiguousarray(value, dtype=np.float64) for key, value in arrays.items()}),
            PLAIN: json.dumps(plain, sort_keys=True, allow_nan=False).encode(),
        }

    @classmethod
    def from_files(cls, arrays: bytes, plain: bytes) -> TrainingReference:
        """The reverse of `to_files`."""
        from safetensors.numpy import load

        read, said = load(arrays), json.loads(plain)
        modalities = {
            name: ModalitySummary(**{key: read[f"{name}/{key}"] for key in _MODALITY_ARRAYS}, residual=residual)
            for name, residual in said["residual"].items()
        }
        scored = LabelledScores(read["scores"], read["labels"], said["folds"]) if "scores" in read else None
        return cls(said["columns"], said["counting"], modalities, said["patterns"], said["sites"], scored)


def training_reference(
    model: Any,
    X: pd.DataFrame,
    confounders: pd.DataFrame,
    out_of_fold: pd.DataFrame | None,
    *,
    sites: Mapping[str, Any],
    random_state: int,
) -> TrainingReference:
    """Summarise what a model was trained on.

    Parameters
    ----------
    model : the fitted model. X : the predictors that it was fitted on, index patient_id.
    confounders : columns `<confounder>:<column>`, same index.
    out_of_fold : rows by `schemas.OUT_OF_FOLD` of the same recipe as the model; None for a model of a time to an event.
    sites : confounder name -> anything; the confounders whose categories are kept.
    """
    ordered = X.sort_index()
    values = ordered.to_numpy(dtype=float)
    columns = [str(column) for column in ordered.columns]
    blocks = modality_columns(columns, len(columns))
    here = presence(values, blocks)
    counting = counting_columns(model, ordered)
    counts = np.isin(columns, counting)
    summaries = {
        name: summarise(values[here[:, index]][:, positions], counts[positions], random_state)
        for index, (name, positions) in enumerate(blocks.items())
    }
    kept = [c for c in confounders.columns if str(c).split(":")[0] in sites and not is_number(confounders[c])]
    return TrainingReference(
        columns=columns,
        counting=counting,
        modalities={name: summary for name, summary in summaries.items() if summary is not None},
        patterns=dict(sorted(Counter(pattern_names(here, list(blocks))).items())),
        sites={str(c): sorted({site_text(v) for v in confounders[c] if not pd.isna(v)}) for c in kept},
        scored=None if out_of_fold is None else _labelled_scores(out_of_fold),
    )


def _labelled_scores(out_of_fold: pd.DataFrame) -> LabelledScores:
    scores, labels = mean_scores(out_of_fold)
    order = np.lexsort((labels, scores))
    return LabelledScores(scores[order], labels[order].astype(float), int(out_of_fold["fold"].nunique()))


def mean_scores(out_of_fold: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of each patient that was predicted, mean over repeats, and the labels, patients sorted."""
    known = out_of_fold.dropna(subset=["probability"]).copy()
    clipped = known["probability"].clip(_EDGE, 1 - _EDGE)
    known["log_odds"] = np.log(clipped / (1 - clipped))
    grouped = known.groupby("patient_id", sort=True)
    return grouped["log_odds"].mean().to_numpy(dtype=float), grouped["label"].first().to_numpy(dtype=float)


def pattern_names(here: np.ndarray, modalities: list[str]) -> list[str]:
    """The modalities that each patient has, sorted, as 'clinical;radiomics_ct'."""
    return [";".join(sorted(np.array(modalities)[row])) for row in here]


def counting_columns(model: Any, X: pd.DataFrame) -> list[str]:
    """The predictor columns that move any of these patients' predictions.

    Where a modality can only be explained as a whole, all of its columns count.
    """
    columns = [str(column) for column in model.feature_names_in_]
    moved = (np.nan_to_num(model.contributions(X[columns])[0]) != 0).any(axis=0)
    named = {name for name, counts in zip(model.contribution_names(), moved, strict=True) if counts}
    whole = {modality_of(n) for n in named if n not in set(columns) and feature_of(n) != ABSENT}
    return [c for c in columns if c in named or modality_of(c) in whole]
