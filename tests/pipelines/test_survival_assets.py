"""A survival endpoint as a person runs it: the asset, what it shows, the folds of families, the terminal's table."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from pipelines.commands.models import show_list
from pipelines.commands.results import print_survival
from pipelines.commands.run import run
from pipelines.discovery import read_cohort_file
from pipelines.running import RunOutcome, run_cohort
from radiogenomics.fusion import TRUSTED_TYPES
from radiogenomics.prediction.stored import load_model
from radiogenomics.reporting.figures.patient_probabilities import patient_probabilities_figure
from radiogenomics.reporting.wording import estimate
from radiogenomics.storage import ArtefactStore, Home, PredictionStore
from radiogenomics.storage.models import ModelRegistry
from radiogenomics.storage.pseudonyms import Pseudonyms

KEY = ["small", "relapse", "survival_evaluation"]
STUDY_KEY = "a key of more than thirty-two bytes, for tests"
IDENTIFIER = re.compile(r"P\d{3}(?!\d)")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunOutcome]:
    """72 patients in 24 families, a marker that tells when they relapse; no other endpoint."""
    folder = tmp_path_factory.mktemp("survival")
    rng = np.random.default_rng(0)
    marker = rng.normal(size=72)
    relapse, left = rng.exponential(8 * np.exp(-marker)), rng.exponential(25, 72)
    pd.DataFrame(
        {
            "id": [f"P{i:03d}" for i in range(72)],
            "age": (60 + 10 * rng.normal(size=72)).round(1),
            "marker": marker.round(3),
            "family": [f"F{i // 3:02d}" for i in range(72)],
            "months": np.minimum(relapse, left).round(2),
            "relapsed": np.where(relapse <= left, "1", "0"),
        }
    ).to_csv(folder / "clinical.csv", index=False)
    declared = {
        "name": "small",
        "clinical": {
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {
                "age": {"column": "age", "type": "number"},
                "marker": {"column": "marker", "type": "number"},
                "months": {"column": "months", "type": "number", "recorded": "follow_up"},
            },
        },
        "survival": {
            "relapse": {"time": "months", "event": "relapsed", "modalities": ["clinical"], "horizons_months": [6]}
        },
        "confounders": {"pedigree": {"source": "clinical", "columns": ["family"]}},
        "resampling": {"outer_folds": 3, "inner_folds": 2, "repeats": 1, "group": "pedigree:family"},
        "compute": {"workers": 1},
    }
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(declared))
    home = Home(folder / "home")
    return home, run_cohort(read_cohort_file(file, home), "all", home)


def test_the_evaluation_is_stored_with_its_verdict_and_pictures(done: tuple[Home, RunOutcome]) -> None:
    home, outcome = done
    assert outcome.exit_code == 0, outcome.failures
    record = ArtefactStore(home.artefacts).record(KEY)
    assert record is not None
    shown = record.shown
    assert "C-index of" in shown["1_verdict"]["value"]
    assert {"4_forest", "5_kaplan_meier", "5_time_dependent_auc", "6_what_is_added"} <= set(shown)
    assert "months" in str(shown["9_refused_features"]["value"])  # the time itself predicts nothing


def test_the_final_model_is_stored_and_gives_the_risks_it_gave(done: tuple[Home, RunOutcome]) -> None:
    home, _ = done
    record = ArtefactStore(home.artefacts).read(["small", "relapse", "model"])
    registry = ModelRegistry(home.models)
    model = registry.load("small", "relapse", record["model_id"], TRUSTED_TYPES)
    said = registry.manifest("small", "relapse", record["model_id"])["metadata"]
    assert (said["outcome"], said["n"]) == ("time_to_event", 72)
    assert {f["population"] for f in said["out_of_fold_metrics"]} >= {"all"}
    new = pd.DataFrame([[60.0, marker] for marker in (2.0, -2.0)], columns=said["columns"])
    risk, chance = model.predict_log_hazard(new), model.predict_survival(new, [6.0])[:, 0]
    assert risk[0] > risk[1] + 0.5  # the marker raises the hazard
    assert chance[0] < chance[1]
    assert load_model(home.models, record["model_id"]).horizon_months() == 6


def test_its_out_of_fold_predictions_are_in_the_table_of_predictions(done: tuple[Home, RunOutcome]) -> None:
    home, _ = done
    rows = PredictionStore(home.predictions).query("small", "relapse")
    assert set(rows["kind"]) == {"out_of_fold"}
    final = rows[rows["model"] == "late/cox_weighted"]
    assert final["patient_id"].nunique() == 72
    assert (final["modalities_used"] == "clinical").all()
    evaluated = ArtefactStore(home.artefacts).read(KEY)["out_of_fold"]
    both = final.merge(evaluated, on=["patient_id", "model", "repeat", "fold"], validate="one_to_one")
    np.testing.assert_allclose(both["risk_score"], both["log_hazard"])
    assert final["probability"].between(0, 1).all()
    figure = patient_probabilities_figure(final, model="late/cox_weighted")
    assert any("event by 6 months" in text.get_text() for text in figure.findobj(Text))
    assert (final["horizon_months"] == 6).all()


def test_the_list_of_models_shows_the_c_index(done: tuple[Home, RunOutcome]) -> None:
    console = Console(record=True, width=200, quiet=False)
    show_list(done[0], console, None, None)
    assert "C 0." in console.export_text()


def test_families_never_straddle_folds(done: tuple[Home, RunOutcome]) -> None:
    folds = ArtefactStore(done[0].artefacts).read(KEY)["folds"]
    family = folds["patient_id"].str[1:].astype(int) // 3
    assert (folds.groupby([family, folds["repeat"]])["fold"].nunique() == 1).all()


def test_the_names_of_families_are_not_stored_with_the_model_as_places_that_were_seen(
    done: tuple[Home, RunOutcome],
) -> None:
    home, _ = done
    record = ArtefactStore(home.artefacts).read(["small", "relapse", "model"])
    reference = load_model(home.models, record["model_id"]).reference
    assert reference is not None
    assert reference.sites == {}


def test_the_terminal_lists_every_model_and_the_verdict(done: tuple[Home, RunOutcome]) -> None:
    console = Console(record=True, width=200, quiet=False)
    print_survival("small", done[0], console)
    said = console.export_text()
    assert "clinical/cox" in said
    assert "floor/pedigree" in said
    assert "C-index of" in said


def report_of(home: Home) -> str:
    return (home.pages / "small" / "relapse" / "report" / "report.html").read_text(encoding="utf-8")


def test_the_report_says_what_is_stored_and_is_not_marked_as_simulated(done: tuple[Home, RunOutcome]) -> None:
    home, _ = done
    html, found = report_of(home), ArtefactStore(home.artefacts).read(KEY)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</style>")[1]))
    for row in found["metrics"].to_dict("records"):
        assert f"{row['model']} {estimate(row['c_index'], row['c_index_lower'], row['c_index_upper'])}" in text
        assert f"{row['n']} {row['events']}" in text
    assert "C-index of" in text.split("Final model, Harrell")[0]  # the verdict stands first
    assert "Patients of the cohort n = 72" in text
    assert "clinical:months" in text  # the time itself, refused
    assert "Patients who share pedigree:family stay in one outer fold." in text
    assert "SIMULATED" not in text
    assert re.findall(r'(?:src|href)="(?!data:|#)', html) == []


def test_the_terminal_says_where_the_report_lies(done: tuple[Home, RunOutcome]) -> None:
    home, _ = done
    lies = home.pages / "small" / "relapse" / "report" / "report.html"
    console = Console(record=True, width=200)
    assert run(home.folder.parent / "cohort.yaml", "all", home, console, Console(stderr=True)) == 0
    assert lies.is_file()
    assert f"report       {lies}" in console.export_text()


def test_under_declared_pseudonyms_no_patient_is_named_in_the_report(
    done: tuple[Home, RunOutcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One patient's time is not known, and the value that is set aside for it quotes another patient."""
    folder = done[0].folder.parent
    clinical = pd.read_csv(folder / "clinical.csv", dtype=str)
    clinical.loc[clinical["id"] == "P004", "months"] = "see P005"
    clinical.to_csv(tmp_path / "clinical.csv", index=False)
    settings = yaml.safe_load((folder / "cohort.yaml").read_text())
    settings["predictions"] = {"pseudonyms": {"key_env": "STUDY_KEY"}}
    (tmp_path / "cohort.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("STUDY_KEY", STUDY_KEY)
    written: list[str] = []  # on the figures, which are not rendered

    def remembered(figure: Figure) -> str:
        written.extend(text.get_text() for text in figure.findobj(Text))
        return "data:image/png;base64,"

    monkeypatch.setattr("radiogenomics.reporting.pictures.png_data_uri", remembered)
    home = Home(tmp_path / "home")
    assert run_cohort(read_cohort_file(tmp_path / "cohort.yaml", home), "all", home).failures == {}
    html = report_of(home)
    stored = ArtefactStore(home.artefacts).read(["small", "quarantine"])
    assert stored["reason"].str.contains("see P005").any()  # what the page must not quote
    assert written
    assert IDENTIFIER.findall("\n".join([html, *written])) == []
    assert Pseudonyms(STUDY_KEY.encode()).of("P004") in html
    assert "Files and reasons, which may name them, are in the stored quarantine table alone." in html
    assert "n = 71, events" in html
