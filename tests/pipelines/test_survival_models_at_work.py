"""A stored model of a time to an event at work: new patients, what it says of them, stages by hand, what it is refused for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines import cli
from pipelines.cli import main
from pipelines.discovery import read_cohort_file
from pipelines.running import run_cohort
from radiogenomics.evaluation.prediction_table import outcomes_id
from radiogenomics.exceptions import ComputationError, IntegrityError, NotMaterialisedError
from radiogenomics.fusion import TRUSTED_TYPES
from radiogenomics.multimodal import patient_frame
from radiogenomics.prediction import StoredModel, at_root, load_model, new_patients
from radiogenomics.prediction.applying import contributions
from radiogenomics.prediction.prospective import Answer, predict_folder
from radiogenomics.storage import ArtefactStore, Home, PredictionStore
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import ModelRegistry
from tests.pipelines.small_cohort import settings, write_part, write_tables

HORIZON = 6
WITHOUT_EXPRESSION = [f"P{i:03d}" for i in range(0, 90, 6)]


class Trained:
    """90 patients with a label and a time to relapse, which the marker tells; every sixth has no expression."""

    def __init__(self, folder: Path) -> None:
        self.home, self.file = Home(folder / "home"), folder / "little" / "cohort.yaml"
        write_tables(self.file.parent, 90, 1)
        rng = np.random.default_rng(4)
        clinical = pd.read_csv(self.file.parent / "clinical.csv")
        relapse, left = rng.exponential(8 * np.exp(-clinical["marker"])), rng.exponential(25, 90)
        clinical["months"] = np.minimum(relapse, left).round(2)
        clinical["relapsed"] = np.where(relapse <= left, "1", "0")
        clinical.to_csv(self.file.parent / "clinical.csv", index=False)
        expression = pd.read_csv(self.file.parent / "expression.tsv", sep="\t")
        expression.drop(columns=WITHOUT_EXPRESSION).to_csv(self.file.parent / "expression.tsv", sep="\t", index=False)
        given = settings()
        months = {"column": "months", "type": "number", "recorded": "follow_up"}
        given["clinical"]["variables"]["months"] = months
        given["survival"] = {
            "relapse": {
                "time": "months",
                "event": "relapsed",
                "modalities": ["clinical", "mutations", "expression"],
                "final_model": "late/cox_mean",
                "horizons_months": [12, HORIZON],
            }
        }
        self.file.write_text(yaml.safe_dump(given, sort_keys=False))
        self.outcome = run_cohort(read_cohort_file(self.file, self.home), "all", self.home)

    def read(self, *key: str):
        return ArtefactStore(self.home.artefacts).read(["little", *key])

    @property
    def model_id(self) -> str:
        return str(self.read("relapse", "model")["model_id"])

    def model(self) -> StoredModel:
        return load_model(self.home.models, self.model_id)

    def part(self, folder: Path, patients: list[str], **values: object) -> Path:
        """The files of some patients, without label and outcome, clinical columns changed as given."""
        measured = [p for p in patients if p not in WITHOUT_EXPRESSION]
        write_part(self.file.parent, folder, measured)
        if not measured:
            (folder / "expression.tsv").unlink()
        clinical = pd.read_csv(self.file.parent / "clinical.csv", dtype=str, keep_default_na=False)
        maf = pd.read_csv(self.file.parent / "mutations.maf", sep="\t", dtype=str)
        maf[maf["Tumor_Sample_Barcode"].isin(patients)].to_csv(folder / "mutations.maf", sep="\t", index=False)
        chosen = clinical[clinical["id"].isin(patients)].drop(columns=["response", "months", "relapsed"])
        chosen.assign(**values).to_csv(folder / "clinical.csv", index=False)
        return folder

    def answer(self, folder: Path) -> Answer:
        return predict_folder(self.model(), folder, code_version="test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    made = Trained(tmp_path_factory.mktemp("survival_work"))
    assert made.outcome.failures == {}
    return made


@pytest.fixture(autouse=True)
def state(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADIOGENOMICS_HOME", str(trained.home.folder))
    monkeypatch.setattr(cli.out, "width", 250)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code, and what a person reads, as one line."""
    code = 0
    try:
        main([str(each) for each in arguments])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, " ".join((captured.out + captured.err).split())


@pytest.mark.parametrize("patients", [["P003"], ["P004", "P006", "P017"]])
def test_a_training_patient_sent_in_as_new_gets_the_risk_of_the_stored_model_on_the_training_frame(
    trained: Trained, tmp_path: Path, patients: list[str]
) -> None:
    stored = trained.model()
    cohort = read_cohort_file(trained.file, trained.home)
    frame = patient_frame(cohort, trained.read("multimodal_cohort"), "relapse").loc[patients, stored.columns]
    folder = trained.part(tmp_path / "new", patients)
    found = new_patients(stored, at_root(stored, folder))
    pd.testing.assert_frame_equal(found.X, frame, check_exact=True, check_freq=False)
    model = ModelRegistry(trained.home.models).load("little", "relapse", trained.model_id, TRUSTED_TYPES)
    rows = trained.answer(folder).rows.set_index("patient_id")
    np.testing.assert_allclose(rows["risk_score"], model.predict_log_hazard(frame), rtol=1e-12)
    chance = 1 - model.predict_survival(frame, [HORIZON])[:, 0]
    np.testing.assert_allclose(rows["probability"], chance, rtol=1e-12)
    assert rows.loc[patients, "modalities_used"].tolist() == [
        "clinical;mutations" if p in WITHOUT_EXPRESSION else "clinical;expression;mutations" for p in patients
    ]


