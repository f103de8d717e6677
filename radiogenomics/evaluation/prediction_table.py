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
    rows = _identified(out_of_fold, recipe, cohort, endpoint, snapshot_id)
    rows["labels_id"] = labels_id(out_of_fold.drop_duplicates("patient_id").set_index("patient_id")["label"])
    return _rows(_with_spread(rows), "out_of_fold", cohort, endpoint, snapshot_id, simulated, code_version)


def survival_rows(
    out_of_fold: pd.DataFrame,
    at_horizons: pd.DataFrame,
    *,
    recipe: Mapping[str, Any],
    cohort: str,
    endpoint: str,
    snapshot_id: str,
    simulated: bool,
    code_version: str,
) -> pd.DataFrame:
    """Out-of-fold predictions of a time to an event as rows of the predictions table.

    `probability` is that of the event by the earliest declared horizon, `horizon_months`, with `lower` and `upper` as in
    `out_of_fold_rows`; `label` is whether the event was seen by then, <NA> where the patient was censored before. `risk_score` is the
    log hazard ratio, `time_months` and `event` are what was observed.

    Parameters
    ----------
    out_of_fold : DataFrame by ``schemas.SURVIVAL_OUT_OF_FOLD``.
    at_horizons : `SurvivalEvaluation.at_horizons`.
    The others are as in `out_of_fold_rows`.
    """
    horizon = float(at_horizons["horizon_months"].min())
    first = at_horizons[at_horizons["horizon_months"] == horizon].drop(columns="horizon_months")
    rows = _identified(out_of_fold, recipe, cohort, endpoint, snapshot_id)
    rows = rows.merge(first, on=["patient_id", "model", "repeat"], how="left", validate="one_to_one")
    rows["probability"] = 1 - rows["event_free"]
    rows["label"] = event_by(rows["time_months"], rows["event"], horizon)
    rows["horizon_months"], rows["risk_score"] = horizon, rows["log_hazard"]
    people = out_of_fold.drop_duplicates("patient_id").set_index("patient_id")
    rows["labels_id"] = outcomes_id(people["time_months"], people["event"])
    rows = _with_spread(rows).drop(columns=["event_free", "log_hazard", "risk_percentile"])
    return _rows(rows, "out_of_fold", cohort, endpoint, snapshot_id, simulated, code_version)


def event_by(months: pd.Series, event: pd.Series, horizon: float) -> pd.Series:
    """1 where the event was seen at or before the horizon, 0 where the patient was observed up to it without, else <NA>: Int8."""
    said = pd.Series(pd.NA, index=months.index, dtype="Int8")
    said[(months >= horizon).to_numpy()] = 0
    said[((months <= horizon) & (event == 1)).to_numpy()] = 1
    return said


def _identified(
    out_of_fold: pd.DataFrame, recipe: Mapping[str, Any], cohort: str, endpoint: str, snapshot_id: str
) -> pd.DataFrame:
    """The rows with what names their model, and why it abstained."""
    rows = out_of_fold.copy()
    hashes = {name: _hash([name, cohort, endpoint, snapshot_id, recipe]) for name in rows["model"].unique()}
    rows["model_hash"] = rows["model"].map(hashes)
    rows["model_id"] = rows["model"].str.replace("/", "-") + "-" + rows["model_hash"].str[:12]
    rows["abstention_reason"] = [_why(*row) for row in zip(rows["model"], rows["abstained"], strict=True)]
    rows["settings_id"] = settings_id(recipe["settings"])
    return rows


def _with_spread(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.merge(_repeat_interval(rows), on=["model", "patient_id"], how="left", validate="many_to_one")


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


def outcomes_id(months: pd.Series, event: pd.Series) -> str:
    """SHA-256 of times and events (indexed by patient): sorted lines of patient, tab, months, tab, event."""
    lines = sorted(f"{patient}\t{float(months[patient])!r}\t{int(event[patient])}\n" for patient in months.index)
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
