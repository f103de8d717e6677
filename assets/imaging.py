"""Group `imaging`: from images with contours to features per lesion; ready-made feature tables."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from assets.display import number, plot, table
from assets.drafts import NAME as DRAFTS
from assets.drafts import contours_shown, draft_assets, draft_checks, has_drafts
from assets.factory import Compute, asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.change import files_signature, part_signature
from radiogenomics.cohort.configuration import Cohort

_MANIFEST = {"manifest": ["manifest"]}
_LESIONS = {"image_qc": ["image_qc"]}


def imaging_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """Quality control, radiomic features, CNN embeddings and volumetrics where images are declared; ready-made tables."""
    assets = [_ready_made(cohort, name) for name in cohort.imaging_tables]
    if not cohort.images:
        return assets
    settings = cohort.model_dump(mode="json", include={"images": True, "clinical": {"index_date"}})

    def image_asset(
        name: str, description: str, compute: Compute, inputs: dict[str, list[str]], depends: Any = _lesion_state
    ) -> dg.AssetsDefinition:
        return cohort_asset(
            cohort,
            [name],
            group_name="imaging",
            kinds=["table"],
            description=description,
            compute=compute,
            packages=["imaging", "compute", "cohort"],
            settings=settings,
            inputs=inputs,
            depends=depends,
        )

    assets += draft_assets(cohort)
    assets.append(
        image_asset(
            "image_qc",
            "**What is this:** every lesion's image and contour, opened and measured: geometry, voxels, intensities, scanner. "
            "**Can I trust it:** a shifted, empty or unreadable contour is set aside with its reason, never guessed. "
            "**What next:** look at the contact sheet; a wrong contour shows at once.",
            _image_qc(cohort),
            {"draft_contours": [DRAFTS]} if has_drafts(cohort) else _MANIFEST,
            lambda values: _declared_state(cohort, values),
        )
    )
    if any(images.radiomics is not None for images in cohort.images.values()):
        assets.append(
            image_asset(
                "radiomic_features",
                "**What is this:** radiomic features of each lesion (pyradiomics feature classes on our own checked geometry). "
                "**Can I trust it:** a lesion whose features cannot all be computed is set aside, none is filled in. "
                "**What next:** they become one row a patient in `multimodal_cohort`.",
                _lesion_features(cohort, "radiomic_features"),
                _LESIONS,
            )
        )
    if any(images.embedding for images in cohort.images.values()):
        assets.append(
            image_asset(
                "cnn_embeddings",
                "**What is this:** what a convolutional network trained elsewhere sees of each lesion. Unless the cohort names an "
                "encoder of its own, EfficientNet-Lite0, trained on photographs (ImageNet), gives 1,280 numbers from three "
                "planes. **Can I trust it:** as a description of texture and shape; single "
                "numbers mean nothing. **What next:** compare it with the radiomic features in the endpoint's results.",
                _lesion_features(cohort, "cnn_embeddings"),
                _LESIONS,
                lambda values: [*_lesion_state(values), _encoder_state(cohort)],
            )
        )
    if any(images.patches is not None for images in cohort.images.values()):
        assets.append(
            image_asset(
                "lesion_patches",
                "**What is this:** a box of voxels around each lesion, packed into columns. **Can I trust it:** nothing is learned "
                "here; look at the contact sheet for whether the box holds the tumour. **What next:** a network is trained on "
                "these boxes inside every fold of each endpoint that lists the modality; no other model sees them.",
                _lesion_features(cohort, "lesion_patches"),
                _LESIONS,
            )
        )
    assets.append(
        image_asset(
            "lesion_volumetrics",
            "**What is this:** volume (mm³), diameters (mm), sphericity and mean intensity of each lesion. "
            "**Can I trust it:** to the accuracy of the contour. **What next:** the volume is also a confounder floor: "
            "a model that only measures size is shown as such.",
            _lesion_features(cohort, "lesion_volumetrics"),
            _LESIONS,
        )
    )
    return assets


def _declared_state(cohort: Cohort, values: Mapping[str, Any]) -> list[str]:
    """What quality control depends on: the rows that name images, and the state of the files they name."""
    from radiogenomics.imaging import declared_lesions

    if DRAFTS in values:
        lesions = values[DRAFTS]["lesions"]
        return [hashlib.sha256(lesions.to_csv(index=False).encode()).hexdigest(), _files_state(lesions)]
    lesions = declared_lesions(cohort, values["manifest"]["manifest"])
    sources = ["lesions/", *(["clinical/"] if cohort.clinical.index_date is not None else [])]
    return [part_signature(values["manifest"], sources), _files_state(lesions)]


def _lesion_state(values: Mapping[str, Any]) -> list[str]:
    """What features depend on: the lesions that passed quality control, and the state of their files."""
    lesions = values["image_qc"]["lesions"]
    return [hashlib.sha256(lesions.to_csv(index=False).encode()).hexdigest(), _files_state(lesions)]


def _encoder_state(cohort: Cohort) -> str:
    """The state of the encoders that the cohort brings; one that cannot be read is the computation's to complain of."""
    from radiogenomics.exceptions import RadiogenomicsError
    from radiogenomics.imaging.embedding import encoder_files

    try:
        return files_signature(encoder_files(cohort))
    except RadiogenomicsError as error:
        return str(error)


