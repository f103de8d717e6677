"""Features that do not survive perturbation leave the models, inside each fold and by its training patients alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics.cohort.configuration import Cohort, Models, Resampling, TimeToEvent
from radiogenomics.evaluation import evaluate
from radiogenomics.evaluation.fold_cache import task_digest
from radiogenomics.evaluation.outer_fold import Part, Task, predict_part
from radiogenomics.evaluation.survival_fold import SURVIVAL_MODELS, SurvivalTask, predict_survival_part
from radiogenomics.evaluation.survival_nested import evaluate_survival
from radiogenomics.exceptions import ComputationError, IntegrityError
from radiogenomics.explanation import explain_out_of_fold
from radiogenomics.fusion.averaged import AveragedLearners
from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.gated_attention import GatedAttention
from radiogenomics.fusion.group_sparse import GroupSparse
from radiogenomics.fusion.registry import fit_final
from radiogenomics.fusion.reliability import agreements, intraclass_correlation
from radiogenomics.fusion.robustness import Readings, readings_of, robustness_table, unreliable_columns
from radiogenomics.fusion.signature import Signature

LIGHT = Models(unimodal=("elastic_net",), fusion=("early/elastic_net", "late/weighted"))
FEW = Resampling(outer_folds=3, inner_folds=2, repeats=1)


def cohort(**contour) -> Cohort:
    return Cohort.model_validate(
        {
            "name": "small",
            "clinical": {"tables": {"main": {"file": "c.csv", "patient_id": "id"}}},
            "images": {
                "ct": {"kind": "CT", "image": "i", "mask": "m", "robustness": {"contour": contour, "acquisition": {}}}
            },
        }
    )


def perturbed(n: int = 40, seed: int = 0) -> pd.DataFrame:
    """`steady` survives, `shaky` has noise of the size of the biology, `shifted` moves with every reading."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n):
        biology = rng.normal()
        for number, reading in enumerate(["as_it_is", "contour/a", "contour/b", "acquisition/c"]):
            rows.append(
                {
                    "patient_id": f"P{patient:02d}", "study_id": "S", "lesion_id": f"L{patient}", "images": "ct",
                    "reading": reading,
                    "radiomics_ct:original_firstorder_steady": biology + 0.05 * rng.normal(),
                    "radiomics_ct:original_firstorder_shaky": biology + rng.normal(),
                    "radiomics_ct:original_glcm_shifted": biology + 3.0 * number,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_the_intraclass_correlation_covers_the_true_one_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    n, k, p = 30, 5, 400
    lesion, reading = rng.normal(size=(n, 1, p)), 0.3 * rng.normal(size=(1, k, p))
    said = agreements(lesion + reading + 0.5 * rng.normal(size=(n, k, p)))
    truth = 1.0 / (1.0 + 0.3**2 + 0.5**2)
    assert np.median(said.icc) == pytest.approx(truth, abs=0.03)
    covered = ((said.lower <= truth) & (truth <= said.upper)).mean()
    assert covered > stats.binom.ppf(0.001, p, 0.95) / p - 0.02
    assert said.shares.sum(axis=0) == pytest.approx(np.ones(p))
    assert np.median(said.shares[0]) == pytest.approx(truth, abs=0.05)


def test_many_features_at_once_are_each_as_if_alone() -> None:
    ratings = np.random.default_rng(2).normal(size=(12, 3, 4))
    many = agreements(ratings)
    for place in range(4):
        alone = intraclass_correlation(ratings[:, :, place])
        assert (many.icc[place], many.lower[place], many.upper[place]) == pytest.approx(tuple(alone))


def test_the_table_says_what_is_biology_and_what_is_not() -> None:
    dictionary = pd.DataFrame(
        {
            "modality": "radiomics_ct",
            "feature": ["original_firstorder_steady", "original_firstorder_shaky", "original_glcm_shifted"],
            "family": ["firstorder", "firstorder", "glcm"],
            "unit": "1",
        }
    )
    table = robustness_table(readings_of(cohort(), perturbed()), dictionary)
    contour = table[table["group"] == "contour"].set_index("feature")
    assert list(contour["kept"]) == [True, False, False]
    assert contour.loc["original_firstorder_steady", "icc"] > 0.95
    assert contour.loc["original_firstorder_shaky", "share_rest"] == pytest.approx(0.5, abs=0.15)
    assert contour.loc["original_glcm_shifted", "share_readings"] > 0.7
    assert contour.loc["original_firstorder_steady", "within_sd"] == pytest.approx(0.05, rel=0.2)
    assert contour.loc["original_glcm_shifted", "family"] == "glcm"
    assert (table["lesions"] == 40).all()
    assert list(contour["readings"]) == [3, 3, 3]
    assert table[table["group"] == "acquisition"]["kept"].all()  # no minimum is declared for it


def test_only_the_given_patients_decide_what_is_left_out() -> None:
    readings = readings_of(cohort(), perturbed())
    train = [f"P{i:02d}" for i in range(25)]
    barred = unreliable_columns(readings, train)
    assert barred == ("radiomics_ct:original_firstorder_shaky", "radiomics_ct:original_glcm_shifted")
    changed = perturbed()
    others = ~changed["patient_id"].isin(train)
    changed.loc[others, "radiomics_ct:original_firstorder_steady"] = np.random.default_rng(9).normal(size=others.sum())
    assert unreliable_columns(readings_of(cohort(), changed), train) == barred
    assert len(unreliable_columns(readings_of(cohort(), changed), changed["patient_id"].unique())) == 3


def test_the_minimum_is_held_against_what_is_declared() -> None:
    few = perturbed(8)
    strict, lax = readings_of(cohort(minimum_icc=0.2), few), readings_of(cohort(minimum_icc=None), few)
    assert unreliable_columns(lax, few["patient_id"]) == ()
    by_lower = unreliable_columns(strict, few["patient_id"])
    estimate = tuple(Readings(**{**vars(one), "judged_by": "estimate"}) for one in strict)
    assert set(unreliable_columns(estimate, few["patient_id"])) < set(by_lower)
    with pytest.raises(ComputationError, match="2 of 2 training patients have a lesion with every reading"):
        unreliable_columns(strict, ["P00", "P01"])


@pytest.mark.parametrize(
    "estimator", [ElasticNet, BoostedTrees, Signature, AveragedLearners, GroupSparse, GatedAttention]
)
def test_no_estimator_uses_a_column_that_is_barred(estimator) -> None:
    rng = np.random.default_rng(4)
    y = np.arange(60) % 2
    X = pd.DataFrame(
        {
            "radiomics_ct:tells": y + 0.1 * rng.normal(size=60),
            "radiomics_ct:a": rng.normal(size=60) + 0.5 * y,
            "radiomics_ct:b": rng.normal(size=60),
            "clinical:c": rng.normal(size=60),
        }
    )
    model = estimator(None, inner_folds=2, inner_repeats=1, unreliable=("radiomics_ct:tells",)).fit(X, y)
    moved = X.assign(**{"radiomics_ct:tells": rng.normal(size=60)})
    assert np.array_equal(model.decision_function(X), model.decision_function(moved))
    assert not np.array_equal(model.decision_function(X), model.decision_function(X.assign(**{"radiomics_ct:a": 9.0})))


def data(n: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(5)
    index = [f"P{i:02d}" for i in range(n)]
    y = pd.Series(np.arange(n) % 2, index=index)
    columns = {f"radiomics_ct:{c.partition(':')[2]}": rng.normal(size=n) for c in perturbed(3).columns[5:]}
    columns["radiomics_ct:original_firstorder_shaky"] = y.to_numpy() + 0.3 * rng.normal(size=n)
    columns |= {f"clinical:v{i}": rng.normal(size=n) for i in range(2)}
    return pd.DataFrame(columns, index=index), y


def test_an_unreliable_feature_that_tells_the_label_does_not_help_the_evaluation() -> None:
    X, y = data()
    confounders = pd.DataFrame(index=X.index)
    readings = readings_of(cohort(), perturbed(60))
    free = evaluate(X, y, confounders, models=LIGHT, resampling=FEW).metrics
    barred = evaluate(X, y, confounders, models=LIGHT, resampling=FEW, readings=readings).metrics
    auc = {
        name: table.loc[(table["model"] == "radiomics_ct/elastic_net") & (table["population"] == "all"), "auc"].item()
        for name, table in (("free", free), ("barred", barred))
    }
    assert auc["free"] > 0.95
    assert auc["barred"] < 0.75
    final = fit_final(X, y, "radiomics_ct/elastic_net", LIGHT, FEW, unreliable=unreliable_columns(readings, X.index))
    assert "radiomics_ct:original_firstorder_shaky" in final.unreliable


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_where_no_feature_of_a_modality_survives_its_model_abstains_and_the_rest_go_on() -> None:
    X, y = data()
    task = Task(X, y.to_numpy(), {}, LIGHT, FEW, (), readings_of(cohort(minimum_icc=1.0), perturbed(60)))
    part = Part(0, 0, np.arange(40), np.arange(40, 60))
    found = predict_part(part, task).set_index("model")
    assert found.loc["radiomics_ct/elastic_net", "abstained"].all()
    for name in ("early/elastic_net", "late/weighted", "clinical/elastic_net"):
        assert not found.loc[name, "abstained"].any(), name
        assert set(found.loc[name, "modalities_used"]) == {"clinical"}, name


def test_survival_models_leave_out_what_the_training_patients_of_the_fold_show_to_be_unreliable() -> None:
    X, _ = data(120)
    rng = np.random.default_rng(6)
    shaky = rng.normal(size=120)
    X["radiomics_ct:original_firstorder_shaky"] = shaky
    relapse, left = rng.exponential(8 * np.exp(-2.0 * shaky)), rng.exponential(25, 120)
    months = pd.Series(np.minimum(relapse, left), index=X.index)
    event = pd.Series((relapse <= left).astype(int), index=X.index)
    settings = TimeToEvent(time="t", event="e", modalities=("clinical", "radiomics_ct"))
    concordance, digests = {}, set()
    for name, readings in (("free", ()), ("barred", readings_of(cohort(), perturbed(120)))):
        found = evaluate_survival(
            X, months, event, X[[]], settings=settings, resampling=FEW, readings=readings, imaging=["radiomics_ct"]
        )
        everyone = found.metrics[found.metrics["population"] == "all"].set_index("model")["c_index"]
        concordance[name] = everyone[["radiomics_ct/cox", "early/cox", "late/cox_weighted"]]
        task = SurvivalTask(X, months.to_numpy(), event.to_numpy(), {}, np.array([1.0, 2.0]), FEW, (), "c", readings)
        digests.add(SURVIVAL_MODELS.digest(task))
    assert concordance["free"].min() > 0.8
    assert concordance["barred"].max() < 0.65
    assert len(digests) == 2


def test_a_survival_model_of_a_modality_without_a_reliable_feature_abstains_and_fusions_go_on() -> None:
    X, _ = data()
    rng = np.random.default_rng(7)
    task = SurvivalTask(
        X, rng.exponential(10, 60), np.arange(60) % 2, {}, np.array([2.0, 6.0]), FEW, (), "clinical",
        readings_of(cohort(minimum_icc=1.0), perturbed(60)),
    )  # fmt: skip
    found = predict_survival_part(Part(0, 0, np.arange(40), np.arange(40, 60)), task).set_index("model")
    assert found.loc["radiomics_ct/cox", "abstained"].all()
    for name in ("early/cox", "late/cox_mean", "late/cox_weighted", "clinical/cox"):
        assert not found.loc[name, "abstained"].any(), name
    assert set(found.loc["early/cox", "modalities_used"]) == {"clinical"}


def test_explanations_stand_on_the_same_models_as_the_predictions() -> None:
    X, y = data()
    readings = readings_of(cohort(), perturbed(60))
    confounders, name = pd.DataFrame(index=X.index), "late/weighted"
    found = evaluate(X, y, confounders, models=LIGHT, resampling=FEW, readings=readings)
    dictionary = pd.DataFrame(
        {
            "feature": [c.partition(":")[2] for c in X], "modality": [c.partition(":")[0] for c in X], "family": "x",
            "unit": "1", "derived_from": "x:y", "recorded": "baseline", "description": "x",
        }
    )  # fmt: skip
    given = {"name": name, "models": LIGHT, "resampling": FEW, "out_of_fold": found.out_of_fold}
    explained = explain_out_of_fold(X, y, found.folds, dictionary, readings=readings, **given)
    shaky = explained.features[explained.features["feature"] == "original_firstorder_shaky"]
    assert shaky["shap_value"].fillna(0.0).eq(0.0).all()
    with pytest.raises(IntegrityError):  # without the readings other models would be explained
        explain_out_of_fold(X, y, found.folds, dictionary, **given)


def test_other_readings_are_another_entry_of_the_cache_of_folds() -> None:
    X, y = data(12)
    digests = {
        task_digest(Task(X, y.to_numpy(), {}, LIGHT, FEW, (), readings))
        for readings in ((), readings_of(cohort(), perturbed(12)), readings_of(cohort(), perturbed(12, seed=1)))
    }
    assert len(digests) == 3
