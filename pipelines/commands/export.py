"""``radiogenomics predictions export | ard | sql``: the predictions and figures in the forms that others read."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.prediction_store import prediction_store
from pipelines.commands.results import figure_tables, is_simulated
from pipelines.discovery import COHORTS_VARIABLE, discover
from radiogenomics.cohort import Cohort
from radiogenomics.cohort.prediction_settings import declared_pseudonyms
from radiogenomics.exceptions import ConfigurationError, InputError
from radiogenomics.storage import Home, PredictionStore
from radiogenomics.storage.pseudonyms import Pseudonyms, ShortKeyWarning

_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".xpt": "xpt"}


@dataclass(frozen=True)
class Filters:
    """What of a cohort's predictions is asked for; see `PredictionStore.query`."""

    endpoints: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    as_of: str | None = None
    since: str | None = None
    until: str | None = None
    every_run: bool = False


def export(home: Home, cohort: str, output: Path, filters: Filters, form: str | None) -> int:
    """Write the predictions that match to a file, with its data dictionary; gives the number of rows."""
    from radiogenomics.exports import export_predictions

    chosen = form or _ENDINGS.get(output.suffix.lower())
    if chosen is None:
        raise InputError(
            f"{output}: no --format given, and the ending '{output.suffix}' says none of {', '.join(_ENDINGS)}",
            rule="format",
        )
    rows = read(home, cohort, filters)
    export_predictions(rows, output, chosen)
    return len(rows)


def sql(home: Home, cohort: str, query: str) -> pd.DataFrame:
    """The result of a query on a copy of the cohort's predictions."""
    from radiogenomics.exports.sql import select

    return select(read(home, cohort, Filters(every_run=True)), query)


def ard(home: Home, cohort: str, endpoint: str | None, output: Path) -> int:
    """Write every stored figure as an analysis results table; gives the number of rows."""
    from radiogenomics.exports.ard import ard_table, write_ard

    table = ard_table(figure_tables(cohort, endpoint, home), simulated=is_simulated(cohort, home))
    write_ard(table, output)
    return len(table.rows)


def read(home: Home, cohort: str, filters: Filters) -> pd.DataFrame:
    """The rows that match, under pseudonyms where the cohort declares them; those superseded are marked where asked for.

    Raises
    ------
    ConfigurationError
        The cohort's file is not known or not readable, so that it cannot be seen whether it declares pseudonyms; or the
        key of the pseudonyms is not where it should be.
    """
    known = discover(home)
    found = next((entry for entry in known if entry.name == cohort and entry.cohort is not None), None)
    if found is None or found.cohort is None:
        PredictionStore(home.predictions).query(cohort, filters.endpoints)  # says what there is, where there is nothing
        raise _unknown(cohort, [entry.error for entry in known if entry.error and not entry.needs])
    declared: Cohort = found.cohort
    store = prediction_store(home, declared)
    return store.query(
        cohort,
        filters.endpoints,
        kind=filters.kinds,
        model=filters.models,
        as_of=filters.as_of,
        since=filters.since,
        until=filters.until,
        every_run=filters.every_run,
        marked=filters.every_run,
        pseudonyms=_pseudonyms(declared),
    )


def _pseudonyms(cohort: Cohort) -> Pseudonyms | None:
    """The declared pseudonyms; what is to be said of their key is said on one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ShortKeyWarning)
        found = declared_pseudonyms(cohort)
    for warning in caught:
        sys.stderr.write(f"warning: {warning.message}\n")
    return found


def _unknown(cohort: str, errors: list[str]) -> ConfigurationError:
    broken = f"; files that cannot be read: {'; '.join(errors)}" if errors else ""
    return ConfigurationError(
        f"cohort '{cohort}': its cohort.yaml is needed, to see whether patient identifiers may leave the store as they are; it is "
        f"in no file that was run before, nor in {COHORTS_VARIABLE}{broken}",
        rule="cohort_file",
    )
