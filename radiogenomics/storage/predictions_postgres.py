"""The append-only table of predictions in PostgreSQL: an append is one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd

from radiogenomics.exceptions import ConfigurationError, StoreError
from radiogenomics.storage import predictions_schema as schema
from radiogenomics.storage.prediction_columns import COLUMNS, NAMES, typed
from radiogenomics.storage.prediction_query import WHAT_THERE_IS, nothing_matches, nothing_stored, superseded_at
from radiogenomics.storage.predictions import Moment, content_digest, finished, in_order, one_endpoint, wanted_rows
from radiogenomics.storage.pseudonyms import Pseudonyms

VARIABLE = "RADIOGENOMICS_PREDICTIONS_URL"
FORM = "postgresql://user@host:5432/database"
_LOCK = 7_230_417_116  # of this table's set-up and appends; any number that others do not use
_TIMEOUT = 10  # seconds to reach the server


class PostgresPredictions:
    """The predictions table in a PostgreSQL database; see :class:`radiogenomics.storage.predictions.Predictions`.

    The first append creates the table, or brings an older one forward. An append is one transaction: readers see all of
    its rows or none, and two writers wait for one another. Rows are never changed: a trigger refuses it.

    Parameters
    ----------
    url : ``postgresql://user@host:5432/database``; libpq's options after ``?``. Better without a password: libpq finds it
        in ``PGPASSWORD`` or ``~/.pgpass``. It is never part of a message.
    pseudonyms : called with nothing when rows are appended; its pseudonyms replace the patient identifiers. None: as is.
    """

    def __init__(self, url: str, pseudonyms: Callable[[], Pseudonyms | None] | None = None) -> None:
        self._url = url
        self.name = shown_url(url)
        self._pseudonyms = pseudonyms

    def __repr__(self) -> str:
        return f"PostgresPredictions({self.name!r})"

    def append(self, rows: pd.DataFrame) -> str:
        """Append rows, see `Predictions.append`.

        Raises
        ------
        ConfigurationError
            Pseudonyms are declared and their key is missing, or the driver is not installed.
        StoreError
            The database cannot be reached, or refused the rows.
        """
        from psycopg2.extras import execute_values

        cohort, endpoint = one_endpoint(rows)
        pseudonyms = self._pseudonyms() if self._pseudonyms else None
        table = in_order(typed(rows if pseudonyms is None else pseudonyms.apply(rows)))
        key = "" if pseudonyms is None else pseudonyms.fingerprint
        digest = content_digest(table)
        with self._transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])  # until this transaction ends
            self._bring_forward(cursor)
            if self._is_current(cursor, cohort, endpoint, digest):
                return self.name
            cursor.execute(
                "INSERT INTO prediction_batches (content, cohort, endpoint, n_rows) VALUES (%s, %s, %s, %s) RETURNING batch_id",
                [digest, cohort, endpoint, len(table)],
            )
            batch = cursor.fetchone()[0]
            listed = ", ".join([*NAMES, schema.PATIENT_KEY, "batch_id", "row_number"])
            execute_values(
                cursor,
                f"INSERT INTO predictions ({listed}) VALUES %s",
                [(*row, key, batch, number) for number, row in enumerate(_plain_rows(table))],
                page_size=1000,
            )
        return self.name

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
        """Rows, see `Predictions.query`; those that were appended with pseudonyms keep them."""
        wanted = wanted_rows(cohort, endpoint, kind, model, as_of, since, until, every_run)
        with self._transaction() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT to_regclass('predictions')")
            there = cursor.fetchone()[0] is not None
            if there:
                cursor.execute("SELECT DISTINCT cohort, endpoint FROM prediction_batches ORDER BY 1, 2")
            present = cursor.fetchall() if there else []
            asked = wanted.endpoints or tuple(name for place, name in present if place == cohort)
            if not asked or any((cohort, name) not in present for name in asked):
                raise nothing_stored(wanted, ["/".join(pair) for pair in present])
            cursor.execute(*wanted.sql("predictions", "%s"))
            rows = pd.DataFrame(cursor.fetchall(), columns=[item.name for item in cursor.description])
            if not wanted.all_found(rows):
                where = "cohort = %s AND endpoint = ANY(%s)"
                cursor.execute(WHAT_THERE_IS.format(source="predictions", where=where), [cohort, list(asked)])
                raise nothing_matches(wanted, cursor.fetchall())
        if pseudonyms is not None:
            plain = rows[schema.PATIENT_KEY] == ""
            rows = pd.concat([rows[~plain], pseudonyms.apply(rows[plain])]) if plain.any() else rows
        return finished(rows, marked=marked)

    def _is_current(self, cursor: Any, cohort: str, endpoint: str, digest: str) -> bool:
        cursor.execute(
            "SELECT max(batch_id) FROM prediction_batches WHERE cohort = %s AND endpoint = %s AND content = %s",
            [cohort, endpoint, digest],
        )
        batch = cursor.fetchone()[0]
        if batch is None:
            return False
        cursor.execute(
            f"SELECT count(superseded_at) FROM (SELECT batch_id, {superseded_at()} AS superseded_at FROM predictions "
            "WHERE cohort = %s AND endpoint = %s) AS marked WHERE batch_id = %s",
            [cohort, endpoint, batch],
        )
        return bool(cursor.fetchone()[0] == 0)

    @staticmethod
    def _bring_forward(cursor: Any) -> None:
        """Create what is missing; add the columns that an older table lacks."""
        cursor.execute("CREATE TABLE IF NOT EXISTS prediction_schema (version text NOT NULL)")
        cursor.execute("SELECT version FROM prediction_schema")
        if (schema.version(),) in cursor.fetchall():
            return
        for statement in schema.creation():
            cursor.execute(statement)
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'predictions'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        present = {name for (name,) in cursor.fetchall()}
        for column in COLUMNS:
            if column.name not in present:
                cursor.execute(f"ALTER TABLE predictions ADD COLUMN {schema.declaration(column)}")
        for statement in schema.completion():
            cursor.execute(statement)
        cursor.execute("DELETE FROM prediction_schema")
        cursor.execute("INSERT INTO prediction_schema VALUES (%s)", [schema.version()])

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        try:
            import psycopg2
        except ImportError:
            raise ConfigurationError(
                f'{VARIABLE} is set, but psycopg2 is not installed: pip install "radiogenomics[postgres]"',
                rule="missing_extra",
            ) from None
        try:
            connection = psycopg2.connect(self._url, connect_timeout=_TIMEOUT, application_name="radiogenomics")
        except psycopg2.Error as error:
            raise StoreError(f"{self.name}: {_said(error, self._url)}", rule="predictions_database") from None
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
                yield cursor
        except psycopg2.Error as error:
            raise StoreError(f"{self.name}: {_said(error, self._url)}", rule="predictions_database") from None
        finally:
            connection.close()


def predictions_url() -> str | None:
    """The address of the predictions database, where one is set."""
    return os.environ.get(VARIABLE) or None


def shown_url(url: str) -> str:
    """The address without password and options, for people.

    Raises
    ------
    ConfigurationError
        Not of the form ``postgresql://user@host:5432/database``; the message does not repeat it.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        parts, port, host = urlsplit(""), "", ""
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ConfigurationError(f"{VARIABLE}: not of the form {FORM}", rule="predictions_url")
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return f"postgresql://{user}{host}{port}{parts.path}"


def _said(error: Exception, url: str) -> str:
    """The server's message on one line, with every form of the password blotted out."""
    text = " ".join(str(error).split())
    parts = urlsplit(url)
    given = [parts.password or "", os.environ.get("PGPASSWORD", ""), *parse_qs(parts.query).get("password", [])]
    for word in sorted({form for secret in given for form in (secret, unquote(secret)) if form}, key=len, reverse=True):
        text = text.replace(word, "***")
    return text


def _plain_rows(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Rows as Python values, None for what is missing."""
    columns = [
        [None if missing else _plain(value) for value, missing in zip(table[name], table[name].isna(), strict=True)]
        for name in NAMES
    ]
    return zip(*columns, strict=True)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value
