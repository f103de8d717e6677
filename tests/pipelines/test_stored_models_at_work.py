"""Stored models at work, as a person meets them: registered, promoted, applied to new patients and to another hospital."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console

from assets.build import cohort_definitions
from pipelines.commands import models as model_commands
from pipelines.commands.predict import predict
from pipelines.commands.validate import validate
from pipelines.commands.worklist import worklist
from pipelines.definitions import build
from pipelines.discovery import read_cohort_file
from pipelines.resources import resources
from pipelines.running import run_cohort
from radiogenomics.exceptions import ConfigurationError, InputError, IntegrityError, NotMaterialisedError, TableError
from radiogenomics.multimodal import patient_frame
from radiogenomics.prediction import at_root, load_model, new_patients
from radiogenomics.storage import ArtefactStore, Home, PredictionStore
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import ModelRegistry
from radiogenomics.storage.validations import Validations
from tests.pipelines.small_cohort import settings, write_cohort, write_part, write_tables


class Trained:
    """A trained cohort on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, Home(folder / "home")
        self.file = write_cohort(folder / "little", prediction={"inbox": "../inbox", "inbox_settle_seconds": 5})
        (folder / "inbox").mkdir()
        self.outcome = run_cohort(read_cohort_file(self.file, self.home), "all", self.home)

    def read(self, *key: str):
        return ArtefactStore(self.home.artefacts).read(["little", *key])

    def champion(self):
        return load_model(self.home.models, "champion", "little", "response")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    made = Trained(tmp_path_factory.mktemp("work"))
    assert made.outcome.failures == {}
    return made


def written(call) -> str:
    out = Console(record=True, width=250, file=io.StringIO())
    call(out)
    return out.export_text()


def test_the_first_model_is_the_champion_and_the_log_says_why(trained: Trained) -> None:
    history = ModelStages(trained.home.models, "little", "response").history()
    assert history[["from", "to"]].to_numpy().tolist() == [["", "candidate"], ["candidate", "champion"]]
    assert history["why"].iloc[-1] == "first"
    said = trained.read("response", "promotion")
    assert (said["outcome"], said["why"]) == ("promoted", "first")
    listed = written(lambda out: model_commands.show_list(trained.home, out, None, None))
    assert "champion" in listed
    shown = json.loads(written(lambda out: model_commands.show(trained.home, out, said["champion"])))
    assert shown["stage"] == "champion"
    assert shown["metadata"]["configuration"]["clinical"]["variables"]["sex"]["categories"] == ["Male", "Female"]


def test_no_identifier_and_no_path_of_this_machine_lies_in_a_models_folder(trained: Trained) -> None:
    folder = trained.home.models / "little" / "response" / trained.champion().model_id
    for file in folder.iterdir():
        content = file.read_bytes()
        assert b"P00" not in content, file.name
        assert str(trained.folder).encode() not in content, file.name


@pytest.mark.parametrize("patients", [["P003"], ["P004", "P017"]])
def test_a_training_patient_sent_in_as_new_gets_the_same_features_to_the_bit(
    trained: Trained, tmp_path: Path, patients: list[str]
) -> None:
    stored = trained.champion()
    cohort = read_cohort_file(trained.file, trained.home)
    write_part(trained.file.parent, tmp_path / "new", patients)
    found = new_patients(stored, at_root(stored, tmp_path / "new"))
    expected = patient_frame(cohort, trained.read("multimodal_cohort"), "response").loc[patients, stored.columns]
    pd.testing.assert_frame_equal(found.X, expected, check_exact=True, check_freq=False)
    genes = [c for c in stored.columns if c.startswith("mutations:")]
    assert (
        (expected[genes] == 0).any().any()
    )  # looked at and not altered, though the patient's own MAF does not name them


def test_predict_answers_with_interval_set_domain_and_contributions_and_appends(
    trained: Trained, tmp_path: Path
) -> None:
    write_part(trained.file.parent, tmp_path / "new", ["P003", "P004"])
    answer = predict(
        "champion", tmp_path / "new", trained.home, Console(quiet=True), Console(quiet=True),
        of="little", endpoint=None, output=tmp_path / "answer.json", store=True, workers=1,
    )  # fmt: skip
    assert json.loads((tmp_path / "answer.json").read_text()) == answer
    for row in answer:
        assert row["lower"] < row["upper"]
        assert row["prediction_set"] in ("{}", "{0}", "{1}", "{0,1}")
        assert row["in_domain"] is True
        assert 1 <= len(row["contributions"]) <= 5
    stored = PredictionStore(trained.home.predictions).query("little", "response", kind="prospective", every_run=True)
    assert {"P003", "P004"} <= set(stored["patient_id"])
    assert (stored["model_hash"].str.len() == 64).all()


