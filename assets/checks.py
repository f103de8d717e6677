"""All asset checks of a cohort, gathered."""

import dagster as dg

from assets.cohort import cohort_asset_checks
from assets.endpoints import endpoint_label_checks
from assets.imaging import imaging_asset_checks
from assets.models import endpoint_checks
from assets.multimodal import multimodal_checks
from assets.omics import little_is_missing, nothing_out_of_range, one_row_a_patient, panels_are_known
from assets.survival import survival_checks
from radiogenomics.cohort.configuration import Cohort


def cohort_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """What must hold of each table; a blocking check stops what lies downstream of it."""
    checks = cohort_asset_checks(cohort) + imaging_asset_checks(cohort)
    declared = {
        "mutation_features": cohort.mutations is not None,
        "expression_features": cohort.expression is not None,
        "clinical_features": bool(cohort.clinical.variables),
    }
    declared |= {f"{name}_features": True for name in cohort.omics}
    for name in [name for name, present in declared.items() if present]:
        checks += [one_row_a_patient(cohort, name), little_is_missing(cohort, name)]
    checks += [panels_are_known(cohort)] if cohort.mutations is not None else []
    checks += [nothing_out_of_range(cohort)] if cohort.clinical.variables else []
    checks += endpoint_label_checks(cohort) + multimodal_checks(cohort)
    for endpoint in cohort.endpoints:
        checks += endpoint_checks(cohort, endpoint)
    for name in cohort.survival_endpoints():
        checks += survival_checks(cohort, name)
    return checks
