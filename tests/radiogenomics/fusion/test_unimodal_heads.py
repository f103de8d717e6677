"""Heads of single modalities: what they gain, and what a patient is told whose modalities gain nothing."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.fusion.design import Design
from radiogenomics.fusion.unimodal_heads import (
    HEADS,
    combined,
    fitted_heads,
    gain,
    head_evidence,
    head_weights,
    schwarz_weight,
)


def test_a_signal_gains_and_noise_or_a_single_class_does_not() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], 40)
    assert gain(rng.normal(size=(80, 2)) + target[:, None], target) > 3
    noise = [gain(rng.normal(size=(80, 2)), target) for _ in range(40)]
    assert np.mean(np.array(noise) > 1.0) < 0.2
    assert gain(np.zeros((80, 1)), target) == pytest.approx(0.0, abs=1e-6)
    assert gain(rng.normal(size=(5, 1)), np.ones(5, dtype=int)) == 0.0


def test_a_modality_is_believed_by_degrees_half_where_its_gain_pays_for_its_slope() -> None:
    price = 0.5 * np.log(84)
    weights = schwarz_weight(price + np.array([-price, -0.1, 0.0, 0.1, 8.0]), np.full(5, 84))
    assert weights[2] == pytest.approx(0.5)
    # Schwarz's criterion of each: parameters times log n, less twice the log-likelihood
    nothing, tells = 1 * np.log(84), 2 * np.log(84) - 2 * (price - 0.1)
    likelihoods = np.exp(-0.5 * np.array([nothing, tells]))
    assert weights[1] == pytest.approx(likelihoods[1] / likelihoods.sum())
    assert weights[3] - weights[1] < 0.06  # no cut
    assert weights[0] < 0.15
    assert weights[4] > 0.99
    assert schwarz_weight(np.zeros(1), np.zeros(1)) == pytest.approx(0.5)  # a modality that nobody has


def test_heads_are_averaged_by_their_likelihood_and_none_is_chosen_by_a_hair() -> None:
    weights = head_weights(np.array([[3.0, 3.01, 3.0], [0.0, 20.0, 1.0], [2.0, 3.0, 2.0]]))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights[0] == pytest.approx([1 / 3] * 3, abs=0.01)
    assert weights[1, 1] > 0.99
    assert weights[2, 1] / weights[2, 0] == pytest.approx(np.e)  # a nat more is e times as likely


def test_repeats_are_no_new_patients() -> None:
    rng = np.random.default_rng(1)
    target = np.repeat([0, 1], 30)
    once = rng.normal(size=(60, 1)) + target[:, None]
    assert gain(np.repeat(once, 5, axis=1), target) == pytest.approx(gain(once, target), rel=1e-3)


def test_a_head_is_learned_from_the_patients_who_have_its_modality_and_speaks_for_them_alone() -> None:
    rng = np.random.default_rng(2)
    target = np.tile([0, 1], 40)
    values = rng.normal(size=(80, 4))
    values[:, 0] += 2 * target
    values[:30, 2:] = np.nan
    blocks = {"a": np.arange(2), "b": np.arange(2, 4)}
    design = Design(blocks, 4, limit=5).fit(values, target)
    here = np.column_stack([np.ones(80, dtype=bool), np.arange(80) >= 30])
    matrix = design.transform(values)
    coefficients = fitted_heads(design, matrix, here, target)
    said = head_evidence(design, matrix, here, coefficients)
    assert said.shape == (80, 2, len(HEADS))
    assert (said[:30, 1] == 0).all()
    assert np.corrcoef(said[:, 0, -1], target)[0, 1] > 0.6


def test_a_patient_none_of_whose_modalities_has_a_slope_hears_their_mean_and_others_do_not() -> None:
    evidence = np.array([[1.0, 2.0, 4.0], [0.0, 2.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    here = np.array([[True] * 3, [False, True, True], [False, False, True], [False] * 3])
    said = combined(evidence, here, np.array([0.5, 2.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.5]))
    np.testing.assert_allclose(said, [2.5, 0.5 + (2 + 2) / 2, 0.5 + 2.0, 0.5])
    repeated = combined(
        np.repeat(evidence[:, None], 3, axis=1), here, np.array([0.5, 2.0, 0, 0]), np.array([1, 1, 0.5])
    )
    np.testing.assert_allclose(repeated, np.repeat(said[:, None], 3, axis=1))