def test_any_subset_of_the_tables_is_enough_and_what_lacks_is_said(trained: Trained, tmp_path: Path) -> None:
    write_part(trained.file.parent, tmp_path / "new", ["P003"])
    (tmp_path / "new" / "expression.tsv").unlink()
    (tmp_path / "new" / "mutations.maf").unlink()
    text = written(lambda out: _predict(trained, tmp_path / "new", out))
    assert "expression: no file expression.tsv" in text
    assert "OUTSIDE" in text  # no training patient had clinical values alone
    assert "no training patient had exactly clinical" in text


def _predict(trained: Trained, folder: Path, out: Console) -> None:
    predict(
        "champion", folder, trained.home, out, Console(quiet=True),
        of="little", endpoint="response", output=None, store=False, workers=1,
    )  # fmt: skip


def test_a_strange_patient_gets_no_probability_and_the_reason(trained: Trained, tmp_path: Path) -> None:
    write_part(trained.file.parent, tmp_path / "new", ["P003"])
    table = pd.read_csv(tmp_path / "new" / "clinical.csv")
    table.assign(marker=4000, hospital="West").to_csv(tmp_path / "new" / "clinical.csv", index=False)
    text = written(lambda out: _predict(trained, tmp_path / "new", out))
    assert "abstained" in text
    assert "hospital:hospital 'West' was not seen in training" in text
    assert "clinical:marker is 4000" in text


def test_a_feature_that_counts_and_is_lacking_is_refused_by_name(trained: Trained, tmp_path: Path) -> None:
    write_part(trained.file.parent, tmp_path / "new", ["P003"])
    table = pd.read_csv(tmp_path / "new" / "clinical.csv")
    table.drop(columns="marker").to_csv(tmp_path / "new" / "clinical.csv", index=False)
    with pytest.raises(TableError, match="needs feature 'clinical:marker"):
        _predict(trained, tmp_path / "new", Console(quiet=True))


def test_mistakes_of_a_person_are_one_error_that_says_what_there_is(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        _predict(trained, tmp_path / "nowhere", Console(quiet=True))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"none of the clinical tables clinical\.csv is there"):
        _predict(trained, tmp_path / "empty", Console(quiet=True))
    with pytest.raises(NotMaterialisedError, match="there are: late-mean-"):
        load_model(trained.home.models, "late-mean-000000000000")
    with pytest.raises(NotMaterialisedError, match="none matches"):
        load_model(trained.home.models, "champion", "other")


def other_hospital(folder: Path, **changes: object) -> Path:
    """Another cohort: its own column names, units and texts; no mutations."""
    write_tables(folder, 120, 2, prefix="E", own_names=True)
    (folder / "mutations.maf").unlink()
    given = settings()
    given |= {"name": "elsewhere", "mutations": None, "confounders": {}, **changes}
    given["clinical"]["tables"]["main"]["patient_id"] = "subject"
    given["clinical"]["variables"] = {
        "marker": {"column": "MRK_10", "type": "number", "unit": "g", "scale": 0.1},
        "sex": {
            "column": "gender", "type": "category", "categories": ["Male", "Female"], "recode": {"M": "Male", "F": "Female"},
        },
    }  # fmt: skip
    given["endpoints"]["response"]["label"]["column"] = "RESP"
    given["endpoints"]["response"]["modalities"] = ["clinical", "expression"]
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(given, sort_keys=False))
    return file


