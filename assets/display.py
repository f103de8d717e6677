"""What an asset shows in the UI: counts, tables and plots, in a form that can be stored and shown again.

Plots are PNG files below ``pages/``; a small read-only server beside the UI hands them out, because Dagster's page hides
Markdown that carries an image in itself.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from radiogenomics.storage import write_text
from radiogenomics.storage.atomic import write_atomically

PAGES_VARIABLE = "RADIOGENOMICS_PAGES_URL"
PAGES_DEFAULT = "http://127.0.0.1:3001"
_PAGES = "pages:"  # stands for the address of the pages' server in what is stored
PREVIEW_ROWS = 20
PREVIEW_COLUMNS = 12
INLINE_WIDTH = 450
"""Pixels that the value column of Dagster's page has on a common screen."""
LARGE_DPI = 130

Item = dict[str, Any]
"""One thing that is shown: kind ``text``, ``number``, ``table`` or ``url``, and its value, all JSON."""


def pages_url() -> str:
    """Where the browser finds the folder ``pages/``."""
    return os.environ.get(PAGES_VARIABLE, PAGES_DEFAULT).rstrip("/")


def text(markdown: str) -> Item:
    """Markdown."""
    return {"kind": "text", "value": markdown}


def sentences(items: Sequence[str], width: int = 48) -> Item:
    """A list of sentences, broken where Dagster's page, which does not wrap Markdown, would cut them off."""
    lines = ["  \n  ".join(textwrap.wrap(item, width)) for item in items]
    return text("\n".join(f"- {line}" for line in lines))


def number(value: float | int) -> Item:
    """A number; Dagster plots how it changes from run to run."""
    return {"kind": "number", "value": None if isinstance(value, float) and not math.isfinite(value) else value}


def table(frame: pd.DataFrame, rows: int = PREVIEW_ROWS, columns: int = PREVIEW_COLUMNS) -> Item:
    """The first rows and columns of a table; what is cut is said in the last row."""
    part = frame.iloc[:rows, :columns]
    records = [{str(k): _plain(v) for k, v in row.items()} for row in part.to_dict("records")]
    cut = [f"{len(frame) - rows} more rows"] if len(frame) > rows else []
    cut += [f"{frame.shape[1] - columns} more columns"] if frame.shape[1] > columns else []
    return {
        "kind": "table",
        "value": records,
        "columns": [[str(name), _type(part[name])] for name in part.columns],
        "cut": ", ".join(cut),
    }


def url(address: str) -> Item:
    """A link."""
    return {"kind": "url", "value": address}


def plot(figure: Any, pages: Path, key: Sequence[str], name: str) -> Item:
    """Save a matplotlib figure below ``pages/`` and show it inline, as wide as the page's column; a click shows it large."""
    large = _png(figure, LARGE_DPI)
    small = _png(figure, INLINE_WIDTH / figure.get_size_inches()[0])
    digest = hashlib.sha256(large + small).hexdigest()[:10]
    folder = pages.joinpath(*key)
    files = {f"{name}-{digest}.png": large, f"{name}-{digest}-small.png": small}
    for old in folder.glob(f"{name}-??????????*.png"):
        if old.name not in files:
            old.unlink()
    for file, content in files.items():
        if not (folder / file).exists():
            write_atomically(folder / file, partial(Path.write_bytes, data=content))
    base = f"{_PAGES}/{'/'.join(key)}/{name}-{digest}"
    return {"kind": "text", "value": f"[![{name}]({base}-small.png)]({base}.png)"}


def _png(figure: Any, dpi: float) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def page(html: str, pages: Path, key: Sequence[str], name: str = "report") -> tuple[Item, Path]:
    """Save an HTML page below ``pages/``; gives the link to it and its path."""
    file = pages.joinpath(*key) / f"{name}.html"
    write_text(file, html)
    return url(f"{_PAGES}/{'/'.join(key)}/{file.name}"), file


def page_url(key: Sequence[str], file: str) -> Item:
    """The link to a page that lies below ``pages/``."""
    return url(f"{_PAGES}/{'/'.join(key)}/{file}")


def to_dagster(shown: Mapping[str, Item]) -> dict[str, dg.MetadataValue]:
    """Dagster's metadata values, in the order of their (numbered) names."""
    metadata: dict[str, dg.MetadataValue] = {}
    for name, item in sorted(shown.items()):
        kind, value = item["kind"], item["value"]
        if kind == "text":
            metadata[name] = dg.MetadataValue.md(value.replace(f"({_PAGES}/", f"({pages_url()}/"))
        elif kind == "url":
            metadata[name] = dg.MetadataValue.url(value.replace(_PAGES, pages_url(), 1))
        elif kind == "number":
            metadata[name] = dg.MetadataValue.null() if value is None else _number(value)
        else:
            schema = dg.TableSchema(columns=[dg.TableColumn(name=c, type=t) for c, t in item["columns"]])
            metadata[name] = (
                dg.MetadataValue.table(records=[dg.TableRecord(row) for row in value], schema=schema)
                if value
                else dg.MetadataValue.md("*none*")
            )
            if item["cut"]:
                metadata[f"{name}_cut"] = dg.MetadataValue.text(f"and {item['cut']}")
    return metadata


def _number(value: float | int) -> dg.MetadataValue:
    return dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.float(float(value))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool)) else str(value)


def _type(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "bool"
    if pd.api.types.is_integer_dtype(column):
        return "int"
    return "float" if pd.api.types.is_float_dtype(column) else "string"
