"""Appending predictions to the table that the environment names."""

from typing import Any

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage import Home, PredictionStore


def store_of_predictions(home: Home, cohort: Cohort, rows: Any) -> str:
    """Append rows (by `schemas.PREDICTIONS`) of the cohort; says where they lie."""
    return str(PredictionStore(home.predictions).append(rows))
