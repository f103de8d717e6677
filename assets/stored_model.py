"""The final model of an endpoint, as the registry holds it."""

from typing import Any

from radiogenomics.cohort.configuration import Cohort


def stored_model(home, cohort: Cohort, endpoint: str, record: dict[str, Any]) -> Any:
    """The fitted model that the record of the asset `model` names, checked before it is read."""
    from radiogenomics.fusion import TRUSTED_TYPES
    from radiogenomics.storage.models import ModelRegistry

    return ModelRegistry(home.models).load(cohort.name, endpoint, record["model_id"], TRUSTED_TYPES)


def stored_hash(home, cohort: Cohort, endpoint: str, model_id: str) -> str:
    """SHA-256 of the stored model's file, as its checked manifest has it."""
    from radiogenomics.storage.models import MODEL_FILE, ModelRegistry

    manifest = ModelRegistry(home.models).manifest(cohort.name, endpoint, model_id)
    return str(manifest["files"][MODEL_FILE]["sha256"])
