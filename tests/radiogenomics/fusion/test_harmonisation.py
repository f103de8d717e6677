"""ComBat: agreement with a published implementation, one patient at a time, biology kept, sites met by declared policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiogenomics.cohort.configuration import Harmonisation, Models, Resampling
from radiogenomics.evaluation import evaluate
from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.fusion import TRUSTED_TYPES, fit_final
from radiogenomics.fusion.combat import ComBat
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.floor import ConfounderFloor
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.multimodal.sites import site_code, site_column
from radiogenomics.storage.models import ModelRegistry


def measured() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thirty patients of three sites, five features that grow with age; values as given to neuroCombat."""
    rng = np.random.default_rng(0)
    site = np.repeat([0.0, 1.0, 2.0], [12, 10, 8])
    age = np.round(rng.normal(60, 10, 30), 1)
    effect = np.array([0, 1.5, -1])[site.astype(int)][:, None] * [1, 2, 3, 1, 5] * np.array([1, 0.8, 1.2, 0.9, 1.1])
    values = np.round(rng.normal(size=(30, 5)) * [1, 2, 3, 1, 5] + 0.05 * age[:, None] + effect, 2)
    return values, site, age[:, None]


NEURO_COMBAT = {
    False: [
        [2.1994, 2.845, 2.6201, 3.4905, 4.6704],
        [4.0831, 3.0757, 2.8399, 2.1039, -3.3287],
        [1.6199, 5.0676, 4.3362, 2.1512, -7.3463],
    ],
    True: [
        [2.2499, 2.9039, 2.6979, 3.5401, 4.7087],
        [4.1095, 2.9347, 2.2848, 2.1056, -3.2669],
        [1.7827, 4.9622, 4.4421, 2.2196, -6.439],
    ],
}
"""Rows 0, 13 and 25 of what neuroCombat 0.2.12 (Fortin et al. 2018) makes of `measured`, without and with age."""


@pytest.mark.parametrize("with_age", [False, True])
def test_the_result_is_that_of_neurocombat(with_age: bool) -> None:
    values, site, age = measured()
    covariates = age if with_age else np.zeros((30, 0))
    found = ComBat().fit(values, site, covariates).transform(values, site, covariates)
    np.testing.assert_allclose(found[[0, 13, 25]], NEURO_COMBAT[with_age], atol=1e-4)


def test_the_reference_site_stays_as_it_is_and_others_come_to_its_scale() -> None:
    values, site, age = measured()
    found = ComBat(1.0).fit(values, site, age).transform(values, site, age)
    np.testing.assert_allclose(found[site == 1], values[site == 1], atol=1e-10)
    away = np.abs(values[site == 2].mean(axis=0) - values[site == 1].mean(axis=0))
    left = np.abs(found[site == 2].mean(axis=0) - values[site == 1].mean(axis=0))
    assert left.sum() < 0.4 * away.sum()


NEURO_COMBAT_REFERENCE = [
    [3.6124, 5.7511, 7.2766, 4.1891, 11.3849],
    [5.42, 5.61, 6.53, 2.9, 4.13],
    [3.032, 7.5966, 9.0492, 2.7947, 1.6399],
]
"""The same rows with age and the second site as reference."""


def test_with_a_reference_site_the_result_is_that_of_neurocombat() -> None:
    values, site, age = measured()
    found = ComBat(1.0).fit(values, site, age).transform(values, site, age)
    np.testing.assert_allclose(found[[0, 13, 25]], NEURO_COMBAT_REFERENCE, atol=1e-4)


def test_a_missing_value_stays_missing_and_the_others_are_harmonised() -> None:
    values, site, age = measured()
    values[::7, 2] = np.nan
    found = ComBat().fit(values, site, age).transform(values, site, age)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    gaps = [np.nanmean(table[site == 1, 2]) - np.nanmean(table[site == 2, 2]) for table in (values, found)]
    assert abs(gaps[1]) < 0.4 * abs(gaps[0])


# ---------------------------------------------------------------------------------------------- tables with sites
HOSPITALS = ("North", "South", "East")


