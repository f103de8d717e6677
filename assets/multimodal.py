"""Group `multimodal`: the joined cohort."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.display import number, plot, table, text
from assets.factory import asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort

_LESION_TABLES = {
    "radiomic_features": "radiomics",
    "cnn_embeddings": "embedding",
    "lesion_volumetrics": "volumetrics",
}
_PATIENT_TABLES = {
    "mutation_features": "mutations",
    "expression_features": "expression",
    "clinical_features": "clinical",
}


def feature_sources(cohort: Cohort) -> dict[str, list[str]]:
    """Argument name -> key parts of every asset that holds features of this cohort."""
    names = list(cohort.imaging_tables)
    if cohort.images:
        names += ["radiomic_features"] if any(i.radiomics is not None for i in cohort.images.values()) else []
        names += ["cnn_embeddings"] if any(i.embedding for i in cohort.images.values()) else []
        names += ["lesion_volumetrics"]
    names += ["mutation_features"] if cohort.mutations is not None else []
    names += ["expression_features"] if cohort.expression is not None else []
    names += ["clinical_features"] if cohort.clinical.variables else []
    return {name: [name] for name in names}


def modality_features(cohort: Cohort, values: Mapping[str, Any]) -> dict[str, Any]:
    """Modality -> features with one row a patient, from the stored feature tables."""
    from radiogenomics.cohort.features import Features
    from radiogenomics.multimodal import split_by_images, to_patients

    tables = {name: Features(**value) for name, value in values.items() if name in feature_sources(cohort)}
    modalities: dict[str, Any] = {}
    for name, prefix in _LESION_TABLES.items():
        if name in tables and len(tables[name].values):
            modalities.update(split_by_images(cohort, tables[name], prefix, tables["lesion_volumetrics"]))
    for name in cohort.imaging_tables:
        modalities[name] = to_patients(cohort, tables[name], name)
    for name, modality in _PATIENT_TABLES.items():
        if name in tables:
            modalities[modality] = tables[name]
    return {modality: modalities[modality] for modality in cohort.modalities() if modality in modalities}


def multimodal_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The joined cohort as MuData."""

    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.cohort.schemas import LABELS, empty
        from radiogenomics.multimodal import availability, confounder_table, join_cohort
        from radiogenomics.reporting.figures import availability_figure

        manifest = values["manifest"]["manifest"]
        features = modality_features(cohort, values)
        acquisition = values["image_qc"]["acquisition"] if "image_qc" in values else None
        labels = values["labels"]["labels"] if "labels" in values else empty(LABELS)
        mdata = join_cohort(cohort, features, labels, confounder_table(cohort, manifest, acquisition, features))
        present = availability(mdata)
        counts = pd.DataFrame(
            {
                "modality": list(mdata.mod),
                "patients": [int(m.n_obs) for m in mdata.mod.values()],
                "features": [int(m.n_vars) for m in mdata.mod.values()],
            }
        )
        figure = availability_figure(present, simulated=cohort.simulated)
        return Product(
            mdata,
            {
                "1_patients": number(int(mdata.n_obs)),
                "2_with_every_modality": number(int(present.all(axis=1).sum())),
                "3_snapshot": text(f"`{mdata.uns['snapshot_id']}`"),
                "4_who_has_what": plot(figure, home.pages, [cohort.name, "multimodal_cohort"], "availability"),
                "5_modalities": table(counts),
                "6_patients": table(mdata.obs.reset_index(), rows=10),
            },
        )

    inputs = {"manifest": ["manifest"], **feature_sources(cohort)}
    inputs |= {"image_qc": ["image_qc"]} if cohort.images else {}
    inputs |= {"labels": ["labels"]} if cohort.endpoints else {}
    return [
        cohort_asset(
            cohort,
            ["multimodal_cohort"],
            group_name="multimodal",
            kinds=["mudata"],
            description=(
                "**What is this:** one row a patient and modality (MuData of AnnData), with the labels beside the features, "
                "never among them. **Can I trust it:** a modality that a patient lacks is masked, not filled in; the snapshot "
                "names this state of the cohort by its content. **What next:** each endpoint's `evaluation`."
            ),
            compute=compute,
            packages=["multimodal", "cohort"],
            settings=cohort.model_dump(
                mode="json", include={"name", "simulated", "images", "imaging_tables", "endpoints", "confounders"}
            ),
            inputs=inputs,
        )
    ]


def multimodal_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """Checks of the joined cohort."""

    @dg.asset_check(
        asset=asset_key(cohort, "multimodal_cohort"),
        blocking=True,
        description="Patients are unique in the cohort and in each modality.",
    )
    def patients_are_unique(mdata: Any) -> dg.AssetCheckResult:
        wrong = [name for name, part in mdata.mod.items() if not part.obs_names.is_unique]
        wrong += [] if mdata.obs_names.is_unique else ["cohort"]
        return dg.AssetCheckResult(
            passed=not wrong, description=f"a patient stands twice in: {', '.join(wrong)}" if wrong else ""
        )

    @dg.asset_check(
        asset=asset_key(cohort, "multimodal_cohort"),
        blocking=True,
        description="No label, and nothing derived from an endpoint's own source, predicts it.",
    )
    def no_label_among_features(mdata: Any) -> dg.AssetCheckResult:
        from radiogenomics.multimodal import endpoint_frame

        refused: dict[str, int] = {}
        leaked: list[str] = []
        for endpoint in cohort.endpoints:
            frame = endpoint_frame(cohort, mdata, endpoint)
            names = frame.refused["modality"] + ":" + frame.refused["feature"]
            refused[endpoint] = len(names)
            leaked += sorted(set(names) & set(frame.X.columns))
            leaked += [column for column in frame.X.columns if column.split(":", 1)[1] == endpoint]
        return dg.AssetCheckResult(
            passed=not leaked,
            description=f"among the features: {', '.join(leaked)}" if leaked else "",
            metadata={f"refused_for_{name}": count for name, count in refused.items()},
        )

    return [patients_are_unique, no_label_among_features]
