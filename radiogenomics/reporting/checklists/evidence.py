"""What the rules of the checklists look at, and how they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.storage.validations import StoredValidation

MET, PARTLY, UNMET, NOT_APPLICABLE = "met", "partly", "unmet", "not applicable"


class Found(NamedTuple):
    """Answer of a rule: status, why in a few words, and the id of the section of the report that shows it ('' for none)."""

    status: str
    note: str
    link: str = ""


class Evidence(NamedTuple):
    """All that a rule may look at.

    Attributes
    ----------
    cohort, endpoint : what was declared.
    tables : the stored tables of the run by name; a name is absent where nothing is stored.
    sample_size : the sentence of the sample-size criteria; '' where there is none.
    model_id : of the stored final model; '' where there is none.
    validation : the latest of that model on another cohort; None where none is stored.
    """

    cohort: Cohort
    endpoint: str
    tables: Mapping[str, pd.DataFrame]
    sample_size: str = ""
    model_id: str = ""
    validation: StoredValidation | None = None

    def has(self, *names: str) -> bool:
        """Whether each of these tables holds rows."""
        return all(name in self.tables and not self.tables[name].empty for name in names)

    @property
    def final_model(self) -> str:
        """The model declared before any result."""
        return self.cohort.endpoints[self.endpoint].final_model

    def rows_of_final(self, name: str) -> pd.DataFrame:
        """The final model's rows of a table; empty where there are none."""
        if not self.has(name):
            return pd.DataFrame()
        table = self.tables[name]
        return table[table["model"] == self.final_model]

    def extracted_images(self) -> dict[str, Any]:
        """The declared images that predict this endpoint, by name."""
        used = set(self.cohort.endpoints[self.endpoint].modalities)
        return {
            name: images
            for name, images in self.cohort.images.items()
            if used & {f"radiomics_{name}", f"embedding_{name}", f"volumetrics_{name}"}
        }

    def ready_made(self) -> list[str]:
        """Ready-made imaging tables that predict this endpoint."""
        return [m for m in self.cohort.endpoints[self.endpoint].modalities if m in self.cohort.imaging_tables]
