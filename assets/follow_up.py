"""Group `imaging`, where a cohort declares follow-up: what changed since the baseline, and features of it."""

from typing import Any

import dagster as dg

from assets.display import number, plot, table
from assets.factory import Compute, cohort_asset
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.multimodal.extraction import DELTA, declares_delta


def declares_follow_up(cohort: Cohort) -> bool:
    """Whether any images of the cohort declare follow-up."""
    return any(images.follow_up is not None for images in cohort.images.values())


def follow_up_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """Changes and response categories, and the modality of change where it is declared."""
    if not declares_follow_up(cohort):
        return []

    def make(name: str, description: str, compute: Compute, inputs: dict[str, list[str]]) -> dg.AssetsDefinition:
        return cohort_asset(
            cohort,
            [name],
            group_name="imaging",
            kinds=["table"],
            description=description,
            compute=compute,
            packages=["imaging", "compute", "cohort"],
            settings=cohort.model_dump(mode="json", include={"images": True, "clinical": {"index_date"}}),
            inputs=inputs,
        )

    lesions = {"image_qc": ["image_qc"]}
    assets = [
        make(
            "follow_up",
            "**What is this:** each lesion measured again at later studies: change of volume and diameter, doubling time, RECIST "
            "1.1 and volumetric response. **Can I trust it:** a change within its measurement error is marked as such; lesions "
            "without counterpart are named. **What next:** look at the waterfall; a hatched bar is no shown change.",
            _follow_up(cohort),
            lesions,
        )
    ]
    if declares_delta(cohort):
        radiomics = any(
            i.follow_up and i.follow_up.delta and i.follow_up.delta.radiomics for i in cohort.images.values()
        )
        assets.append(
            make(
                DELTA,
                "**What is this:** change since the baseline as features of their own. **Can I trust it:** it is follow-up: no "
                "endpoint may use it unless it declares a landmark at or after the last study that counts. **What next:** name "
                "`delta_<images>` among the modalities of an endpoint with `landmark_days`.",
                _delta(cohort),
                lesions
                | {"follow_up": ["follow_up"]}
                | ({"radiomic_features": ["radiomic_features"]} if radiomics else {}),
            )
        )
    return assets


def _work(home: Any, cohort: Cohort, progress: Any) -> dict[str, Any]:
    from radiogenomics.storage.feature_cache import FeatureCache

    return {
        "cache": FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20),
        "workers": cohort.compute.workers,
        "scheduler": cohort.compute.scheduler,
        "on_progress": progress,
    }


def _follow_up(cohort: Cohort) -> Compute:
    def compute(home, values, progress) -> Product:
        from radiogenomics.imaging import follow_up_tables
        from radiogenomics.reporting.figures import response_spider_figure, response_waterfall_figure

        qc = values["image_qc"]
        found = follow_up_tables(
            cohort,
            qc["lesions"],
            qc["later_lesions"],
            qc["studies"],
            qc["lesion_labels"],
            **_work(home, cohort, progress),
        )
        key = [cohort.name, "follow_up"]
        figures = {
            "2_waterfall_by_volume": response_waterfall_figure(found.patients, by="volume", simulated=cohort.simulated),
            "3_waterfall_by_diameter": response_waterfall_figure(
                found.patients, by="diameter", simulated=cohort.simulated
            ),
            "4_over_time": response_spider_figure(found.patients, simulated=cohort.simulated),
        }
        return Product(
            found._asdict(),
            {
                "1_patients": number(int(found.patients["patient_id"].nunique())),
                "1_lesions_matched": number(len(found.lesions)),
                "1_lesions_without_counterpart": number(len(found.unmatched)),
                **{name: plot(figure, home.pages, key, name.split("_", 1)[1]) for name, figure in figures.items()},
                "5_patients": table(found.patients, rows=30, columns=25),
                "6_lesions": table(found.lesions, rows=20, columns=22),
                "7_without_counterpart": table(found.unmatched, rows=30),
                "8_set_aside": table(found.quarantine),
            },
        )

    return compute


def _delta(cohort: Cohort) -> Compute:
    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.features import Features, feature_columns
        from radiogenomics.imaging import delta_features

        radiomics = Features(**values["radiomic_features"]) if "radiomic_features" in values else None
        changes = values["follow_up"]
        features = delta_features(
            cohort,
            changes["patients"],
            changes["lesions"],
            values["image_qc"]["later_lesions"],
            radiomics,
            **_work(home, cohort, progress),
        )
        return Product(
            features,
            {
                "1_patients": number(int(features.values["patient_id"].nunique())),
                "2_features": number(len(feature_columns(features.values))),
                "3_preview": table(features.values, rows=10),
                "4_dictionary": table(features.dictionary, rows=10),
            },
        )

    return compute
