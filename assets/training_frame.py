"""The frame that models of an endpoint may see: without the patients of its locked test, with its own confounders."""

from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage import Home

LOCKED = "set aside for the locked test"


def training_frame(home: Home, cohort: Cohort, mdata: Any, endpoint: str) -> Any:
    """`endpoint_frame`, cut down; the first call seals the locked test where one is declared."""
    from radiogenomics.multimodal import endpoint_frame

    frame = endpoint_frame(cohort, mdata, endpoint)
    kept = [c for c in frame.confounders.columns if is_floor_of(cohort, str(c).split(":")[0], endpoint)]
    frame = frame._replace(confounders=frame.confounders[kept])
    declared = cohort.evaluation.locked_test
    if declared is None:
        return frame
    seal = locked_test(home, cohort, endpoint).seal(frame.y, declared.share, cohort.resampling.random_state)
    free = ~frame.X.index.astype(str).isin(set(seal.patients))
    aside = pd.DataFrame({"patient_id": list(seal.patients), "reason": LOCKED})
    return frame._replace(
        X=frame.X[free],
        y=frame.y[free],
        confounders=frame.confounders[free],
        groups=None if frame.groups is None else frame.groups[free],
        excluded=pd.concat([frame.excluded, aside], ignore_index=True),
    )


def locked_test(home: Home, cohort: Cohort, endpoint: str) -> Any:
    """Seal and ledger of an endpoint's locked test."""
    from radiogenomics.evaluation.locked_test import LockedTestLedger

    return LockedTestLedger(home.locked_tests / cohort.name / endpoint)


def is_floor_of(cohort: Cohort, confounder: str, endpoint: str) -> bool:
    """Whether a confounder is a floor of this endpoint."""
    declared = cohort.confounders.get(confounder)
    return declared is None or not declared.endpoints or endpoint in declared.endpoints


def tuned(cohort: Cohort, endpoint: str, frame: Any) -> pd.DataFrame:
    """What each model of the endpoint may try on the inner folds: see `fusion.tuning.tuning_budget`."""
    from radiogenomics.fusion import tuning_budget
    from radiogenomics.fusion.columns import modality_of

    modalities = dict.fromkeys(modality_of(str(column)) for column in frame.X.columns)
    return tuning_budget(cohort.models_of(endpoint), modalities, cohort.resampling, imaging=cohort.imaging_tables)
