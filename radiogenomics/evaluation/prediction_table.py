"""Rows of the predictions table, from out-of-fold predictions and from the final model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from radiogenomics.cohort.schemas import PREDICTIONS, conform
from radiogenomics.fusion.columns import modality_columns, presence

_EDGE = 1e-6  # keeps the log-odds finite


def out_of_fold_rows(
    out_of_fold: pd.DataFrame,
    *,
    recipe: Mapping[str, Any],
    cohort: str,
    endpoint: str,
    snapshot_id: str,
    simulated: bool,
    code_version: str,
) -> pd.DataFrame:
    """Out-of-fold predictions as rows of the predictions table.

    `lower` and `upper` span the 95 % t-interval of a patient's log-odds over the repeats: how far the prediction hangs
    on which other patients the model was trained on. It says nothing of the patient's own outcome. NaN with one repeat.

    Parameters
    ----------
    out_of_fold : DataFrame by ``schemas.OUT_OF_FOLD``.
    recipe : JSON-able `settings` and code that made the models; its hash with the model's name, cohort, endpoint and
        snapshot is the `model_hash`, and the end of the `model_id`.
    """
    rows = out_of_fold.copy()
    hashes = {name: _hash([name, cohort, endpoint, snapshot_id, recipe]) for name in rows["model"].unique()}
    rows["model_hash"] = rows["model"].map(hashes)
    rows["model_id"] = rows["model"].str.replace("/", "-") + "-" + rows["model_hash"].str[:12]
    rows["abstention_reason"] = [_why(*row) for row in zip(rows["model"], rows["abstained"], strict=True)]
    rows["labels_id"] = labels_id(out_of_fold.drop_duplicates("patient_id").set_index("patient_id")["label"])
    rows["settings_id"] = settings_id(recipe["settings"])
    spread = _repeat_interval(rows)
    rows = rows.merge(spread, on=["model", "patient_id"], how="left", validate="many_to_one")
    return _rows(rows, "out_of_fold", cohort, endpoint, snapshot_id, simulated, code_version)


def prospective_rows(
    model: Any,
    X: pd.DataFrame,
    *,
    model_id: str,
    model_name: str,
    cohort: str,
    endpoint: str,
    snapshot_id: str,
    simulated: bool,
    code_version: str,
    locked_test: pd.Series | None = None,
) -> pd.DataFrame:
    """Predictions of a fitted model for patients it was not fitted on, as rows of the predictions table.

    Parameters
    ----------
    model : fitted classifier; a probability of NaN means that it abstains.
    X : DataFrame of predictor columns, indexed by patient.
    locked_test : labels (0/1) of the patients of X where they are those of the locked test; None: no label is known yet.
    """
    probability = np.asarray(model.predict_proba(X), dtype=float)[:, 1]
    blocks = modality_columns(list(X.columns), X.shape[1])
    present = presence(X.to_numpy(dtype=float), blocks)
    used = [";".join(sorted(np.array(list(blocks))[row])) for row in present]
    rows = pd.DataFrame(
        {
            "patient_id": X.index.astype(str),
            "model": model_name,
            "model_id": model_id,
            "repeat": pd.NA,
            "fold": pd.NA,
            "probability": probability,
            "lower": np.nan,
            "upper": np.nan,
            "label": pd.NA if locked_test is None else locked_test.reindex(X.index).to_numpy(dtype=int),
            "modalities_used": used,
            "abstained": np.isnan(probability),
        }
    )
    kind = "prospective" if locked_test is None else "locked_test"
    return _rows(rows, kind, cohort, endpoint, snapshot_id, simulated, code_version)


def _rows(
    rows: pd.DataFrame, kind: str, cohort: str, endpoint: str, snapshot_id: str, simulated: bool, code_version: str
) -> pd.DataFrame:
    return conform(
        rows.assign(
            kind=kind,
            cohort=cohort,
            endpoint=endpoint,
            snapshot_id=snapshot_id,
            simulated=simulated,
            code_version=code_version,
            created_at=pd.Timestamp(datetime.now(UTC)).floor("us"),
        ),
        PREDICTIONS,
    )


def labels_id(labels: pd.Series) -> str:
    """SHA-256 of labels (0/1, indexed by patient): sorted lines of patient, tab, label."""
    lines = sorted(f"{patient}\t{int(label)}\n" for patient, label in labels.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def settings_id(settings: Any) -> str:
    """SHA-256 of JSON-able settings, whatever the order of their keys."""
    return _hash(settings)


def with_hashes(rows: pd.DataFrame, *, model_hash: str, labels: str, settings: str) -> pd.DataFrame:
    """Rows of a stored model with its hash, that of the labels it learned from and that of its settings."""
    return conform(rows.assign(model_hash=model_hash, labels_id=labels, settings_id=settings), PREDICTIONS)


def _why(model: str, abstained: bool) -> str:
    if not abstained:
        return ""
    head, _, rest = model.partition("/")
    if head in {"early", "intermediate", "late"}:
        return "none of the model's modalities is known for this patient"
    return f"nothing of {rest if head == 'floor' else head} is known for this patient"


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _repeat_interval(rows: pd.DataFrame) -> pd.DataFrame:
    """95 % t-interval over repeats of each patient's log-odds, back on the scale of probabilities."""
    known = rows.dropna(subset=["probability"])
    clipped = known["probability"].clip(_EDGE, 1 - _EDGE)
    grouped = known.assign(log_odds=np.log(clipped / (1 - clipped))).groupby(["model", "patient_id"])["log_odds"]
    summary = grouped.agg(["mean", "std", "count"]).reset_index()
    half = stats.t.ppf(0.975, (summary["count"] - 1).clip(lower=1)) * summary["std"] / np.sqrt(summary["count"])
    return pd.DataFrame(
        {
            "model": summary["model"],
            "patient_id": summary["patient_id"],
            "lower": 1 / (1 + np.exp(-(summary["mean"] - half))),
            "upper": 1 / (1 + np.exp(-(summary["mean"] + half))),
        }
    )