def cohort(n: int = 240, seed: int = 0, confounded: bool = False) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Radiomics with biology (first three features) and a hospital effect on all; hospital names beside it.

    Confounded: the event is more frequent in one hospital, so that the hospital's effect predicts it.
    """
    rng = np.random.default_rng(seed)
    which = rng.integers(0, 3, n)
    chance = np.array([0.2, 0.35, 0.65])[which] if confounded else np.full(n, 0.4)
    y = (rng.random(n) < chance).astype(int)
    shift, scale = rng.normal(size=(3, 20)) * 2, np.exp(rng.normal(size=(3, 20)) * 0.3)
    values = (rng.normal(size=(n, 20)) + 0.9 * y[:, None] * (np.arange(20) < 3)) * scale[which] + shift[which]
    X = pd.DataFrame(values, columns=[f"radiomics_ct:f{i}" for i in range(20)])
    X["clinical:age"] = rng.normal(60, 9, n)
    names = pd.Series(np.array(HOSPITALS)[which])
    X["site:hospital"] = [site_code(name) for name in names]
    return X, pd.Series(y), names


def combat(**settings: Any) -> SiteHarmonisation:
    return SiteHarmonisation("hospital", ("radiomics_ct",), **settings)


def test_the_hospital_cannot_be_told_from_harmonised_features_of_new_patients_and_the_biology_is_kept() -> None:
    X, y, names = cohort(400)
    train, new = np.arange(400) < 250, np.arange(400) >= 250
    harmoniser = combat().fit(X[train].to_numpy(), names=list(X.columns))
    after = pd.DataFrame(harmoniser.transform(X.to_numpy()), columns=X.columns)
    features = [c for c in X.columns if c.startswith("radiomics_ct:")]
    north = (names == "North").astype(int)

    def auc(table: pd.DataFrame, target: pd.Series) -> float:
        model = ElasticNet(("radiomics_ct",), inner_repeats=1).fit(table.loc[train, features], target[train])
        return float(roc_auc_score(target[new], model.decision_function(table.loc[new, features])))

    assert auc(X, north) > 0.95
    assert auc(after, north) < 0.6
    unharmed = X.copy()
    which = np.array([HOSPITALS.index(name) for name in names])
    rng = np.random.default_rng(0)  # undo the simulated effect exactly: the same draws as in `cohort`
    rng.integers(0, 3, 400), rng.random(400)
    shift, scale = rng.normal(size=(3, 20)) * 2, np.exp(rng.normal(size=(3, 20)) * 0.3)
    unharmed[features] = (X[features].to_numpy() - shift[which]) / scale[which]
    assert auc(after, y) > auc(X, y) + 0.02
    assert auc(after, y) == pytest.approx(auc(unharmed, y), abs=0.03)


def test_transforming_one_new_patient_needs_no_other_patient() -> None:
    X, _, _ = cohort()
    harmoniser = combat(covariates=("clinical:age",)).fit(X.iloc[:200].to_numpy(), names=list(X.columns))
    together = harmoniser.transform(X.iloc[200:].to_numpy())
    alone = np.vstack([harmoniser.transform(X.iloc[[i]].to_numpy()) for i in range(200, len(X))])
    np.testing.assert_array_equal(alone, together)


def test_a_covariate_that_differs_between_sites_keeps_its_effect() -> None:
    rng = np.random.default_rng(4)
    X, _, names = cohort(300, seed=3)
    older = 12.0 * (names == "East").to_numpy()
    X["clinical:age"] = rng.normal(60, 5, 300) + older
    features = [c for c in X.columns if c.startswith("radiomics_ct:")]
    X[features] += 0.2 * X[["clinical:age"]].to_numpy()
    slopes = []
    for covariates in ((), ("clinical:age",)):
        found = combat(covariates=covariates).fit(X.to_numpy(), names=list(X.columns)).transform(X.to_numpy())
        slopes.append(np.mean([np.polyfit(X["clinical:age"], found[:, i], 1)[0] for i in range(20)]))
    assert slopes[1] == pytest.approx(0.2, abs=0.04)
    assert slopes[0] < 0.12


class TestASiteThatTrainingHasNotSeen:
    def stranger(self) -> pd.DataFrame:
        X, _, _ = cohort(3, seed=9)
        X["site:hospital"] = [site_code("West"), np.nan, site_code("North")]
        return X

    def test_refuse_makes_the_modality_count_as_absent_and_models_of_others_still_answer(self) -> None:
        X, y, _ = cohort()
        new = self.stranger()
        images = ElasticNet(("radiomics_ct",), inner_repeats=1, harmonisation=combat()).fit(X, y)
        both = ElasticNet(inner_repeats=1, harmonisation=combat()).fit(X, y)
        clinical = ElasticNet(("clinical",), inner_repeats=1, harmonisation=combat()).fit(X, y)
        assert np.isnan(images.predict_proba(new)[:, 1]).tolist() == [True, True, False]
        assert images.used(new) == [(), (), ("radiomics_ct",)]
        assert both.used(new) == [("clinical",), ("clinical",), ("clinical", "radiomics_ct")]
        assert not np.isnan(both.predict_proba(new)).any()
        assert not np.isnan(clinical.predict_proba(new)).any()

    def test_unharmonised_answers_with_the_values_as_they_are_and_flags_the_patient(self) -> None:
        X, y, _ = cohort()
        new = self.stranger()
        model = ElasticNet(("radiomics_ct",), inner_repeats=1, harmonisation=combat(unseen="unharmonised")).fit(X, y)
        assert not np.isnan(model.predict_proba(new)).any()
        assert model.unharmonised(new).tolist() == [True, True, False]
        harmoniser = model.harmoniser_
        np.testing.assert_array_equal(harmoniser.transform(new.to_numpy())[:2], new.to_numpy()[:2])

    def test_reference_takes_the_patient_for_one_of_the_reference_site(self) -> None:
        X, y, _ = cohort()
        policy = combat(unseen="reference", reference="South")
        model = ElasticNet(("radiomics_ct",), inner_repeats=1, harmonisation=policy).fit(X, y)
        new = self.stranger()
        as_south = new.assign(**{"site:hospital": site_code("South")})
        np.testing.assert_allclose(model.predict_proba(new)[:2], model.predict_proba(as_south)[:2], atol=1e-12)
        assert not model.unharmonised(new).any()

    def test_a_site_of_two_training_patients_counts_as_not_seen(self) -> None:
        X, _, _ = cohort()
        X.loc[X.index[:2], "site:hospital"] = site_code("West")
        harmoniser = combat().fit(X.to_numpy(), names=list(X.columns))
        assert harmoniser.not_seen(X.to_numpy())["radiomics_ct"][:3].tolist() == [True, True, False]
        assert np.isnan(harmoniser.answerable(X.to_numpy())[:2, :20]).all()

    def test_a_policy_without_its_reference_is_an_error_that_says_so(self) -> None:
        X, _, _ = cohort()
        with pytest.raises(ConfigurationError, match="name the reference site"):
            combat(unseen="reference").fit(X.to_numpy(), names=list(X.columns))
        with pytest.raises(ConfigurationError, match="site 'West' has too few training patients"):
            combat(unseen="reference", reference="West").fit(X.to_numpy(), names=list(X.columns))
        with pytest.raises(ValueError, match="`unseen: reference` needs `reference`"):
            Harmonisation(site="hospital", modalities=("radiomics_ct",), unseen="reference")


def test_the_label_cannot_be_a_covariate_because_it_is_no_column_of_the_predictors() -> None:
    X, _, _ = cohort()
    with pytest.raises(TableError, match=r"no column 'egfr_status:label' \(covariate\)"):
        combat(covariates=("egfr_status:label",)).fit(X.to_numpy(), names=list(X.columns))


def test_harmonisation_is_learned_in_each_fold_and_no_model_reads_the_site_itself(tmp_path: Path) -> None:
    """On confounded data the harmonised model loses what it had from the hospital, and keeps what it has from biology."""
    X, y, names = cohort(180, seed=5, confounded=True)
    index = pd.Index([f"P{i:03d}" for i in range(180)])
    X.index, y.index = index, index
    confounders = pd.DataFrame({"hospital:name": names.to_numpy()}, index=index)
    declared = Harmonisation(site="hospital", modalities=("radiomics_ct",))
    found = {}
    for harmonisation in (None, declared):
        models = Models(unimodal=("elastic_net",), fusion=("late/mean",), harmonisation=harmonisation)
        result = evaluate(X, y, confounders, models=models, resampling=Resampling(repeats=1), final_model="late/mean")
        assert not any("site" in used for used in result.out_of_fold["modalities_used"].unique())
        out = result.out_of_fold[result.out_of_fold["model"] == "radiomics_ct/elastic_net"].set_index("patient_id")
        score = out["probability"].reindex(index)
        hospital = ConfounderFloor().fit(confounders, y).decision_function(confounders)
        found[harmonisation is not None] = (
            np.corrcoef(score, hospital)[0, 1],
            np.mean([roc_auc_score(y[own], score[own]) for own in (names.to_numpy() == h for h in HOSPITALS)]),
        )
    assert found[False][0] > 0.5  # the plain model ranks patients by hospital
    assert abs(found[True][0]) < 0.3
    assert found[True][1] > found[False][1] - 0.02  # within each hospital nothing is lost
    final = fit_final(X, y, "late/mean", models, Resampling())
    model_id = ModelRegistry(tmp_path).register(
        final, cohort="c", endpoint="e", name="late/mean", metadata={}, trusted=TRUSTED_TYPES
    )
    loaded = ModelRegistry(tmp_path).load("c", "e", model_id, TRUSTED_TYPES)
    np.testing.assert_array_equal(loaded.predict_proba(X.iloc[[7]]), final.predict_proba(X.iloc[[7]]))


def test_the_code_of_a_site_depends_on_its_name_alone() -> None:
    table = pd.DataFrame({"scanner:maker": ["A", "B", None], "scanner:kernel": ["k", "k", "k"]})
    codes = site_column(table, "scanner")
    assert codes.iloc[0] == site_code("A + k")
    assert codes.iloc[0] != codes.iloc[1]
    assert np.isnan(codes.iloc[2])
    assert site_code("Stanford") == 210628729527499.0  # a stored model must know the hospital for ever
    with pytest.raises(ConfigurationError, match=r"no confounder 'hospital'; declared are \['scanner'\]"):
        site_column(table, "hospital")
