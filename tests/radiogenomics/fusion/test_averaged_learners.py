"""Several learners of one modality, averaged: nothing but their mean, fitted once, and late fusion stands on it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.evaluation.outer_fold import Part, Task, built_models, predict_part
from radiogenomics.exceptions import TableError
from radiogenomics.fusion import build_models, fit_final
from radiogenomics.fusion.averaged import LEARNERS, AveragedLearners
from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.late import LateFusion
from radiogenomics.multimodal.sites import site_code

QUICK = {"inner_folds": 2, "inner_repeats": 2}
FEW = Resampling(outer_folds=3, inner_folds=2, repeats=1)
BOTH = Models(unimodal=("averaged", "elastic_net", "xgboost"), fusion=("late/mean", "late/weighted"))


def cohort(n: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    """Two modalities with signal; every fourth patient lacks the images."""
    rng = np.random.default_rng(2)
    index = [f"P{i:02d}" for i in range(n)]
    y = pd.Series((np.arange(n) % 3 == 0).astype(int), index=index)
    columns = {f"clinical:v{i}": rng.normal(size=n) + (i == 0) * y.to_numpy() for i in range(4)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) + (i == 0) * y.to_numpy() for i in range(12)}
    X = pd.DataFrame(columns, index=index)
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    return X, y


def test_it_says_the_mean_of_what_its_learners_say_of_seen_and_of_held_out_patients() -> None:
    X, y = cohort()
    model = AveragedLearners(("radiomics_ct",), learners=tuple(LEARNERS), **QUICK).fit(X, y)
    alone = [learner(("radiomics_ct",), **QUICK).fit(X, y) for learner in LEARNERS.values()]
    np.testing.assert_array_equal(model.decision_function(X), np.mean([m.decision_function(X) for m in alone], axis=0))
    np.testing.assert_array_equal(model.inner_log_odds_, np.mean([m.inner_log_odds_ for m in alone], axis=0))
    assert np.isnan(model.inner_log_odds_[::4]).all()
    assert np.isfinite(model.inner_log_odds_[1::4]).all()


def test_contributions_are_means_too_and_add_up() -> None:
    X, y = cohort()
    model = AveragedLearners(("radiomics_ct",), **QUICK).fit(X, y)
    shap, base = model.contributions(X)
    np.testing.assert_allclose(base + shap.sum(axis=1), model.decision_function(X), atol=1e-9)
    trees = model.members_["xgboost"].contributions(X)[0]
    net = model.members_["elastic_net"].contributions(X)[0]
    np.testing.assert_allclose(shap, (trees + net) / 2)


def test_learners_that_were_fitted_already_are_taken_and_the_result_is_the_same_to_the_bit() -> None:
    X, y = cohort()
    model = AveragedLearners(("clinical",), **QUICK)
    whole = AveragedLearners(("clinical",), **QUICK).fit(X, y)
    net = ElasticNet(("clinical",), **QUICK).fit(X, y)
    shared = model.fit_combination(X, y, {"clinical/elastic_net": net, "radiomics_ct/xgboost": net})
    assert shared.members_["elastic_net"] is net
    assert isinstance(shared.members_["xgboost"], BoostedTrees)
    np.testing.assert_array_equal(shared.predict_proba(X), whole.predict_proba(X))


def test_learners_of_other_patients_are_refused() -> None:
    X, y = cohort()
    net = ElasticNet(("clinical",), **QUICK).fit(X.iloc[:40], y.iloc[:40])
    with pytest.raises(TableError, match="'elastic_net' was fitted on 40 rows, not on these 60"):
        AveragedLearners(("clinical",), **QUICK).fit_combination(X, y, {"clinical/elastic_net": net})


@pytest.mark.parametrize("learners", [(), ("elastic_net", "forest")])
def test_an_unknown_learner_or_none_is_an_error_that_names_those_there_are(learners: tuple[str, ...]) -> None:
    X, y = cohort()
    with pytest.raises(ValueError, match="at least one of elastic_net, xgboost, signature, found"):
        AveragedLearners(learners=learners).fit(X, y)


def test_late_fusion_of_averages_is_late_fusion_of_all_their_learners() -> None:
    X, y = cohort()
    names = ("clinical", "radiomics_ct")
    averages = LateFusion([(f"{m}/averaged", AveragedLearners((m,), **QUICK)) for m in names]).fit(X, y)
    kinds = {"elastic_net": ElasticNet, "xgboost": BoostedTrees}
    both = LateFusion([(f"{m}/{k}", kind((m,), **QUICK)) for m in names for k, kind in kinds.items()]).fit(X, y)
    np.testing.assert_allclose(averages.weights_, both.weights_, atol=1e-6)
    np.testing.assert_allclose(averages.decision_function(X), both.decision_function(X), atol=1e-6)


def test_where_it_is_declared_it_alone_speaks_for_a_modality_in_every_late_fusion() -> None:
    X, y = cohort()
    X["mutations:g"] = X["clinical:v1"]
    built = built_models(Task(X, y.to_numpy(), {}, BOTH, FEW, ()))
    late = {name: [member for member, _ in model.members] for name, model in built.items() if name.startswith("late/")}
    assert late["late/weighted"] == ["clinical/averaged", "radiomics_ct/averaged", "mutations/averaged"]
    assert late["late/without_imaging"] == ["clinical/averaged", "mutations/averaged"]
    assert late["late/without_clinical"] == ["radiomics_ct/averaged", "mutations/averaged"]
    assert {member.split("/")[1] for members in late.values() for member in members} == {"averaged"}
    without = build_models(Models(unimodal=("elastic_net",)), ["clinical"], FEW)
    assert [name for name, _ in without["late/weighted"].members] == ["clinical/elastic_net"]


def test_an_outer_fold_fits_each_learner_once_and_the_average_is_that_of_their_predictions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = cohort()
    fits: Counter[str] = Counter()
    for kind in (ElasticNet, BoostedTrees):

        def counted(self: Any, X: Any, y: Any, fit: Any = kind.fit, name: str = kind.__name__) -> Any:
            fits[name] += 1
            return fit(self, X, y)

        monkeypatch.setattr(kind, "fit", counted)
    table = predict_part(Part(0, 0, np.arange(40), np.arange(40, 60)), Task(X, y.to_numpy(), {}, BOTH, FEW, ()))
    assert fits == {"ElasticNet": 2, "BoostedTrees": 2}
    said = table.pivot(index="patient_id", columns="model", values="probability").map(logit)
    for modality in ("clinical", "radiomics_ct"):
        mean = said[[f"{modality}/elastic_net", f"{modality}/xgboost"]].mean(axis=1)
        pd.testing.assert_series_equal(said[f"{modality}/averaged"], mean, check_names=False)


def test_a_final_model_over_averages_keeps_nothing_that_belongs_to_a_single_training_patient() -> None:
    X, y = cohort()
    model = fit_final(X, y, "late/weighted", BOTH, FEW)
    averages = list(model.members_.values())
    parts = [model, *averages, *(learner for average in averages for learner in average.members_.values())]
    assert len(parts) == 7
    sizes = [v.shape[0] for part in parts for v in vars(part).values() if isinstance(v, np.ndarray) and v.ndim]
    assert len(X) not in sizes


def test_a_patient_of_a_site_not_seen_is_met_as_by_the_learners() -> None:
    X, y = cohort()
    X["site:hospital"] = np.where(np.arange(len(X)) % 2, site_code("North"), site_code("South"))
    stranger = X.iloc[[1, 2]].assign(**{"site:hospital": [site_code("West"), site_code("North")]})
    silent, flagged = (
        AveragedLearners(
            ("radiomics_ct",), harmonisation=SiteHarmonisation("hospital", ("radiomics_ct",), unseen=policy), **QUICK
        ).fit(X, y)
        for policy in ("refuse", "unharmonised")
    )
    assert np.isnan(silent.decision_function(stranger)).tolist() == [True, False]
    assert silent.used(stranger) == [(), ("radiomics_ct",)]
    assert flagged.unharmonised(stranger).tolist() == [True, False]
