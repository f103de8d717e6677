"""The radiomics signature: few features, none a copy of another, the same whichever patients are asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.fusion.selection import correlation_pruned, correlations, mrmr, relevance, selection_frequency
from radiogenomics.fusion.signature import Signature


def radiomics(n: int = 120, seed: int = 0, copies: int = 15) -> tuple[pd.DataFrame, np.ndarray]:
    """Two informative factors, `copies` noisy copies of each, and 60 features of noise."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    size, texture = rng.normal(size=n) + 1.2 * y, rng.normal(size=n) + 0.9 * y
    columns = {f"radiomics_ct:size{i}": size + 0.05 * rng.normal(size=n) for i in range(copies)}
    columns |= {f"radiomics_ct:texture{i}": texture + 0.05 * rng.normal(size=n) for i in range(copies)}
    columns |= {f"radiomics_ct:noise{i}": rng.normal(size=n) for i in range(60)}
    return pd.DataFrame(columns), y


def test_of_copies_the_one_of_highest_priority_is_kept() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 50))
    values = np.column_stack([first, second, first + 0.01 * rng.normal(size=50), -first])
    assert correlation_pruned(values, np.array([1.0, 0.5, 2.0, 0.1]), 0.9).tolist() == [1, 2]
    assert correlation_pruned(values, np.array([2.0, 0.5, 1.0, 0.1]), 0.9).tolist() == [0, 1]


def test_mrmr_passes_over_a_copy_for_a_weaker_feature_that_says_something_new() -> None:
    redundancy = np.array([[1.0, 0.95, 0.1], [0.95, 1.0, 0.1], [0.1, 0.1, 1.0]])
    assert mrmr(np.array([0.6, 0.59, 0.3]), redundancy, 3).tolist() == [0, 2, 1]


def test_relevance_is_the_point_biserial_correlation_of_scipy() -> None:
    from scipy.stats import pointbiserialr

    rng = np.random.default_rng(1)
    values, target = rng.normal(size=(40, 7)), (np.arange(40) % 4 == 0).astype(int)
    expected = [abs(pointbiserialr(target, column).statistic) for column in values.T]
    np.testing.assert_allclose(relevance(values, target), expected)


def test_correlations_are_those_of_numpy_and_zero_with_a_constant() -> None:
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.normal(size=(30, 4)), np.full(30, 2.0)])
    found = correlations(values)
    np.testing.assert_allclose(found[:4, :4], np.corrcoef(values[:, :4].T))
    assert (found[4] == 0).all()


def test_features_that_share_nothing_but_the_label_are_not_redundant() -> None:
    rng = np.random.default_rng(3)
    y = (np.arange(4000) % 2 == 0).astype(int)
    values = rng.normal(size=(4000, 2)) + 2 * y[:, None]
    assert correlations(values)[0, 1] > 0.4
    assert abs(correlations(values, y)[0, 1]) < 0.05


def test_an_informative_feature_is_picked_from_nearly_every_half_and_noise_seldom() -> None:
    X, y = radiomics(copies=1)
    values = X.to_numpy()
    frequency = selection_frequency(values, y, np.abs(correlations(values, y)), count=4, pairs=25, seed=0)
    assert frequency[:2].min() > 0.75
    assert frequency[2:].mean() < 0.1
    assert frequency.sum() == pytest.approx(4)


def test_the_signature_finds_both_factors_once_each() -> None:
    X, y = radiomics()
    found = Signature(inner_repeats=1).fit(X, y).signature()
    kinds = [name.split(":")[1].rstrip("0123456789") for name in found]
    assert kinds.count("size") == 1
    assert kinds.count("texture") == 1
    assert all(found[name] > 0 for name in found if "noise" not in name)


def test_an_unreliable_feature_never_enters() -> None:
    X, y = radiomics(copies=1)
    assert "radiomics_ct:size0" in Signature(inner_repeats=1).fit(X, y).signature()
    barred = Signature(inner_repeats=1, unreliable=("radiomics_ct:size0",)).fit(X, y)
    assert "radiomics_ct:size0" not in barred.signature()
    changed = X.assign(**{"radiomics_ct:size0": -X["radiomics_ct:size0"]})
    np.testing.assert_array_equal(barred.decision_function(X), barred.decision_function(changed))


def test_a_feature_that_is_missing_for_many_enters_with_an_indicator() -> None:
    X, y = radiomics(copies=1)
    X = X[["radiomics_ct:size0", "radiomics_ct:texture0", "radiomics_ct:noise0"]].copy()
    X.loc[y == 1, "radiomics_ct:size0"] = np.nan  # not measured where the event happens: the pattern itself tells
    X.loc[X.index[1:90:9], "radiomics_ct:size0"] = np.nan
    X.loc[X.index[[0, 30, 60]], "radiomics_ct:size0"] = 0.5
    model = Signature(inner_repeats=1).fit(X, y)
    known, missing = X.iloc[[1]].copy(), X.iloc[[1]].copy()
    known["radiomics_ct:size0"], missing["radiomics_ct:size0"] = X["radiomics_ct:size0"].median(), np.nan
    assert model.decision_function(missing)[0] > model.decision_function(known)[0] + 0.5
