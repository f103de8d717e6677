"""The append-only table of predictions: Parquet parts that a reader sees whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pandas as pd

from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.storage.atomic import write_atomically

_CONTENT = ["patient_id", "model_id", "kind", "repeat", "fold", "probability", "lower", "upper", "label", "abstained"]


class PredictionStore:
    """Predictions of all cohorts and endpoints below one folder.

    Every append writes one new Parquet file in one step; nothing is ever changed or removed. DuckDB and pandas read the
    folder while a run is writing: ``SELECT * FROM read_parquet('predictions/*/*/*.parquet')``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def append(self, rows: pd.DataFrame) -> Path:
        """Append rows of one cohort and endpoint (schema ``PREDICTIONS``).

        The same predictions appended again (equal but for `created_at`) are recognised and leave the table as it is.

        Returns
        -------
        The file that holds these rows.
        """
        cohorts, endpoints = rows["cohort"].unique(), rows["endpoint"].unique()
        if len(cohorts) != 1 or len(endpoints) != 1:
            raise ValueError(f"append one cohort and endpoint at a time, found {list(cohorts)} x {list(endpoints)}")
        folder = self.folder / str(cohorts[0]) / str(endpoints[0])
        content = rows[[*_CONTENT, "snapshot_id", "code_version"]].to_csv(index=False, float_format="%.17g")
        part = folder / f"{hashlib.sha256(content.encode()).hexdigest()[:20]}.parquet"
        if not part.exists():
            write_atomically(part, lambda temporary: rows.to_parquet(temporary, index=False), suffix=".part")
        return part

    def query(
        self,
        cohort: str,
        endpoint: str,
        *,
        kind: str | None = None,
        model: str | None = None,
        every_run: bool = False,
    ) -> pd.DataFrame:
        """Rows of one cohort and endpoint, ordered by model, kind, repeat and patient.

        Parameters
        ----------
        kind : ``out_of_fold``, ``locked_test`` or ``prospective``; None for all.
        model : a `model_id`, or a model's name such as ``late/weighted``.
        every_run : False gives the newest model of each name and kind; True also what it superseded.

        Raises
        ------
        NotMaterialisedError
            No predictions of this cohort and endpoint, or none that match; the message says what there is.
        """
        folder = self.folder / cohort / endpoint
        if not any(folder.glob("*.parquet")):
            present = sorted(
                "/".join(p.relative_to(self.folder).parts[:2]) for p in self.folder.glob("*/*/[!.]*.parquet")
            )
            raise NotMaterialisedError(
                f"no predictions for cohort '{cohort}', endpoint '{endpoint}'; "
                + (f"there are: {', '.join(dict.fromkeys(present))}" if present else "none were written yet"),
                rule="no_predictions",
            )
        newest = (
            ""
            if every_run
            else (
                "QUALIFY max(created_at) OVER (PARTITION BY model, kind) = max(created_at) OVER (PARTITION BY model, kind, model_id)"
            )
        )
        with duckdb.connect() as connection:
            rows = connection.execute(
                f"""
                SELECT * FROM read_parquet(?, union_by_name = true)
                WHERE (? IS NULL OR kind = ?) AND (? IS NULL OR model_id = ? OR model = ?)
                {newest}
                ORDER BY model, kind, created_at, repeat NULLS LAST, patient_id
                """,
                [str(folder / "*.parquet"), kind, kind, model, model, model],
            ).df()
            if rows.empty:
                kinds = connection.execute(
                    "SELECT DISTINCT kind, model, model_id FROM read_parquet(?) ORDER BY ALL",
                    [str(folder / "*.parquet")],
                ).fetchall()
                found = ", ".join(f"{k} {m} ({i})" for k, m, i in kinds)
                raise NotMaterialisedError(
                    f"no prediction of '{cohort}/{endpoint}' matches kind={kind}, model={model}; there are: {found}",
                    rule="no_predictions",
                )
        return rows