def _files_state(lesions: pd.DataFrame) -> str:
    return files_signature(Path(path) for column in ("image", "mask") for path in lesions[column])


def _image_qc(cohort: Cohort) -> Compute:
    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.set_aside import together
        from radiogenomics.imaging import check_lesions, contact_sheet, declared_lesions, lesions_by_study, of_baseline
        from radiogenomics.reporting.figures.canvas import mark_simulated
        from radiogenomics.storage.feature_cache import FeatureCache

        manifest = values["manifest"]["manifest"]
        drafted = values.get(DRAFTS)
        lesions = drafted["lesions"] if drafted else declared_lesions(cohort, manifest)
        qc, quarantine, acquisition = check_lesions(
            lesions,
            quality={images: declared.quality for images, declared in cohort.images.items()},
            cache=FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20),
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
        )
        by_study = lesions_by_study(cohort, manifest, lesions, qc)
        quarantine = together([quarantine, by_study.quarantine])
        acquisition = of_baseline(acquisition, by_study.studies)
        shown = {
            "1_lesions_used": number(len(by_study.baseline)),
            "2_lesions_set_aside": number(len(quarantine)),
            "3_lesions_flagged": number(int((qc["status"] == "flagged").sum())),
            **contours_shown(qc),
            "5_quality": table(qc, rows=30),
            "6_acquisition": table(acquisition, rows=10),
            **({"2_lesions_of_later_studies": number(len(by_study.later))} if len(by_study.later) else {}),
        }
        if len(lesions):
            figure = contact_sheet(lesions, limit=24, qc=qc)
            if cohort.simulated:
                mark_simulated(figure)
            shown["4_contact_sheet"] = plot(figure, home.pages, [cohort.name, "image_qc"], "contact_sheet")
        return Product(
            {
                "lesions": by_study.baseline,
                "qc": qc,
                "quarantine": quarantine,
                "acquisition": acquisition,
                "later_lesions": by_study.later,
                "studies": by_study.studies,
                "lesion_labels": by_study.labels,
            },
            shown,
        )

    return compute


