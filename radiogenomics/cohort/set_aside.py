"""Gathering values and lesions that are left out, each with its reason, into a quarantine table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from radiogenomics.cohort.schemas import QUARANTINE, conform, empty


class SetAside:
    """Quarantine entries of one source, in the order in which they were found."""

    def __init__(self, source: str, file: str) -> None:
        self.source = source
        self.file = file
        self._entries: list[dict[str, Any]] = []

    def value(
        self, *, row: int | None, patient_id: str | None, rule: str, reason: str, lesion_id: str | None = None
    ) -> None:
        """Set one cell of a used row aside: it counts as missing."""
        self._add("value", row, patient_id, lesion_id, rule, reason)

    def lesion(self, *, patient_id: str, lesion_id: str, rule: str, reason: str) -> None:
        """Set a whole lesion aside: nothing of it is used."""
        self._add("lesion", None, patient_id, lesion_id, rule, reason)

    def _add(
        self, level: str, row: int | None, patient_id: str | None, lesion_id: str | None, rule: str, reason: str
    ) -> None:
        self._entries.append(
            {
                "source": self.source,
                "file": self.file,
                "row": row,
                "patient_id": patient_id,
                "lesion_id": lesion_id,
                "level": level,
                "rule": rule,
                "reason": reason,
            }
        )

    def table(self) -> pd.DataFrame:
        """The entries by `schemas.QUARANTINE`."""
        return (
            conform(pd.DataFrame(self._entries, columns=list(QUARANTINE.columns)), QUARANTINE)
            if self._entries
            else empty(QUARANTINE)
        )


def together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Several quarantine tables as one."""
    filled = [table for table in tables if len(table)]
    return conform(pd.concat(filled, ignore_index=True), QUARANTINE) if filled else empty(QUARANTINE)
