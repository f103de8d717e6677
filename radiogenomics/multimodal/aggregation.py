"""From lesions to patients: the largest lesion, the mean, or the mean weighted by volume, as declared."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.encoder_settings import VOXELS
from radiogenomics.cohort.features import CONTOUR, KEYS, Features, feature_columns
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform
from radiogenomics.cohort.set_aside import SetAside, together
from radiogenomics.exceptions import ComputationError, ConfigurationError, TableError

VOLUME = "volume_mm3"
"""The feature of the volumetrics modality that is a lesion's volume, mm3."""

Aggregation = Literal["largest", "mean", "volume_weighted"]
_SAID = {
    "largest": "of the patient's largest lesion",
    "mean": "mean of the patient's lesions",
    "volume_weighted": "mean of the patient's lesions weighted by volume",
}


def aggregate_lesions(values: pd.DataFrame, volumes: pd.Series | None, how: Aggregation) -> pd.DataFrame:
    """One row a patient from one row a lesion, whatever the order of the rows.

    Parameters
    ----------
    values : DataFrame `patient_id, study_id, lesion_id, images` and float feature columns, of one kind of images.
    volumes : volume in mm3 by `lesion_id`. Needed by 'largest' and 'volume_weighted' as soon as a patient has more than
        one lesion; not needed by 'mean'.
    how : 'largest': the row of the lesion with the largest volume (of equal ones, the first `lesion_id`). 'mean': the mean
        of each feature over the lesions that have it. 'volume_weighted': the same, weighted by volume.

    Returns
    -------
    DataFrame `patient_id` and the same feature columns, sorted by `patient_id`.

    Raises
    ------
    ComputationError
        A patient has several lesions and the volume of one of them is not known.
    TableError
        A lesion stands twice.
    """
    if how not in _SAID:
        raise ConfigurationError(f"aggregate: '{how}' is not one of {sorted(_SAID)}", rule="aggregate")
    repeated = values.loc[values["lesion_id"].duplicated(), "lesion_id"]
    if len(repeated):
        raise TableError(
            f"lesion '{repeated.iloc[0]}' stands more than once among the features to aggregate", rule="duplicate"
        )
    ordered = values.sort_values(["patient_id", "lesion_id"], ignore_index=True)
    features = feature_columns(ordered)
    count = ordered.groupby("patient_id")["lesion_id"].transform("size")
    if how == "mean" or (count == 1).all():
        return ordered.groupby("patient_id", sort=True)[features].mean().reset_index()
    weight = _weights(ordered, count, volumes, how)
    if how == "largest":
        largest = weight.groupby(ordered["patient_id"]).idxmax()
        return ordered.loc[sorted(largest), ["patient_id", *features]].sort_values("patient_id", ignore_index=True)
    matrix = ordered[features].to_numpy(dtype=float)
    known = np.isfinite(matrix)
    weighted = pd.DataFrame(np.where(known, matrix, 0.0) * weight.to_numpy()[:, None], columns=features)
    total = pd.DataFrame(known * weight.to_numpy()[:, None], columns=features)
    sums = weighted.groupby(ordered["patient_id"]).sum() / total.groupby(ordered["patient_id"]).sum().replace(
        0.0, np.nan
    )
    return sums.reset_index()


def _weights(ordered: pd.DataFrame, count: pd.Series, volumes: pd.Series | None, how: str) -> pd.Series:
    """Volumes of the lesions in order; 1 for a patient's only lesion, whose volume does not matter."""
    if volumes is None:
        patient = ordered.loc[count > 1, "patient_id"].iloc[0]
        raise ComputationError(
            f"aggregate: '{how}' needs the volume of each lesion: patient '{patient}' has several; declare `volume`, or aggregate: mean",
            rule="volume_missing",
        )
    weight = ordered["lesion_id"].map(volumes).astype(float).where(count > 1, 1.0)
    unknown = ordered.loc[~(weight > 0), "lesion_id"]
    if len(unknown):
        raise ComputationError(
            f"aggregate: '{how}' needs the volume of each lesion; that of '{unknown.iloc[0]}' is not known "
            f"({len(unknown)} of {len(ordered)} lesions)",
            rule="volume_missing",
        )
    return weight


