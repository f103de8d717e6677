"""Every asset of a cohort, and what stands in for a cohort that cannot be used."""

import dagster as dg

from assets.checks import cohort_checks
from assets.clinical import clinical_assets
from assets.cohort import cohort_assets
from assets.drafts import has_drafts
from assets.endpoints import endpoint_label_assets
from assets.follow_up import declares_follow_up, follow_up_assets
from assets.imaging import imaging_assets
from assets.inbox import inbox_assets
from assets.models import ENDPOINT_ASSETS, endpoint_asset_names, endpoint_assets, trained_assets
from assets.multimodal import feature_sources, multimodal_assets
from assets.omics import omics_assets
from assets.robustness import NAME as ROBUSTNESS
from assets.robustness import declares_robustness, robustness_assets
from assets.survival import survival_asset_keys, survival_assets
from radiogenomics.cohort.configuration import Cohort

__all__ = [
    "ENDPOINT_ASSETS",
    "cohort_checks",
    "cohort_definitions",
    "endpoint_asset_names",
    "survival_asset_keys",
    "trained_assets",
    "unavailable_cohort",
]


def cohort_definitions(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """All assets of one cohort, under its key prefix."""
    quarantines = {"manifest": ["manifest"], **feature_sources(cohort)}
    quarantines |= {"image_qc": ["image_qc"]} if cohort.images else {}
    quarantines |= {"draft_contours": ["draft_contours"]} if has_drafts(cohort) else {}
    quarantines |= {"labels": ["labels"]} if cohort.endpoints else {}
    quarantines |= {"follow_up": ["follow_up"]} if declares_follow_up(cohort) else {}
    quarantines |= {ROBUSTNESS: [ROBUSTNESS]} if declares_robustness(cohort) else {}
    assets = cohort_assets(cohort, quarantines)
    assets += imaging_assets(cohort) + omics_assets(cohort) + clinical_assets(cohort)
    assets += follow_up_assets(cohort) + robustness_assets(cohort)
    assets += endpoint_label_assets(cohort) + multimodal_assets(cohort)
    for endpoint in cohort.endpoints:
        assets += endpoint_assets(cohort, endpoint)
    return assets + survival_assets(cohort) + inbox_assets(cohort)


def unavailable_cohort(name: str, file: str, error: str, needs: str) -> dg.AssetsDefinition:
    """An asset that says why a cohort cannot be used, without taking the others down.

    Parameters
    ----------
    needs : the environment variable that is not set, where that is the reason; '' where the file is broken.
    """
    if needs:
        title = f"`{file}` describes a cohort whose data are not declared on this machine. Set `{needs}` and reload."
    else:
        title = f"`{file}` cannot be used. Mend it and reload."

    @dg.asset(
        key=[name, "not_available" if needs else "configuration_error"],
        group_name=f"{name}__not_available" if needs else f"{name}__configuration_error",
        description=f"{title}\n\n```\n{error}\n```",
    )
    def _unavailable() -> None:
        raise dg.Failure(description=error, allow_retries=False)

    return _unavailable