def test_a_row_says_its_horizon_and_what_made_it_and_has_no_interval_or_set(trained: Trained, tmp_path: Path) -> None:
    (row,) = trained.answer(trained.part(tmp_path / "new", ["P003"])).rows.to_dict("records")
    assert (row["kind"], row["endpoint"], row["model"]) == ("prospective", "relapse", "late/cox_mean")
    assert row["horizon_months"] == HORIZON  # the earliest of those declared
    assert (row["in_domain"], row["abstained"], row["simulated"]) == (True, False, True)
    assert np.isnan([row["lower"], row["upper"], row["set_level"]]).all()
    assert row["prediction_set"] == ""
    clinical = pd.read_csv(trained.file.parent / "clinical.csv", index_col="id")
    assert row["labels_id"] == outcomes_id(clinical["months"], clinical["relapsed"])
    out_of_fold = PredictionStore(trained.home.predictions).query("little", "relapse", kind="out_of_fold")
    assert {row["settings_id"]} == set(out_of_fold["settings_id"])
    files = ModelRegistry(trained.home.models).manifest("little", "relapse", trained.model_id)["files"]
    assert row["model_hash"] == files["model.skops"]["sha256"]


def test_no_identifier_and_no_path_of_this_machine_lies_in_the_models_folder(trained: Trained) -> None:
    files = list((trained.home.models / "little" / "relapse" / trained.model_id).iterdir())
    assert {file.name for file in files} >= {"features.csv", "cohort_state.json", "reference.json"}
    for file in files:
        content = file.read_bytes()
        assert b"P00" not in content, file.name
        assert str(trained.file.parent).encode() not in content, file.name


def test_what_moved_a_risk_adds_up_to_it_and_says_that_it_is_log_hazard(trained: Trained, tmp_path: Path) -> None:
    stored = trained.model()
    folder = trained.part(tmp_path / "new", ["P003", "P006"])
    found = new_patients(stored, at_root(stored, folder))
    said = contributions(stored, found.X, most=1000)
    records = {record["patient_id"]: record for record in trained.answer(folder).records}
    for patient, moved in said.items():
        assert sum(each["log_hazard"] for each in moved) == pytest.approx(records[patient]["risk_score"], abs=1e-9)
        assert records[patient]["contributions"] == moved[:5]
    assert said["P003"][0].keys() == {"feature", "modality", "value", "unit", "log_hazard"}
    assert not any(each["modality"] == "expression" for each in said["P006"])  # who has none is moved by none
    assert said["P003"][0]["feature"] == "marker"
    assert said["P003"][0]["unit"] == "g"


def test_a_patient_alone_gets_the_numbers_it_gets_among_others(trained: Trained, tmp_path: Path) -> None:
    among = trained.answer(trained.part(tmp_path / "all", ["P003", "P004", "P006", "P017"])).rows.set_index(
        "patient_id"
    )
    for patient in ("P003", "P006"):
        alone = trained.answer(trained.part(tmp_path / patient, [patient])).rows.set_index("patient_id")
        for column in ("risk_score", "probability"):
            assert alone.loc[patient, column] == pytest.approx(among.loc[patient, column], rel=1e-12)


def test_a_missing_modality_leaves_the_rest_to_speak_and_without_any_the_reason_is_said(
    trained: Trained, tmp_path: Path
) -> None:
    folder = trained.part(tmp_path / "new", ["P003", "P004", "P006"])
    whole = trained.answer(folder).rows.set_index("patient_id")
    assert whole["probability"].notna().all()  # P006 never had expression, as others in training
    expression = pd.read_csv(folder / "expression.tsv", sep="\t", dtype=str).drop(columns="P003")
    expression.to_csv(folder / "expression.tsv", sep="\t", index=False)
    rest = trained.answer(folder).rows.set_index("patient_id")
    assert rest.loc["P003", "modalities_used"] == "clinical;mutations"
    assert np.isfinite(rest.loc["P003", "risk_score"])
    assert rest.loc["P003", "risk_score"] != whole.loc["P003", "risk_score"]

    (folder / "mutations.maf").unlink()
    clinical = pd.read_csv(folder / "clinical.csv", dtype=str, keep_default_na=False)
    clinical.loc[clinical["id"] == "P006", ["marker", "sex"]] = ""
    clinical.to_csv(folder / "clinical.csv", index=False)
    nothing = trained.answer(folder).rows.set_index("patient_id").loc["P006"]
    assert nothing["abstained"]
    assert nothing["abstention_reason"] == "has none of the modalities that the model can use"
    assert np.isnan([nothing["probability"], nothing["risk_score"]]).all()
    assert nothing["horizon_months"] == HORIZON
    (folder / "expression.tsv").unlink()
    clinical[["id"]].to_csv(folder / "clinical.csv", index=False)
    with pytest.raises(ComputationError, match="no patient has any of clinical, mutations, expression"):
        trained.answer(folder)


