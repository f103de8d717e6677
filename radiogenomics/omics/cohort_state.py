"""What omics features take from all patients of a cohort together, as a value: so that a patient of tomorrow gets the same."""

from __future__ import annotations

from pydantic import Field

from radiogenomics.cohort.omics_settings import AlterationClass
from radiogenomics.cohort.settings import Settings


class CohortState(Settings):
    """Decided on the cohort that a model was trained on, without any label; it holds names, no patient's value."""

    genes: dict[str, list[AlterationClass]] = Field(
        default_factory=dict, description="genes that have a mutation feature, with their classes, in order"
    )
    maf_genes: list[str] | None = Field(
        None, description="genes that the MAF names, which count as looked at where no panels are declared"
    )
    rows: dict[str, dict[str, tuple[int, int]]] = Field(
        default_factory=dict,
        description="source -> name -> (which of the rows with that name was taken, of how many), where `duplicates: maximum` "
        "chose by the cohort's means",
    )
    references: dict[str, str] = Field(
        default_factory=dict, description="tables of methods (panels, pathways, ...) -> SHA-256 of their content"
    )
