"""Every estimator is a scikit-learn classifier; what holds of all of them is asked of all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.late import LateFusion

ESTIMATORS = [
    ElasticNet(inner_repeats=1),
    BoostedTrees(inner_repeats=1),
    LateFusion([("all/elastic_net", ElasticNet(inner_repeats=1))], weighting="mean"),
    LateFusion(
        [("all/elastic_net", ElasticNet(inner_repeats=1)), ("all/xgboost", BoostedTrees(inner_repeats=1))],
        weighting="learned",
    ),
]

EXPECTED_FAILURES: dict[str, str] = {}
"""Check of scikit-learn -> why it does not apply to our estimators. None at present."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")  # array API needs a variable set before start
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: f"{type(e).__name__}-{getattr(e, 'weighting', 'own')}")
def test_every_estimator_passes_the_checks_of_scikit_learn(estimator: Any) -> None:
    failed = [
        f"{result['check_name']}: {result['exception']!r}"
        for result in check_estimator(estimator, on_fail=None, expected_failed_checks=EXPECTED_FAILURES)
        if result["status"] == "failed"
    ]
    assert failed == []


def cohort(n: int = 70, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Three modalities; the second is absent for every fourth patient, the third for every fifth."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    columns = {f"clinical:v{i}": rng.normal(size=n) + 0.9 * y * (i == 0) for i in range(4)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) + 0.8 * y * (i < 3) for i in range(30)}
    columns |= {f"mutations:g{i}": (rng.random(n) < 0.2 + 0.3 * y * (i == 0)).astype(float) for i in range(10)}
    X = pd.DataFrame(columns, index=[f"P{i:03d}" for i in range(n)])
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    X.loc[X.index[::5], X.columns.str.startswith("mutations:")] = np.nan
    X.loc[X.index[1::6], "clinical:v1"] = np.nan
    return X, pd.Series(y, index=X.index)


def members() -> list[tuple[str, Any]]:
    return [(f"{m}/elastic_net", ElasticNet((m,), inner_repeats=1)) for m in ("clinical", "radiomics_ct", "mutations")]


MULTIMODAL = [
    ElasticNet(inner_repeats=1),
    BoostedTrees(inner_repeats=1),
    LateFusion(members(), weighting="mean"),
    LateFusion(members(), weighting="learned"),
]


@pytest.mark.parametrize(
    "estimator", MULTIMODAL, ids=lambda e: f"{type(e).__name__}-{getattr(e, 'weighting', 'early')}"
)
class TestEveryFusion:
    def test_a_patient_with_one_modality_is_predicted_and_one_with_none_is_abstained_on(self, estimator: Any) -> None:
        X, y = cohort()
        patients = X.iloc[:3].copy()
        patients.iloc[0, ~patients.columns.str.startswith("clinical:")] = np.nan
        patients.iloc[1] = np.nan
        model = clone(estimator).fit(X, y)
        probability = model.predict_proba(patients)[:, 1]
        assert 0 < probability[0] < 1
        assert np.isnan(probability[1])
        assert model.used(patients)[1] == ()

    def test_fitting_twice_gives_the_same_predictions_to_the_bit(self, estimator: Any) -> None:
        X, y = cohort()
        once, again = clone(estimator).fit(X, y), clone(estimator).fit(X, y)
        np.testing.assert_array_equal(once.predict_proba(X), again.predict_proba(X))

    def test_contributions_and_base_sum_to_the_log_odds(self, estimator: Any) -> None:
        X, y = cohort()
        model = clone(estimator).fit(X, y)
        shap, base = model.contributions(X)
        np.testing.assert_allclose(base + shap.sum(axis=1), model.decision_function(X), atol=1e-9)

    def test_the_unit_of_a_feature_does_not_matter(self, estimator: Any) -> None:
        X, y = cohort()
        scaled = X * np.where(X.columns.str.startswith("radiomics_ct:"), 4.0, 1.0)
        first = clone(estimator).fit(X, y).predict_proba(X)
        second = clone(estimator).fit(scaled, y).predict_proba(scaled)
        np.testing.assert_allclose(first, second, atol=1e-4)

    def test_what_the_labels_are_called_does_not_matter(self, estimator: Any) -> None:
        X, y = cohort()
        named = y.map({0: "wildtype", 1: "wildtype_no_more"}).to_numpy(dtype=object)
        first = clone(estimator).fit(X, y)
        second = clone(estimator).fit(X, named)
        np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
        assert set(second.predict(X)) <= {"wildtype", "wildtype_no_more"}
