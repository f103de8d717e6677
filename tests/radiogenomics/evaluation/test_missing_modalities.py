"""A small version of the study of missing modalities, and what it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.evaluation.missing_modalities import (
    EFFECTS,
    MissingModalities,
    missing_modality_study,
    simulated_modalities,
    with_modalities_deleted,
)
from radiogenomics.fusion.columns import modality_columns, presence


@pytest.fixture(scope="module")
def study() -> MissingModalities:
    return missing_modality_study(
        cohorts=6,
        patients=110,
        new_patients=600,
        fusions=("early/group_sparse", "intermediate/attention", "late/mean", "late/weighted", "late/stacked"),
    )


def test_modalities_are_deleted_with_the_stated_chance_and_one_always_stays() -> None:
    X, _ = simulated_modalities(2000, 0)
    here = presence(
        with_modalities_deleted(X, 0.3, 1).to_numpy(), modality_columns([str(c) for c in X.columns], X.shape[1])
    )
    np.testing.assert_allclose(here.mean(axis=0), 0.7, atol=0.03)
    assert here.any(axis=1).all()
    everything_deleted = with_modalities_deleted(X, 1.0, 1)
    left = presence(everything_deleted.to_numpy(), modality_columns([str(c) for c in X.columns], X.shape[1]))
    assert (left.sum(axis=1) == 1).all()


def test_every_pattern_is_reported_for_every_fusion(study: MissingModalities) -> None:
    assert study.patterns["pattern"].nunique() == 2 ** len(EFFECTS) - 1
    assert len(study.patterns) == 15 * 5
    everything = study.patterns[study.patterns["pattern"] == ";".join(EFFECTS)]
    assert (everything["lost"] == 0).all()


def test_without_the_strongest_modality_more_is_lost_than_without_the_one_that_tells_nothing(
    study: MissingModalities,
) -> None:
    lost = study.patterns.pivot(index="pattern", columns="model", values="lost")
    without_images = lost.loc["clinical;expression;mutations"]
    without_mutations = lost.loc["clinical;radiomics_ct;expression"]
    assert (without_images > without_mutations + 0.02).all()
    assert (without_mutations.abs() < 0.03).all()


@pytest.mark.parametrize("model", ["intermediate/attention", "late/mean", "late/weighted", "late/stacked"])
def test_late_and_intermediate_fusion_stay_within_a_standard_error_of_the_best_modality_that_remains(
    study: MissingModalities, model: str
) -> None:
    table = study.patterns[study.patterns["model"] == model]
    assert table["holds"].all(), table.loc[~table["holds"], ["pattern", "difference", "best_error"]].to_string()


def test_with_everything_fusion_is_better_than_the_best_modality(study: MissingModalities) -> None:
    everything = study.patterns[study.patterns["pattern"] == ";".join(EFFECTS)].set_index("model")
    assert (everything["difference"] > 0.02).all()


def test_the_same_arguments_give_the_same_tables_whatever_the_number_of_workers() -> None:
    small = {"cohorts": 2, "patients": 60, "new_patients": 200, "fusions": ("late/mean",)}
    one, two = missing_modality_study(**small), missing_modality_study(**small, workers=2)
    pd.testing.assert_frame_equal(one.scores, two.scores)
