"""The honest evaluation as a whole: folds, floors, missing modalities, leaks, verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.cohort.schemas import COMPARISONS, METRICS, OUT_OF_FOLD
from radiogenomics.evaluation import Evaluation, evaluate
from radiogenomics.evaluation.folds import outer_folds
from radiogenomics.exceptions import ComputationError, ConfigurationError, TableError

LIGHT = Models(unimodal=("elastic_net",), fusion=("early/elastic_net", "late/mean", "late/weighted"))
FEW = Resampling(outer_folds=3, inner_folds=2, repeats=2)


def cohort(
    n: int = 90, signal: float = 1.2, features: int = 20, seed: int = 0
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Clinical and imaging with independent signal, expression without; a third lacks imaging. The hospital is noise."""
    rng = np.random.default_rng(seed)
    index = [f"P{i:03d}" for i in range(n)]
    y = pd.Series((np.arange(n) % 3 == 0).astype(int), index=index)
    label = y.to_numpy()
    columns = {f"clinical:v{i}": rng.normal(size=n) + signal * label * (i == 0) for i in range(4)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) + signal * label * (i < 2) for i in range(features)}
    columns |= {f"expression:g{i}": rng.normal(size=n) for i in range(features)}
    X = pd.DataFrame(columns, index=index)
    X.loc[rng.random(n) < 0.33, X.columns.str.startswith("radiomics_ct:")] = np.nan
    confounders = pd.DataFrame(
        {"hospital:name": rng.choice(["A", "B"], n).astype(object), "volume:mm3": rng.lognormal(8, 1, n)}, index=index
    )
    return X, y, confounders


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(*cohort(), models=LIGHT, resampling=FEW)


def figure(evaluation: Evaluation, model: str, population: str) -> pd.Series:
    table = evaluation.metrics
    return table[(table["model"] == model) & (table["population"] == population)].iloc[0]


def test_tables_follow_their_schemas(found: Evaluation) -> None:
    OUT_OF_FOLD.validate(found.out_of_fold)
    METRICS.validate(found.metrics)
    COMPARISONS.validate(found.comparisons)


def test_every_patient_is_predicted_once_a_repeat_by_every_model_and_floor(found: Evaluation) -> None:
    counts = found.out_of_fold.groupby(["model", "repeat"])["patient_id"].agg(["size", "nunique"])
    assert (counts == 90).all(axis=None)
    assert {"floor/hospital", "floor/volume", "late/without_imaging"} <= set(found.out_of_fold["model"])


def test_every_model_and_floor_is_tested_on_the_same_folds(found: Evaluation) -> None:
    merged = found.out_of_fold.merge(found.folds, on=["patient_id", "repeat"], suffixes=("", "_declared"))
    assert len(merged) == len(found.out_of_fold)
    assert (merged["fold"] == merged["fold_declared"]).all()


def test_a_unimodal_model_abstains_where_its_modality_is_lacking_and_fusion_predicts_everyone(
    found: Evaluation,
) -> None:
    X = cohort()[0]
    lacking = set(X.index[X.filter(like="radiomics_ct:").isna().all(axis=1)])
    table = found.out_of_fold
    imaging = table[table["model"] == "radiomics_ct/elastic_net"]
    assert set(imaging.loc[imaging["abstained"], "patient_id"]) == lacking
    assert imaging.loc[imaging["abstained"], "probability"].isna().all()
    assert (imaging.loc[imaging["abstained"], "modalities_used"] == "").all()
    late = table[table["model"] == "late/mean"]
    assert not late["abstained"].any()
    assert not late.loc[late["patient_id"].isin(lacking), "modalities_used"].str.contains("radiomics").any()


def test_all_figures_of_a_population_stand_on_the_same_number_of_patients_and_events(found: Evaluation) -> None:
    assert (found.metrics.groupby("population")[["n", "events"]].nunique() == 1).all(axis=None)
    assert set(found.metrics["population"]) == {"all", "complete"}  # those with imaging are the complete ones here
    assert figure(found, "late/weighted", "all")["n"] == 90
    assert "radiomics_ct/elastic_net" not in set(found.metrics.query("population == 'all'")["model"])
    share = figure(found, "radiomics_ct/elastic_net", "complete")["share_abstained"]
    assert share == pytest.approx(1 - figure(found, "late/weighted", "complete")["n"] / 90)


def test_signal_is_found_and_noise_is_not(found: Evaluation) -> None:
    assert figure(found, "late/weighted", "complete")["auc"] > 0.8
    floor = figure(found, "floor/hospital", "all")
    assert floor["auc_lower"] < 0.5 < floor["auc_upper"]
    assert floor["role"] == "floor"
    assert figure(found, "clinical/elastic_net", "all")["role"] == "clinical_baseline"


def test_verdicts_are_chosen_by_the_interval(found: Evaluation) -> None:
    assert set(found.comparisons["comparison"]) == {
        "imaging over clinical",
        "imaging over all other modalities",
        "fusion over clinical",
        "fusion over best single modality",
        "fusion over confounder floor",
        "clinical in the fusion",
        "expression in the fusion",
        "radiomics_ct in the fusion",
    }
    for row in found.comparisons.itertuples():
        if row.lower > 0 and row.p_holm >= 0.05:
            assert " may add to " in row.verdict
        elif row.lower > 0:
            assert " adds " in row.verdict
            assert row.p_value < 0.05
        else:
            assert row.verdict.startswith("no evidence that")
            assert row.p_value > 0.05
    over_floor = found.comparisons.query("comparison == 'fusion over confounder floor' and population == 'all'").iloc[0]
    assert over_floor["auc_difference"] > 0.1
    assert over_floor["p_value"] < 0.1