def test_another_hospital_is_validated_without_refitting(trained: Trained, tmp_path: Path) -> None:
    file = other_hospital(tmp_path / "east", prediction={"missing_features": "modality_absent"})
    validate(
        file, "champion", trained.home, Console(quiet=True),
        of="little", endpoint=None, output=tmp_path / "figures.csv", predictions=tmp_path / "patients.csv",
    )  # fmt: skip
    figures = pd.read_csv(tmp_path / "figures.csv")
    stored = figures[(figures["version"] == "as stored") & (figures["population"] == "all")].set_index("figure")
    assert stored.loc["auc", "n"] == 120
    assert stored.loc["auc", "lower"] < stored.loc["auc", "estimate"] < stored.loc["auc", "upper"]
    patients = pd.read_csv(tmp_path / "patients.csv")
    from sklearn.metrics import brier_score_loss, roc_auc_score

    assert roc_auc_score(patients["label"], patients["probability"]) == pytest.approx(stored.loc["auc", "estimate"])
    assert brier_score_loss(patients["label"], patients["probability"]) == pytest.approx(
        stored.loc["brier", "estimate"]
    )
    # the truth: the score's own AUC on the same patients, from what made the labels
    truth = _true_log_odds(tmp_path / "east")
    assert stored.loc["auc", "lower"] <= roc_auc_score(patients["label"], truth) <= 1.0
    assert roc_auc_score(patients["label"], truth) - stored.loc["auc", "estimate"] < 0.08
    assert {"recalibrated here: intercept", "recalibrated here: intercept and slope"} <= set(figures["version"])
    assert "auc" not in set(figures.loc[figures["version"] != "as stored", "figure"])

    model_id = trained.champion().model_id
    (kept,) = Validations(trained.home.validations).of_model("little", "response", model_id)
    assert (kept.on, kept.shared, kept.external) == ("elsewhere", 0, True)
    assert (kept.counts["n"] + kept.counts["abstained"]).iloc[0] == 120
    before = trained.read("response", "report")
    assert "No validation of this model on another cohort is stored" in before
    assert f"This page describes {model_id}, the champion" in before
    assert run_cohort(read_cohort_file(trained.file, trained.home), "train", trained.home).failures == {}
    auc = stored.loc["auc"]
    assert f"{auc['estimate']:.2f} ({auc['lower']:.2f} to {auc['upper']:.2f})" in trained.read("response", "report")


def test_patients_of_the_training_make_no_external_validation(trained: Trained) -> None:
    said = written(
        lambda out: validate(
            trained.file, "champion", trained.home, out,
            of="little", endpoint=None, output=None, predictions=None, store=True,
        )
    )  # fmt: skip
    assert "No external validation: it was validated on 'little', the cohort that it was trained on." in said
    kept = Validations(trained.home.validations).of_model("little", "response", trained.champion().model_id)[-1]
    assert kept.shared == kept.counts["n"].iloc[0] + kept.counts["abstained"].iloc[0]
    assert not kept.external


def _true_log_odds(folder: Path) -> np.ndarray:
    clinical = pd.read_csv(folder / "clinical.csv")
    molecule = pd.read_csv(folder / "expression.tsv", sep="\t").iloc[0, 1:].to_numpy(dtype=float)
    return (
        1.2 * clinical["MRK_10"].to_numpy() / 10 + 0.8 * (clinical["gender"] == "F").to_numpy() + 0.8 * (molecule - 5)
    )


def test_what_another_hospital_lacks_is_named_and_refused_unless_declared(trained: Trained, tmp_path: Path) -> None:
    options = {"of": "little", "endpoint": None, "output": None, "predictions": None}
    file = other_hospital(tmp_path / "east")
    with pytest.raises(TableError, match=r"needs feature 'mutations:.*modality_absent"):
        validate(file, "champion", trained.home, Console(quiet=True), **options)
    given = yaml.safe_load(file.read_text())
    given["clinical"]["variables"]["sex"] |= {"categories": ["Female", "Male"]}
    file.write_text(yaml.safe_dump(given))
    with pytest.raises(ConfigurationError, match=r"clinical\.variables\.sex\.categories: Female, Male, the model was"):
        validate(file, "champion", trained.home, Console(quiet=True), **options)