def _lesion_features(cohort: Cohort, name: str) -> Compute:
    def compute(home, values, progress) -> Product:
        from radiogenomics import imaging
        from radiogenomics.cohort.features import feature_columns
        from radiogenomics.reporting.figures import lesion_volumes_figure
        from radiogenomics.storage.feature_cache import FeatureCache

        extract = getattr(imaging, name)
        features = extract(
            cohort,
            values["image_qc"]["lesions"],
            cache=FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20),
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
        )
        shown = {
            "1_lesions": number(len(features.values)),
            "2_patients": number(int(features.values["patient_id"].nunique())),
            "3_features": number(len(feature_columns(features.values))),
            "4_set_aside": number(len(features.quarantine)),
            "6_preview": table(features.values, rows=10),
            "7_dictionary": table(features.dictionary, rows=10),
        }
        if name == "lesion_volumetrics" and len(features.values):
            figure = lesion_volumes_figure(features.values, simulated=cohort.simulated)
            shown["5_volumes"] = plot(figure, home.pages, [cohort.name, name], "volumes")
        return Product(features, shown)

    return compute


def _ready_made(cohort: Cohort, name: str) -> dg.AssetsDefinition:
    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort.features import feature_columns
        from radiogenomics.imaging.ready_made import imaging_table_features

        features = imaging_table_features(cohort, values["manifest"]["manifest"], name)
        return Product(
            features,
            {
                "1_rows": number(len(features.values)),
                "2_patients": number(int(features.values["patient_id"].nunique())),
                "3_features": number(len(feature_columns(features.values))),
                "4_set_aside": number(len(features.quarantine)),
                "5_preview": table(features.values, rows=10),
                "6_dictionary": table(features.dictionary, rows=10),
            },
        )

    return cohort_asset(
        cohort,
        [name],
        group_name="imaging",
        kinds=["table"],
        description=(
            "**What is this:** imaging features that were computed elsewhere, as a table. "
            "**Can I trust it:** as far as its source; how the features were made is not known here. "
            f"{cohort.imaging_tables[name].description} **What next:** joined in `multimodal_cohort`."
        ),
        compute=compute,
        packages=["imaging", "cohort"],
        settings=cohort.model_dump(mode="json", include={"imaging_tables": {name}}),
        inputs=_MANIFEST,
        depends=lambda values: part_signature(values["manifest"], [f"imaging_tables/{name}"]),
    )


def imaging_asset_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """Checks of the image tables."""
    checks: list[dg.AssetChecksDefinition] = []
    if not cohort.images:
        return checks
    checks += draft_checks(cohort)

    @dg.asset_check(
        asset=asset_key(cohort, "image_qc"),
        blocking=True,
        description="Each declared lesion is used or set aside, once.",
    )
    def every_lesion_is_accounted_for(image_qc: Any) -> dg.AssetCheckResult:
        declared, aside = len(image_qc["qc"]), len(image_qc["quarantine"])
        used = len(image_qc["lesions"]) + len(image_qc.get("later_lesions", ()))
        return dg.AssetCheckResult(
            passed=declared == used + aside, description=f"{declared} lesions = {used} used + {aside} set aside"
        )

    checks.append(every_lesion_is_accounted_for)
    names = ["lesion_volumetrics"]
    names += ["radiomic_features"] if any(i.radiomics is not None for i in cohort.images.values()) else []
    names += ["cnn_embeddings"] if any(i.embedding for i in cohort.images.values()) else []
    names += ["lesion_patches"] if any(i.patches is not None for i in cohort.images.values()) else []
    checks += [_lesions_kept(cohort, name) for name in names]
    return checks


def _lesions_kept(cohort: Cohort, name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name="identities_and_values",
        asset=asset_key(cohort, name),
        blocking=True,
        description="No lesion twice, no value missing or infinite.",
    )
    def identities_and_values(features: Any) -> dg.AssetCheckResult:
        import numpy as np

        from radiogenomics.cohort.features import feature_columns

        values = features["values"]
        twice = int(values.duplicated(["images", "lesion_id"]).sum())
        infinite = 0
        for _, part in values.groupby("images"):
            known = part[feature_columns(part)].dropna(axis="columns", how="all")
            infinite += int((~np.isfinite(known.to_numpy(dtype=float))).sum())
        return dg.AssetCheckResult(
            passed=twice == 0 and infinite == 0,
            description=f"{len(values)} lesions, {twice} twice, {infinite} values missing or infinite",
        )

    return identities_and_values
