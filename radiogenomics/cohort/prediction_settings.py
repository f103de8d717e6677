"""What ``predictions:`` in ``cohort.yaml`` may say: how patients are named outside the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from radiogenomics.cohort.settings import Settings
from radiogenomics.storage.pseudonyms import Pseudonyms, key_from

if TYPE_CHECKING:
    from radiogenomics.cohort.configuration import Cohort


class PseudonymKey(Settings):
    """Where the secret key of the pseudonyms lies: never in this file, and never in the store."""

    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=40)] | None = Field(
        None, description="name of the environment variable that holds the key (not the key)"
    )
    key_file: str | None = Field(None, description="file that holds the key, relative to the cohort's root or absolute")

    @model_validator(mode="after")
    def _one_place(self) -> PseudonymKey:
        if (self.key_env is None) == (self.key_file is None):
            raise ValueError("give exactly one of `key_env` and `key_file`")
        return self


class PredictionSettings(Settings):
    pseudonyms: PseudonymKey | None = Field(
        None,
        description="patient identifiers in every export, and in PostgreSQL, are HMAC-SHA256 under this key; null: as they are",
    )


def declared_pseudonyms(cohort: Cohort) -> Pseudonyms | None:
    """The pseudonyms that a cohort declares; None where it declares none.

    Raises
    ------
    ConfigurationError
        They are declared, and the key is not where it should be.
    """
    declared = cohort.predictions.pseudonyms
    if declared is None:
        return None
    key = "key_env" if declared.key_env is not None else "key_file"
    return key_from(
        variable=declared.key_env,
        file=cohort.path(declared.key_file) if declared.key_file is not None else None,
        where=f"{cohort.file}: predictions.pseudonyms.{key}",
    )
