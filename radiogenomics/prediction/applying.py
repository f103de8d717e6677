"""Predictions of a stored model for patients it was not fitted on: probability, interval, set, domain, abstention.

A model of a time to an event gives a risk score and the chance of the event by the earliest declared horizon. It has no interval
and no set: both hold a score against the labels of training patients, and whoever is censored before the horizon has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.model_use import Abstention
from radiogenomics.cohort.schemas import PREDICTIONS, conform
from radiogenomics.evaluation.calibrated_interval import calibrated_interval
from radiogenomics.evaluation.conformal import class_p_values, prediction_sets
from radiogenomics.evaluation.training_reference import pattern_names
from radiogenomics.explanation import explain
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.prediction.applicability import applicability
from radiogenomics.prediction.stored import StoredModel

NOTHING_SAID = "has none of the modalities that the model can use"


def predict_patients(
    stored: StoredModel,
    X: pd.DataFrame,
    confounders: pd.DataFrame | None,
    *,
    cohort: str,
    snapshot_id: str,
    simulated: bool,
    code_version: str,
    without_modality: Iterable[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply a model.

    Parameters
    ----------
    X : exactly the model's columns, index patient_id.
    confounders : same index, columns `<confounder>:<column>`; None: not known.
    without_modality : patients without any modality: they get a row that says so.

    Returns
    -------
    rows : by `schemas.PREDICTIONS`, kind 'prospective', patients sorted. `lower` and `upper`: see
        `calibrated_interval.MEANING`. A patient on whom the rules abstain has no probability, risk score, interval or set.
    judged : index patient_id: what `applicability` says, and `model_log_odds` (or `model_log_hazard`), what the model itself
        gives. Empty columns for a model without a reference.

    Raises
    ------
    IntegrityError
        A model of a time to an event was stored without its configuration, so that its horizons are not known.
    """
    patients = X.index.astype(str)
    score, probability, horizon = _said(stored, X)
    use, reference = stored.use, stored.reference
    blocks = modality_columns([str(c) for c in X.columns], X.shape[1])
    used = [";".join(names) for names in stored.estimator.used(X)]
    present = pattern_names(presence(X.to_numpy(dtype=float), blocks), list(blocks))
    rows = pd.DataFrame(
        {
            "patient_id": patients,
            "probability": probability,
            "risk_score": score if stored.of_time_to_event else np.nan,
            "lower": np.nan,
            "upper": np.nan,
            "modalities_used": [a or b for a, b in zip(used, present, strict=True)],
            "abstention_reason": np.where(np.isnan(score), NOTHING_SAID, ""),
            "prediction_set": "",
            "set_level": np.nan,
            "in_domain": pd.Series([None] * len(X), dtype="boolean"),
        }
    )
    judged = pd.DataFrame(index=X.index)
    if reference is not None:
        if (scored := reference.scored) is not None:
            rows["lower"], rows["upper"] = calibrated_interval(score, scored.scores, scored.labels, folds=scored.folds)
            sets = prediction_sets(class_p_values(score, scored.scores, scored.labels), use.confidence)
            rows["prediction_set"], rows["set_level"] = sets, use.confidence
        judged = applicability(reference, X, confounders, use.domain)
        rows["in_domain"] = judged["in_domain"].astype("boolean").array
        rows["abstention_reason"] = _reasons(rows, judged["reason"].to_numpy(), use.abstain)
    judged[f"model_{stored.scale}"] = score
    lacking = sorted(set(map(str, without_modality)) - set(patients))
    if lacking:
        nobody = pd.DataFrame({"patient_id": lacking, "modalities_used": "", "abstention_reason": NOTHING_SAID})
        nobody = nobody.assign(
            probability=np.nan, risk_score=np.nan, lower=np.nan, upper=np.nan, prediction_set="", set_level=np.nan,
            in_domain=pd.array([False] * len(lacking), dtype="boolean"),
        )  # fmt: skip
        rows = pd.concat([rows, nobody], ignore_index=True)
    rows["abstained"] = rows["abstention_reason"] != ""
    rows.loc[rows["abstained"], ["probability", "risk_score", "lower", "upper", "set_level"]] = np.nan
    rows.loc[rows["abstained"], "prediction_set"] = ""
    complete = rows.sort_values("patient_id").assign(
        endpoint=stored.endpoint,
        model_id=stored.model_id,
        model=stored.name,
        snapshot_id=snapshot_id,
        kind="prospective",
        repeat=None,
        fold=None,
        label=None,
        horizon_months=horizon,
        created_at=pd.Timestamp(datetime.now(UTC)).floor("us"),
        code_version=code_version,
        cohort=cohort,
        simulated=simulated,
        model_hash=stored.digest,
        labels_id=str(stored.metadata.get("labels_id", "")),
        settings_id=str(stored.metadata.get("settings_id", "")),
    )
    return conform(complete, PREDICTIONS), judged


def _said(stored: StoredModel, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Score (n,) on the model's scale, probability (n,), both NaN where the model abstains, and by how many months it is meant."""
    horizon = stored.horizon_months()
    if horizon is None:
        log_odds = np.asarray(stored.estimator.decision_function(X), dtype=float)
        return log_odds, expit(log_odds), None
    event_free = stored.estimator.predict_survival(X, [horizon])[:, 0]
    return np.asarray(stored.estimator.predict_log_hazard(X), dtype=float), 1 - event_free, horizon


def _reasons(rows: pd.DataFrame, outside: np.ndarray, rules: Abstention) -> list[str]:
    """Why each patient gets no probability: the model's own reason, then those declared; '' where it gets one."""
    reasons = []
    for own, why, found in zip(rows["abstention_reason"], outside, rows["prediction_set"], strict=True):
        declared = []
        if rules.outside_domain and why:
            declared.append(f"outside the domain: {why}")
        if rules.undecided_set and found == "{0,1}":
            declared.append("the conformal set holds both classes")
        if rules.empty_set and found == "{}":
            declared.append("the conformal set holds neither class")
        reasons.append(own or "; ".join(declared))
    return reasons


def contributions(stored: StoredModel, X: pd.DataFrame, most: int = 5) -> dict[str, list[dict[str, object]]]:
    """What moves each patient's score most: patient_id -> feature, modality, value (None: not known), unit, and by how much.

    The last stands under the name of the model's scale, `log_odds` or `log_hazard`. By `radiogenomics.explanation.explain`; patients on whom the model itself abstains have none.
    """
    dictionary = (
        stored.dictionary if stored.dictionary is not None else pd.DataFrame(columns=["modality", "feature", "unit"])
    )
    rows = explain(stored.estimator, X, dictionary, name=stored.name)
    rows["size"] = rows["shap_value"].abs()
    found: dict[str, list[dict[str, object]]] = {}
    for patient, own in rows[rows["size"] > 0].groupby("patient_id", sort=True):
        strongest = own.sort_values(["size", "modality", "feature"], ascending=[False, True, True]).head(most)
        found[str(patient)] = [
            {
                "feature": row["feature"],
                "modality": row["modality"],
                "value": None if np.isnan(row["value"]) else float(row["value"]),
                "unit": row["unit"],
                stored.scale: float(row["shap_value"]),
            }
            for row in strongest.to_dict("records")
        ]
    return found
