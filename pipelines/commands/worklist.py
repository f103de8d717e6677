"""``radiogenomics worklist``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from pipelines.commands.tables import print_table
from radiogenomics.exceptions import InputError, NotMaterialisedError
from radiogenomics.storage import ArtefactStore, Home, write_atomically


def worklist(cohort: str, endpoint: str | None, home: Home, out: Console, output: Path | None) -> None:
    """Print the stored worklist of a cohort.

    Raises
    ------
    InputError
        The endpoint is a time to an event, which no test finds.
    NotMaterialisedError
        No run has made one.
    """
    from radiogenomics.prediction.worklist import PLAIN

    store = ArtefactStore(home.artefacts)
    stored = store.keys(cohort)
    keys = [key for key in stored if len(key) == 3 and key[2] == "worklist" and endpoint in (None, key[1])]
    if (cohort, endpoint, "survival_evaluation") in stored:
        raise InputError(
            f"cohort '{cohort}', endpoint '{endpoint}': a time to an event; a worklist orders tests that find a label",
            rule="time_to_event",
        )
    if not keys:
        raise NotMaterialisedError(
            f"cohort '{cohort}'" + (f", endpoint '{endpoint}'" if endpoint else "") + ": no worklist is stored; run it",
            rule="not_materialised",
        )
    for key in sorted(keys):
        ranked = store.read(key)
        print_table(f"{key[0]}/{key[1]}: untested patients", _shown(ranked), out)
        out.print(PLAIN, highlight=False)
        if output is not None:
            write_atomically(output, partial(ranked.to_csv, index=False))


def _shown(ranked: pd.DataFrame) -> pd.DataFrame:
    def interval(row: dict, name: str, low: str, high: str) -> str:
        return "" if pd.isna(row[name]) else f"{row[name]:.2f} ({row[low]:.2f} to {row[high]:.2f})"

    rows = [
        {
            "rank": "" if pd.isna(row["rank_by_value"]) else str(row["rank_by_value"]),
            "patient": row["patient_id"],
            "probability (95 %)": interval(row, "probability", "lower", "upper"),
            "rank by probability": "" if pd.isna(row["rank_by_probability"]) else str(row["rank_by_probability"]),
            "value of testing first": "" if pd.isna(row["value"]) else f"{row['value']:+.2f}",
            "found so far (expected)": "" if pd.isna(row["expected_found"]) else f"{row['expected_found']:.1f}",
            "sensitivity at this cut (95 %)": interval(row, "sensitivity", "sensitivity_lower", "sensitivity_upper"),
            "of events": f"{row['events']} (n {row['n']})" if row["events"] else "",
            "no probability because": row["abstention_reason"],
        }
        for row in ranked.to_dict("records")
    ]
    return pd.DataFrame(rows)
