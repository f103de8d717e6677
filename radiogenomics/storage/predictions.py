"""The append-only table of predictions: Parquet parts that a reader sees whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd

from radiogenomics.storage.atomic import write_atomically
from radiogenomics.storage.prediction_columns import NAMES, SUPERSEDED, typed
from radiogenomics.storage.prediction_query import (
    WHAT_THERE_IS,
    Wanted,
    moment,
    names,
    nothing_matches,
    nothing_stored,
    superseded_at,
)
from radiogenomics.storage.pseudonyms import Pseudonyms

Moment = str | date | datetime | None
"""A date or time; text is read as ISO 8601, UTC where it names no zone."""


class Predictions(Protocol):
    """What every store of predictions can do."""

    def append(self, rows: pd.DataFrame) -> Path | str:
        """Append rows of one cohort and endpoint (schema ``PREDICTIONS``); says where they lie.

        Rows whose predictions are in the table already, and current, leave it as it is.
        """

    def query(
        self,
        cohort: str,
        endpoint: str | Sequence[str] | None = None,
        *,
        kind: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
        as_of: Moment = None,
        since: Moment = None,
        until: Moment = None,
        every_run: bool = False,
        marked: bool = False,
        pseudonyms: Pseudonyms | None = None,
    ) -> pd.DataFrame:
        """Rows of a cohort by the schema ``PREDICTIONS``, ordered by endpoint, model, kind, repeat and patient.

        Parameters
        ----------
        endpoint : one, several, or None for all.
        kind : ``out_of_fold``, ``locked_test`` or ``prospective``; None for all.
        model : a `model_id`, or a model's name such as ``late/weighted``; None for all.
        as_of : the table as it was at that moment; a date means its end.
        since, until : only rows created within; a date means its start and its end.
        every_run : False gives what is current: of each model and kind the newest run (prospective: of each patient the
            newest prediction). True also what that superseded.
        marked : add `superseded_at`, the `created_at` of the run that superseded the row; missing: current.
        pseudonyms : replace the patient identifiers by these; the order of rows then tells nothing of the identifiers.

        Raises
        ------
        NotMaterialisedError
            No predictions of this cohort and endpoint, or none that match; the message says what there is.
        InputError
            A moment that is no date or time.
        """


class PredictionStore:
    """Predictions of all cohorts and endpoints below one folder; see :class:`Predictions`.

    Every append writes one new Parquet file in one step; nothing is ever changed or removed. DuckDB and pandas read the
    folder while a run is writing: ``SELECT * FROM read_parquet('predictions/*/*/*.parquet', union_by_name = true)``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def append(self, rows: pd.DataFrame) -> Path:
        cohort, endpoint = one_endpoint(rows)
        folder = self.folder / cohort / endpoint
        digest = content_digest(rows)[:20]
        parts = sorted(folder.glob(f"{digest}*.parquet"))
        if parts and self._is_current(parts[-1]):
            return parts[-1]
        part = folder / (f"{digest}-{len(parts) + 1}.parquet" if parts else f"{digest}.parquet")
        write_atomically(part, lambda temporary: rows.to_parquet(temporary, index=False), suffix=".part")
        return part

    def query(
        self,
        cohort: str,
        endpoint: str | Sequence[str] | None = None,
        *,
        kind: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
        as_of: Moment = None,
        since: Moment = None,
        until: Moment = None,
        every_run: bool = False,
        marked: bool = False,
        pseudonyms: Pseudonyms | None = None,
    ) -> pd.DataFrame:
        wanted = wanted_rows(cohort, endpoint, kind, model, as_of, since, until, every_run)
        parts = self._parts(wanted)
        if not parts or any(not list(self._of(cohort, name)) for name in wanted.endpoints):
            present = sorted(
                "/".join(p.relative_to(self.folder).parts[:2]) for p in self.folder.glob("*/*/[!.]*.parquet")
            )
            raise nothing_stored(wanted, list(dict.fromkeys(present)))
        source = "read_parquet(?, union_by_name = true)"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            text, parameters = wanted.sql(source, "?")
            rows = connection.execute(text, [parts, *parameters]).df()
            if not wanted.all_found(rows):
                found = connection.execute(WHAT_THERE_IS.format(source=source, where="TRUE"), [parts]).fetchall()
                raise nothing_matches(wanted, found)
        return finished(rows if pseudonyms is None else pseudonyms.apply(rows), marked=marked)

    def _parts(self, wanted: Wanted) -> list[str]:
        folder = self.folder / wanted.cohort
        endpoints = wanted.endpoints or [p.name for p in sorted(folder.glob("*")) if p.is_dir()]
        return [str(p) for name in endpoints for p in sorted(self._of(wanted.cohort, name))]

    def _of(self, cohort: str, endpoint: str) -> Iterator[Path]:
        return (self.folder / cohort / endpoint).glob("[!.]*.parquet")

    def _is_current(self, part: Path) -> bool:
        """Whether nothing appended later superseded a row of this part."""
        with duckdb.connect() as connection:
            found = connection.execute(
                f"SELECT count(superseded_at) FROM (SELECT filename, {superseded_at()} AS superseded_at "
                "FROM read_parquet(?, union_by_name = true, filename = true)) AS marked WHERE filename = ?",
                [[str(p) for p in sorted(part.parent.glob("[!.]*.parquet"))], str(part)],
            ).fetchone()
        return found is not None and found[0] == 0


def wanted_rows(
    cohort: str,
    endpoint: str | Sequence[str] | None,
    kind: str | Sequence[str] | None,
    model: str | Sequence[str] | None,
    as_of: Moment,
    since: Moment,
    until: Moment,
    every_run: bool,
) -> Wanted:
    """The arguments of `Predictions.query`, checked."""
    return Wanted(
        cohort,
        names(endpoint),
        names(model),
        names(kind),
        moment(as_of, end_of_day=True, what="as of"),
        moment(since, end_of_day=False, what="since"),
        moment(until, end_of_day=True, what="until"),
        every_run,
    )


def finished(rows: pd.DataFrame, *, marked: bool) -> pd.DataFrame:
    """Rows as found, typed and in order, with or without the mark of superseded ones."""
    table = in_order(typed(rows))
    return table if marked else table.drop(columns=SUPERSEDED.name)


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """By endpoint, model, kind, run, repeat and patient."""
    order = ["endpoint", "model", "kind", "created_at", "repeat", "patient_id"]
    return table.sort_values(order, kind="stable", na_position="last", ignore_index=True)


def one_endpoint(rows: pd.DataFrame) -> tuple[str, str]:
    """The cohort and endpoint that all rows are of."""
    cohorts, endpoints = rows["cohort"].unique(), rows["endpoint"].unique()
    if len(cohorts) != 1 or len(endpoints) != 1:
        raise ValueError(f"append one cohort and endpoint at a time, found {list(cohorts)} x {list(endpoints)}")
    return str(cohorts[0]), str(endpoints[0])


def content_digest(rows: pd.DataFrame) -> str:
    """SHA-256 of everything that the rows say but for when they were made."""
    content = rows[[name for name in NAMES if name in rows.columns and name != "created_at"]]
    return hashlib.sha256(content.to_csv(index=False, float_format="%.17g").encode()).hexdigest()
