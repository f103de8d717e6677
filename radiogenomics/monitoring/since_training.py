"""Who came after the model in use was trained: every patient, with a label by now or without, whom it has not seen."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiogenomics.evaluation.model_evidence import read_evidence
from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import ModelRegistry


class SinceTraining(NamedTuple):
    """The cohort parted at the training of one model.

    Attributes
    ----------
    model_id : the champion; where there is none, or its training patients are not stored, the newest model.
    training, new : predictors as they stand in the cohort now, one row a patient.
    """

    model_id: str
    training: pd.DataFrame
    new: pd.DataFrame


def since_training(
    folder: Path,
    cohort: str,
    endpoint: str,
    everyone: pd.DataFrame,
    *,
    newest: str,
    trained_on: Collection[str],
    aside: Collection[str] = (),
) -> SinceTraining:
    """Part the patients of a cohort into those that the model in use was trained on, and all who came after.

    Parameters
    ----------
    folder : that of the registry. everyone : predictors of all patients, index `patient_id`.
    newest, trained_on : the newest model, and its training patients.
    aside : patients who are neither: sealed, or left out by a rule.

    Raises
    ------
    IntegrityError
        The log of stages, the champion or its stored predictions were altered.
    """
    model_id = ModelStages(folder, cohort, endpoint).champion() or newest
    seen = set(trained_on)
    if model_id != newest:
        digest = ModelRegistry(folder).manifest(cohort, endpoint, model_id)["metadata"].get("out_of_fold_sha256", "")
        try:
            seen = set(read_evidence(folder, cohort, endpoint, model_id, digest)["patient_id"].astype(str))
        except NotMaterialisedError:
            model_id = newest
    patients = everyone.index.astype(str)
    known = patients.isin(list(seen))
    return SinceTraining(model_id, everyone[known], everyone[~known & ~patients.isin([str(p) for p in aside])])
