"""Workflow Run RO-Crate: what went in, what ran, what came out, in a form that machines read.

JSON-LD by RO-Crate 1.1 and the profiles Process Run Crate and Workflow Run Crate 0.5 [1]_. The workflow is the cohort's
configuration file, which the one command runs. Inputs stay where they are: each is named by its SHA-256.

References
----------
.. [1] Leo S, et al. Recording provenance of workflow runs with RO-Crate. PLOS ONE 2024;19:e0309210.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

METADATA_FILE = "ro-crate-metadata.json"
PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]


class Content(NamedTuple):
    """A file or stored table by its hash: `name`, SHA-256, and size in bytes where it is known."""

    name: str
    sha256: str
    size: int | None = None


class Step(NamedTuple):
    """A step that finished at `ended` (ISO 8601, with time zone) and left `result`; `fingerprint` says what it was made from."""

    name: str
    result: Content
    ended: str
    fingerprint: str


def ro_crate(
    *,
    name: str,
    description: str,
    licence: str,
    workflow: Content,
    command: str,
    inputs: Iterable[Content],
    steps: Iterable[Step],
    parts: Iterable[Content],
    versions: Mapping[str, str],
    ended: str,
    simulated: bool,
) -> str:
    """The text of `ro-crate-metadata.json`.

    Parameters
    ----------
    workflow : the configuration file, in the crate. parts : the other files in the crate; outputs of the run.
    inputs : what was read. steps : what was computed, in any order. versions : software and its version, `code` the project's.
    ended : when the run ended, ISO 8601 with time zone.
    """
    done = sorted(steps, key=lambda step: (step.ended, step.name))
    given, made = _external(inputs), _external(step.result for step in done)
    held = [_file(part.name, part) for part in parts]
    libraries = [
        {"@id": f"#software-{key}", "@type": "SoftwareApplication", "name": key, "softwareVersion": value}
        for key, value in versions.items()
        if key != "code"
    ]
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of {name}",
        "description": f"Computed by `{command}`",
        "instrument": _to(workflow.name),
        "object": [_to(entity["@id"]) for entity in given],
        "result": [_to(entity["@id"]) for entity in [*held, *made]],
        "startTime": min([*(step.ended for step in done), ended]),
        "endTime": ended,
        "actionStatus": _to("http://schema.org/CompletedActionStatus"),
    }
    actions = [
        {
            "@id": f"#step-{step.name.replace('/', '-')}",
            "@type": "CreateAction",
            "name": step.name,
            "description": f"Made from the code, settings and inputs with fingerprint {step.fingerprint}",
            "instrument": _to("#radiogenomics"),
            "result": _to(_address(step.result)),
            "endTime": step.ended,
            "actionStatus": _to("http://schema.org/CompletedActionStatus"),
        }
        for step in done
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": name,
        "description": description,
        "datePublished": ended,
        "license": licence or "not declared",
        "conformsTo": [_to(profile) for profile in PROFILES],
        "mainEntity": _to(workflow.name),
        "hasPart": [_to(workflow.name), *(_to(entity["@id"]) for entity in [*held, *given, *made])],
        "mentions": [_to("#run"), *(_to(str(action["@id"])) for action in actions)],
        "keywords": ["radiogenomics", *(["simulated data"] if simulated else [])],
    }
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA_FILE,
            "@type": "CreativeWork",
            "about": _to("./"),
            "conformsTo": [
                _to("https://w3id.org/ro/crate/1.1"),
                _to("https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
            ],
        },
        root,
        *(
            {
                "@id": profile,
                "@type": "CreativeWork",
                "name": _profile_name(profile),
                "version": profile.rsplit("/", 1)[1],
            }
            for profile in PROFILES
        ),
        _file(workflow.name, workflow)
        | {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": f"Configuration of {name}",
            "programmingLanguage": _to("#language"),
        },
        {
            "@id": "#language",
            "@type": "ComputerLanguage",
            "name": "radiogenomics cohort configuration",
            "alternateName": "cohort.yaml",
            "url": _to("https://yaml.org/"),
        },
        {
            "@id": "#radiogenomics",
            "@type": "SoftwareApplication",
            "name": "radiogenomics",
            "softwareVersion": versions.get("code", ""),
            "softwareRequirements": [_to(library["@id"]) for library in libraries],
        },
        *libraries,
        *held,
        *given,
        *made,
        run,
        *actions,
    ]
    return json.dumps({"@context": _CONTEXT, "@graph": _once(graph)}, indent=1, ensure_ascii=False) + "\n"


def _to(address: str) -> dict[str, str]:
    return {"@id": address}


def _address(content: Content) -> str:
    return f"urn:hash::sha256:{content.sha256}"


def _file(address: str, content: Content) -> dict[str, Any]:
    size = {} if content.size is None else {"contentSize": str(content.size)}
    return {"@id": address, "@type": "File", "name": content.name, "sha256": content.sha256, **size}


def _external(contents: Iterable[Content]) -> list[dict[str, Any]]:
    """One entity for each content that lies outside the crate; equal contents are one entity with all names."""
    found: dict[str, dict[str, Any]] = {}
    for content in contents:
        known = found.setdefault(_address(content), _file(_address(content), content))
        if content.name not in str(known["name"]).split("; "):
            known["name"] = f"{known['name']}; {content.name}"
    return list(found.values())


def _once(graph: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each entity once: what is an input of the run and an output of a step has the same content."""
    return list({str(entity["@id"]): entity for entity in reversed(graph)}.values())[::-1]


def _profile_name(profile: str) -> str:
    names = {"process": "Process Run Crate", "workflow": "Workflow Run Crate", "workflow-ro-crate": "Workflow RO-Crate"}
    return names[profile.split("/")[-2]]
