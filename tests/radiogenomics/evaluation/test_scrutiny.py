"""Sites left out, null audit, learning curve, subgroups, telling columns: what a hostile reviewer asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort.configuration import Models, Resampling, Scrutiny
from radiogenomics.cohort.schemas import SUBGROUPS
from radiogenomics.evaluation import evaluate
from radiogenomics.evaluation.leaks import telling_columns
from radiogenomics.evaluation.learning_curve import learning_curve
from radiogenomics.evaluation.null_audit import PERMUTED, SHUFFLED, null_audit
from radiogenomics.evaluation.populations import Scores
from radiogenomics.evaluation.sites import CROSS_VALIDATED, EVERY_SITE, LEFT_OUT, leave_one_site_out
from radiogenomics.evaluation.study.pipeline import leak_is_caught, simulated_tables
from radiogenomics.evaluation.subgroups import AVAILABILITY, NOT_KNOWN, subgroup_levels, subgroup_table
from radiogenomics.exceptions import ComputationError, ConfigurationError

LIGHT = Models(unimodal=("elastic_net",), fusion=("late/weighted",))
FEW = Resampling(outer_folds=3, inner_folds=2, repeats=1)


# ------------------------------------------------------------------------------------------------------------ sites
def sites_cohort() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """In each hospital one predictor reads the hospital's share of events: 70 %, 30 % and 10 %."""
    rng = np.random.default_rng(5)
    site = np.repeat(["A", "B", "C"], 40)
    y = (rng.random(120) < np.select([site == "A", site == "B"], [0.7, 0.3], 0.1)).astype(int)
    index = pd.Index([f"P{i:03d}" for i in range(120)])
    X = pd.DataFrame(
        {
            "radiomics_ct:scanner": np.select([site == "A", site == "B"], [2.0, 1.0], 0.0) + rng.normal(0, 0.1, 120),
            "radiomics_ct:noise": rng.normal(size=120),
            "clinical:real": rng.normal(size=120) + 1.2 * y,
        },
        index=index,
    )
    hospital = pd.Series(site, index=index, dtype=object)
    return X, pd.Series(y, index=index), pd.DataFrame({"hospital:name": hospital}), hospital


def test_a_model_that_reads_the_hospital_falls_to_chance_where_the_hospital_is_left_out() -> None:
    X, y, confounders, site = sites_cohort()
    cross = evaluate(X, y, confounders, models=LIGHT, resampling=FEW)
    found = leave_one_site_out(X, y, confounders, site, models=LIGHT, resampling=FEW, cross_validated=cross.out_of_fold)
    SUBGROUPS.validate(found.sites)
    cv = cross.metrics.query("population == 'all'").set_index("model")["auc"]
    every = found.sites[(found.sites["level"] == EVERY_SITE) & (found.sites["subgroup"] == LEFT_OUT)]
    every = every.set_index("model")["auc"]
    assert cv["radiomics_ct/elastic_net"] > 0.7
    assert every["radiomics_ct/elastic_net"] == pytest.approx(0.5, abs=0.12)
    assert every["clinical/elastic_net"] > 0.7
    assert set(found.sites["subgroup"]) == {LEFT_OUT, CROSS_VALIDATED}
    assert len(found.out_of_fold) == 120 * found.out_of_fold["model"].nunique()


def test_no_patient_of_a_site_is_trained_on_when_the_site_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    from radiogenomics.evaluation import sites as module

    X, y, confounders, site = sites_cohort()
    seen = []
    real = module.predictions

    def look(parts, task, **work):
        seen.extend(parts)
        return real(parts, task, **work)

    monkeypatch.setattr(module, "predictions", look)
    leave_one_site_out(X, y, confounders, site, models=LIGHT, resampling=FEW)
    for part in seen:
        assert set(site.iloc[part.train]).isdisjoint(set(site.iloc[part.test]))
        assert len(part.train) + len(part.test) == 120


def test_a_site_without_which_nothing_can_be_learned_is_named_and_one_site_is_an_error() -> None:
    X, y, confounders, site = sites_cohort()
    only = pd.Series(np.where(y == 1, "A", "B"), index=y.index)
    with pytest.raises(ComputationError, match="too few events are left"):
        leave_one_site_out(X, y, confounders, only, models=LIGHT, resampling=FEW)
    with pytest.raises(ComputationError, match="the only site is 'A'"):
        leave_one_site_out(X, y, confounders, site.map(lambda _: "A"), models=LIGHT, resampling=FEW)


# -------------------------------------------------------------------------------------------------------- null audit
def test_a_planted_leak_is_caught_and_the_honest_pipeline_raises_no_alarm() -> None:
    assert leak_is_caught(3, planted=True, permutations=8)
    assert not leak_is_caught(3, planted=False, permutations=8)


