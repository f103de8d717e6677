"""The model of predictors that were named beforehand: these alone, in the direction that was declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from radiogenomics.cohort.configuration import Endpoint, Models, PrespecifiedPredictor, Resampling
from radiogenomics.evaluation.comparisons import FUSION_OVER_PRESPECIFIED, questions
from radiogenomics.evaluation.narrowed import models_for
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.logistic import log_loss_rows, penalised_logistic
from radiogenomics.fusion.prespecified import PrespecifiedPredictors
from radiogenomics.fusion.registry import build_models, fit_final

KNOWN = ("clinical:c0", "genes:g0", "genes:g1")


def cohort(n: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """`n` patients; the event is likelier with c0 and g0, less likely with g1, and nothing else of 83 columns tells."""
    rng = np.random.default_rng(seed)
    columns = [f"clinical:c{i}" for i in range(3)] + [f"genes:g{i}" for i in range(80)]
    X = pd.DataFrame(
        rng.normal(size=(n, len(columns))), columns=columns, index=pd.Index([f"P{i:04d}" for i in range(n)])
    )
    chance = expit(0.7 * X["clinical:c0"] + 0.7 * X["genes:g0"] - 0.7 * X["genes:g1"])
    return X, pd.Series((rng.random(n) < chance).astype(int), index=X.index)


def model(*signs: int) -> PrespecifiedPredictors:
    return PrespecifiedPredictors(predictors=tuple(zip(KNOWN, signs, strict=True)), inner_repeats=1)


def test_only_what_was_named_decides() -> None:
    X, y = cohort(120, 1)
    fitted = model(1, 1, -1).fit(X, y)
    others = X.copy()
    others[[c for c in X.columns if c not in KNOWN]] = 100.0
    assert np.allclose(fitted.decision_function(others), fitted.decision_function(X))
    shap, _ = fitted.contributions(X)
    told = {name for name, column in zip(fitted.contribution_names(), shap.T, strict=True) if np.abs(column).max() > 0}
    assert told == set(KNOWN)


def test_a_coefficient_that_would_have_the_other_sign_is_zero() -> None:
    X, y = cohort(300, 2)
    right, wrong, free = (model(*signs).fit(X, y) for signs in ((1, 1, -1), (1, -1, -1), (0, 0, 0)))
    assert np.all(right.coef_ * np.array([1, 1, -1]) > 0)
    assert np.allclose(right.coef_, free.coef_, atol=1e-4)  # the cohort agrees, so nothing is imposed
    assert wrong.coef_[1] == 0
    assert wrong.coef_[0] > 0
    assert wrong.coef_[2] < 0


def test_signs_give_the_bounded_optimum() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 5))
    X -= X.mean(axis=0)
    y = (rng.random(80) < expit(X @ np.array([1.0, -1.0, 0.5, 0.0, 0.3]))).astype(int)
    signs, penalty = np.array([1, 1, -1, 0, 0]), 0.1

    def loss(w: np.ndarray) -> float:
        return float(log_loss_rows(w[0] + X @ w[1:], y).mean() + penalty / 2 * (w[1:] ** 2).sum())

    bounds = [(None, None)] + [(0, None) if s > 0 else (None, 0) if s < 0 else (None, None) for s in signs]
    best = minimize(loss, np.zeros(6), method="L-BFGS-B", bounds=bounds).x
    intercepts, coefficients = penalised_logistic(X, y, np.array([penalty]), np.zeros(1), signs=signs, tolerance=1e-8)
    assert np.allclose(coefficients[:, 0], best[1:], atol=1e-4)
    assert abs(intercepts[0] - best[0]) < 1e-4
    assert np.allclose(best[2:4], 0.0, atol=1e-6)  # both were told to go the wrong way


def test_few_known_predictors_do_better_than_looking_for_them_among_many() -> None:
    new, truth = cohort(2000, 999)
    gains = []
    for seed in range(6):
        X, y = cohort(80, seed)
        found = ElasticNet(inner_repeats=1).fit(X, y)
        gains.append(
            roc_auc_score(truth, model(1, 1, -1).fit(X, y).decision_function(new))
            - roc_auc_score(truth, found.decision_function(new))
        )
    assert np.mean(gains) > 0.02


def test_a_patient_with_some_modality_missing_is_predicted_and_one_with_none_is_not() -> None:
    X, y = cohort(120, 4)
    X.loc[X.index[:20], [c for c in X.columns if c.startswith("genes:")]] = np.nan
    fitted = model(1, 1, -1).fit(X, y)
    nobody = X.iloc[:1] * np.nan
    assert np.isfinite(fitted.decision_function(X)).all()
    assert np.isnan(fitted.decision_function(nobody)).all()
    assert fitted.used(X.iloc[:1]) == [("clinical",)]


def test_a_name_that_is_no_column_is_refused_with_the_closest() -> None:
    X, y = cohort(60, 5)
    with pytest.raises(TableError, match=r"'clinical:c9' is no column of the table; closest: clinical:c"):
        PrespecifiedPredictors(predictors=(("clinical:c9", 1),)).fit(X, y)


def declared(*features: str) -> tuple[PrespecifiedPredictor, ...]:
    return tuple(PrespecifiedPredictor(feature=f, direction="positive", source="a paper") for f in features)


def test_the_model_is_there_for_an_endpoint_that_names_predictors_and_for_no_other() -> None:
    X, y = cohort(90, 6)
    plain = Models(unimodal=("elastic_net",), fusion=("late/mean",))
    named = plain.model_copy(update={"prespecified": declared("genes:g0")})
    assert not [n for n in build_models(plain, ["clinical", "genes"], Resampling()) if "prespecified" in n]
    built = build_models(named, ["clinical", "genes"], Resampling())["early/prespecified"]
    assert built.modalities == ("genes",)  # a patient without genes has none of what was named
    assert built.fit(X, y).used(X.iloc[:1]) == [("genes",)]
    with pytest.raises(ConfigurationError, match="needs the endpoint to name predictors"):
        build_models(plain.model_copy(update={"fusion": ("early/prespecified",)}), ["clinical"], Resampling())


def test_it_is_one_more_voice_in_a_late_fusion_that_says_which_modalities_it_rests_on() -> None:
    X, y = cohort(120, 7)
    X.loc[X.index[:15], [c for c in X.columns if c.startswith("genes:")]] = np.nan
    named = Models(unimodal=("elastic_net",), fusion=("late/weighted",)).model_copy(
        update={"prespecified": declared(*KNOWN[:2])}
    )
    model = fit_final(X, y, "late/with_prespecified", named, Resampling(inner_folds=2))
    assert list(model.members_) == ["clinical/elastic_net", "genes/elastic_net", "early/prespecified"]
    assert model.weights_[model.modalities_.index("early")] > 0.2
    shap, base = model.contributions(X)
    assert np.allclose(base + shap.sum(axis=1), model.decision_function(X))
    used = model.used(X)
    assert set(used[:15]) == {("clinical",)}  # the voice rests on what it has
    assert set(used[15:]) == {("clinical", "genes")}


def test_analyses_that_fit_often_leave_it_out_unless_it_is_the_final_model() -> None:
    named = Models().model_copy(update={"prespecified": declared("genes:g0")})
    assert models_for(named, "late/weighted").prespecified == ()
    for final in ("early/prespecified", "late/with_prespecified"):
        assert models_for(named, final).prespecified == named.prespecified


def test_the_fusion_is_asked_what_it_adds_to_what_was_named() -> None:
    names = ["clinical/elastic_net", "early/prespecified", "late/weighted"]
    shared = {"imaging_model": None, "without_imaging": None, "whole": "late/weighted", "clinical": "clinical"}
    asked = {q.name: q.references for q in questions(names, final="late/weighted", **shared)}  # type: ignore[arg-type]
    assert asked[FUSION_OVER_PRESPECIFIED] == ("early/prespecified",)
    own = questions(names, final="early/prespecified", **shared)  # type: ignore[arg-type]
    assert FUSION_OVER_PRESPECIFIED not in {q.name for q in own}


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (("genes:g0",), r"'genes:g0' is of no modality of the endpoint; it has \['clinical'\]"),
        (("clinical:age", "clinical:age"), "'clinical:age' is named twice"),
        (("age",), "feature"),
    ],
)
def test_a_wrong_declaration_is_refused(features: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Endpoint.model_validate(
            {
                "label": {"column": "EGFR", "positive": ["1"], "negative": ["0"]},
                "modalities": ["clinical"],
                "prespecified": [{"feature": f, "source": "a paper"} for f in features],
            }
        )