def test_neither_the_order_of_patients_and_columns_nor_the_number_of_workers_changes_a_bit(found: Evaluation) -> None:
    X, y, confounders = cohort()
    shuffled = X.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    again = evaluate(shuffled, y, confounders.iloc[::-1], models=LIGHT, resampling=FEW, workers=2)
    for one, other in zip(found, again, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_another_random_state_gives_other_folds(found: Evaluation) -> None:
    other = outer_folds(cohort()[1], FEW.model_copy(update={"random_state": 1}))
    assert not (other["fold"].to_numpy() == found.folds["fold"].to_numpy()).all()


def test_with_permuted_labels_and_many_more_features_than_patients_the_auc_is_one_half() -> None:
    aucs = []
    for seed in range(5):
        X, y, confounders = cohort(n=60, signal=0.0, features=400, seed=100 + seed)
        found = evaluate(X, y, confounders, models=LIGHT, resampling=FEW.model_copy(update={"repeats": 1}))
        row = figure(found, "late/weighted", "all")
        aucs.append((row["auc"], row["auc_lower"] <= 0.5 <= row["auc_upper"]))
    assert np.mean([auc for auc, _ in aucs]) == pytest.approx(0.5, abs=0.1)
    assert sum(inside for _, inside in aucs) >= 4


def test_the_same_null_shows_a_leak_when_features_are_chosen_on_all_patients() -> None:
    """The control of the test above: selection outside the folds, the classic mistake, would be seen."""
    X, y, confounders = cohort(n=60, signal=0.0, features=400, seed=100)
    genes = X.filter(like="expression:")
    gap = (genes[y == 1].mean() - genes[y == 0].mean()).abs()
    leaked = genes[gap.nlargest(10).index]
    found = evaluate(leaked, y, confounders, models=LIGHT, resampling=FEW)
    assert figure(found, "expression/elastic_net", "all")["auc_lower"] > 0.7


def test_a_family_does_not_straddle_outer_folds() -> None:
    _, y, _ = cohort()
    families = pd.Series(np.arange(90) // 2, index=y.index)
    folds = outer_folds(y, FEW, groups=families).merge(
        families.rename("family"), left_on="patient_id", right_index=True
    )
    assert (folds.groupby(["repeat", "family"])["fold"].nunique() == 1).all()


def test_folds_are_balanced_for_labels_and_for_complete_patients() -> None:
    X, y, _ = cohort()
    complete = X.notna().all(axis=1)
    folds = outer_folds(y, FEW, complete=complete.to_numpy()).merge(
        y.rename("y"), left_on="patient_id", right_index=True
    )
    folds = folds.merge(complete.rename("complete"), left_on="patient_id", right_index=True)
    spread = folds.groupby(["repeat", "fold"])[["y", "complete"]].sum().agg(lambda c: c.max() - c.min())
    assert (spread <= 2).all()


def test_a_patient_without_any_modality_stays_in_the_predictions_as_abstained() -> None:
    X, y, confounders = cohort(n=60)
    X.iloc[7] = np.nan
    found = evaluate(X, y, confounders, models=LIGHT, resampling=FEW)
    rows = found.out_of_fold.query("patient_id == 'P007' and model == 'late/weighted'")
    assert rows["abstained"].all()
    assert figure(found, "late/weighted", "all")["n"] == 59
    assert figure(found, "late/weighted", "all")["share_abstained"] == pytest.approx(1 / 60)


def test_one_modality_and_no_confounder_are_enough() -> None:
    X, y, _ = cohort(n=60)
    found = evaluate(X.filter(like="clinical:"), y, pd.DataFrame(index=X.index), models=LIGHT, resampling=FEW)
    assert set(found.comparisons["comparison"]) == {"fusion over clinical", "fusion over best single modality"}


def test_where_the_clinical_variables_are_all_there_is_beside_images_imaging_is_asked_about_once() -> None:
    X, y, confounders = cohort(n=60)
    found = evaluate(X.drop(columns=X.filter(like="expression:")), y, confounders, models=LIGHT, resampling=FEW)
    asked = found.comparisons.query("population == 'complete'").set_index("comparison")
    assert "imaging over all other modalities" not in asked.index
    assert asked.loc["imaging over clinical", ["model", "reference"]].tolist() == [
        "late/weighted",
        "clinical/elastic_net",
    ]


def test_too_few_events_are_an_error_with_counts_and_rule() -> None:
    X, y, confounders = cohort(n=60)
    y[:] = 0
    y.iloc[:3] = 1
    with pytest.raises(ComputationError, match=r"60 labelled patients with 3 events.*outer_folds = 5.*inner_folds = 3"):
        evaluate(X, y, confounders, models=LIGHT, resampling=Resampling())


def test_what_is_wrong_with_the_tables_is_named() -> None:
    X, y, confounders = cohort(n=60)
    with pytest.raises(TableError, match="labels are 0 or 1, found 2 for patient 'P003'"):
        evaluate(X, y.where(y.index != "P003", 2), confounders, models=LIGHT, resampling=FEW)
    with pytest.raises(TableError, match="confounders: patients differ from those of X, first 'P059'"):
        evaluate(X, y, confounders.iloc[:-1], models=LIGHT, resampling=FEW)
    with pytest.raises(TableError, match="'clinical:v2' is infinite for patient 'P004'"):
        evaluate(
            X.assign(**{"clinical:v2": X["clinical:v2"].where(X.index != "P004", np.inf)}),
            y,
            confounders,
            models=LIGHT,
            resampling=FEW,
        )
    with pytest.raises(ConfigurationError, match="final_model: no model 'late/magic'"):
        evaluate(X, y, confounders, models=LIGHT, resampling=FEW, final_model="late/magic")
