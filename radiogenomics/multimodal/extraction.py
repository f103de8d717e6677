"""From the manifest to one feature table a modality: the whole of it in one call, for notebooks and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.encoder_settings import VOXELS
from radiogenomics.cohort.features import Features
from radiogenomics.multimodal.aggregation import split_by_images, to_patients
from radiogenomics.storage.home import Home

LESION_TABLES = {
    "radiomic_features": "radiomics",
    "cnn_embeddings": "embedding",
    "lesion_patches": VOXELS,
    "lesion_volumetrics": "volumetrics",
}
"""Table with one row a lesion -> prefix of the modalities it becomes."""
PATIENT_TABLES = {
    "mutation_features": "mutations",
    "expression_features": "expression",
    "clinical_features": "clinical",
}
"""Table with one row a patient -> the modality it is."""


class Extracted(NamedTuple):
    """Features of every modality.

    Attributes
    ----------
    features : modality -> Features with one row a patient.
    acquisition : one row a study with how its images were acquired; None where no images are declared.
    quarantine : DataFrame by `schemas.QUARANTINE`: lesions and values that were set aside on the way.
    """

    features: dict[str, Features]
    acquisition: pd.DataFrame | None
    quarantine: pd.DataFrame


def declared_tables(cohort: Cohort) -> list[str]:
    """Names of the feature tables that this cohort has, in the order of the graph."""
    images = cohort.images.values()
    names = list(cohort.imaging_tables)
    names += ["radiomic_features"] if any(i.radiomics is not None for i in images) else []
    names += ["cnn_embeddings"] if any(i.embedding for i in images) else []
    names += ["lesion_patches"] if any(i.patches is not None for i in images) else []
    names += ["lesion_volumetrics"] if cohort.images else []
    names += ["mutation_features"] if cohort.mutations is not None else []
    names += ["expression_features"] if cohort.expression is not None else []
    names += [f"{name}_features" for name in cohort.omics]
    return names + (["clinical_features"] if cohort.clinical.variables else [])


def modalities_of_tables(cohort: Cohort, tables: Mapping[str, Features]) -> dict[str, Features]:
    """Modality -> features with one row a patient, from the feature tables by name.

    Parameters
    ----------
    tables : names as `declared_tables` gives them -> features; lesions are aggregated as declared for their images.
    """
    found: dict[str, Features] = {}
    for name, prefix in LESION_TABLES.items():
        if name in tables and len(tables[name].values):
            found.update(split_by_images(cohort, tables[name], prefix, tables.get("lesion_volumetrics")))
    for name in cohort.imaging_tables:
        if name in tables:
            found[name] = to_patients(cohort, tables[name], name)
    found.update({modality: tables[name] for name, modality in PATIENT_TABLES.items() if name in tables})
    found.update({name: tables[f"{name}_features"] for name in cohort.omics if f"{name}_features" in tables})
    return {modality: found[modality] for modality in cohort.modalities() if modality in found}


def extract_features(
    cohort: Cohort,
    manifest: pd.DataFrame,
    *,
    cache: Any = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Extracted:
    """Features of every modality that the cohort declares.

    Parameters
    ----------
    manifest : DataFrame by `schemas.MANIFEST`, from `radiogenomics.cohort.read_inputs`.
    cache : a `radiogenomics.storage.feature_cache.FeatureCache`, so that a second call computes only what changed.
    on_progress : called with (lesions done, lesions) within each step.
    """
    from radiogenomics import clinical, imaging, omics
    from radiogenomics.cohort.schemas import QUARANTINE, conform, empty
    from radiogenomics.imaging.ready_made import imaging_table_features

    tables: dict[str, Features] = {}
    aside: list[pd.DataFrame] = []
    acquisition = None
    lesions = None
    if cohort.images:
        declared = imaging.declared_lesions(cohort, manifest)
        drafted = imaging.draft_lesions(
            cohort,
            declared,
            Home.from_environment().drafts / cohort.name,
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=on_progress,
        )
        declared = drafted.lesions
        aside.append(drafted.quarantine)
        work = {"workers": cohort.compute.workers, "scheduler": cohort.compute.scheduler, "on_progress": on_progress}
        quality = imaging.check_lesions(declared, **work)
        acquisition = quality.acquisition
        aside.append(quality.quarantine)
        lesions = usable_lesions(declared, quality.qc)
    for name in declared_tables(cohort):
        if name in LESION_TABLES:
            tables[name] = getattr(imaging, name)(cohort, lesions, cache=cache, **work)
        elif name in cohort.imaging_tables:
            tables[name] = imaging_table_features(cohort, manifest, name)
        elif name == "clinical_features":
            tables[name] = clinical.clinical_features(cohort, manifest)
        elif name.removesuffix("_features") in cohort.omics:
            tables[name] = omics.omics_features(cohort, manifest, f"omics/{name.removesuffix('_features')}")
        else:
            tables[name] = getattr(omics, name)(cohort, manifest)
        aside.append(tables[name].quarantine)
    filled = [part for part in aside if len(part)]
    quarantine = conform(pd.concat(filled, ignore_index=True), QUARANTINE) if filled else empty(QUARANTINE)
    return Extracted(modalities_of_tables(cohort, tables), acquisition, quarantine)


def usable_lesions(lesions: pd.DataFrame, qc: pd.DataFrame) -> pd.DataFrame:
    """The lesions that quality control did not set aside, in their order."""
    kept = qc.loc[qc["status"] != "quarantined", ["images", "lesion_id"]]
    return lesions.merge(kept, on=["images", "lesion_id"], validate="one_to_one")
