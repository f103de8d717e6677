"""The out-of-fold predictions that a stored model's figures come from, patient by patient, beside the registry.

They carry patient identifiers, so they lie outside the model's own folder, which may be handed on:
``<folder>/<cohort>/<endpoint>/.out_of_fold/<model_id>.parquet``. The model's metadata hold the digest of their content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from radiogenomics.cohort.schemas import OUT_OF_FOLD, conform
from radiogenomics.exceptions import IntegrityError, NotMaterialisedError
from radiogenomics.storage.atomic import write_atomically


def content_digest(out_of_fold: pd.DataFrame) -> str:
    """SHA-256 of the rows (by `schemas.OUT_OF_FOLD`), whatever their order."""
    ordered = out_of_fold.sort_values(["model", "repeat", "patient_id"], ignore_index=True)
    return hashlib.sha256(ordered.to_csv(index=False, float_format="%.17g").encode()).hexdigest()


def write_evidence(folder: Path, cohort: str, endpoint: str, model_id: str, out_of_fold: pd.DataFrame) -> None:
    """Store the rows of a model; writing the same again changes nothing."""
    place = _place(folder, cohort, endpoint, model_id)
    write_atomically(place, lambda temporary: out_of_fold.to_parquet(temporary, index=False))


def read_evidence(folder: Path, cohort: str, endpoint: str, model_id: str, digest: str) -> pd.DataFrame:
    """The rows, by `schemas.OUT_OF_FOLD`.

    Raises
    ------
    NotMaterialisedError
        None are stored for this model.
    IntegrityError
        They are not those that the model's metadata name.
    """
    place = _place(folder, cohort, endpoint, model_id)
    if not place.is_file():
        raise NotMaterialisedError(
            f"model '{model_id}': its out-of-fold predictions are not stored", rule="no_out_of_fold"
        )
    rows = conform(pd.read_parquet(place), OUT_OF_FOLD)
    if content_digest(rows) != digest:
        raise IntegrityError(f"{place}: not the out-of-fold predictions of model '{model_id}'", rule="digest")
    return rows


def _place(folder: Path, cohort: str, endpoint: str, model_id: str) -> Path:
    return Path(folder) / cohort / endpoint / ".out_of_fold" / f"{model_id}.parquet"
