"""The command line speaks to people: one message, the right exit code, no traceback."""

from __future__ import annotations

import pytest

from pipelines.cli import main


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("RADIOGENOMICS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check", "/no/such/cohort.yaml"], 2, ["/no/such/cohort.yaml", "no such file"]),
        (["run", "/no/such/cohort.yaml"], 2, ["no such file"]),
        (["results", "--cohort", "nothing"], 1, ["cohort 'nothing'", "no evaluation stored"]),
        (["predictions", "export", "--cohort", "a", "--endpoint", "b", "--output", "x.csv"], 1, ["no predictions"]),
        (["run"], 2, ["Missing argument"]),
        (["frobnicate"], 2, ["No such command"]),
    ],
    ids=["check", "run", "results", "export", "argument", "command"],
)
def test_a_mistake_is_one_message_with_the_right_exit_code(capsys, arguments, code, words):
    found, _, err = call(capsys, *arguments)
    assert found == code
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_brackets_in_a_message_are_shown_as_they_are(capsys, tmp_path):
    file = tmp_path / "[bold]cohort.yaml"
    _, _, err = call(capsys, "check", str(file))
    assert "[bold]cohort.yaml" in err


def test_help_names_every_command(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for command in ("simulate", "check", "run", "results", "predictions", "ui"):
        assert command in out


def test_simulate_does_not_write_over_anything(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    code, _, err = call(capsys, "simulate", str(tmp_path))
    assert code == 2
    assert "not an empty folder" in err
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_wrong_key_in_a_configuration_suggests_the_right_one(capsys, tmp_path):
    file = tmp_path / "cohort.yaml"
    file.write_text("name: x\nclinical: {tables: {main: {file: a.csv, patient_id: id}}}\nresamplng: {}\n")
    code, _, err = call(capsys, "check", str(file))
    assert code == 2
    assert "resamplng: unknown key; did you mean 'resampling'?" in err
