"""From a folder of new patients to their predictions, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Compute
from radiogenomics.cohort.loading import load_cohort
from radiogenomics.prediction.applying import contributions, predict_patients
from radiogenomics.prediction.patients import at_root, new_patients, with_stored_methods
from radiogenomics.prediction.stored import StoredModel


class Answer(NamedTuple):
    """What was predicted for new patients.

    Attributes
    ----------
    rows : by `schemas.PREDICTIONS`. judged : see `applying.predict_patients`.
    records : one JSON-able mapping a patient, with top contributions and what the data lacked.
    absent : what was not there, or not as in training. quarantine : what was set aside.
    """

    rows: pd.DataFrame
    judged: pd.DataFrame
    records: list[dict[str, Any]]
    absent: list[str]
    quarantine: pd.DataFrame


def predict_folder(
    stored: StoredModel,
    place: Path,
    *,
    code_version: str,
    environment: dict[str, str] | None = None,
    cache: Any = None,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Answer:
    """Predict the patients of a folder laid out as the training cohort's files were, or of a ``cohort.yaml`` of their own.

    Features are made with the settings stored with the model, whatever a `cohort.yaml` says; no label is needed.
    """
    noted: list[str] = []
    if place.is_file():
        cohort, noted = with_stored_methods(stored, load_cohort(place, environment))
    else:
        cohort = at_root(stored, place)
    file = cohort.file
    cohort = cohort.model_copy(update={"compute": Compute(workers=workers)})
    cohort._file = file
    found = new_patients(stored, cohort, cache=cache, on_progress=on_progress)
    rows, judged = predict_patients(
        stored,
        found.X,
        found.confounders,
        cohort=cohort.name,
        snapshot_id=found.snapshot_id,
        simulated=cohort.simulated,
        code_version=code_version,
        without_modality=found.patients,
    )
    moved = contributions(stored, found.X)
    return Answer(rows, judged, _records(rows, judged, moved), [*found.absent, *noted], found.quarantine)


def _records(
    rows: pd.DataFrame, judged: pd.DataFrame, moved: dict[str, list[dict[str, object]]]
) -> list[dict[str, Any]]:
    records = []
    for row in rows.to_dict("records"):
        patient = str(row["patient_id"])
        known = judged.loc[patient].to_dict() if patient in judged.index else {}
        records.append(
            {
                **{
                    key: row[key]
                    for key in ("patient_id", "endpoint", "model_id", "model", "model_hash", "snapshot_id")
                },
                **{key: _number(row[key]) for key in ("probability", "lower", "upper")},
                **_risk(row),
                "prediction_set": row["prediction_set"],
                "set_level": _number(row["set_level"]),
                "in_domain": None if pd.isna(row["in_domain"]) else bool(row["in_domain"]),
                "domain_reason": str(known.get("reason", "")),
                "domain_note": str(known.get("note", "")),
                "abstained": bool(row["abstained"]),
                "abstention_reason": row["abstention_reason"],
                "modalities_used": row["modalities_used"],
                "contributions": moved.get(patient, []) if not row["abstained"] else [],
                "simulated": bool(row["simulated"]),
                "created_at": row["created_at"].isoformat(),
            }
        )
    return records


def _risk(row: Mapping[Any, Any]) -> dict[str, float | None]:
    """What a model of a time to an event says beside the probability; nothing for a model of a label."""
    if pd.isna(row["horizon_months"]):
        return {}
    return {"risk_score": _number(row["risk_score"]), "horizon_months": float(row["horizon_months"])}


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
