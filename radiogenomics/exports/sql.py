"""SQL over the predictions of a cohort, which can change nothing and reach nothing else."""

from __future__ import annotations

import duckdb
import pandas as pd

from radiogenomics.exceptions import InputError


def select(rows: pd.DataFrame, query: str) -> pd.DataFrame:
    """The result of a query on a copy of the rows in memory.

    Parameters
    ----------
    rows : every run, marked: by the schema ``PREDICTIONS`` with `superseded_at`.
    query : SQL of DuckDB. It sees `predictions` (every run) and `current_predictions`; files, network and settings are
        out of its reach.

    Raises
    ------
    InputError
        DuckDB's message where the query is wrong or gives no table.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("given", rows)
        connection.execute("CREATE TABLE predictions AS SELECT * FROM given")
        connection.unregister("given")
        connection.execute(
            "CREATE VIEW current_predictions AS SELECT * EXCLUDE (superseded_at) FROM predictions WHERE superseded_at IS NULL"
        )
        for setting in (
            "python_enable_replacements = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {setting}")
        try:
            result = connection.execute(query)
            return result.df()
        except duckdb.Error as error:
            raise InputError(f"query: {' '.join(str(error).split())}", rule="sql") from None
