"""Every published figure as an Analysis Results Data table: one row a statistic.

The columns are those that R's package cards makes and gtsummary reads [1]_, after CDISC's Analysis Results Standard [2]_:
``group1, group1_level, ...`` say of what the figure is (endpoint, model, population), `variable` which figure it is,
`variable_level` where (a threshold), and `stat_name`, `stat_label`, `stat` one number of it: `estimate`, `conf.low`,
`conf.high`, `n`, `events`, `p.value`, and `method` in words. `fmt_fun` is one of cards' format strings.

References
----------
.. [1] Sjoberg et al.: cards, Analysis Results Data, https://insightsengineering.github.io/cards.
.. [2] CDISC: Analysis Results Standard 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.exceptions import InputError
from radiogenomics.exports.data_package import describe
from radiogenomics.exports.exported import Exported
from radiogenomics.storage.atomic import write_atomically
from radiogenomics.storage.prediction_columns import Column

GROUPS = 5
LABELS = {
    "estimate": "Estimate",
    "conf.low": "Lower 95% limit",
    "conf.high": "Upper 95% limit",
    "n": "Patients",
    "events": "Events",
    "p.value": "p value",
    "p.value.holm": "p value, Holm",
    "method": "Method",
}
_FORMATS = {"n": "x", "events": "x", "p.value": "x.xxxx", "p.value.holm": "x.xxxx", "method": ""}
_OF_WHAT = ("model", "reference", "comparison", "population", "subgroup", "level", "kind", "run", "share", "band")
_IN_WORDS = ("interval_method", "method")
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".json": "json"}

Figure = tuple[str, Any, dict[str, Any]]
"""Name, where (None: nowhere in particular), statistic -> value."""


def ard_columns() -> tuple[Column, ...]:
    """The columns, in cards' order."""
    groups: list[Column] = []
    for number in range(1, GROUPS + 1):
        groups.append(_text(f"group{number}", f"GROUP{number}", "by what the figure is grouped: endpoint, model, ..."))
        groups.append(_text(f"group{number}_level", f"GRP{number}LVL", "its value"))
    return (
        *groups,
        _text("variable", "VARIABLE", "the figure: auc, brier, calibration_slope, ..."),
        _text("variable_level", "VARLEVEL", "threshold or target at which it was taken, where there is one"),
        _text("context", "CONTEXT", "the stored table that holds it"),
        _text("stat_name", "STATNAME", "which number of the figure: " + ", ".join(LABELS)),
        _text("stat_label", "STATLABL", "the same in words"),
        _text("stat", "STAT", "the number in full precision, or the method in words; '' where it does not exist"),
        _text("fmt_fun", "FMTFUN", "how cards formats it; '' for text"),
        _text("warning", "WARNING", "why there is no figure, where one is suppressed"),
        _text("error", "ERROR", "always ''"),
    )


def ard_table(tables: Mapping[str, Mapping[str, pd.DataFrame]], *, simulated: bool) -> Exported:
    """Statistics of every figure.

    Parameters
    ----------
    tables : endpoint -> name of a stored table -> table. A table is taken where it has columns `n` and `events`, and
        figures with an interval: ``figure, estimate, lower, upper``; or ``x, x_lower, x_upper``; or one column beside
        ``lower, upper``. Others are left out.
    """
    rows = [
        row
        for endpoint, stored in tables.items()
        for context, table in stored.items()
        if {"n", "events"} <= set(table.columns)
        for row in _rows(endpoint, context, table, stored)
    ]
    names = [column.name for column in ard_columns()]
    return Exported(
        rows=pd.DataFrame(rows, columns=names).fillna({name: "" for name in names if name != "stat"}),
        columns=ard_columns(),
        name="analysis-results",
        sas_name="ARD",
        title="Analysis results: one row a statistic of a figure",
        description="Every figure with its interval, n and events, as R's cards and gtsummary read it. Research use only.",
        key=(),
        simulated=simulated,
    )