def test_the_null_audit_tells_signal_from_none_and_names_the_modality_that_carries_it() -> None:
    X, y, _ = simulated_tables(2, patients=80, clinical=1.8)
    X = X[[c for c in X.columns if not c.startswith("radiomics_ct:")]]
    found = null_audit(
        X,
        y,
        models=LIGHT,
        resampling=FEW,
        settings=Scrutiny(permutations=19, modality_shuffles=9),
        final_model="late/weighted",
    )
    summary = found.summary.set_index(["kind", "modality", "model"])
    whole = summary.loc[(PERMUTED, "", "late/weighted")]
    assert whole["p_value"] == pytest.approx(1 / 20)  # no permuted run reaches the real one: (1 + 0) / (1 + 19)
    assert whole["null_mean"] == pytest.approx(0.5, abs=0.06)
    assert not found.summary["alarm"].any()
    assert summary.loc[(SHUFFLED, "clinical", "late/weighted"), "p_value"] == pytest.approx(1 / 10)
    assert summary.loc[(SHUFFLED, "expression", "late/weighted"), "p_value"] > 0.2
    assert "p = 0.050" in whole["verdict"]


def test_null_runs_do_not_depend_on_workers_or_kept_folds(tmp_path: Path) -> None:
    from radiogenomics.storage.feature_cache import FeatureCache

    X, y, _ = simulated_tables(2, patients=60)
    X = X.filter(like="clinical:")
    options = {
        "models": LIGHT,
        "resampling": FEW,
        "settings": Scrutiny(permutations=3),
        "final_model": "late/weighted",
    }
    one = null_audit(X, y, **options)
    two = null_audit(X.iloc[::-1], y, **options, workers=2, cache=FeatureCache(tmp_path))
    three = null_audit(X, y, **options, cache=FeatureCache(tmp_path))
    pd.testing.assert_frame_equal(one.runs, two.runs, check_exact=True)
    pd.testing.assert_frame_equal(one.runs, three.runs, check_exact=True)


def test_without_declared_runs_there_is_no_null_audit() -> None:
    X, y, _ = simulated_tables(2, patients=60)
    with pytest.raises(ComputationError, match="permutations"):
        null_audit(X, y, models=LIGHT, resampling=FEW, settings=Scrutiny(), final_model="late/weighted")


# ---------------------------------------------------------------------------------------------------- learning curve
def test_the_learning_curve_rises_where_more_patients_help_and_ends_at_all_of_them() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(150) % 3 == 0).astype(int)
    X = pd.DataFrame(rng.normal(size=(150, 25)) + 0.45 * y[:, None] * (np.arange(25) < 12), index=range(150))
    X.columns = [f"clinical:f{i:02d}" for i in range(25)]
    found = learning_curve(
        X,
        pd.Series(y, index=X.index),
        models=LIGHT,
        resampling=FEW,
        settings=Scrutiny(learning_curve=(0.02, 0.2, 0.6)),
        final_model="clinical/elastic_net",
    )
    curve = found.curve.set_index("share")
    assert curve["training_patients"].tolist() == pytest.approx([20, 60, 100], abs=1)
    assert curve.loc[1.0, "auc"] > curve.loc[0.2, "auc"] + 0.05
    assert curve.loc[1.0, "gain"] == 0
    assert curve.loc[0.2, "gain"] == pytest.approx(curve.loc[1.0, "auc"] - curve.loc[0.2, "auc"])
    assert found.skipped["share"].tolist() == [0.02]
    assert "from 60 to 100 training patients" in found.verdict


def test_too_few_patients_for_a_learning_curve_are_said_and_stop_nothing() -> None:
    X, y, _ = simulated_tables(2, patients=60)
    found = learning_curve(
        X, y, models=LIGHT, resampling=FEW, settings=Scrutiny(learning_curve=(0.02, 0.05)), final_model="late/weighted"
    )
    assert found.curve.empty
    assert found.skipped["share"].tolist() == [0.02, 0.05]
    assert "too few patients of the rarer class" in found.verdict


# --------------------------------------------------------------------------------------------------------- subgroups
def groups() -> tuple[dict[str, Scores], np.ndarray, pd.Series]:
    rng = np.random.default_rng(1)
    target = (np.arange(100) % 4 == 0).astype(int)
    score = np.clip(0.3 + 0.2 * target + rng.normal(0, 0.15, 100), 0.01, 0.99)
    level = pd.Series(np.select([np.arange(100) < 60, np.arange(100) < 88], ["Female", "Male"], "(not known)"))
    return {"late/weighted": Scores(score[:, None], np.zeros((100, 1), dtype=int))}, target, level


