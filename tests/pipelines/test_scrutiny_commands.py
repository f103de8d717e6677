"""The locked test and the scrutiny assets as a person runs them; the page of results from what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console

from pipelines.commands.locked_test import look
from pipelines.commands.results_page import results_page
from pipelines.discovery import read_cohort_file
from pipelines.running import RunOutcome, run_cohort
from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.evaluation import evaluate
from radiogenomics.evaluation.study.pipeline import simulated_tables
from radiogenomics.exceptions import ConfigurationError, IntegrityError, NotMaterialisedError
from radiogenomics.storage import ArtefactStore, Home, PredictionStore, file_digest

QUIET = Console(quiet=True)
SCRUTINY = {
    "site": "hospital:hospital",
    "permutations": 2,
    "learning_curve": [0.7],
    "locked_test": {"share": 0.25},
    "subgroups": {"age": {"source": "clinical:age", "cuts": [60]}},
}


def write_cohort(folder: Path, **evaluation: object) -> Path:
    """120 patients with two clinical variables, one of them telling, in two hospitals."""
    rng = np.random.default_rng(0)
    label = (np.arange(120) % 3 == 0).astype(int)
    pd.DataFrame(
        {
            "id": [f"P{i:03d}" for i in range(120)],
            "age": (60 + 10 * rng.normal(size=120)).round(1),
            "marker": (rng.normal(size=120) + 1.3 * label).round(3),
            "hospital": rng.choice(["North", "South"], 120),
            "response": np.where(label == 1, "YES", "NO"),
        }
    ).to_csv(folder / "clinical.csv", index=False)
    file = folder / "cohort.yaml"
    variables = {name: {"column": name, "type": "number"} for name in ("age", "marker")}
    file.write_text(
        yaml.safe_dump(
            {
                "name": "small",
                "clinical": {
                    "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
                    "variables": variables,
                },
                "endpoints": {
                    "response": {
                        "label": {"column": "response", "positive": ["YES"], "negative": ["NO"]},
                        "modalities": ["clinical"],
                        "final_model": "late/mean",
                    }
                },
                "confounders": {
                    "hospital": {"source": "clinical", "columns": ["hospital"]},
                    "age": {"source": "clinical:age", "endpoints": ["response"]},
                },
                "models": {"unimodal": ["elastic_net"], "fusion": ["late/mean"]},
                "resampling": {"outer_folds": 3, "inner_folds": 2, "repeats": 1},
                "compute": {"workers": 1},
                "evaluation": evaluation,
            }
        )
    )
    return file


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("small")
    home = Home(folder / "home")
    file = write_cohort(folder, **SCRUTINY)
    return file, home, run_cohort(read_cohort_file(file, home), "all", home)


def stored(home: Home, *key: str):
    return ArtefactStore(home.artefacts).read(["small", "response", *key])


def test_everything_that_is_declared_is_materialised(done: tuple[Path, Home, RunOutcome]) -> None:
    _, home, outcome = done
    assert outcome.failures == {}
    assert set(stored(home, "evaluation")) >= {"figures", "calibration_curve", "subgroups", "telling_columns"}
    assert set(stored(home, "evaluation")["subgroups"]["subgroup"]) == {"hospital", "age"}
    assert len(stored(home, "null_audit")["runs"].query("kind == 'labels permuted'")["run"].unique()) == 2
    assert stored(home, "learning_curve")["curve"]["share"].nunique() == 2
    shown = ArtefactStore(home.artefacts).record(["small", "response", "evaluation"]).shown
    assert "![learning_curve]" in shown["6_learning_curve"]["value"]
    assert "late/mean" in str(shown["8_tuning_budget"]["value"])
    assert set(stored(home, "sites")["sites"]["level"]) == {"North", "South", "(every site)"}


def test_no_sealed_patient_is_seen_by_any_step_and_looks_are_on_record(done: tuple[Path, Home, RunOutcome]) -> None:
    file, home, _ = done
    aside = stored(home, "evaluation")["excluded"].query("reason == 'set aside for the locked test'")["patient_id"]
    assert len(aside) == 30
    assert set(aside).isdisjoint(stored(home, "evaluation")["out_of_fold"]["patient_id"])
    explained = stored(home, "explanations")
    assert set(explained) == {"features", "by_repeat", "folds", "modalities", "importance", "stability", "dictionary"}
    for name in ("features", "by_repeat", "folds", "modalities"):
        assert set(aside).isdisjoint(explained[name]["patient_id"])
    assert stored(home, "model")["n"] == 90
    assert set(aside).isdisjoint(stored(home, "predictions")["patient_id"])
    first = look(file, "response", "final report", home, QUIET)
    second = look(file, "response", "once more", home, QUIET)
    assert (first["look"], second["look"]) == (1, 2)
    assert first["figures"]["n"] == 30
    assert first["figures"]["auc"] > 0.6
    assert first["figures"] == second["figures"]
    rows = pd.concat(pd.read_parquet(f) for f in home.predictions.rglob("*.parquet"))
    locked = rows[rows["kind"] == "locked_test"]
    assert set(locked["patient_id"]) == set(aside)
    assert locked["label"].notna().all()
    answered = locked[~locked["abstained"]]
    assert (
        answered["probability"].between(answered["lower"], answered["upper"]).mean() > 0.9
    )  # the band is of the event rate
    assert answered["prediction_set"].isin(["{}", "{0}", "{1}", "{0,1}"]).all()
    assert locked["in_domain"].notna().all()
    known = PredictionStore(home.predictions).query("small", "response")
    assert known.groupby("kind")[["labels_id", "settings_id"]].nunique().eq(1).all(axis=None)
    assert known[["labels_id", "settings_id"]].drop_duplicates().shape[0] == 1  # one run made them all
    assert known.loc[known["kind"] == "locked_test", "model_hash"].str.fullmatch("[0-9a-f]{64}").all()


def test_the_report_holds_what_was_asked_for_and_its_crate_names_files_by_their_hash(
    done: tuple[Path, Home, RunOutcome],
) -> None:
    file, home, _ = done
    folder = home.pages / "small" / "response" / "report"
    page = (folder / "report.html").read_text()
    for place in ("sites", "null-audit", "learning-curve", "sample-size", "stability", "checklists", "drift", "limits"):
        assert f'id="{place}"' in page
    assert "None to compare: there are no patients beyond" in page  # the sealed ones are no new patients
    assert f"radiogenomics run {file.name}" in page
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    inside = [e for e in entities.values() if "sha256" in e and not e["@id"].startswith("urn:")]
    assert {e["@id"] for e in inside} == {"report.html", file.name}
    for entity in inside:
        assert file_digest(folder / entity["@id"]) == entity["sha256"]
    inputs = [entities[item["@id"]] for item in entities["#run"]["object"]]
    assert {e["name"]: e["sha256"] for e in inputs}["clinical.csv"] == file_digest(file.parent / "clinical.csv")
    steps = [e["name"] for e in entities.values() if e["@id"].startswith("#step-")]
    assert {"small/manifest", "small/response/evaluation", "small/response/explanations"} <= set(steps)


def test_a_model_fitted_without_the_seal_may_not_look(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    plain = write_cohort(tmp_path)
    assert run_cohort(read_cohort_file(plain, home), "all", home).failures == {}
    with pytest.raises(ConfigurationError, match="not declared"):
        look(plain, "response", "curious", home, QUIET)
    sealed = write_cohort(tmp_path, locked_test={"share": 0.25})
    with pytest.raises(IntegrityError, match="may have seen the sealed patients"):
        look(sealed, "response", "curious", home, QUIET)


def test_the_page_of_results_has_every_model_and_the_reference_figures_beside(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(NotMaterialisedError, match="make results"):
        results_page(tmp_path / "results.md", home, QUIET)
    X, y, hospital = simulated_tables(1, patients=60)
    hospital.columns = ["volume:mm3"]
    found = evaluate(
        X,
        y,
        hospital,
        models=Models(unimodal=("elastic_net",), fusion=("late/mean", "late/weighted")),
        resampling=Resampling(outer_folds=3, inner_folds=2, repeats=1),
    )
    store = ArtefactStore(home.artefacts)
    tables = {**found._asdict(), "size": pd.DataFrame({"predictors": [X.shape[1]]})}
    store.write(["sts_metastasis", "lung_metastasis", "evaluation"], tables)
    store.write(["sts_metastasis", "lung_metastasis", "model"], {"name": "late/weighted"})
    null = {"kind": "labels permuted", "modality": "", "model": "late/weighted", "observed": 0.7, "runs": 39}
    null |= {
        "null_mean": 0.497,
        "null_lower": 0.31,
        "null_upper": 0.66,
        "p_value": 0.025,
        "alarm": False,
        "verdict": "",
    }
    store.write(["sts_metastasis", "lung_metastasis", "null_audit"], {"summary": pd.DataFrame([null])})
    curve = pd.DataFrame({"share": [0.5, 1.0], "training_patients": [16.0, 32.0], "training_events": [6.0, 12.0]})
    curve = curve.assign(model="late/weighted", n=40, events=15, auc=[0.6, 0.7], auc_lower=0.4, auc_upper=0.9)
    curve = curve.assign(gain=[0.1, 0.0], gain_lower=[-0.1, 0.0], gain_upper=[0.3, 0.0])
    store.write(["sts_metastasis", "lung_metastasis", "learning_curve"], {"curve": curve})
    results_page(tmp_path / "results.md", home, QUIET)
    page = (tmp_path / "results.md").read_text()
    assert "| late/weighted | 0.700 | 39 | 0.497 (0.310 to 0.660) | 0.025 |" in page
    assert "| 16 (6) | 40 (15) | 0.600 (0.400 to 0.900) |" in page
    assert "No evidence that the curve of late/weighted still rises from 16 to 32 training patients" in page
    assert "Not run here: nsclc_radiogenomics, nsclc_pd1_msk_2018." in page
    for model in found.metrics.query("population == 'all'")["model"]:
        assert model in page
    assert "0.73 (volume alone)" in page
    assert "64 candidate predictors" in page
    assert "encoder" not in page
    study = (Path(__file__).parents[2] / "docs" / "study_embeddings.md").read_text()
    (tmp_path / "study_embeddings.md").write_text(study)
    results_page(tmp_path / "results.md", home, QUIET)
    added = (tmp_path / "results.md").read_text().split("## What each encoder of images adds to radiomics")[1]
    sections = study.count("\n## ")
    for encoder in ("packaged encoder", "network trained on the cohort"):
        rows = [line for line in added.splitlines() if f"| {encoder} over radiomics |" in line]
        assert len(rows) == sections
        assert all(row.count("|") == 7 for row in rows)
