"""Stages of models: one champion an endpoint, every change with who, when and why, and nothing unwritten afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiogenomics.exceptions import InputError, IntegrityError, NotMaterialisedError
from radiogenomics.storage.model_stages import ModelStages


def stages(folder: Path) -> ModelStages:
    found = ModelStages(folder, "lung", "egfr_status")
    for model in ("a", "b"):
        found.add(model, "registered")
    return found


def test_a_new_champion_retires_the_one_before_in_one_step(tmp_path: Path) -> None:
    found = stages(tmp_path)
    found.promote("a", "first", by="gate")
    found.promote("b", "not worse", by="anna", instead_of="a")
    assert found.champion() == "b"
    assert found.stages() == {"a": "retired", "b": "champion"}
    history = found.history()
    assert history["to"].tolist() == ["candidate", "candidate", "champion", "retired", "champion"]
    assert history["by"].tolist()[2:] == ["gate", "anna", "anna"]
    assert history["why"].iloc[-2] == "replaced by b: not worse"
    assert history["at"].is_monotonic_increasing


def test_a_decision_against_a_champion_that_has_changed_changes_nothing(tmp_path: Path) -> None:
    found = stages(tmp_path)
    found.promote("a", "first")
    with pytest.raises(InputError, match="the champion is 'a', not 'None' as when this was decided"):
        found.promote("b", "late", instead_of=None)
    assert found.champion() == "a"
    assert len(found.history()) == 3


def test_adding_twice_keeps_the_stage_and_retiring_twice_is_an_error(tmp_path: Path) -> None:
    found = stages(tmp_path)
    found.promote("a", "first")
    found.add("a", "registered")
    assert found.stages()["a"] == "champion"
    found.retire("a", "scanner replaced")
    assert found.champion() is None
    with pytest.raises(InputError, match="is retired already"):
        found.retire("a", "again")
    with pytest.raises(NotMaterialisedError, match=r"no model 'c' .* there are: a, b"):
        found.promote("c", "why not")


@pytest.mark.parametrize("line", [0, 2])
def test_a_line_that_is_removed_or_altered_is_noticed(tmp_path: Path, line: int) -> None:
    found = stages(tmp_path)
    found.promote("a", "first")
    log = tmp_path / "lung" / "egfr_status" / ".stages.jsonl"
    lines = log.read_text().splitlines()
    log.write_text("\n".join(lines[:line] + lines[line + 1 :] + [lines[line].replace('"first"', '"best"')]) + "\n")
    with pytest.raises(IntegrityError, match=r"\.stages\.jsonl line \d: altered"):
        found.stages()
