"""The whole main job as a person runs it: simulate, run (killed once), results, predictions, the UI's own interface.

Everything here goes through the command line in processes of its own, on one state folder.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY

PATIENTS = 40


class Machine:
    """A state folder, a simulated cohort in it, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.data = folder / "tiny"
        self.cohort = self.data / "cohort.yaml"
        self.environment = {
            **os.environ,
            "RADIOGENOMICS_HOME": str(self.home),
            "RADIOGENOMICS_PAGES_URL": f"http://127.0.0.1:{free_port()}",
            "COLUMNS": "200",
        }
        for name in ("RADIOGENOMICS_DATA", "RADIOGENOMICS_COHORTS", "RADIOGENOMICS_POSTGRES_URL"):
            self.environment.pop(name, None)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pipelines.cli", *arguments]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Machine:
    """A small simulated cohort whose first run was killed in the middle and whose second one finished."""
    machine = Machine(tmp_path_factory.mktemp("spine"))
    written = machine.call("simulate", str(machine.data), "--patients", str(PATIENTS), "--seed", "3")
    assert written.returncode == 0, written.stderr
    settings = yaml.safe_load(machine.cohort.read_text())
    settings["resampling"] |= {"outer_folds": 3, "inner_folds": 2, "repeats": 2}
    settings["compute"] = {"workers": 1}  # tests run side by side
    settings["models"] = {"unimodal": ["elastic_net"], "fusion": ["late/mean", "late/weighted"]}
    settings["evaluation"]["learning_curve"] = [0.5]
    del settings["endpoints"]["durable_clinical_benefit"]  # one endpoint of labels, one of times
    for floor in ("tumour_mutational_burden", "pd_l1"):
        del settings["confounders"][floor]
    machine.cohort.write_text(yaml.safe_dump(settings, sort_keys=False))

    process = subprocess.Popen(
        machine.command("run", str(machine.cohort)),
        env=machine.environment,
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if re.search(r"\]  tiny/\w+/evaluation", line):
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    machine.second = machine.call("run", str(machine.cohort))
    return machine


def test_a_killed_run_resumes_and_recomputes_only_what_is_missing(machine):
    assert machine.second.returncode == 0, machine.second.stderr
    reused = re.findall(r"(tiny/\S+): unchanged since", machine.second.stderr)
    assert {"tiny/radiomic_features", "tiny/cnn_embeddings", "tiny/multimodal_cohort", "tiny/image_qc"} <= set(reused)
    assert "tiny/egfr_status/evaluation" not in reused


def test_the_killed_run_does_not_stay_started_for_ever(machine):
    code = (
        "import json, dagster as dg; from pipelines.running import instance; from radiogenomics.storage import Home\n"
        "with instance(Home.from_environment()) as i: print(json.dumps(sorted(r.status.value for r in i.get_runs())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=machine.environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["FAILURE", "SUCCESS"]


def test_a_run_ends_with_results_and_where_to_look(machine):
    assert "SIMULATED DATA" in machine.second.stdout
    assert "late/weighted" in machine.second.stdout
    assert "floor/hospital" in machine.second.stdout
    reports = [Path(p) for p in re.findall(r"report\s+(\S+\.html)", machine.second.stdout)]
    assert len(reports) == 2
    for report in reports:
        page = report.read_text(encoding="utf-8")
        assert "SIMULATED" in page.upper()
        assert "not a medical device" in page


def test_a_second_run_reuses_everything_but_the_look_at_the_inputs(machine):
    again = machine.call("run", str(machine.cohort))
    made, reused = map(int, re.search(r"(\d+) assets materialised, (\d+) of them unchanged", again.stderr).groups())
    assert made - reused == 1  # the manifest looks at the inputs each time
    assert again.stdout == machine.second.stdout


def test_predictions_are_exported_as_csv_and_parquet_with_the_same_rows(machine, tmp_path):
    for kind in ("csv", "parquet"):
        done = machine.call(
            *("predictions", "export", "--cohort", "tiny", "--endpoint", "egfr_status", "--format", kind),
            *("--kind", "out_of_fold", "--output", str(tmp_path / f"p.{kind}")),
        )
        assert done.returncode == 0, done.stderr
    text, binary = pd.read_csv(tmp_path / "p.csv"), pd.read_parquet(tmp_path / "p.parquet")
    assert len(text) == len(binary) > 0
    assert text["simulated"].all()
    assert set(text["kind"]) == {"out_of_fold"}
    weighted = binary[binary["model"] == "late/weighted"]
    assert not weighted.duplicated(["patient_id", "repeat"]).any()
    assert weighted["probability"].between(weighted["lower"], weighted["upper"]).mean() > 0.5


def test_the_exported_predictions_give_the_published_auc_again(machine, tmp_path):
    from sklearn.metrics import roc_auc_score

    output = tmp_path / "p.csv"
    machine.call("predictions", "export", "--cohort", "tiny", "--endpoint", "egfr_status", "--output", str(output))
    rows = pd.read_csv(output)
    rows = rows[(rows["model"] == "late/weighted") & (rows["kind"] == "out_of_fold")]
    pairs = rows.groupby(["repeat", "fold"]).apply(
        lambda fold: pd.Series(
            {
                "auc": roc_auc_score(fold["label"], fold["probability"]),
                "pairs": (fold["label"] == 1).sum() * (fold["label"] == 0).sum(),
            }
        ),
        include_groups=False,
    )
    by_repeat = pairs.groupby("repeat")[["auc", "pairs"]].apply(
        lambda r: (r["auc"] * r["pairs"]).sum() / r["pairs"].sum()
    )
    results = json.loads(machine.call("results", "--cohort", "tiny", "--format", "json").stdout)
    published = next(
        r["auc"]
        for r in results
        if r["endpoint"] == "egfr_status"
        and r.get("model") == "late/weighted"
        and r["population"] == "all"
        and "auc" in r
    )
    assert by_repeat.mean() == pytest.approx(published, abs=1e-9)


def test_results_hold_every_model_and_floor_with_n_events_and_interval(machine):
    done = machine.call("results", "--cohort", "tiny", "--endpoint", "egfr_status", "--format", "json")
    rows = [r for r in json.loads(done.stdout) if "auc" in r]
    assert {"fusion", "unimodal", "clinical_baseline", "floor"} == {r["role"] for r in rows}
    for row in rows:
        assert 0 < row["events"] < row["n"] <= PATIENTS
        if row["auc"] is not None and row["auc_lower"] is not None:
            assert row["auc_lower"] <= row["auc"] <= row["auc_upper"]


def test_every_planted_fault_is_in_the_quarantine(machine):
    truth = json.loads((machine.data / "truth.json").read_text())
    from radiogenomics.storage import ArtefactStore

    quarantine = ArtefactStore(machine.home / "artefacts").read(["tiny", "quarantine"])
    found = " ".join(quarantine["reason"]) + " ".join(quarantine["rule"])
    assert len(quarantine) >= len(truth["planted"])
    for word in ("duplicate", "geometry", "roi_empty", "truncated", "unknown_patient", "out_of_range", "blank"):
        assert word in found, f"{word} not in {sorted(set(quarantine['rule']))}"


def test_a_corrected_table_recomputes_what_depends_on_it_and_nothing_else(machine):
    expression = machine.data / "expression.tsv"
    before = expression.read_text()
    rows = list(csv.reader(io.StringIO(before), delimiter="\t"))
    rows[1][1] = str(float(rows[1][1]) + 1)
    expression.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    try:
        done = machine.call("run", str(machine.cohort), "--select", "features")
    finally:
        expression.write_text(before)
    assert done.returncode == 0, done.stderr
    reused = set(re.findall(r"(tiny/\S+): unchanged since", done.stderr))
    assert {"tiny/radiomic_features", "tiny/cnn_embeddings", "tiny/image_qc"} <= reused
    assert not {"tiny/expression_features", "tiny/multimodal_cohort"} & reused


def test_one_training_patient_with_a_ct_sent_in_as_new_gets_the_same_features_to_the_bit(machine, tmp_path):
    from pipelines.discovery import read_cohort_file
    from radiogenomics.multimodal import patient_frame
    from radiogenomics.prediction import at_root, load_model, new_patients
    from radiogenomics.storage import ArtefactStore, Home

    home = Home(machine.home)
    stored = load_model(home.models, "champion", "tiny", "egfr_status")
    joined = ArtefactStore(home.artefacts).read(["tiny", "multimodal_cohort"])
    cohort = read_cohort_file(machine.cohort, home)
    expected = patient_frame(cohort, joined, "egfr_status")[stored.columns]
    images = [c for c in stored.columns if c.startswith(("radiomics_ct:", "embedding_ct:"))]
    patient = expected.index[expected[images].notna().all(axis=1)][0]
    lesions = pd.read_csv(machine.data / "lesions.csv", dtype=str, comment="#")
    own = lesions[lesions["patient_id"] == patient].copy()
    own[["image", "mask"]] = own[["image", "mask"]].map(lambda path: str(machine.data / path))
    own.to_csv(tmp_path / "lesions.csv", index=False)
    clinical = pd.read_csv(machine.data / "clinical.csv", dtype=str, comment="#", keep_default_na=False)
    own_row = clinical[clinical["patient_id"] == patient].drop(columns=["egfr_status"])
    own_row.to_csv(tmp_path / "clinical.csv", index=False)
    found = new_patients(stored, at_root(stored, tmp_path))
    assert list(found.X.index) == [patient]
    there = [c for c in stored.columns if not c.startswith("expression:")]
    pd.testing.assert_frame_equal(found.X[there], expected.loc[[patient], there], check_exact=True)
    assert found.X.drop(columns=there).isna().all(axis=None)


def test_a_broken_table_gives_one_message_and_exit_code_2(machine):
    clinical = machine.data / "clinical.csv"
    before = clinical.read_text()
    clinical.write_text(before.replace("patient_id", "patient", 1))
    try:
        for command in ("check", "run"):
            done = machine.call(command, str(machine.cohort))
            assert done.returncode == 2, done.stdout + done.stderr
            assert "Traceback" not in done.stderr
            assert "clinical.csv" in done.stderr
            assert "patient_id" in done.stderr
    finally:
        clinical.write_text(before)


def test_check_counts_patients_modalities_and_reasons(machine):
    done = machine.call("check", str(machine.cohort))
    assert done.returncode == 0, done.stderr
    assert f"({PATIENTS} patients)" in done.stdout
    assert "SIMULATED DATA" in done.stdout
    for word in ("lesions/ct", "egfr_status", "roi_empty", "expression"):
        assert word in done.stdout


def test_the_web_server_shows_the_assets_their_last_run_and_what_they_report(machine):
    port = free_port()
    environment = {**machine.environment, "DAGSTER_HOME": str(REPOSITORY)}
    environment["RADIOGENOMICS_COHORTS"] = str(machine.cohort)
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)],
        env=environment,
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        nodes = _ask(
            port,
            """{ assetNodes { assetKey { path } groupName description isExecutable
                 assetMaterializations(limit: 1) { runId metadataEntries { label __typename
                   ... on MarkdownMetadataEntry { mdStr } ... on IntMetadataEntry { intValue } } } } }""",
        )["assetNodes"]
    finally:
        server.terminate()
        server.wait(timeout=30)
    ours = {"/".join(n["assetKey"]["path"]): n for n in nodes if n["assetKey"]["path"][0] == "tiny"}
    assert len(ours) == 25
    for name, node in ours.items():
        assert node["assetMaterializations"], f"{name} was never materialised"
        assert "SIMULATED DATA" in node["description"]
        assert "What is this" in node["description"]
        entries = {e["label"]: e for e in node["assetMaterializations"][0]["metadataEntries"]}
        assert len(entries) >= 3, f"{name} shows only {sorted(entries)}"
    entries = ours["tiny/multimodal_cohort"]["assetMaterializations"][0]["metadataEntries"]
    assert {"label": "1_patients", "__typename": "IntMetadataEntry", "intValue": PATIENTS} in entries
    plots = [
        e for n in ours.values() for e in n["assetMaterializations"][0]["metadataEntries"] if "![" in e.get("mdStr", "")
    ]
    assert len(plots) >= 12
    assert all(len(e["mdStr"]) < 1000 for e in plots), "longer Markdown hides behind a click"


def _ask(port: int, query: str, patience: float = 90.0) -> dict:
    """Answer of the web server to a GraphQL query, once it is up and has loaded the definitions."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["data"]
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def test_maps_of_where_the_network_looks_lie_beside_the_images_as_nifti(machine):
    import SimpleITK as sitk

    from radiogenomics.storage import ArtefactStore, Home

    home = Home(machine.home)
    table = ArtefactStore(home.artefacts).read(["tiny", "egfr_status", "attention_maps"])
    assert len(table) >= 3
    assert table["outside"].between(0, 1).all()
    for row in table.to_dict("records"):
        values = sitk.GetArrayFromImage(sitk.ReadImage(str(home.folder / row["file"])))
        assert (values != 0).any()