def write_ard(table: Exported, output: Path) -> Path:
    """Write as the ending of `output` says; numbers are numbers in JSON, where what is '' is left
    out, and text in full precision elsewhere.

    Raises
    ------
    InputError
        Another ending than .csv, .parquet or .json.
    """
    form = _ENDINGS.get(output.suffix.lower())
    if form is None:
        raise InputError(
            f"{output}: an analysis results table ends in {', '.join(_ENDINGS)}, found '{output.suffix}'", rule="ending"
        )
    if form == "json":
        records = [{k: v for k, v in row.items() if v != ""} for row in table.rows.to_dict("records")]
        lines = ",\n".join(json.dumps(record, allow_nan=False) for record in records)
        write_atomically(output, lambda path: path.write_text(f"[\n{lines}\n]\n", encoding="utf-8"))
        return describe(output, table, table.columns)
    rows = table.rows.assign(stat=[_as_text(value) for value in table.rows["stat"]])
    if form == "csv":
        write_atomically(output, lambda path: rows.to_csv(path, index=False))
    else:
        write_atomically(output, lambda path: rows.to_parquet(path, index=False))
    return describe(output, table, table.columns)


def _rows(
    endpoint: str, context: str, table: pd.DataFrame, beside: Mapping[str, pd.DataFrame]
) -> Iterator[dict[str, Any]]:
    elsewhere = set(beside["figures"]["figure"]) if context == "metrics" and "figures" in beside else set()
    for number, record in enumerate(table.to_dict("records"), start=1):
        groups = [("endpoint", endpoint), *((key, record[key]) for key in _OF_WHAT if key in record)]
        if len(groups) == 1 and len(table) > 1:
            groups.append(("bin", number))
        base: dict[str, Any] = {}
        for position, (key, level) in enumerate(groups[:GROUPS], start=1):
            base |= {f"group{position}": key, f"group{position}_level": str(level)}
        words = next((record[key] for key in _IN_WORDS if isinstance(record.get(key), str)), "")
        for name, where, values in _figures({str(key): value for key, value in record.items()}):
            if name in elsewhere:
                continue  # stands in `figures`, with its interval
            stats = {**values, "n": record["n"], "events": record["events"], "method": words}
            for stat_name, value in stats.items():
                if stat_name == "method" and not value:
                    continue
                yield {
                    **base,
                    "variable": name,
                    "variable_level": "" if where is None or pd.isna(where) else str(where),
                    "context": context,
                    "stat_name": stat_name,
                    "stat_label": LABELS[stat_name],
                    "stat": _plain(value),
                    "fmt_fun": _FORMATS.get(stat_name, "x.xxx"),
                    "warning": str(record.get("suppressed") or ""),
                }


def _figures(record: dict[str, Any]) -> Iterator[Figure]:
    """The figures of one row, whatever the form of its table."""
    if {"figure", "estimate", "lower", "upper"} <= set(record):
        yield str(record["figure"]), record.get("at"), _interval(record, "estimate", "lower", "upper")
        return
    for name in record:
        if f"{name}_lower" in record:
            yield name, None, _interval(record, name, f"{name}_lower", f"{name}_upper")
        elif name in {"calibration_intercept", "calibration_slope", "share_abstained", "mean_probability"}:
            yield name, None, {"estimate": record[name]}
    if {"lower", "upper"} <= set(record):
        for name in ("auc_difference", "observed", "auc", "estimate"):
            if name in record and f"{name}_lower" not in record:
                p_values = {"p_value": "p.value", "p_holm": "p.value.holm"}
                tests = {stat: record[key] for key, stat in p_values.items() if key in record}
                yield name, None, {**_interval(record, name, "lower", "upper"), **tests}
                return


def _interval(record: dict[str, Any], estimate: str, lower: str, upper: str) -> dict[str, Any]:
    return {"estimate": record[estimate], "conf.low": record[lower], "conf.high": record[upper]}


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _as_text(value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _text(name: str, sas_name: str, description: str) -> Column:
    return Column(name, "text", sas_name, name, description, default="")
