"""The data dictionary beside an exported file: a Frictionless data package [1]_.

References
----------
.. [1] https://datapackage.org, Data Package and Table Schema.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from radiogenomics.exceptions import TableError
from radiogenomics.exports.exported import Exported
from radiogenomics.storage.atomic import file_digest, write_text
from radiogenomics.storage.prediction_columns import Column

FILE = "datapackage.json"
_TYPES = {"text": "string", "number": "number", "integer": "integer", "boolean": "boolean", "datetime": "datetime"}
MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xpt": "application/x-sas-xport",
    "json": "application/json",
}


def describe(path: Path, table: Exported, columns: Sequence[Column]) -> Path:
    """Put the resource into the ``datapackage.json`` of the file's folder; what it says of other files stays.

    Raises
    ------
    TableError
        There is a ``datapackage.json`` already that is none.
    """
    place = path.parent / FILE
    package = _present(place) or {
        "name": "radiogenomics-exports",
        "title": "Predictions and figures of the radiogenomics pipeline",
        "description": "Research use only. Not a medical device.",
        "resources": [],
    }
    others = [resource for resource in package["resources"] if resource.get("path") != path.name]
    resources = sorted([*others, resource_of(path, table, columns)], key=lambda resource: str(resource.get("path")))
    package |= {"resources": resources, "created": datetime.now(UTC).isoformat(timespec="seconds")}
    write_text(place, json.dumps(package, indent=1, ensure_ascii=False) + "\n")
    return place


def resource_of(path: Path, table: Exported, columns: Sequence[Column]) -> dict[str, Any]:
    """What the package says of one file: where it is, its digest, and each column with its meaning."""
    ending = path.suffix.lstrip(".").lower()
    key = list(table.key)
    names = {column.name for column in table.columns}
    key = [new.name for old, new in zip(table.columns, columns, strict=False) if old.name in key] if names else key
    mark = "SIMULATED DATA. " if table.simulated else ""
    return {
        "name": f"{table.name}-{ending}-{path.stem.lower()}".translate(str.maketrans("_ ", "--")),
        "path": path.name,
        "title": mark + table.title,
        "description": mark + table.description,
        "format": ending,
        "mediatype": MEDIA.get(ending, "application/octet-stream"),
        **({"encoding": "utf-8"} if ending == "csv" else {}),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{file_digest(path)}",
        "simulated": table.simulated,
        "schema": {
            "fields": [_field(column) for column in columns],
            "missingValues": [""],
            "primaryKey": key,
        },
    }


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    allowed = [value for value in column.values if value != ""]
    if allowed:
        constraints["enum"] = allowed
    if not column.nullable and not (column.type == "text" and (column.default == "" or column.lists)):
        constraints["required"] = True
    for key, limit in (("minimum", column.least), ("maximum", column.most)):
        if limit is not None:
            constraints[key] = int(limit) if column.type == "integer" else limit
    return {
        "name": column.name,
        "title": column.label,
        "type": _TYPES[column.type],
        **({"format": "%Y-%m-%dT%H:%M:%S.%fZ"} if column.type == "datetime" else {}),
        "description": column.description,
        **({"unit": column.unit} if column.unit else {}),
        **({"constraints": constraints} if constraints else {}),
    }


def _present(place: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("resources"), list):
        raise TableError(
            f"{place}: is there already and is no data package; export into another folder", rule="data_package"
        )
    return found
