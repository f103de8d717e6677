"""Rows of the predictions table, for tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import PREDICTIONS, conform


def rows(
    model_id="late-weighted-1",
    created="2026-03-01",
    kind="out_of_fold",
    patients=4,
    model="late/weighted",
    endpoint="egfr_status",
    seed=0,
    **more,
):
    """Predictions of `p0`, `p1`, ...; `more` overwrites or adds columns."""
    prospective = kind == "prospective"
    table = pd.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(patients)],
            "endpoint": endpoint,
            "model_id": model_id,
            "snapshot_id": "s",
            "kind": kind,
            "repeat": pd.NA if prospective else 0,
            "fold": pd.NA if prospective else [i % 2 for i in range(patients)],
            "probability": np.random.default_rng(seed).uniform(size=patients),
            "lower": 0.1,
            "upper": 0.9,
            "label": pd.NA if prospective else [i // 2 % 2 for i in range(patients)],
            "modalities_used": "clinical",
            "abstained": False,
            "created_at": pd.Timestamp(created, tz="UTC"),
            "code_version": "0",
            "cohort": "a_cohort",
            "model": model,
            "simulated": True,
        }
    )
    return conform(table.assign(**more), PREDICTIONS)
