"""A checklist, item by item, with its evidence."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from radiogenomics.reporting.checklists.evidence import MET, NOT_APPLICABLE, PARTLY, UNMET, Evidence, Found
from radiogenomics.reporting.checklists.rules import CONDITIONS, combined, rule_of

CHECKLISTS = ("tripod_ai", "clear", "metrics")


class Item(NamedTuple):
    """One item: status is 'met', 'partly', 'unmet' or 'not applicable'; `link` is the id of the section that shows it."""

    id: str
    section: str
    text: str
    status: str
    note: str
    link: str


class Checklist(NamedTuple):
    """A filled checklist; `counts` is status -> number of items."""

    name: str
    about: str
    items_counted: str
    citation: str
    conditions: list[tuple[str, str, bool]]
    items: list[Item]
    counts: dict[str, int]


@cache
def reference(name: str) -> dict[str, Any]:
    """The items of a checklist, from the packaged file of that name."""
    text = files("radiogenomics.reporting").joinpath("reference", f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def fill(name: str, evidence: Evidence) -> Checklist:
    """Answer every item of the checklist `name` (one of `CHECKLISTS`) from the evidence of a run."""
    listed = reference(name)
    applies = "applies" not in listed or CONDITIONS[listed["applies"]](evidence)
    conditions = [(c["id"], c["text"], CONDITIONS[c["rule"]](evidence)) for c in listed.get("conditions", [])]
    holds = {number: value for number, _, value in conditions}
    items = []
    for item in listed["items"]:
        needed = item.get("if")
        if not applies:
            found = Found(NOT_APPLICABLE, "no imaging predicts this endpoint")
        elif needed is not None and not holds[needed]:
            found = Found(NOT_APPLICABLE, f"condition {needed} does not hold")
        else:
            found = combined([rule_of(rule)(evidence) for rule in item["rules"]])
        items.append(Item(item["id"], item["section"], item["text"], *found))
    counts = {s: sum(i.status == s for i in items) for s in (MET, PARTLY, UNMET, NOT_APPLICABLE)}
    return Checklist(
        listed["name"], listed["about"], listed["items_counted"], listed["citation"], conditions, items, counts
    )
