"""A table on its way out: its values, and what each column is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from radiogenomics.storage.prediction_columns import COLUMNS, SUPERSEDED, Column


@dataclass(frozen=True)
class Exported:
    """Rows with the definition of each of their columns, in that order.

    Attributes
    ----------
    name : of the table: lower case, digits, hyphens.
    sas_name : of the SAS data set, at most 8 characters. title : one line.
    key : columns that name a row.
    """

    rows: pd.DataFrame
    columns: tuple[Column, ...]
    name: str
    sas_name: str
    title: str
    description: str
    key: tuple[str, ...]
    simulated: bool


def predictions_table(rows: pd.DataFrame) -> Exported:
    """Rows of the predictions table as they are, `superseded_at` included where it is there."""
    columns = tuple(column for column in (*COLUMNS, SUPERSEDED) if column.name in rows.columns)
    return Exported(
        rows=rows[[column.name for column in columns]],
        columns=columns,
        name="predictions",
        sas_name="PRED",
        title="Predictions: one row a patient, model and repeat",
        description="Calibrated probabilities of models for patients they never saw, with what they were made from. "
        "Research use only, not a medical device.",
        key=("cohort", "endpoint", "model_id", "kind", "patient_id", "repeat", "created_at"),
        simulated=bool(rows["simulated"].any()),
    )
