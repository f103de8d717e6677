"""Simulated overall survival: its hazard, its censoring, the best C-index, and a stream of randomness of its own."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiogenomics.cohort import load_cohort
from radiogenomics.evaluation.survival import harrell_c, kaplan_meier
from radiogenomics.fusion.partial_likelihood import penalised_cox
from radiogenomics.simulation import Effects, simulate_cohort
from radiogenomics.simulation.biology import MODALITIES, Biology, HazardEffects, draw_patients
from radiogenomics.simulation.survival import SURVIVAL_MODALITIES, best_c_index, draw_survival, log_hazard

BIOLOGY, EFFECTS = Biology(), Effects()
OWN = EFFECTS.overall_survival


def drawn(n: int, seed: int):
    patients = draw_patients(n, EFFECTS, BIOLOGY, np.random.default_rng(seed))
    return patients, draw_survival(patients, OWN, np.random.default_rng(seed + 1))


@pytest.fixture(scope="module")
def best() -> dict:
    return best_c_index(EFFECTS, BIOLOGY)


def test_a_cox_model_fitted_to_the_views_reaches_the_stated_best_c_index_and_not_more(best):
    (known, seen), (fresh, later) = drawn(4000, 1), drawn(4000, 3)
    sources = [MODALITIES[name] for name in SURVIVAL_MODALITIES]

    def columns(patients):
        shown = np.hstack([patients.views[source] for source in sources])
        shown = shown[:, np.isfinite(shown[0])]
        return shown - shown.mean(axis=0)

    weights = penalised_cox(columns(known), seen.months, seen.event, np.array([1e-4]), np.array([0.0]))[:, 0]
    reached = harrell_c(later.months, later.event, columns(fresh) @ weights)
    assert reached.lower - 0.005 < best["all"] < reached.upper + 0.005
    of_the_truth = harrell_c(later.months, later.event, log_hazard(fresh, OWN))
    assert of_the_truth.lower - 0.005 < best["latent"] < of_the_truth.upper + 0.005


def test_knowing_more_never_lowers_the_best_c_index(best):
    assert best["latent"] > best["all_and_hospital"] > best["all"] > max(best["modality"].values()) + 0.01
    assert min(best["modality"].values()) > 0.6
    assert 0.52 < best["hospital"] < 0.6


def test_without_effects_no_order_is_better_than_another_and_the_median_is_the_declared_one():
    nothing = best_c_index(Effects.null(), BIOLOGY, patients=2000)
    assert [*nothing["modality"].values(), nothing["all"], nothing["latent"]] == pytest.approx([0.5] * 5, abs=1e-9)
    patients, _ = drawn(20_000, 5)
    seen = draw_survival(patients, OWN.scaled(0.0), np.random.default_rng(6))
    assert np.median(seen.true_months) == pytest.approx(OWN.median_months, rel=0.03)
    curve = kaplan_meier(seen.months, seen.event)
    for months in (6, 14, 24):
        surviving = np.exp(-np.log(2) * (months / OWN.median_months) ** OWN.shape)
        assert curve.survival[np.searchsorted(curve.times, months, side="right") - 1] == pytest.approx(
            surviving, abs=0.02
        )


def test_nobody_is_observed_beyond_the_data_cut_and_some_are_lost_before():
    _, seen = drawn(5000, 7)
    assert seen.months.max() <= OWN.study_months
    early = (seen.event == 0) & (seen.months < OWN.study_months - OWN.accrual_months)
    assert 0.02 < early.mean() < 0.2
    assert 0.25 < 1 - seen.event.mean() < 0.45


def test_the_files_of_everything_else_do_not_change_with_the_survival_that_is_simulated(tmp_path):
    other = replace(EFFECTS, overall_survival=HazardEffects(median_months=30.0, growth=1.0))
    folders = [tmp_path / name for name in "ab"]
    for folder, effects in zip(folders, (EFFECTS, other), strict=True):
        simulate_cohort(folder, patients=10, random_state=5, effects=effects)
    files = [sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file()) for folder in folders]
    assert files[0] == files[1]
    own = {"clinical.csv", "truth.json"}
    for file in files[0]:
        same = (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes()
        assert same == (str(file) not in own), file
    first, second = (pd.read_csv(folder / "clinical.csv", dtype=str) for folder in folders)
    changed = [column for column in first if not first[column].equals(second[column])]
    assert set(changed) <= {"os_months", "os_status"}
    assert "os_months" in changed


def test_the_tables_and_the_truth_tell_the_same_story(tmp_path):
    made = simulate_cohort(tmp_path / "x", patients=40, random_state=2)
    declared = load_cohort(made.cohort_file).survival["overall_survival"]
    truth = json.loads((made.folder / "truth.json").read_text())["survival"]["overall_survival"]
    assert tuple(truth["modalities"]) == declared.modalities
    table = pd.read_csv(made.folder / "clinical.csv", dtype=str).drop_duplicates("patient_id").set_index("patient_id")
    assert set(table["os_status"]) == {"0:LIVING", "1:DECEASED"}
    for patient, known in truth["patients"].items():
        months, died = float(table.loc[patient, "os_months"]), table.loc[patient, "os_status"] == "1:DECEASED"
        assert known["months"] == pytest.approx(months, abs=0.1) if died else known["months"] > months - 0.1
    assert truth["share_censored"] == pytest.approx((table["os_status"] == "0:LIVING").mean())
