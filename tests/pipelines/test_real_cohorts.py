"""The three public cohorts run whole, from their files on disk, through the same graph."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from pipelines.discovery import EXAMPLES
from radiogenomics.storage import ArtefactStore
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.real_data


def run(tmp_path, shared_data, name, **resampling):
    """Materialise an example cohort with fewer folds, in a process of its own; gives its evaluation's figures."""
    settings = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    settings["resampling"] = {**settings.get("resampling", {}), "repeats": 1, **resampling}
    settings["models"] = {
        **settings.get("models", {}),
        "unimodal": ["elastic_net"],
        "fusion": ["late/mean", "late/weighted"],
    }
    settings["evaluation"] |= {"permutations": 0, "learning_curve": []}  # many fits; on simulated cohorts elsewhere
    settings["compute"] = {"workers": 1}  # tests run side by side
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    environment = {**os.environ, "RADIOGENOMICS_HOME": str(tmp_path / "home"), "RADIOGENOMICS_DATA": str(shared_data)}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "run", str(file)],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (endpoint,) = settings["endpoints"]
    store = ArtefactStore(tmp_path / "home" / "artefacts")
    return store.read([name, endpoint, "evaluation"])["metrics"], store, endpoint


def figure(metrics, model, population="all"):
    rows = metrics[(metrics["model"] == model) & (metrics["population"] == population)]
    assert len(rows) == 1, (
        f"{model} on {population}: {sorted(set(zip(metrics['model'], metrics['population'], strict=True)))}"
    )
    return rows.iloc[0]


def test_nsclc_radiogenomics_predicts_egfr_status_as_well_as_published_baselines(tmp_path, shared_data):
    metrics, store, endpoint = run(tmp_path, shared_data, "nsclc_radiogenomics", outer_folds=3, inner_folds=2)
    everyone, complete = figure(metrics, "late/mean"), figure(metrics, "late/mean", "complete")
    assert (everyone["n"], everyone["events"]) == (172, 43)
    assert (complete["n"], complete["events"]) == (94, 18)
    assert figure(metrics, "clinical/elastic_net")["auc"] == pytest.approx(0.78, abs=0.08)
    assert figure(metrics, "floor/hospital")["auc"] == pytest.approx(0.667, abs=0.06)
    assert complete["auc"] == pytest.approx(0.83, abs=0.1)
    labels = store.read(["nsclc_radiogenomics", "labels"])["labels"]
    assert labels["label"].isna().sum() == 39  # 34 Unknown, 5 Not collected: missing, not wild type
    predictions = store.read(["nsclc_radiogenomics", endpoint, "predictions"])
    assert set(predictions.loc[predictions["kind"] == "prospective", "patient_id"]) <= set(
        labels.loc[labels["label"].isna(), "patient_id"]
    )
    assert not predictions["simulated"].any()


def test_msk_pd1_predicts_durable_clinical_benefit_and_leaves_the_not_evaluable_out(tmp_path, shared_data):
    metrics, store, _ = run(tmp_path, shared_data, "nsclc_pd1_msk_2018", outer_folds=3, inner_folds=2)
    late = figure(metrics, "late/mean")
    assert (late["n"], late["events"]) == (227, 69)
    assert 0.5 < late["auc"] < 0.75
    labels = store.read(["nsclc_pd1_msk_2018", "labels"])["labels"]
    assert labels["label"].isna().sum() == 13


def test_sarcomas_run_from_three_kinds_of_images_to_a_prediction(tmp_path, shared_data):
    metrics, store, _ = run(tmp_path, shared_data, "sts_metastasis", outer_folds=3, inner_folds=2)
    late = figure(metrics, "late/mean")
    assert (late["n"], late["events"]) == (40, 15)
    assert late["auc"] < 0.9, "the study's 0.98 came from an optimistic evaluation"
    features = pd.DataFrame(store.read(["sts_metastasis", "radiomic_features"])["values"])
    assert features.groupby("images")["patient_id"].nunique().to_dict() == {"ct": 40, "mr": 40, "pet": 40}
    assert (figure(metrics, "radiomics_pet/elastic_net")["auc"] > 0.6) & ("floor/volume" in set(metrics["model"]))
