"""The final model of an endpoint, as the registry holds it."""

from typing import Any

from radiogenomics.cohort.configuration import Cohort


def stored_model(home, cohort: Cohort, endpoint: str, record: dict[str, Any]) -> Any:
    """The fitted model that the record of the asset `model` names, checked before it is read."""
    from radiogenomics.fusion import TRUSTED_TYPES
    from radiogenomics.storage.models import ModelRegistry

    return ModelRegistry(home.models).load(cohort.name, endpoint, record["model_id"], TRUSTED_TYPES)