def test_a_small_subgroup_is_counted_and_its_figures_are_suppressed() -> None:
    scores, target, level = groups()
    table = subgroup_table(
        scores, target, {"sex": level}, Scrutiny(minimum_patients=20, minimum_events=8), models=["late/weighted"]
    ).set_index("level")
    assert table["n"].sum() == 100
    assert table.loc["Female", "suppressed"] == ""
    assert table.loc["Female", "auc_lower"] < table.loc["Female", "auc"] < table.loc["Female", "auc_upper"]
    assert table.loc["Male", "suppressed"] == "fewer than 8 patients with the event"
    assert table.loc["(not known)", "suppressed"] == "fewer than 20 patients"
    assert table.loc[["Male", "(not known)"], ["auc", "brier", "observed_minus_predicted"]].isna().all(axis=None)


def test_figures_of_a_subgroup_are_those_of_its_patients_alone() -> None:
    scores, target, level = groups()
    women = (level == "Female").to_numpy()
    alone = {"late/weighted": Scores(*(part[women] for part in scores["late/weighted"]))}
    whole = subgroup_table(scores, target, {"sex": level}, Scrutiny(minimum_events=1), models=["late/weighted"])
    apart = subgroup_table(
        alone,
        target[women],
        {"sex": level[women].reset_index(drop=True)},
        Scrutiny(minimum_events=1),
        models=["late/weighted"],
    )
    pd.testing.assert_frame_equal(whole[whole["level"] == "Female"].reset_index(drop=True), apart)


def test_subgroups_read_clinical_variables_bands_and_the_pattern_of_modalities(write_cohort_files) -> None:
    cohort = write_cohort_files(
        {"clinical.csv": "id,sex,age,stage\nP1,F,50,I\nP2,M,70,III\n"},
        clinical={
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {
                "sex": {"column": "sex", "type": "category", "categories": ["F", "M"]},
                "age": {"column": "age", "type": "number"},
                "stage": {"column": "stage", "type": "ordered", "categories": ["I", "II", "III"]},
            },
        },
        evaluation={
            "subgroups": {
                "sex": {"source": "clinical:sex"},
                "age_band": {"source": "clinical:age", "cuts": [60, 70]},
                "stage": {"source": "clinical:stage"},
            }
        },
    )
    X = pd.DataFrame(
        {
            "clinical:sex=M": [0.0, 1.0, np.nan],
            "clinical:age": [50.0, 70.0, 65.0],
            "clinical:stage": [0.0, 2.0, 2.0],
            "expression:g": [1.0, np.nan, 0.0],
        },
        index=["P1", "P2", "P3"],
    )
    hospital = pd.DataFrame({"hospital:name": ["A", None, "A"], "volume:mm3": [1.0, 2.0, 3.0]}, index=X.index)
    found = {name: levels.tolist() for name, levels in subgroup_levels(cohort, X, hospital).items()}
    assert found == {
        AVAILABILITY: ["clinical + expression", "clinical", "clinical + expression"],
        "hospital": ["A", NOT_KNOWN, "A"],
        "sex": ["F", "M", NOT_KNOWN],
        "age_band": ["below 60", "70 and above", "60 to below 70"],
        "stage": ["I", "III", "III"],
    }
    without = cohort.model_copy(
        update={
            "evaluation": Scrutiny.model_validate({"subgroups": {"age_band": {"source": "clinical:age", "cuts": []}}})
        }
    )
    with pytest.raises(ConfigurationError, match=r"evaluation\.subgroups\.age_band\.cuts: a number needs"):
        subgroup_levels(without, X, hospital)


# ---------------------------------------------------------------------------------------------------- telling columns
def test_a_copy_of_the_label_and_a_telling_absence_are_named_and_biology_is_not() -> None:
    rng = np.random.default_rng(0)
    y = pd.Series((np.arange(80) % 3 == 0).astype(int))
    X = pd.DataFrame(rng.normal(size=(80, 300)) + 0.8 * y.to_numpy()[:, None]).add_prefix("expression:g")
    X["clinical:copy"] = 10.0 - y + rng.normal(0, 0.01, 80)
    X["clinical:measured_when_positive"] = np.where(y == 1, rng.normal(size=80), np.nan)
    found = telling_columns(X, y).set_index("column")
    assert set(found.index) == {"clinical:copy", "clinical:measured_when_positive"}
    assert found.loc["clinical:measured_when_positive", "what"] == "absence"
    assert found.loc["clinical:copy", "auc"] == 1.0
