"""The group-sparse penalty: the optimum by its own conditions, and whole modalities that come and go."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from radiogenomics.fusion.group_sparse import GroupSparse, group_sparse_logistic

EXACT = {"tolerance": 1e-11, "maximum_iterations": 100000}


def problem(n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    groups = np.array([0] * 3 + [1] * 8 + [2] * 5)
    design = rng.normal(size=(n, 16)) + 0.5 * rng.normal(size=(n, 1))
    design -= design.mean(axis=0)
    return design, (rng.random(n) < expit(design[:, 0] - 0.8 * design[:, 4] - 0.5)).astype(int), groups


@pytest.mark.parametrize("within", [0.0, 0.3])
def test_the_solution_meets_the_optimality_conditions_of_the_sparse_group_lasso(within: float) -> None:
    """Simon et al. 2013, equations 5 to 7: a subgradient of the objective is zero."""
    design, target, groups = problem()
    penalty = 0.04
    (intercept,), coefficients = group_sparse_logistic(
        design, target, groups, np.array([penalty]), np.array([within]), **EXACT
    )
    b = coefficients[:, 0]
    residual = expit(intercept + design @ b) - target
    gradient = design.T @ residual / len(target)
    assert residual.mean() == pytest.approx(0, abs=1e-8)
    assert 0 < (b != 0).sum() < 16
    for group in range(3):
        own = groups == group
        whole, single = penalty * (1 - within) * np.sqrt(own.sum()), penalty * within
        if (b[own] == 0).all():
            beyond = np.maximum(np.abs(gradient[own]) - single, 0)
            assert np.linalg.norm(beyond) <= whole + 1e-8
            continue
        smooth = gradient[own] + whole * b[own] / np.linalg.norm(b[own])
        moving = b[own] != 0
        np.testing.assert_allclose(smooth[moving], -single * np.sign(b[own][moving]), atol=1e-6)
        assert (np.abs(smooth[~moving]) <= single + 1e-6).all()


def test_with_all_of_the_penalty_within_groups_it_is_the_lasso_of_scikit_learn() -> None:
    design, target, groups = problem()
    intercepts, coefficients = group_sparse_logistic(design, target, groups, np.array([0.05]), np.array([1.0]), **EXACT)
    reference = LogisticRegression(
        C=1 / (0.05 * len(target)), l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=100000, random_state=0
    ).fit(design, target)
    np.testing.assert_allclose(coefficients[:, 0], reference.coef_[0], atol=2e-5)
    np.testing.assert_allclose(intercepts[0], reference.intercept_[0], atol=2e-5)


def test_a_larger_penalty_keeps_fewer_groups_and_a_dropped_group_is_dropped_whole() -> None:
    design, target, groups = problem()
    penalties = np.array([0.2, 0.05, 0.02, 0.001])
    _, coefficients = group_sparse_logistic(design, target, groups, penalties, np.zeros(4))
    alive = [{g for g in range(3) if (coefficients[groups == g, k] != 0).any()} for k in range(4)]
    assert [len(kept) for kept in alive] == sorted(len(kept) for kept in alive)
    assert len(alive[0]) < len(alive[3])
    for k, kept in enumerate(alive):
        assert all((coefficients[groups == g, k] != 0).all() for g in kept)


def test_the_modality_of_signal_enters_before_one_of_noise_with_ten_times_the_features() -> None:
    rng = np.random.default_rng(5)
    n = 150
    y = (np.arange(n) % 3 == 0).astype(int)
    design = np.hstack([rng.normal(size=(n, 4)) + 0.9 * y[:, None], rng.normal(size=(n, 40))])
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    groups = np.repeat([0, 1], [4, 40])
    penalties = np.geomspace(0.3, 0.01, 40)
    _, coefficients = group_sparse_logistic(design, y, groups, penalties, np.zeros(40))
    enters = [int(np.flatnonzero((coefficients[groups == g] != 0).any(axis=0))[0]) for g in (0, 1)]
    assert enters[0] + 5 < enters[1]


def test_the_names_of_the_modalities_kept_are_those_with_coefficients() -> None:
    rng = np.random.default_rng(6)
    y = (np.arange(120) % 3 == 0).astype(int)
    columns = {f"clinical:v{i}": rng.normal(size=120) + 1.5 * y for i in range(3)}
    columns |= {f"expression:g{i}": rng.normal(size=120) + 1.5 * y for i in range(3)}
    model = GroupSparse(inner_repeats=1).fit(pd.DataFrame(columns), y)
    assert model.modalities_kept() == ("clinical", "expression")
    model.coef_ = np.where(model.design_.groups == 0, model.coef_, 0.0)
    assert model.modalities_kept() == ("clinical",)
