"""What the README shows works as it stands."""

from __future__ import annotations

import re

import pytest
import yaml

from radiogenomics.cohort import load_cohort
from radiogenomics.simulation import simulate_cohort
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_configuration_is_valid(tmp_path):
    (block,) = [b for b in blocks("yaml") if b.startswith("name:")]
    file = tmp_path / "my_cohort.yaml"
    file.write_text(block)
    cohort = load_cohort(file)
    assert cohort.name == "my_cohort"
    assert set(cohort.endpoints["egfr_status"].modalities) == {"clinical", "radiomics_ct"}


def test_the_main_job_runs_as_ten_lines_of_python(tmp_path, monkeypatch):
    (block,) = [b for b in blocks("python") if "extract_features" in b]
    steps = [line for line in block.splitlines() if line and not line.startswith("from ")]
    assert len(steps) == 10
    simulate_cohort(tmp_path / "cohort", patients=36, random_state=5)
    file = tmp_path / "cohort" / "cohort.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["resampling"] |= {"outer_folds": 3, "inner_folds": 2, "repeats": 1}
    settings["models"] = {**settings.get("models", {}), "unimodal": ["elastic_net"]}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    monkeypatch.chdir(tmp_path / "cohort")
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)  # the block is ours
    metrics = names["result"].metrics
    assert {"late/weighted", "floor/hospital"} <= set(metrics["model"])
    assert metrics["n"].between(1, 36).all()
    explained = (
        names["explanations"].groupby("patient_id")["shap_value"].sum()
        + names["explanations"].groupby("patient_id")["base_value"].first()
    )
    log_odds = names["model"].decision_function(names["frame"].X)
    for patient, value in zip(names["frame"].X.index, log_odds, strict=True):
        assert explained[patient] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("target", ["demo", "ui", "test", "check", "bench", "screenshot"])
def test_every_make_target_that_the_readme_names_is_there(target):
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)


def test_every_file_that_the_readme_links_to_is_there():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (REPOSITORY / link).exists(), link
