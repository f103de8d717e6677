"""Imputation, indicators, scaling and preselection."""

from __future__ import annotations

import numpy as np
import pytest

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.fusion.design import Design


def test_columns_without_a_modality_beside_columns_with_one_are_refused_by_name() -> None:
    with pytest.raises(TableError, match=r"'age'.*<modality>:<feature>"):
        modality_columns(["clinical:sex", "age"], 2)


def test_a_modality_is_absent_only_where_all_of_its_columns_are_unknown() -> None:
    blocks = modality_columns(["a:x", "a:y", "b:z"], 3)
    values = np.array([[1, np.nan, np.nan], [np.nan, np.nan, 2.0]])
    np.testing.assert_array_equal(presence(values, blocks), [[True, False], [False, True]])


def test_a_thousand_features_of_one_modality_leave_room_for_the_other() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], 30)
    values = np.hstack([rng.normal(size=(60, 1000)) + target[:, None], rng.normal(size=(60, 3))])
    blocks = {"radiomics_ct": np.arange(1000), "clinical": np.arange(1000, 1003)}
    selected = Design(blocks, 1003, limit=20).fit(values, target).selected()
    assert (selected < 1000).sum() == 20
    assert {1000, 1001, 1002} <= set(selected.tolist())


def test_the_features_that_separate_the_classes_are_kept_and_constants_never_are() -> None:
    rng = np.random.default_rng(1)
    target = np.repeat([0, 1], 25)
    values = rng.normal(size=(50, 40))
    values[:, [4, 17]] += 3 * target[:, None]
    values[:, 9] = 7.5
    selected = Design({"m": np.arange(40)}, 40, limit=2).fit(values, target).selected()
    assert selected.tolist() == [4, 17]
    assert 9 not in Design({"m": np.arange(40)}, 40, limit=40).fit(values, target).selected()


def test_an_unknown_value_becomes_the_median_and_is_told_by_an_indicator() -> None:
    column = np.array([1.0, 2.0, 3.0, np.nan, np.nan, np.nan, 10.0, 2.0])
    values = np.column_stack([column, np.full(8, 5.0)])  # the constant says that the modality itself is there
    target = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    design = Design({"m": np.array([0, 1])}, 2, limit=5).fit(values, target)
    matrix = design.transform(values)
    assert matrix.shape == (8, 2)
    assert design.owners.tolist() == [0, 0]
    np.testing.assert_allclose(matrix[3, 0], matrix[1, 0])  # the median of the known values is 2
    assert (matrix[3:6, 1] > 0).all()
    assert (np.delete(matrix[:, 1], [3, 4, 5]) < 0).all()


def test_new_patients_change_nothing_that_was_learned_from_training_patients() -> None:
    rng = np.random.default_rng(2)
    values, target = rng.normal(size=(30, 5)), np.repeat([0, 1], 15)
    design = Design({"m": np.arange(5)}, 5, limit=3).fit(values, target)
    alone = design.transform(values[:1])
    np.testing.assert_array_equal(alone, design.transform(np.vstack([values[:1], 1000 * values[1:]]))[:1])


def test_one_extreme_value_is_clipped() -> None:
    rng = np.random.default_rng(3)
    values, target = rng.normal(size=(40, 1)), np.repeat([0, 1], 20)
    design = Design({"m": np.array([0])}, 1, limit=1).fit(values, target)
    far, farther = design.transform(np.array([[50.0], [5000.0]]))
    assert far[0] == farther[0]


def test_a_skewed_column_enters_as_its_logarithm_whatever_its_unit_and_others_as_they_are() -> None:
    rng = np.random.default_rng(4)
    target = np.repeat([0, 1], 60)
    normal = rng.normal(size=(120, 1))
    burden = np.exp(1.2 * rng.normal(size=(120, 1)) + target[:, None])
    rare = (rng.random((120, 1)) < 0.05).astype(float)  # skewed, and no number to take a logarithm of
    values = np.hstack([normal, burden, rare])
    made = Design({"m": np.arange(3)}, 3, limit=3).fit(values, target)
    columns = made.transform(values)
    order = [int(np.flatnonzero(made.owners == c)[0]) for c in range(3)]
    expected = np.log1p(burden[:, 0] / np.median(burden))
    assert np.corrcoef(columns[:, order[1]], expected)[0, 1] > 0.999
    assert np.corrcoef(columns[:, order[0]], normal[:, 0])[0, 1] > 0.99
    assert len(np.unique(np.round(columns[:, order[2]], 9))) == 2
    scaled = values * np.array([1, 1000.0, 1])
    again = Design({"m": np.arange(3)}, 3, limit=3).fit(scaled, target)
    np.testing.assert_allclose(again.transform(scaled), columns, atol=1e-9)
    odd = np.array([[0.0, -5.0, 0.0], [0.0, 0.0, 0.0]])
    assert np.isfinite(made.transform(odd)).all()
    np.testing.assert_array_equal(*made.transform(odd))


def test_a_multiplicative_signal_is_found_where_the_largest_few_values_would_hide_it() -> None:
    from sklearn.metrics import roc_auc_score

    from radiogenomics.fusion.elastic_net import ElasticNet

    rng = np.random.default_rng(8)
    y = np.repeat([0, 1], 1000)
    noise = rng.normal(size=(2000, 3))
    X = np.hstack([np.exp(1.5 * rng.normal(size=(2000, 1)) - 0.9 * y[:, None]), noise])
    train = np.r_[0:60, 1000:1060]
    model = ElasticNet(inner_repeats=1).fit(X[train], y[train])
    assert (
        roc_auc_score(np.delete(y, train), np.delete(model.decision_function(X), train)) > 0.63
    )  # 0.664 is all there is
