"""Tables on the terminal."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_table(title: str, rows: pd.DataFrame, out: Console) -> None:
    """A table of text; says so where there is no row."""
    if rows.empty:
        out.print(f"{title}: none", highlight=False)
        return
    table = Table(title=title, title_justify="left")
    for column in rows.columns:
        table.add_column(escape(str(column)), overflow="fold")
    for values in rows.itertuples(index=False):
        table.add_row(*[escape("" if value is None or value != value else str(value)) for value in values])
    out.print(table, highlight=False)
