"""Group `multimodal`: the joined cohort."""

from typing import Any

import dagster as dg

from assets.display import number, plot, table, text
from assets.factory import asset_key, cohort_asset
from assets.joined_pictures import joined_pictures, labels_and_groups_apart
from assets.step import Product
from radiogenomics.cohort.configuration import Cohort
from radiogenomics.multimodal.extraction import declared_tables


def feature_sources(cohort: Cohort) -> dict[str, list[str]]:
    """Argument name -> key parts of every asset that holds features of this cohort."""
    return {name: [name] for name in declared_tables(cohort)}


def multimodal_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The joined cohort as MuData."""

    def compute(home, values, progress) -> Product:
        import pandas as pd

        from radiogenomics.cohort.features import Features
        from radiogenomics.cohort.schemas import LABELS, empty
        from radiogenomics.multimodal import availability, confounder_table, join_cohort, modalities_of_tables
        from radiogenomics.reporting.figures import availability_figure

        manifest = values["manifest"]["manifest"]
        tables = {name: Features(**values[name]) for name in declared_tables(cohort)}
        features = modalities_of_tables(cohort, tables)
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
                **joined_pictures(cohort, mdata.copy(), features, home),
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

    return [patients_are_unique, no_label_among_features, labels_and_groups_apart(cohort)]
