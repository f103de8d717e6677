"""Lesions to patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import QUARANTINE, empty
from radiogenomics.exceptions import ComputationError, TableError
from radiogenomics.multimodal import aggregate_lesions, split_by_images, to_patients


def lesions(rows: list[tuple[str, str, float, float]], images: str = "ct") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["patient_id", "lesion_id", "mean", "texture"])
    return table.assign(study_id=table["patient_id"], images=images)


LESIONS = lesions([("P2", "b", 1, 10), ("P1", "c", 5, 50), ("P2", "a", 3, np.nan), ("P2", "d", 5, 30)])
VOLUMES = pd.Series({"a": 100.0, "b": 300.0, "d": 100.0})


def test_largest_takes_the_whole_row_of_the_largest_lesion():
    table = aggregate_lesions(LESIONS, VOLUMES, "largest")
    assert table.to_numpy().tolist() == [["P1", 5.0, 50.0], ["P2", 1.0, 10.0]]


def test_equal_volumes_are_decided_by_the_name_of_the_lesion_whatever_the_order():
    volumes = pd.Series({"a": 1.0, "b": 1.0, "d": 1.0})
    for seed in range(5):
        table = aggregate_lesions(LESIONS.sample(frac=1, random_state=seed), volumes, "largest")
        assert table.loc[1, "mean"] == 3.0
        assert np.isnan(table.loc[1, "texture"])


def test_mean_and_weighted_mean_are_over_the_lesions_that_have_the_feature():
    assert aggregate_lesions(LESIONS, None, "mean").loc[1, ["mean", "texture"]].tolist() == [3.0, 20.0]
    weighted = aggregate_lesions(LESIONS, VOLUMES, "volume_weighted").loc[1, ["mean", "texture"]].tolist()
    assert weighted == pytest.approx([(1 * 300 + 3 * 100 + 5 * 100) / 500, (10 * 300 + 30 * 100) / 400])


def test_a_feature_that_no_lesion_has_stays_missing():
    table = lesions([("P1", "a", np.nan, 1), ("P1", "b", np.nan, 2)])
    volumes = pd.Series({"a": 1.0, "b": 2.0})
    for how in ("largest", "mean", "volume_weighted"):
        assert np.isnan(aggregate_lesions(table, volumes, how).loc[0, "mean"])


def test_a_single_lesion_needs_no_volume_but_several_do():
    assert aggregate_lesions(LESIONS.iloc[[0, 1]], None, "largest")["mean"].tolist() == [5.0, 1.0]
    with pytest.raises(ComputationError, match="patient 'P2' has several"):
        aggregate_lesions(LESIONS, None, "largest")
    with pytest.raises(ComputationError, match="that of 'd' is not known"):
        aggregate_lesions(LESIONS, VOLUMES.drop("d"), "volume_weighted")


def test_a_lesion_that_stands_twice_is_an_error():
    with pytest.raises(TableError, match="'c' stands more than once"):
        aggregate_lesions(pd.concat([LESIONS, LESIONS.iloc[[1]]]), VOLUMES, "mean")


def dictionary(modality: str, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"feature": names}).assign(
        modality=modality, family="x", unit="1", derived_from="lesions/x:image", recorded="baseline", description="x"
    )


def test_each_kind_of_images_becomes_its_own_modality_aggregated_as_declared(write_cohort_files):
    pattern = {"image": "{patient_id}.nii", "mask": "{patient_id}_m.nii"}
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\nP2\n"},
        images={
            "ct": {"kind": "CT", **pattern},
            "pet": {"kind": "PT", "aggregate": "mean", **pattern},
            "mr": {"kind": "MR", **pattern},
        },
    )
    pet = LESIONS.assign(images="pet")
    both = pd.concat([LESIONS, pet], ignore_index=True)
    names = pd.concat(
        [dictionary("radiomics_ct", ["mean", "texture"]), dictionary("radiomics_pet", ["mean", "texture"])]
    )
    sizes = (
        pd.concat([LESIONS, pet])
        .assign(volume_mm3=lambda t: t["lesion_id"].map(VOLUMES).fillna(1.0))
        .drop(columns=["mean", "texture"])
    )
    volumetrics = Features(sizes, dictionary("volumetrics", ["volume_mm3"]), empty(QUARANTINE))
    parts = split_by_images(cohort, Features(both, names, empty(QUARANTINE)), "radiomics", volumetrics)
    assert list(parts) == ["radiomics_ct", "radiomics_pet"]  # nobody has MR
    assert parts["radiomics_ct"].values.loc[1, "mean"] == 1.0
    assert parts["radiomics_pet"].values.loc[1, "mean"] == 3.0
    assert set(parts["radiomics_pet"].dictionary["modality"]) == {"radiomics_pet"}
    assert "largest lesion" in parts["radiomics_ct"].dictionary["description"].iloc[0]


def test_ready_made_lesions_are_aggregated_by_the_declared_volume_even_where_lesion_names_repeat(write_cohort_files):
    cohort = write_cohort_files(
        {"clinical.csv": "id\nP1\nP2\n"},
        imaging_tables={"deep": {"file": "d.csv", "patient_id": "id", "lesion_id": "lesion", "volume": "texture"}},
    )
    table = lesions([("P1", "1", 1, 10), ("P1", "2", 2, 20), ("P2", "1", 3, 5), ("P2", "2", 4, 1)])
    values = to_patients(
        cohort, Features(table, dictionary("deep", ["mean", "texture"]), empty(QUARANTINE)), "deep"
    ).values
    assert values["mean"].tolist() == [2.0, 3.0]


def test_a_lesion_without_a_volume_is_set_aside_and_the_patients_others_go_on(write_cohort_files):
    pattern = {"image": "{patient_id}.nii", "mask": "{patient_id}_m.nii"}
    cohort = write_cohort_files({"clinical.csv": "id\nP1\nP2\n"}, images={"ct": {"kind": "CT", **pattern}})
    sizes = LESIONS.assign(volume_mm3=LESIONS["lesion_id"].map(VOLUMES)).drop(columns=["mean", "texture"])
    volumetrics = Features(
        sizes[sizes["lesion_id"] != "b"], dictionary("volumetrics_ct", ["volume_mm3"]), empty(QUARANTINE)
    )
    radiomics = Features(LESIONS, dictionary("radiomics_ct", ["mean", "texture"]), empty(QUARANTINE))
    part = split_by_images(cohort, radiomics, "radiomics", volumetrics)["radiomics_ct"]
    assert part.values["mean"].tolist() == [
        5.0,
        3.0,
    ]  # P2's largest, b, has no volume; a and d are equal, a comes first
    assert part.quarantine[["lesion_id", "level", "rule"]].to_numpy().tolist() == [["b", "lesion", "volume_missing"]]
