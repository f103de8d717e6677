"""The RO-Crate is valid by the rules of its profiles, and its hashes are those of the files."""

from __future__ import annotations

import json
from typing import Any

from radiogenomics.reporting.ro_crate import PROFILES, Content, Step, ro_crate


def crate(**changed: Any) -> dict[str, dict[str, Any]]:
    """The entities of a small crate by their id."""
    given: dict[str, Any] = {
        "name": "Made: egfr_status",
        "description": "A run.",
        "licence": "CC BY 4.0",
        "workflow": Content("cohort.yaml", "a" * 64, 120),
        "command": "radiogenomics run cohort.yaml",
        "inputs": [Content("clinical.csv", "b" * 64), Content("copy.csv", "b" * 64), Content("a.nii.gz", "c" * 64)],
        "steps": [
            Step("made/evaluation", Content("made/evaluation", "d" * 64), "2026-01-01T10:00:00+00:00", "f1"),
            Step("made/manifest", Content("made/manifest", "e" * 64), "2026-01-01T09:00:00+00:00", "f2"),
        ],
        "parts": [Content("report.html", "f" * 64, 5000)],
        "versions": {"code": "0.1.0+abc", "numpy": "2.4.6"},
        "ended": "2026-01-01T11:00:00+00:00",
        "simulated": True,
        **changed,
    }
    loaded = json.loads(ro_crate(**given))
    ids = [entity["@id"] for entity in loaded["@graph"]]
    assert len(ids) == len(set(ids)), "an entity stands twice"
    return {entity["@id"]: entity for entity in loaded["@graph"]}


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [r for v in value.values() for r in references(v)]
    return [r for item in value for r in references(item)] if isinstance(value, list) else []


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_descriptor_and_the_root_are_as_ro_crate_1_1_asks() -> None:
    entities = crate()
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["about"] == {"@id": "./"}
    assert {"@id": "https://w3id.org/ro/crate/1.1"} in descriptor["conformsTo"]
    assert root["@type"] == "Dataset"
    assert all(root[key] for key in ("name", "description", "datePublished", "license"))
    assert [item["@id"] for item in root["conformsTo"]] == list(PROFILES)
    assert "simulated data" in root["keywords"]
    assert "simulated data" not in crate(simulated=False)["./"]["keywords"]


def test_every_reference_is_to_an_entity_of_the_crate_or_to_the_web() -> None:
    entities = crate()
    for entity in entities.values():
        for key, value in entity.items():
            for reference in [] if key == "@id" else references(value):
                assert reference in entities or reference.startswith(("http://", "https://")), reference


def test_the_workflow_is_the_main_entity_and_the_instrument_of_the_run() -> None:
    entities = crate()
    main = entities["./"]["mainEntity"]["@id"]
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow"} == set(entities[main]["@type"])
    assert entities[entities[main]["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    run = entities["#run"]
    assert run["@type"] == "CreateAction"
    assert run["instrument"] == {"@id": main}
    assert {"@id": "#run"} in entities["./"]["mentions"]
    assert (run["startTime"], run["endTime"]) == ("2026-01-01T09:00:00+00:00", "2026-01-01T11:00:00+00:00")


def test_files_are_data_entities_of_the_root_and_inputs_and_outputs_carry_their_hash() -> None:
    entities = crate()
    parts = {item["@id"] for item in entities["./"]["hasPart"]}
    files = {address for address, entity in entities.items() if "File" in as_list(entity["@type"])}
    assert parts == files
    for address in files:
        assert len(entities[address]["sha256"]) == 64
        assert not address.startswith("urn:") or address.endswith(entities[address]["sha256"])
    inputs = [entities[item["@id"]] for item in entities["#run"]["object"]]
    assert [entity["name"] for entity in inputs] == ["clinical.csv; copy.csv", "a.nii.gz"]
    results = {entities[item["@id"]]["name"] for item in entities["#run"]["result"]}
    assert results == {"report.html", "made/manifest", "made/evaluation"}


def test_each_step_has_its_time_its_result_and_the_software_with_versions() -> None:
    entities = crate()
    step = entities["#step-made-evaluation"]
    assert step["endTime"] == "2026-01-01T10:00:00+00:00"
    assert entities[step["result"]["@id"]]["sha256"] == "d" * 64
    software = entities[step["instrument"]["@id"]]
    assert software["softwareVersion"] == "0.1.0+abc"
    libraries = {
        entities[item["@id"]]["name"]: entities[item["@id"]]["softwareVersion"]
        for item in software["softwareRequirements"]
    }
    assert libraries == {"numpy": "2.4.6"}