def patient_features(features: Features, modality: str, volumes: pd.Series | None, how: Aggregation) -> Features:
    """Features of one kind of images, one row a lesion, as those of modality `modality`, one row a patient."""
    values = aggregate_lesions(features.values, volumes, how)
    dictionary = features.dictionary.assign(
        modality=modality, description=[f"{said} {_SAID[how]}".strip() for said in features.dictionary["description"]]
    )
    return Features(values, conform(dictionary, FEATURE_DICTIONARY), features.quarantine)


def split_by_images(
    cohort: Cohort, features: Features, prefix: str, volumetrics: Features | None = None
) -> dict[str, Features]:
    """Lesion features of all images -> one modality ``<prefix>_<images>`` for each kind of images, one row a patient.

    Parameters
    ----------
    features : one row a lesion with `images`; its dictionary names each feature's modality as ``<prefix>_<images>``, or as
        `prefix` for features that all images share.
    prefix : radiomics, embedding, patches (always the largest lesion's) or volumetrics.
    volumetrics : lesion features with `volume_mm3`, for the aggregation declared under ``images.<name>.aggregate``; left
        out, `features` itself is looked at for it. A lesion without a volume whose patient has several is set aside, with an
        entry in the quarantine; the patient's other lesions go on.
    """
    sized = features if volumetrics is None else volumetrics
    parts: dict[str, Features] = {}
    for images, declared in cohort.images.items():
        rows = of_images(features.values, images, declared.draft_contours.use)
        if rows.empty:
            continue
        modality = f"{prefix}_{images}"
        own = features.dictionary[features.dictionary["modality"] == modality]
        if own.empty:
            own = features.dictionary[features.dictionary["modality"] == prefix]
        names = [name for name in own["feature"] if name in rows.columns]
        lost = [c for c in feature_columns(rows) if c not in set(names) and rows[c].notna().any()]
        if lost:
            raise TableError(f"modality '{modality}': features {lost[:3]} stand in no dictionary", rule="dictionary")
        values = rows[[*KEYS, *names]]
        volumes = None
        if VOLUME in sized.values.columns:
            mine = of_images(sized.values, images, declared.draft_contours.use)
            volumes = mine.set_index("lesion_id")[VOLUME]
        quarantine = features.quarantine[features.quarantine["source"] == f"lesions/{images}"]
        how: Aggregation = "largest" if prefix == VOXELS else declared.aggregate  # a mean of voxels is no picture
        if volumes is not None and how != "mean":
            values, unsized = _sized(values, volumes, images)
            quarantine = together([quarantine, unsized])
        single = Features(values, own[own["feature"].isin(names)], quarantine)
        parts[modality] = patient_features(single, modality, volumes, how)
    return parts


def of_images(values: pd.DataFrame, images: str, drafts: str) -> pd.DataFrame:
    """The rows of one kind of images that patients are made of: those of draft contours only where drafts are included."""
    mine = values["images"] == images
    if drafts != "include" and CONTOUR in values.columns:
        mine &= values[CONTOUR] != "draft"
    return values[mine]


def _sized(values: pd.DataFrame, volumes: pd.Series, images: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lesions that can be compared by volume; of a patient with several, those without a volume are set aside."""
    several = values.groupby("patient_id")["lesion_id"].transform("size") > 1
    unsized = several & ~(values["lesion_id"].map(volumes).astype(float) > 0)
    aside = SetAside(f"lesions/{images}", images)
    for lesion in values[unsized].to_dict("records"):
        aside.lesion(
            patient_id=lesion["patient_id"],
            lesion_id=lesion["lesion_id"],
            rule="volume_missing",
            reason=f"lesion '{lesion['lesion_id']}' has no volume, so it cannot be weighed against the patient's other lesions",
        )
    return values[~unsized], aside.table()


def to_patients(cohort: Cohort, features: Features, modality: str) -> Features:
    """Features as they are, or, where they are of a ready-made table with one row a lesion, aggregated as declared."""
    if "lesion_id" not in features.values.columns:
        return features
    table = cohort.imaging_tables.get(modality)
    if table is None:
        raise TableError(
            f"modality '{modality}' has one row a lesion; aggregate it to patients first", rule="lesion_rows"
        )
    values = features.values.copy()
    values["lesion_id"] = (
        values["patient_id"].astype(str) + "\0" + values["lesion_id"].astype(str)
    )  # lesion names may repeat between patients
    volumes = values.set_index("lesion_id")[table.volume] if table.volume is not None else None
    return patient_features(
        Features(values, features.dictionary, features.quarantine), modality, volumes, table.aggregate
    )