def test_a_strange_patient_gets_no_risk_and_the_reason(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = trained.part(tmp_path / "new", ["P003"], marker="4000", hospital="West")
    (record,) = trained.answer(folder).records
    assert (record["in_domain"], record["abstained"]) == (False, True)
    assert (record["risk_score"], record["probability"], record["contributions"]) == (None, None, [])
    code, said = call(capsys, "predict", "--cohort", folder, "--model", trained.model_id, "--no-store")
    assert code == 0
    assert "abstained" in said
    assert "OUTSIDE" in said
    assert "hospital:hospital 'West' was not seen in training" in said
    assert "clinical:marker is 4000" in said


def test_predict_shows_risk_and_chance_with_the_horizon_and_appends_what_it_said(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = trained.part(tmp_path / "new", ["P003"])
    output = tmp_path / "answer.json"
    code, said = call(capsys, "predict", "--cohort", folder, "--model", trained.model_id, "--output", output)
    assert code == 0
    (record,) = json.loads(output.read_text())
    assert f"little/relapse: {trained.model_id} (SIMULATED DATA)" in said
    assert "event by 6 months" in said
    assert "moved most by (log hazard)" in said
    assert f"{record['risk_score']:+.2f}" in said
    assert f"{record['probability']:.2f}" in said
    assert "no interval is given" in said
    assert record["horizon_months"] == HORIZON
    assert record["lower"] is None
    stored = PredictionStore(trained.home.predictions).query("little", "relapse", kind="prospective")
    assert stored["patient_id"].tolist() == ["P003"]
    assert stored["risk_score"].tolist() == [record["risk_score"]]


def test_a_model_that_an_earlier_version_stored_asks_to_be_trained_again(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, stored = ModelRegistry(trained.home.models), trained.model()
    metadata = {key: value for key, value in stored.metadata.items() if key != "configuration"}
    model_id = registry.register(
        stored.estimator, cohort="little", endpoint="relapse", name="late/cox_mean", metadata=metadata, trusted=TRUSTED_TYPES
    )  # fmt: skip
    folder = trained.part(tmp_path / "new", ["P003"])
    code, said = call(capsys, "predict", "--cohort", folder, "--model", model_id)
    assert (code, said) == (
        1,
        f"error: model '{model_id}' was stored without its configuration by an earlier version; train it again",
    )
    with pytest.raises(IntegrityError, match="train it again"):
        load_model(trained.home.models, model_id).horizon_months()


def test_a_person_alone_makes_it_the_champion_and_the_other_endpoints_champion_stays_meant(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = ModelStages(trained.home.models, "little", "relapse")
    assert stages.stages() == {trained.model_id: "candidate"}
    models = trained.home.models
    assert load_model(models, "champion").endpoint == "response"
    folder = trained.part(tmp_path / "new", ["P003"])
    asked = ("predict", "--cohort", folder, "--of", "little", "--endpoint", "relapse", "--no-store")
    code, said = call(capsys, *asked)
    assert code == 1
    assert "little/relapse: no model is the champion; name a model_id, or make one the champion with" in said
    assert call(capsys, "models", "promote", trained.model_id, "--why", "looked at the curves") == (
        0,
        f"little/relapse: {trained.model_id} is the champion",
    )
    assert load_model(models, "champion", endpoint="relapse").model_id == trained.model_id
    code, said = call(capsys, *asked)
    assert code == 0
    assert trained.model_id in said
    with pytest.raises(
        NotMaterialisedError, match=r"several match .* champions are of: little/relapse, little/response"
    ):
        load_model(models, "champion", "little")
    code, said = call(capsys, "models", "retire", trained.model_id, "--why", "for the test")
    assert (code, said) == (0, f"little/relapse: {trained.model_id} is retired; champion: none")
    assert load_model(models, "champion").endpoint == "response"


def test_what_needs_a_label_refuses_it_in_one_message(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = call(capsys, "validate", trained.file, "--model", trained.model_id)
    assert code == 2
    assert said.startswith(
        f"error: model '{trained.model_id}' predicts a time to an event (little/relapse); only models of"
    )
    code, said = call(capsys, "worklist", "--cohort", "little", "--endpoint", "relapse")
    assert (code, said) == (
        2,
        "error: cohort 'little', endpoint 'relapse': a time to an event; a worklist orders tests that find a label",
    )
    code, said = call(capsys, "locked-test", trained.file, "--endpoint", "relapse", "--reason", "to see")
    assert code == 2
    assert "endpoint 'relapse' with evaluation.locked_test: not declared" in said
