"""The rules of a Frictionless data package, and of the tables it describes (datapackage.org, version 2)."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

_NAME = re.compile(r"^[a-z0-9._/-]+$")
_CASTS = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": lambda text: {"TRUE": True, "FALSE": False}[text],
    "datetime": None,
}


def broken_rules(package: dict[str, Any], folder: Path) -> list[str]:
    """What breaks a rule, in the package, in its resources, and in each CSV that it describes; [] where nothing does."""
    found = [f"package: {key}" for key in ("name", "resources") if not package.get(key)]
    found += [] if _NAME.match(package["name"]) else ["package: name"]
    names = [resource["name"] for resource in package["resources"]]
    found += [] if len(set(names)) == len(names) else ["package: two resources of one name"]
    for resource in package["resources"]:
        found += [f"{resource['path']}: {rule}" for rule in _of_resource(resource, folder)]
    return found


def _of_resource(resource: dict[str, Any], folder: Path) -> Iterator[str]:
    if not _NAME.match(resource["name"]):
        yield f"name '{resource['name']}'"
    file = folder / resource["path"]
    if Path(resource["path"]).is_absolute() or ".." in resource["path"]:
        yield "path leaves the folder"
    if resource["bytes"] != file.stat().st_size:
        yield "bytes"
    if resource["hash"] != "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest():
        yield "hash"
    fields = resource["schema"]["fields"]
    named = [field["name"] for field in fields]
    if len(set(named)) != len(named):
        yield "two fields of one name"
    if not set(resource["schema"]["primaryKey"]) <= set(named):
        yield "primaryKey names no field"
    for field in fields:
        if field["type"] not in _CASTS:
            yield f"type '{field['type']}'"
    if file.suffix == ".csv":
        yield from _of_csv(resource["schema"], file)


def _of_csv(schema: dict[str, Any], file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != [field["name"] for field in schema["fields"]]:
            yield "header"
        keys = set()
        for row in reader:
            for field in schema["fields"]:
                yield from _of_cell(field, row[field["name"]], schema["missingValues"])
            key = tuple(row[name] for name in schema["primaryKey"])
            if key in keys:
                yield f"primary key {key} twice"
            keys.add(key)


def _of_cell(field: dict[str, Any], text: str, missing: list[str]) -> Iterator[str]:
    name, rules = field["name"], field.get("constraints", {})
    if text in missing:
        if rules.get("required"):
            yield f"{name} is required"
        return
    try:
        value = datetime.strptime(text, field["format"]) if field["type"] == "datetime" else _CASTS[field["type"]](text)
    except (ValueError, KeyError):
        yield f"{name} '{text}' is no {field['type']}"
        return
    if "enum" in rules and value not in rules["enum"]:
        yield f"{name} '{text}' is not in its enum"
    if "minimum" in rules and value < rules["minimum"]:
        yield f"{name} {text} is below its minimum"
    if "maximum" in rules and value > rules["maximum"]:
        yield f"{name} {text} is above its maximum"
