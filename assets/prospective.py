"""Patients of the cohort without a label, predicted by the endpoint's champion."""

from typing import Any

from assets.versions import code_version
from radiogenomics.cohort.configuration import Cohort


def prospective(home: Any, cohort: Cohort, mdata: Any, X: Any, endpoint: str, champion: str) -> Any:
    """Their rows of the predictions table.

    Parameters
    ----------
    X : the endpoint's predictors as the joined cohort has them now, index patient_id.
    """
    from radiogenomics.multimodal.frame import joined_confounders
    from radiogenomics.prediction import load_model, predict_patients
    from radiogenomics.prediction.patients import align_columns

    stored = load_model(home.models, champion, cohort.name, endpoint)
    aligned, _ = align_columns(stored, X, stored.use.missing_features, whole_modalities=True)
    for column in set(stored.columns) - set(aligned.columns):  # the site, which is no modality
        aligned[column] = X[column]
    rows, _ = predict_patients(
        stored,
        aligned[stored.columns],
        joined_confounders(mdata).reindex(X.index),
        cohort=cohort.name,
        snapshot_id=str(mdata.uns["snapshot_id"]),
        simulated=cohort.simulated,
        code_version=code_version(),
    )
    return rows
