"""Rows of the predictions table from out-of-fold predictions, and the hashes of what made them."""

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
