"""Group `imaging`, where a cohort declares robustness: perturbed lesions, and which features survive."""

from typing import Any

import dagster as dg

from assets.display import number, plot, table
from assets.factory import Compute, cohort_asset
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort

NAME = "feature_robustness"


def declares_robustness(cohort: Cohort) -> bool:
    """Whether lesions of any images of the cohort are perturbed."""
    return any(images.robustness is not None for images in cohort.images.values())


def readings_input(cohort: Cohort) -> dict[str, list[str]]:
    """What the models of this cohort need beside the joined cohort: argument name -> key parts."""
    selecting = any(images.robustness is not None and images.robustness.selects() for images in cohort.images.values())
    return {NAME: [NAME]} if selecting else {}


def declared_readings(cohort: Cohort, values: Any) -> tuple[Any, ...]:
    """The perturbed readings among the inputs of an asset; none where nothing is selected by them."""
    from radiogenomics.fusion.robustness import readings_of

    return readings_of(cohort, values[NAME]["perturbed"]) if NAME in values else ()


def robustness_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The table of robustness, with the perturbed values that each fold judges by."""
    if not declares_robustness(cohort):
        return []
    inputs = {"image_qc": ["image_qc"], "lesion_volumetrics": ["lesion_volumetrics"]}
    if any(images.radiomics is not None for images in cohort.images.values()):
        inputs["radiomic_features"] = ["radiomic_features"]
    return [
        cohort_asset(
            cohort,
            [NAME],
            group_name="imaging",
            kinds=["table"],
            description=(
                "**What is this:** the same lesions with the contour grown, shrunk, shifted and turned, with noise, and as another "
                "scan would show them: per feature the intraclass correlation and what share of the variance is not biology. "
                "**Can I trust it:** as far as the declared perturbations are like your readers and scanners; look at the "
                "interval and at how many lesions. **What next:** features below `minimum_icc` are left out of the models, inside "
                "each fold and by its training patients alone."
            ),
            compute=_robustness(cohort),
            packages=["imaging", "fusion", "compute", "cohort"],
            settings=cohort.model_dump(mode="json", include={"images"}),
            inputs=inputs,
        )
    ]


def _robustness(cohort: Cohort) -> Compute:
    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.fusion.robustness import readings_of, robustness_table
        from radiogenomics.imaging.perturbation.features import perturbed_features, perturbed_lesions
        from radiogenomics.reporting.figures import robustness_figure
        from radiogenomics.storage.feature_cache import FeatureCache

        qc = values["image_qc"]
        volumes = dict(zip(qc["qc"]["lesion_id"], qc["qc"]["volume_mm3"], strict=True))
        lesions = perturbed_lesions(cohort, qc["lesions"], volumes)
        found = perturbed_features(
            cohort,
            lesions,
            cache=FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20),
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
        )
        readings = readings_of(cohort, found.values)
        dictionaries = [values[n]["dictionary"] for n in ("radiomic_features", "lesion_volumetrics") if n in values]
        result = robustness_table(readings, pd.concat(dictionaries, ignore_index=True))
        shown: dict[str, Any] = {
            "1_lesions": number(len(lesions)),
            "1_readings_not_taken": number(len(found.quarantine)),
            "2_features_below_the_minimum": number(int((~result["kept"]).sum())),
            "5_table": table(result.sort_values("lower"), rows=40, columns=18),
            "6_measurement_error": table(_measurement_error(result), rows=20),
            "7_not_taken": table(found.quarantine),
        }
        for group in result["group"].unique():
            figure = robustness_figure(result, group=group, simulated=cohort.simulated)
            shown[f"3_{group}"] = plot(figure, home.pages, [cohort.name, NAME], group)
        return Product({"perturbed": found.values, "robustness": result, "quarantine": found.quarantine}, shown)

    return compute


def _measurement_error(result: Any) -> Any:
    """Repeatability of the volumetrics, in their units."""
    own = result[result["modality"].str.startswith("volumetrics") & (result["group"] == "contour")]
    return own[
        [
            "images",
            "feature",
            "unit",
            "lesions",
            "readings",
            "within_sd",
            "repeatability_limit",
            "icc",
            "lower",
            "upper",
        ]
    ]