def test_the_worklist_orders_the_untested_and_says_what_it_is_not(trained: Trained, tmp_path: Path) -> None:
    ranked = trained.read("response", "worklist")
    assert set(ranked["patient_id"]) == {f"P{i:03d}" for i in range(80, 90)}
    known = ranked.dropna(subset=["probability"])
    assert known["probability"].is_monotonic_decreasing
    assert known["sensitivity"].is_monotonic_increasing
    assert (known["sensitivity_lower"] <= known["sensitivity"]).all()
    assert known["events"].nunique() == 1
    evidence = trained.read("response", "evaluation")["out_of_fold"].query("model == 'late/mean'")
    cut = known.iloc[len(known) // 2]
    events = evidence[evidence["label"] == 1]
    assert cut["sensitivity"] == pytest.approx((events["probability"] >= cut["probability"]).mean())
    text = written(lambda out: worklist("little", None, trained.home, out, tmp_path / "list.csv"))
    assert "orders molecular testing and does not replace it" in text
    assert len(pd.read_csv(tmp_path / "list.csv")) == 10


def test_an_altered_model_is_refused_and_a_reason_is_asked_for(trained: Trained, tmp_path: Path) -> None:
    stored = trained.champion()
    file = trained.home.models / "little" / "response" / stored.model_id / "reference.json"
    before = file.read_bytes()
    file.write_bytes(before.replace(b"clinical", b"clinicaI", 1))
    try:
        with pytest.raises(IntegrityError, match=r"reference\.json: SHA-256 is"):
            trained.champion()
        with pytest.raises(IntegrityError):
            model_commands.promote(trained.home, Console(quiet=True), stored.model_id, "because")
    finally:
        file.write_bytes(before)
    with pytest.raises(InputError, match="say why"):
        model_commands.retire(trained.home, Console(quiet=True), stored.model_id, "  ")


def _sensor(trained: Trained):
    os.environ["RADIOGENOMICS_COHORTS"] = str(trained.file)
    sensor = build(trained.home).get_repository_def().get_sensor_def("little__patients_arrived")
    return sensor(dg.build_sensor_context())


def _settled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)


def test_a_complete_delivery_is_predicted_once_and_a_half_copied_one_is_waited_for(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADIOGENOMICS_COHORTS", str(trained.file))
    inbox = trained.folder / "inbox"
    write_part(trained.file.parent, inbox / "monday", ["P003"])
    write_tables(inbox / "tuesday", 3, 9)
    (inbox / "tuesday" / "clinical.csv").write_text("id,sex\nP001,Male\n")  # no marker
    waiting = _sensor(trained)
    assert isinstance(waiting, dg.SkipReason)
    assert "waiting for monday: it changed" in waiting.skip_message
    _settled(inbox, monkeypatch)
    (inbox / "wednesday.part").mkdir()
    asked = _sensor(trained)
    assert isinstance(asked, dg.RunRequest)
    assert _sensor(trained).run_key == asked.run_key  # Dagster starts no second run for the same key
    states = _work(trained)
    assert states == {"monday": "predicted", "tuesday": "failed", "wednesday.part": "waiting"}
    done = trained.read("inbox")
    reason = done["deliveries"].set_index("delivery").loc["tuesday", "reason"]
    assert "needs feature 'clinical:marker" in reason
    assert done["predictions"]["patient_id"].tolist() == ["P003"]
    assert isinstance(_sensor(trained), dg.SkipReason)
    first = (trained.home.inbox / "little").glob("*.json")
    before = {file.name: file.read_text() for file in first}
    assert _work(trained) == states
    assert {file.name: file.read_text() for file in (trained.home.inbox / "little").glob("*.json")} == before


def _work(trained: Trained) -> dict[str, str]:
    cohort = read_cohort_file(trained.file, trained.home)
    everything = cohort_definitions(cohort)
    key = dg.AssetKey(["little", "inbox"])
    result = dg.materialize(everything, selection=[key], resources=resources(trained.home), raise_on_error=True)
    assert result.success
    table = trained.read("inbox")["deliveries"]
    return dict(zip(table["delivery"], table["state"], strict=True))


def test_a_retrained_model_replaces_the_champion_only_if_it_is_not_worse(trained: Trained) -> None:
    first = trained.champion().model_id
    given = yaml.safe_load(trained.file.read_text())
    worse = {**given, "endpoints": {"response": {**given["endpoints"]["response"], "modalities": ["mutations"]}}}
    trained.file.write_text(yaml.safe_dump(worse, sort_keys=False))
    assert run_cohort(read_cohort_file(trained.file, trained.home), "train", trained.home).failures == {}
    said = trained.read("response", "promotion")
    assert said["outcome"] == "kept"
    assert said["champion"] == first
    assert "not shown not to be worse: on " in said["why"]
    assert said["n"] > 60
    stages = ModelStages(trained.home.models, "little", "response").stages()
    assert stages == {first: "champion", said["model_id"]: "candidate"}
    page = trained.read("response", "report")
    assert f"This page describes {said['model_id']} (candidate: since" in page
    assert f"The champion is {first}: since" in page
    model_commands.promote(trained.home, Console(quiet=True), said["model_id"], "for the test")
    assert ModelStages(trained.home.models, "little", "response").stages()[first] == "retired"
    assert set(ModelRegistry(trained.home.models).list()["model_id"]) == set(stages)
