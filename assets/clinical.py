"""Group `clinical`: declared clinical variables, one row a patient."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.factory import cohort_asset
from assets.omics import patient_features
from radiogenomics.cohort.change import part_signature
from radiogenomics.cohort.configuration import Cohort


def clinical_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The clinical features, where variables are declared."""
    if not cohort.clinical.variables:
        return []

    def make(values: Mapping[str, Any]) -> Any:
        from radiogenomics.clinical import clinical_features

        return clinical_features(cohort, values["manifest"]["manifest"])

    def draw(features: Any) -> Any:
        from radiogenomics.reporting.figures import clinical_summary_figure

        return clinical_summary_figure(features.values, features.dictionary, simulated=cohort.simulated)

    return [
        cohort_asset(
            cohort,
            ["clinical_features"],
            group_name="clinical",
            kinds=["table"],
            description=(
                "**What is this:** the declared clinical variables as numbers: units converted, categories as 0/1, ordered ones "
                "as ranks. **Can I trust it:** a value out of range or not among the declared ones is set aside and missing, "
                "never clipped or guessed. **What next:** `clinical` alone is the baseline that imaging must beat."
            ),
            compute=patient_features(cohort, "clinical_features", make, draw),
            packages=["clinical", "cohort"],
            settings=cohort.model_dump(mode="json", include={"clinical"}),
            inputs={"manifest": ["manifest"]},
            depends=lambda values: part_signature(values["manifest"], ["clinical/"]),
        )
    ]
