"""Identifiers of what a model was learned from, for the predictions table."""

import hashlib
import json
from typing import Any

from radiogenomics.cohort.configuration import Cohort


def labels_id(y: Any) -> str:
    """SHA-256 of labels (Series 0/1 by patient): sorted lines of patient, tab, label."""
    lines = sorted(f"{patient}\t{int(label)}\n" for patient, label in y.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def settings_id(cohort: Cohort, endpoint: str) -> str:
    """SHA-256 of the settings of an endpoint's models."""
    settings = cohort.model_dump(mode="json", include={"endpoints": {endpoint}, "resampling": True, "models": True})
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
