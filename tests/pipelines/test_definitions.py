"""What Dagster loads: the list of assets, jobs, schedules and sensors, quickly, whatever is wrong with one cohort."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.definitions import build
from pipelines.discovery import discover, register
from radiogenomics.cohort import load_cohort
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.storage import Home
from tests.conftest import REPOSITORY

SIMULATED = [
    "simulated/clinical_features",
    "simulated/cnn_embeddings",
    "simulated/durable_clinical_benefit/evaluation",
    "simulated/durable_clinical_benefit/explanations",
    "simulated/durable_clinical_benefit/learning_curve",
    "simulated/durable_clinical_benefit/model",
    "simulated/durable_clinical_benefit/predictions",
    "simulated/durable_clinical_benefit/promotion",
    "simulated/durable_clinical_benefit/report",
    "simulated/durable_clinical_benefit/sites",
    "simulated/egfr_status/attention_maps",
    "simulated/egfr_status/evaluation",
    "simulated/egfr_status/explanations",
    "simulated/egfr_status/learning_curve",
    "simulated/egfr_status/model",
    "simulated/egfr_status/predictions",
    "simulated/egfr_status/promotion",
    "simulated/egfr_status/report",
    "simulated/egfr_status/sites",
    "simulated/egfr_status/worklist",
    "simulated/expression_features",
    "simulated/image_qc",
    "simulated/labels",
    "simulated/lesion_volumetrics",
    "simulated/manifest",
    "simulated/multimodal_cohort",
    "simulated/mutation_features",
    "simulated/overall_survival/model",
    "simulated/overall_survival/predictions",
    "simulated/overall_survival/report",
    "simulated/overall_survival/survival_evaluation",
    "simulated/quarantine",
    "simulated/radiomic_features",
]
MINIMAL = """
name: {name}
clinical:
  tables: {{main: {{file: clinical.csv, patient_id: id}}}}
  variables:
    age: {{column: age, type: number, unit: years}}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("RADIOGENOMICS_DATA", "RADIOGENOMICS_COHORTS"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path / "home")


def keys(home):
    return sorted(key.to_user_string() for key in build(home).resolve_asset_graph().get_all_asset_keys())


def test_the_assets_are_these(home):
    elsewhere = ["nsclc_pd1_msk_2018", "nsclc_radiogenomics", "sts_metastasis"]
    assert keys(home) == sorted(SIMULATED + [f"{name}/not_available" for name in elsewhere])


def test_jobs_schedules_and_sensors_are_these(home):
    repository = build(home).get_repository_def()
    assert sorted(j.name for j in repository.get_all_jobs() if not j.name.startswith("__")) == [
        "simulated__all",
        "simulated__features",
        "simulated__train",
    ]
    assert [s.name for s in repository.schedule_defs] == ["simulated__weekly_training"]
    assert sorted(s.name for s in repository.sensor_defs) == ["simulated__inputs_changed"]


def test_public_cohorts_become_assets_where_their_data_are_declared(home, monkeypatch, tmp_path):
    monkeypatch.setenv("RADIOGENOMICS_DATA", str(tmp_path))
    found = keys(home)
    assert "sts_metastasis/lung_metastasis/evaluation" in found
    assert "nsclc_radiogenomics/egfr_status/report" in found
    assert "nsclc_pd1_msk_2018/durable_clinical_benefit/evaluation" in found
    assert not [key for key in found if key.endswith("not_available")]


def test_loading_is_light_and_quick(tmp_path):
    code = (
        "import sys\n"
        "from pipelines.definitions import build; from radiogenomics.storage import Home; build(Home.from_environment())\n"
        "import json; heavy = ['torch', 'radiomics', 'SimpleITK', 'sklearn', 'xgboost', 'matplotlib', 'mudata']\n"
        "print(json.dumps([m for m in heavy if m in sys.modules]))"
    )
    environment = {**os.environ, "RADIOGENOMICS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_a_broken_cohort_says_why_and_leaves_the_others_alone(home, tmp_path, monkeypatch):
    broken = tmp_path / "broken.yaml"
    broken.write_text(MINIMAL.format(name="broken") + "endponts: {}\n")
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", str(broken))
    graph = build(home).resolve_asset_graph()
    assert set(SIMULATED) <= {key.to_user_string() for key in graph.get_all_asset_keys()}
    node = next(n for n in graph.asset_nodes if n.key.to_user_string() == "broken/configuration_error")
    assert "did you mean 'endpoints'?" in node.description
    assert str(broken) in node.description


def test_a_cohort_whose_data_are_not_declared_says_which_variable_to_set(home):
    graph = build(home).resolve_asset_graph()
    node = next(n for n in graph.asset_nodes if n.key.to_user_string() == "sts_metastasis/not_available")
    assert "RADIOGENOMICS_DATA" in node.description


def test_a_folder_of_cohort_files_is_found(home, tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text(MINIMAL.format(name=name))
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", str(tmp_path))
    assert {"first", "second"} <= {found.name for found in discover(home)}


def test_two_cohorts_of_one_name_do_not_write_over_each_other(home, tmp_path, monkeypatch):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cohort.yaml").write_text(MINIMAL.format(name="twin"))
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", str(tmp_path / "a" / "cohort.yaml"))
    register(load_cohort(tmp_path / "a" / "cohort.yaml"), home)
    with pytest.raises(ConfigurationError, match="'twin' is already used by"):
        register(load_cohort(tmp_path / "b" / "cohort.yaml"), home)
    files = os.pathsep.join(str(tmp_path / folder / "cohort.yaml") for folder in ("a", "b"))
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", files)
    twins = [found for found in discover(home) if "twin" in found.name]
    assert [found.cohort is not None for found in twins] == [True, False]
    assert "already used" in twins[1].error


def test_a_registered_cohort_is_shown_until_its_file_is_gone(home, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(MINIMAL.format(name="mine"))
    register(load_cohort(file), home)
    register(load_cohort(file), home)
    assert [found.file for found in discover(home) if found.name == "mine"] == [file.resolve()]
    file.unlink()
    assert "mine" not in {found.name for found in discover(home)}


def test_every_asset_answers_what_it_is_whether_to_trust_it_and_what_next(home):
    for node in build(home).resolve_asset_graph().asset_nodes:
        if node.key.path[-1] not in ("not_available", "configuration_error"):
            for question in ("What is this", "Can I trust it", "What next"):
                assert question in node.description, node.key


def test_dg_accepts_the_project(tmp_path):
    dg = Path(sys.executable).parent / "dg"
    if not dg.exists():
        pytest.skip("dagster-dg-cli is not installed")
    environment = {**os.environ, "RADIOGENOMICS_HOME": str(tmp_path), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(dg), "check", "defs"], env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
