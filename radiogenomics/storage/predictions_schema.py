"""The predictions table as PostgreSQL declares it: keys, checks, comments, the view, and what moves it forward."""

from __future__ import annotations

import hashlib

from radiogenomics.storage.prediction_columns import COLUMNS, Column
from radiogenomics.storage.prediction_query import superseded_at

_TYPES = {
    "text": "text",
    "number": "double precision",
    "integer": "integer",
    "boolean": "boolean",
    "datetime": "timestamptz",
}

PATIENT_KEY = "patient_key"
"""'' where `patient_id` is the identifier itself, else the fingerprint of the key of the pseudonyms."""

BATCHES = """
CREATE TABLE IF NOT EXISTS prediction_batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content text NOT NULL,
    cohort text NOT NULL,
    endpoint text NOT NULL,
    n_rows integer NOT NULL CHECK (n_rows >= 0),
    appended_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""

APPEND_ONLY = """
CREATE OR REPLACE FUNCTION predictions_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the table % is append-only: % is refused', TG_TABLE_NAME, TG_OP;
END $$
"""


def declaration(column: Column) -> str:
    """A column with its type and default, as CREATE TABLE and ALTER TABLE take it."""
    parts = [column.name, _TYPES[column.type]]
    if not column.nullable:
        parts.append("NOT NULL")
        if column.default is not None:
            parts.append(f"DEFAULT {_literal(column.default)}")
    return " ".join(parts)


def checks() -> dict[str, str]:
    """Name of each constraint -> what must hold."""
    found = {
        "predictions_interval_check": "lower IS NULL OR upper IS NULL OR lower <= upper",
        "predictions_abstained_check": "abstained OR probability IS NOT NULL",
    }
    for column in COLUMNS:
        rules = [f"{column.name} IN ({', '.join(_literal(value) for value in column.values)})"] if column.values else []
        rules += [f"{column.name} >= {column.least:g}"] if column.least is not None else []
        rules += [f"{column.name} <= {column.most:g}"] if column.most is not None else []
        if rules:
            found[f"predictions_{column.name}_check"] = " AND ".join(rules)
    return found


def creation() -> list[str]:
    """Statements that make what is not there yet."""
    columns = ",\n    ".join(declaration(column) for column in COLUMNS)
    return [
        BATCHES,
        f"""
        CREATE TABLE IF NOT EXISTS predictions (
            {columns},
            {PATIENT_KEY} text NOT NULL DEFAULT '',
            batch_id bigint NOT NULL REFERENCES prediction_batches,
            row_number integer NOT NULL CHECK (row_number >= 0),
            PRIMARY KEY (batch_id, row_number)
        )
        """,
    ]


def completion() -> list[str]:
    """Statements that bring any version to this one: checks, indexes, triggers, view, comments. Each may be repeated."""
    listed = ", ".join(column.name for column in COLUMNS)
    found = [
        "CREATE UNIQUE INDEX IF NOT EXISTS predictions_one_row_each ON predictions "
        "(batch_id, kind, model_id, patient_id, coalesce(repeat, -1))",
        "CREATE INDEX IF NOT EXISTS predictions_by_run ON predictions (cohort, endpoint, model, kind, created_at)",
        "CREATE INDEX IF NOT EXISTS prediction_batches_by_content ON prediction_batches (cohort, endpoint, content)",
        APPEND_ONLY,
    ]
    for name, rule in checks().items():
        found.append(f"ALTER TABLE predictions DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({rule})")
    for table in ("predictions", "prediction_batches"):
        found += [
            f"DROP TRIGGER IF EXISTS append_only ON {table}",
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION predictions_are_append_only()",
        ]
    view = (
        f"SELECT {listed} FROM (SELECT *, {superseded_at()} AS superseded_at FROM predictions) AS marked "
        "WHERE superseded_at IS NULL"
    )
    found.append(f"CREATE OR REPLACE VIEW current_predictions AS {view}")
    for place in ("TABLE predictions", "VIEW current_predictions"):
        kind, name = place.split()
        said = (
            "append-only: one row a patient, model, repeat and run; research use only"
            if kind == "TABLE"
            else "the newest run of each cohort, endpoint, model and kind (prospective: the newest row of each patient)"
        )
        found.append(f"COMMENT ON {place} IS {_literal(said)}")
        found += [f"COMMENT ON COLUMN {name}.{c.name} IS {_literal(_comment(c))}" for c in COLUMNS]
    found.append(
        f"COMMENT ON COLUMN predictions.{PATIENT_KEY} IS "
        + _literal("'' where patient_id is the identifier itself, else the fingerprint of the key of the pseudonyms")
    )
    return found


def version() -> str:
    """Digest of the declared schema: the database remembers which one it was brought to."""
    return hashlib.sha256("\n".join([*creation(), *completion()]).encode()).hexdigest()[:16]


def _comment(column: Column) -> str:
    return column.description + (f" [{column.unit}]" if column.unit and column.unit != "1" else "")


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
