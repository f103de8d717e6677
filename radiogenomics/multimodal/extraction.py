"""From the manifest to one feature table a modality: the whole of it in one call, for notebooks and tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.encoder_settings import VOXELS
from radiogenomics.cohort.features import Features
from radiogenomics.imaging.studies import usable_lesions
from radiogenomics.multimodal.aggregation import split_by_images, to_patients
from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.storage.home import Home

__all__ = ["Extracted", "declared_tables", "extract_features", "modalities_of_tables", "usable_lesions"]

LESION_TABLES = {
    "radiomic_features": "radiomics",
    "cnn_embeddings": "embedding",
    "lesion_patches": VOXELS,
    "lesion_volumetrics": "volumetrics",
}
"""Table with one row a lesion -> prefix of the modalities it becomes."""
DELTA = "delta_features"
"""Table with one row a patient and image name, of change since the baseline."""
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
    names += [DELTA] if declares_delta(cohort) else []
    names += ["mutation_features"] if cohort.mutations is not None else []
    names += ["expression_features"] if cohort.expression is not None else []
    names += [f"{name}_features" for name in cohort.omics]
    return names + (["clinical_features"] if cohort.clinical.variables else [])


def declares_delta(cohort: Cohort) -> bool:
    """Whether change since the baseline is a modality of this cohort."""
    return any(i.follow_up is not None and i.follow_up.delta is not None for i in cohort.images.values())


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
    if DELTA in tables:
        found.update(_deltas(cohort, tables[DELTA]))
    for name in cohort.imaging_tables:
        if name in tables:
            found[name] = to_patients(cohort, tables[name], name)
    found.update({modality: tables[name] for name, modality in PATIENT_TABLES.items() if name in tables})
    found.update({name: tables[f"{name}_features"] for name in cohort.omics if f"{name}_features" in tables})
    return {modality: found[modality] for modality in cohort.modalities() if modality in found}


def _deltas(cohort: Cohort, features: Features) -> dict[str, Features]:
    found = {}
    for images in cohort.images:
        dictionary = features.dictionary[features.dictionary["modality"] == f"delta_{images}"].reset_index(drop=True)
        rows = features.values[features.values["images"] == images]
        if len(dictionary) and len(rows):
            values = rows[["patient_id", *dictionary["feature"]]].reset_index(drop=True)
            found[f"delta_{images}"] = Features(values, dictionary, features.quarantine)
    return found


def extract_features(
    cohort: Cohort,
    manifest: pd.DataFrame,
    *,
    cache: Any = None,
    on_progress: Callable[[int, int], None] | None = None,
    state: CohortState | None = None,
    wanted: Collection[str] | None = None,
) -> Extracted:
    """Features of every modality that the cohort declares.

    Parameters
    ----------
    manifest : DataFrame by `schemas.MANIFEST`, from `radiogenomics.cohort.read_inputs`.
    cache : a `radiogenomics.storage.feature_cache.FeatureCache`, so that a second call computes only what changed.
    on_progress : called with (lesions done, lesions) within each step.
    state : what another cohort decided for its patients together (see `radiogenomics.omics.CohortState`): so that a patient
        alone gets the features that it would have got there.
    wanted : tables, as `declared_tables` names them, that are made; None for all.
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
        quality = imaging.check_lesions(
            declared,
            quality={name: images.quality for name, images in cohort.images.items()},
            cache=cache,
            **work,
        )
        by_study = imaging.lesions_by_study(cohort, manifest, declared, quality.qc)
        aside += [quality.quarantine, by_study.quarantine]
        acquisition = imaging.of_baseline(quality.acquisition, by_study.studies)
        lesions, later = by_study.baseline, by_study.later
    for name in declared_tables(cohort):
        if wanted is not None and name not in wanted:
            continue
        if name in LESION_TABLES:
            tables[name] = getattr(imaging, name)(cohort, lesions, cache=cache, **work)
        elif name == DELTA:
            changes = imaging.follow_up_tables(
                cohort, lesions, later, by_study.studies, by_study.labels, cache=cache, **work
            )
            aside.append(changes.quarantine)
            radiomics = tables.get("radiomic_features")
            tables[name] = imaging.delta_features(
                cohort, changes.patients, changes.lesions, later, radiomics, cache=cache, **work
            )
        elif name in cohort.imaging_tables:
            tables[name] = imaging_table_features(cohort, manifest, name)
        elif name == "clinical_features":
            tables[name] = clinical.clinical_features(cohort, manifest)
        elif name.removesuffix("_features") in cohort.omics:
            source = f"omics/{name.removesuffix('_features')}"
            tables[name] = omics.omics_features(cohort, manifest, source, state=state)
        else:
            tables[name] = getattr(omics, name)(cohort, manifest, state=state)
        aside.append(tables[name].quarantine)
    filled = [part for part in aside if len(part)]
    quarantine = conform(pd.concat(filled, ignore_index=True), QUARANTINE) if filled else empty(QUARANTINE)
    return Extracted(modalities_of_tables(cohort, tables), acquisition, quarantine)
