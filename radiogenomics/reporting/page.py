"""What the pages of all kinds of endpoints share: how templates are filled, tables become rows, and how every page ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from radiogenomics.reporting import wording
from radiogenomics.reporting.headline import Headline, verdicts
from radiogenomics.reporting.method import Method
from radiogenomics.reporting.populations import distinct_comparisons, populations
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import endpoint_name, known

_QUARANTINE_ROWS = 500
_REFUSED_ROWS = 200


def environment() -> Environment:
    """Everything that comes from data is escaped; a name that the template misspells is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=wording.number,
        count=wording.count,
        percent=wording.percent,
        p_text=wording.p_text,
        shorten=wording.shorten,
        population_name=wording.population_name,
        sentence=wording.capitalised,
        text=lambda value: str(value) if known(value) else wording.UNKNOWN,
    )
    environment.globals.update(estimate=wording.estimate, interval=wording.interval, role_names=wording.ROLE_NAMES)
    return environment


def beginning(
    *,
    cohort_title: str,
    endpoint: str,
    description: str,
    simulated: bool,
    final_model: str,
    first: Headline,
    verdict: str,
    comparisons: pd.DataFrame | None,
) -> dict[str, Any]:
    """What the templates of head, verdict and cards are filled with, and what is added: the first screen and its comparisons."""
    return {
        "cohort_title": cohort_title,
        "endpoint_title": endpoint_name(endpoint),
        "description": description,
        "simulated": simulated,
        "final_model": final_model,
        "first": first,
        "cards": cards(first),
        "verdicts": [
            *([verdict] if verdict else []),
            *(str(r["verdict"]) for r in verdicts(comparisons, first.population)),
        ],
        "main_population": first.population,
        "comparisons": [] if comparisons is None else table_rows(distinct_comparisons(comparisons)),
    }


def ending(
    *,
    account: pd.DataFrame | None,
    quarantine: pd.DataFrame | None,
    contours: pd.DataFrame | None,
    refused: pd.DataFrame | None,
    limits: list[str],
    statements: Mapping[str, str] | None,
    method: Method,
    settings: Mapping[str, Any] | None,
    versions: Mapping[str, Any] | None,
    command: str,
    crate: str,
    source_url: str,
    licence: str,
) -> dict[str, Any]:
    """What the templates of inputs, refused features, limits, method and repetition are filled with; tables as in `render_report`."""
    return {
        "account": rows_of(account),
        "quarantine": rows_of(quarantine, _QUARANTINE_ROWS),
        "n_quarantine": 0 if quarantine is None else len(quarantine),
        "has_quarantine": quarantine is not None,
        "quarantine_quotes": quarantine is not None and bool(quarantine["reason"].notna().any()),
        "contours": rows_of(contours),
        "refused": rows_of(refused, _REFUSED_ROWS),
        "n_refused": 0 if refused is None else len(refused),
        "limits": limits,
        "statements": {k: v for k, v in (statements or {}).items() if v},
        "intended_use": (statements or {}).get("intended_use", ""),
        "method": method,
        "settings": flat(settings or {}),
        "versions": flat(versions or {}),
        "command": command,
        "crate": crate,
        "source_url": source_url,
        "source_is_link": source_url.startswith(("https://", "http://")),
        "licence": licence,
    }


def rows_of(table: pd.DataFrame | None, limit: int | None = None) -> list[dict[str, Any]]:
    """The rows of a table, or the first ones of it; none where there is no table."""
    return [] if table is None else table_rows(table if limit is None else table.head(limit))


def of_final(table: pd.DataFrame | None, final_model: str, population: str = "") -> list[dict[str, Any]]:
    """Rows of the final model, on one population where the table has several."""
    if table is None or table.empty:
        return []
    own = table[table["model"] == final_model]
    return table_rows(own[own["population"] == population] if "population" in own.columns else own)


def of_the_endpoint(availability: pd.DataFrame | None, out_of_fold: pd.DataFrame | None) -> pd.DataFrame | None:
    """The columns of the modalities that predict this endpoint: those with a model of their own."""
    if availability is None or out_of_fold is None or out_of_fold.empty:
        return availability
    heads = {str(model).split("/")[0] for model in out_of_fold["model"].unique()}
    return availability[[name for name in availability.columns if name in heads]]


def cards(first: Headline) -> list[dict[str, Any]]:
    """The three figures of the first screen."""
    shown = (
        ("Final model", first.final, "declared before any result"),
        ("Clinical baseline", first.baseline, "best model of clinical variables alone"),
        ("Confounder floor", first.floor, "highest score without any biology"),
    )
    return [{"title": title, "row": row, "what": what} for title, row, what in shown]


def population_blocks(metrics: pd.DataFrame | None, main: str) -> list[dict[str, Any]]:
    """For each population its heading and rows; those of the first screen, of all and of complete patients are open."""
    blocks = []
    for block in populations(metrics):
        shown = not {main, "all", "complete"}.isdisjoint((block.name, *block.same_as))
        blocks.append({"heading": block.heading, "rows": table_rows(block.rows), "open": shown})
    return blocks


def flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as (dotted key, value) in their order; lists on one line."""
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows.extend(flat(value, f"{name}."))
        elif isinstance(value, (list, tuple, set, frozenset)):
            items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
            rows.append((name, ", ".join(str(item) for item in items)))
        else:
            rows.append((name, "" if value is None else str(value)))
    return rows
