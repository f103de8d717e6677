"""Tables of a survival endpoint as a run stores them, made by numpy: for the tests of its report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from stored_tables import stored_tables

from radiogenomics.cohort import schemas
from radiogenomics.evaluation.comparisons import comparisons_table, questions
from radiogenomics.evaluation.survival_figures import (
    c_index_measure,
    survival_figures,
    survival_metrics,
    survival_scores,
)

ENDPOINT = "overall_survival"
FINAL = "late/cox_weighted"
SIGNAL = {
    "radiomics_ct/cox": 0.4,
    "clinical/cox": 0.5,
    "early/cox": 0.7,
    FINAL: 0.9,
    "floor/hospital": 0.2,
    "floor/volume": 0.1,
    "floor/same_for_everyone": 0.0,
}


def survival_tables(patients: int = 90, repeats: int = 2, random_state: int = 3) -> dict[str, Any]:
    """Everything that `render_survival_report` takes, n patients of n + 7; five times are not known, two have no modality."""
    rng = np.random.default_rng(random_state)
    everyone = [f"R01-{i:03d}" for i in range(patients + 7)]
    ids = everyone[:patients]
    hazard = rng.normal(size=patients)
    death, left = rng.exponential(14 * np.exp(-hazard)), rng.uniform(4, 40, patients)
    time, event = np.minimum(death, left).round(2) + 0.01, (death <= left).astype(int)
    availability = pd.DataFrame(
        {"radiomics_ct": [i % 4 != 0 for i in range(patients)] + [False] * 7, "clinical": True, "expression": False},
        index=pd.Index(everyone, name="patient_id"),
    )
    availability.iloc[-2:] = False
    at, horizons = np.linspace(2.0, 24.0, 6), (6.0, 12.0)
    parts = []
    for model, signal in SIGNAL.items():
        has = (
            availability.loc[ids, "radiomics_ct"].to_numpy()
            if model.startswith("radiomics")
            else np.ones(patients, bool)
        )
        for repeat in range(repeats):
            noise = 0.0 if signal == 0 else 0.8
            risk = np.where(has, signal * hazard + noise * rng.normal(size=patients), np.nan)
            chances = np.exp(-np.exp(0.5 * risk)[:, None] * at[None, :] / 20)
            part = pd.DataFrame(
                {
                    "patient_id": ids,
                    "model": model,
                    "repeat": repeat,
                    "fold": [(i * 7 + repeat * 3) % 5 for i in range(patients)],
                    "log_hazard": risk,
                    "risk_percentile": pd.Series(risk).rank(pct=True),
                    "time_months": time,
                    "event": event,
                    "modalities_used": np.where(has, model.split("/")[0], ""),
                    "abstained": ~has,
                }
            )
            parts.append(part.assign(**{f"surviving_{k:02d}": chances[:, k] for k in range(len(at))}))
    table = pd.concat(parts, ignore_index=True)
    scores = survival_scores(table, pd.Index(ids))
    groups = {
        "all": np.ones(patients, bool),
        "complete": availability.loc[ids, ["radiomics_ct", "clinical"]].to_numpy().all(axis=1),
    }
    asked = questions(
        [name for name in scores if name != "floor/same_for_everyone"],
        final=FINAL,
        imaging_model=FINAL,
        without_imaging=None,
        whole=FINAL,
        clinical="clinical",
    )
    shared = stored_tables(20, repeats=1)
    return {
        "cohort_title": "NSCLC-like cohort",
        "endpoint": ENDPOINT,
        "simulated": True,
        "final_model": FINAL,
        "description": "death from any cause",
        "metrics": survival_metrics(scores, time, event, groups, "clinical", at),
        "figures": survival_figures(scores, time, event, groups, "clinical", at, horizons),
        "comparisons": comparisons_table(asked, c_index_measure(scores, time, event), event, groups),
        "out_of_fold": schemas.conform(
            table[[c for c in table.columns if not c.startswith("surviving_")]], schemas.SURVIVAL_OUT_OF_FOLD
        ),
        "times": _times(everyone, time, event),
        "excluded": pd.DataFrame(
            {
                "patient_id": everyone[patients:],
                "reason": ["no date of the last visit"] * 5 + ["has none of the modalities radiomics_ct, clinical"] * 2,
            }
        ),
        "refused": pd.DataFrame(
            {"modality": ["clinical"], "feature": ["last_visit"], "rule": ["follow_up"], "reason": ["recorded later"]}
        ),
        "availability": availability,
        "settings": {"resampling": {"outer_folds": 5, "inner_folds": 3, "repeats": repeats, "group": "centre:town"}},
        "versions": {"python": "3.11.9", "snapshot": "c0ffee" * 10},
        "statements": {"intended_use": "to plan visits", "ethics": "approved in 2020", "funding": ""},
        "command": "radiogenomics run cohort.yaml",
        **{name: shared[name] for name in ("account", "quarantine")},
    }


def _times(everyone: list[str], time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    nothing, n = [np.nan] * 5, len(time)
    table = pd.DataFrame(
        {
            "patient_id": everyone,
            "endpoint": ENDPOINT,
            "time_months": [*time, *nothing, 10.0, 11.0],
            "event": pd.array([*event, *[pd.NA] * 5, 1, 0], dtype="Int8"),
            "reason": [*["observed"] * n, *["no date of the last visit"] * 5, "observed", "observed"],
            "rule": "time_to_event",
            "rule_version": "1",
            "source_rows": [f"clinical.csv:{i + 2}" for i in range(len(everyone))],
        }
    )
    return schemas.conform(table, schemas.SURVIVAL)
