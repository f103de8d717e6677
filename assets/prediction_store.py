"""The store of predictions that the environment names: Parquet files in the state folder, or PostgreSQL."""

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.prediction_settings import declared_pseudonyms
from radiogenomics.storage import Home, PredictionStore
from radiogenomics.storage.predictions import Predictions
from radiogenomics.storage.predictions_postgres import PostgresPredictions, predictions_url, shown_url


def prediction_store(home: Home, cohort: Cohort) -> Predictions:
    """Where predictions of this cohort are appended and found; in PostgreSQL under the pseudonyms that it declares."""
    url = predictions_url()
    return (
        PredictionStore(home.predictions)
        if url is None
        else PostgresPredictions(url, lambda: declared_pseudonyms(cohort))
    )


def store_identity(cohort: Cohort) -> dict[str, object]:
    """What makes the rows be appended anew though nothing was computed anew: another database, other pseudonyms."""
    url = predictions_url()
    if url is None:
        return {}
    try:
        name = shown_url(url)
    except ValueError as error:  # the append says so
        name = str(error)
    return {"store": name, **cohort.model_dump(mode="json", include={"predictions": True})}


def predictions_place(home: Home, cohort: Cohort) -> str:
    """Where a person finds the cohort's predictions; no password in it."""
    url = predictions_url()
    return str(home.predictions / cohort.name) if url is None else shown_url(url)
