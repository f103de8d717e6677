"""Which rows of the predictions table are asked for, and the SQL that finds them in DuckDB and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd

from radiogenomics.exceptions import InputError, NotMaterialisedError

RUN = "cohort, endpoint, model, kind, CASE WHEN kind = 'prospective' THEN patient_id ELSE '' END"
"""Rows of one of these supersede one another: a model's run, or for a prospective prediction the patient in it."""


def superseded_at(over: str = RUN) -> str:
    """SQL expression: `created_at` of the next later rows of the same run, NULL where there are none."""
    return (
        f"min(created_at) OVER (PARTITION BY {over} ORDER BY created_at "
        "GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
    )


@dataclass(frozen=True)
class Wanted:
    """Rows of one cohort.

    Attributes
    ----------
    endpoints, models, kinds : () for all. A model is a `model_id` or a name such as ``late/weighted``.
    as_of : the table as it was then: rows created later do not count, nor do they supersede.
    since, until : only rows created from / up to then.
    every_run : also rows that a later run superseded.
    """

    cohort: str
    endpoints: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    as_of: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    every_run: bool = False

    def sql(self, source: str, placeholder: str) -> tuple[str, list[Any]]:
        """The query with its parameters.

        Parameters
        ----------
        source : what stands after FROM: a table, or a table function with its argument filled in.
        placeholder : ``?`` for DuckDB, ``%s`` for PostgreSQL.
        """
        inner, outer, values = [f"cohort = {placeholder}"], ["TRUE"], [self.cohort]
        parameters: list[Any] = list(values)
        if self.endpoints:
            inner.append(_among("endpoint", self.endpoints, placeholder))
            parameters += self.endpoints
        if self.as_of is not None:
            inner.append(f"created_at <= {placeholder}")
            parameters.append(self.as_of)
        if not self.every_run:
            outer.append("superseded_at IS NULL")
        if self.kinds:
            outer.append(_among("kind", self.kinds, placeholder))
            parameters += self.kinds
        if self.models:
            outer.append(
                f"({_among('model', self.models, placeholder)} OR {_among('model_id', self.models, placeholder)})"
            )
            parameters += [*self.models, *self.models]
        for moment, sign in ((self.since, ">="), (self.until, "<=")):
            if moment is not None:
                outer.append(f"created_at {sign} {placeholder}")
                parameters.append(moment)
        text = (
            f"SELECT * FROM (SELECT *, {superseded_at()} AS superseded_at FROM {source} WHERE {' AND '.join(inner)}) AS marked "
            f"WHERE {' AND '.join(outer)}"
        )
        return text, parameters

    def all_found(self, rows: pd.DataFrame) -> bool:
        """Whether something was found, and something of each model that was asked for."""
        found = {*rows["model"], *rows["model_id"]} if len(rows) else set()
        return len(rows) > 0 and found.issuperset(self.models)

    def in_words(self) -> str:
        """What was asked for, for messages."""
        said = [f"{key}={', '.join(found)}" for key, found in (("kind", self.kinds), ("model", self.models)) if found]
        said += [
            f"{key.replace('_', ' ')} {moment:%Y-%m-%d %H:%M:%S} UTC"
            for key, moment in (("as_of", self.as_of), ("since", self.since), ("until", self.until))
            if moment is not None
        ]
        return ", ".join(said) or "every kind and model"


def names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """One name, several or none, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def moment(value: str | date | datetime | None, *, end_of_day: bool, what: str) -> datetime | None:
    """A date or a time, in UTC where it names no zone. A date alone means its first or its last moment.

    Raises
    ------
    InputError
        Neither a date (2026-03-01) nor a time (2026-03-01T12:00).
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) <= 10 else datetime.fromisoformat(value)
        except ValueError:
            raise InputError(
                f"{what}: '{value}' is not a date (2026-03-01) or a time (2026-03-01T12:00, UTC unless it names a zone)",
                rule="date",
            ) from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.max if end_of_day else time.min)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def nothing_stored(wanted: Wanted, present: Sequence[str]) -> NotMaterialisedError:
    """The error where a cohort or endpoint has no predictions at all; `present`: '<cohort>/<endpoint>' that do."""
    asked = f"cohort '{wanted.cohort}'" + "".join(f", endpoint '{name}'" for name in wanted.endpoints)
    there = f"there are: {', '.join(present)}" if present else "none were written yet"
    return NotMaterialisedError(f"no predictions for {asked}; {there}", rule="no_predictions")


WHAT_THERE_IS = "SELECT kind, model, model_id, min(created_at), max(created_at) FROM {source} WHERE {where} GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 2, 3"
"""What `nothing_matches` is told."""


def nothing_matches(
    wanted: Wanted, present: Sequence[tuple[str, str, str, datetime, datetime]]
) -> NotMaterialisedError:
    """The error where nothing passes the filters; `present`: rows of `WHAT_THERE_IS`."""
    close = [row for row in present if set(row[1:3]) & set(wanted.models)]
    shown = [f"{kind} {model} ({identifier})" for kind, model, identifier, _, _ in close or present]
    more = f" (and {len(shown) - 8} more)" if len(shown) > 8 else ""
    first, last = min(row[3] for row in present), max(row[4] for row in present)
    return NotMaterialisedError(
        f"no prediction of '{'/'.join([wanted.cohort, *wanted.endpoints[:1]])}' matches {wanted.in_words()}; there are: "
        f"{', '.join(shown[:8])}{more}, created from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        rule="no_predictions",
    )


def _among(column: str, values: Sequence[str], placeholder: str) -> str:
    return f"{column} IN ({', '.join([placeholder] * len(values))})"
