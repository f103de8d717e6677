"""Explanations come from models that never saw the patient, and add up to what those models said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from small_cohort import MODELS, RESAMPLING

from radiogenomics.cohort import schemas
from radiogenomics.cohort.configuration import PrespecifiedPredictor
from radiogenomics.evaluation.aligned import align
from radiogenomics.evaluation.nested import fold_parts
from radiogenomics.evaluation.outer_fold import Task, built_models, fit_in_fold, predict_part
from radiogenomics.exceptions import ConfigurationError, IntegrityError
from radiogenomics.fusion import ALGORITHMS
from radiogenomics.fusion.gated_attention import GatedAttention
from radiogenomics.fusion.registry import Algorithm
from radiogenomics.storage.feature_cache import FeatureCache


def stored(explained, model: str = "late/weighted") -> pd.Series:
    rows = explained.evaluation.out_of_fold
    rows = rows[rows["model"] == model]
    return rows.set_index(["patient_id", "repeat"])["probability"].sort_index()


def test_every_model_that_is_fitted_alone_says_what_it_said_in_the_evaluation(explained) -> None:
    given = align(explained.X, explained.y, pd.DataFrame(index=explained.X.index))
    task = Task(given.X, given.target, {}, MODELS, RESAMPLING, given.imaging)
    part = fold_parts(explained.evaluation.folds, len(given.X))[1]
    table = predict_part(part, task)
    for name in built_models(task):
        alone = fit_in_fold(part, task, name).predict_proba(given.X.iloc[part.test])[:, 1]
        together = table.loc[table["model"] == name, "probability"].to_numpy()
        np.testing.assert_allclose(alone, together, atol=1e-12, rtol=0)


def test_base_and_shap_values_add_up_to_the_stored_prediction_of_each_patient_and_repeat(explained) -> None:
    folds = explained.found.folds.set_index(["patient_id", "repeat"]).sort_index()
    schemas.EXPLANATION_FOLDS.validate(explained.found.folds)
    parts = explained.found.by_repeat.groupby(["patient_id", "repeat"])["shap_value"].sum()
    total = folds["base_value"] + parts.reindex(folds.index).fillna(0.0)
    np.testing.assert_allclose(expit(total), stored(explained), atol=1e-12, rtol=0)
    np.testing.assert_allclose(folds["base_value"] + folds["shap_sum"], folds["log_odds"], atol=1e-6)


def test_the_means_over_repeats_add_up_to_the_mean_log_odds(explained) -> None:
    by_patient = explained.found.features.groupby("patient_id")
    total = by_patient["base_value"].first() + by_patient["shap_value"].sum()
    mean = explained.found.folds.groupby("patient_id")["log_odds"].mean()
    np.testing.assert_allclose(total, mean, atol=1e-9)


def test_the_model_that_explains_a_patient_was_not_fitted_on_his_label(explained) -> None:
    patient = "P07"
    flipped = explained.y.copy()
    flipped[patient] = 1 - flipped[patient]
    other = explained.again(y=flipped, out_of_fold=None)
    before, after = (
        found.features[found.features["patient_id"] == patient].set_index(["modality", "feature"])["shap_value"]
        for found in (explained.found, other)
    )
    pd.testing.assert_series_equal(before, after.reindex(before.index).fillna(0.0))
    others = other.features[other.features["patient_id"] == "P08"]["shap_value"].to_numpy()
    own = explained.found.features[explained.found.features["patient_id"] == "P08"]["shap_value"].to_numpy()
    assert len(others) != len(own) or not np.allclose(others, own)


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_every_kind_of_model_is_explained_additively_in_a_fold(explained, kind: str, monkeypatch) -> None:
    if kind == "intermediate/attention":  # as it comes it takes seconds a fit
        quick = Algorithm(GatedAttention, {"inner_repeats": 1, "members": 2, "epochs": (5, 20)})
        monkeypatch.setitem(ALGORITHMS, kind, quick)
    unimodal = kind if "/" not in kind else "elastic_net"
    models = MODELS.model_copy(update={"unimodal": (unimodal,), "fusion": (kind,) if "/" in kind else ()})
    if kind == "early/prespecified":
        named = [PrespecifiedPredictor(feature=str(name), source="a paper") for name in explained.X.columns[[0, -1]]]
        models = models.model_copy(update={"prespecified": tuple(named)})
    given = align(explained.X, explained.y, pd.DataFrame(index=explained.X.index))
    task = Task(given.X, given.target, {}, models, RESAMPLING, given.imaging)
    part = fold_parts(explained.evaluation.folds, len(given.X))[0]
    model = fit_in_fold(part, task, kind if "/" in kind else f"radiomics_ct/{kind}")
    shap, base = model.contributions(given.X.iloc[part.test])
    said = model.decision_function(given.X.iloc[part.test])
    np.testing.assert_allclose(base + shap.sum(axis=1), said, atol=1e-6)
    assert np.isfinite(said).sum() > 10


def test_folds_that_were_explained_before_come_from_the_cache_to_the_bit(explained, tmp_path, monkeypatch) -> None:
    cache = FeatureCache(tmp_path)
    explained.again(cache=cache)
    monkeypatch.setattr("radiogenomics.explanation.fold_models.explain_part", None)  # nothing may be fitted again
    again = explained.again(cache=cache)
    for name, table in explained.found._asdict().items():
        pd.testing.assert_frame_equal(table, getattr(again, name), check_exact=True)


def test_predictions_of_another_run_are_refused(explained) -> None:
    rows = explained.evaluation.out_of_fold.copy()
    rows.loc[rows["model"] == "late/weighted", "probability"] *= 0.99
    with pytest.raises(IntegrityError, match="evaluate again"):
        explained.again(out_of_fold=rows)


def test_a_model_that_is_not_built_is_refused_by_name(explained) -> None:
    with pytest.raises(ConfigurationError, match="no model 'late/median'; valid here: clinical/elastic_net"):
        explained.again(name="late/median", out_of_fold=None)


def test_a_model_of_one_modality_explains_only_patients_who_have_it(explained) -> None:
    found = explained.again(name="radiomics_ct/elastic_net")
    has = explained.X.filter(like="radiomics_ct:").notna().any(axis=1)
    assert set(found.features["patient_id"]) == set(explained.X.index[has])
    assert set(found.features["modality"]) == {"radiomics_ct"}
    others = found.modalities[found.modalities["modality"] != "radiomics_ct"]
    assert (others["effect"] == 0).all()
