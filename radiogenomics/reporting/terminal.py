"""Results as a table for the command line."""

from __future__ import annotations

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from radiogenomics.reporting.headline import outcome
from radiogenomics.reporting.populations import Population, distinct_comparisons, populations
from radiogenomics.reporting.records import table_rows
from radiogenomics.reporting.wording import (
    estimate,
    interval,
    number,
    p_text,
)

_STYLES = {"fusion": "bold", "floor": "dim"}


def text_results(
    metrics: pd.DataFrame | None,
    comparisons: pd.DataFrame | None = None,
    *,
    title: str = "",
    simulated: bool = False,
) -> Group:
    """Every model and floor by population, then the comparisons with their verdicts, to print with `rich`.

    Parameters
    ----------
    metrics, comparisons : by `schemas.METRICS` and `schemas.COMPARISONS`; empty or None: the text says so.
    title : e.g. cohort and endpoint.
    simulated : puts 'SIMULATED DATA' first.
    """
    parts: list[Table | Text] = []
    if title or simulated:
        head = Text(title, style="bold")
        if simulated:
            head.append("  SIMULATED DATA", style="bold red")
        parts.append(head)
    if metrics is None or metrics.empty:
        return Group(*parts, Text("No results are stored yet: run the training of this cohort first."))
    parts.extend(_population_table(population) for population in populations(metrics))
    if comparisons is not None and not comparisons.empty:
        parts.append(_comparison_table(distinct_comparisons(comparisons)))
    methods = sorted(set(metrics["interval_method"].dropna()))
    parts.append(Text(f"95 % intervals: {'; '.join(methods)}. Research use only, not a medical device.", style="dim"))
    return Group(*parts)


def _population_table(population: Population) -> Table:
    table = Table(title=Text(population.heading), title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("Model", no_wrap=True, overflow="fold")
    for column in ("n", "events", "AUC (95 % CI)", "Brier", "slope"):
        table.add_column(column, justify="right", no_wrap=True)
    role = None
    for row in table_rows(population.rows):
        if row["role"] != role:  # the name says what a model is; a line sets fusions, baselines and floors apart
            table.add_section()
            role = row["role"]
        table.add_row(
            Text(str(row["model"])),
            str(row["n"]),
            str(row["events"]),
            estimate(row["auc"], row["auc_lower"], row["auc_upper"]),
            number(row["brier"], 3),
            number(row["calibration_slope"]),
            style=_STYLES.get(row["role"], ""),
        )
    return table


def _comparison_table(comparisons: pd.DataFrame) -> Table:
    table = Table(title="What is added", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("Comparison")
    table.add_column("Patients")
    table.add_column("AUC difference", justify="right", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("Verdict")
    for row in table_rows(comparisons):
        difference = number(row["auc_difference"])
        bounds = interval(row["lower"], row["upper"])
        style = {"better": "bold", "worse": "bold red"}.get(outcome(row), "")
        table.add_row(
            Text(f"{row['comparison']}\n{row['model']} − {row['reference']}"),
            Text(f"{row['population']}, n {row['n']}, events {row['events']}"),
            f"{difference} ({bounds})" if bounds else difference,
            p_text(row["p_value"]),
            Text(str(row["verdict"]), style=style),
        )
    return table
