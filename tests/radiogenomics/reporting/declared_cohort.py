"""A cohort as its file declares it: one endpoint, two modalities."""

from __future__ import annotations

from typing import Any

COHORT: dict[str, Any] = {
    "name": "made",
    "title": "A cohort",
    "clinical": {
        "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
        "variables": {"age": {"column": "age", "type": "number"}},
    },
    "imaging_tables": {"radiomics_ct": {"file": "radiomics.csv", "patient_id": "id"}},
    "endpoints": {
        "egfr_status": {
            "label": {"column": "egfr", "positive": ["Mutant"], "negative": ["Wildtype"]},
            "modalities": ["radiomics_ct", "clinical"],
        }
    },
}
