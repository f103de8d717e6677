"""Tables as a run stores them, made by numpy: for the tests of figures, report and terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from radiogenomics.cohort import schemas
from radiogenomics.evaluation.concordance import auc_interval

ENDPOINT = "egfr_status"
MODALITIES = ("radiomics_ct", "expression", "clinical")
SIGNAL = {
    "radiomics_ct/elastic_net": 0.75,
    "radiomics_ct/xgboost": 0.6,
    "expression/elastic_net": 0.9,
    "expression/xgboost": 0.7,
    "clinical/elastic_net": 0.95,
    "clinical/xgboost": 0.8,
    "early/elastic_net": 1.0,
    "early/xgboost": 0.8,
    "late/mean": 1.15,
    "late/weighted": 1.25,
    "floor/hospital": 0.5,
    "floor/scanner": 0.3,
    "floor/volume": 0.15,
}


def role(model: str) -> str:
    head = model.split("/")[0]
    return {"early": "fusion", "late": "fusion", "floor": "floor", "clinical": "clinical_baseline"}.get(
        head, "unimodal"
    )


def stored_tables(patients: int = 172, repeats: int = 5, random_state: int = 7) -> dict[str, Any]:
    """Everything that `render_report` takes, consistent with one another, n patients with a label of 211."""
    generator = np.random.default_rng(random_state)
    everyone = [f"R01-{i:03d}" for i in range(patients + 39)]
    ids = everyone[:patients]
    y = (generator.random(patients) < 0.25).astype(int)
    availability = pd.DataFrame(
        {
            "radiomics_ct": generator.random(patients + 39) < 0.68,
            "expression": generator.random(patients + 39) < 0.6,
            "clinical": True,
        },
        index=pd.Index(everyone, name="patient_id"),
    )
    parts = []
    folds = [np.array([(i * 7 + r * 3) % 5 for i in range(patients)]) for r in range(repeats)]
    for model, signal in SIGNAL.items():
        latent = signal * y + generator.normal(size=patients)
        modality = model.split("/")[0]
        has = availability.loc[ids, modality].to_numpy() if modality in MODALITIES else np.ones(patients, bool)
        for repeat in range(repeats):
            score = latent + 0.25 * generator.normal(size=patients)
            probability = np.where(has, norm.cdf(0.55 * score - 0.85), np.nan)
            parts.append(
                pd.DataFrame(
                    {
                        "patient_id": ids,
                        "model": model,
                        "repeat": repeat,
                        "fold": folds[repeat],
                        "probability": probability,
                        "label": y,
                        "modalities_used": np.where(has, modality, ""),
                        "abstained": ~has,
                    }
                )
            )
    out_of_fold = schemas.conform(pd.concat(parts, ignore_index=True), schemas.OUT_OF_FOLD)
    metrics = _metrics(out_of_fold, availability.loc[ids])
    return {
        "cohort_title": "NSCLC-like cohort",
        "endpoint": ENDPOINT,
        "simulated": True,
        "metrics": metrics,
        "comparisons": _comparisons(metrics),
        "out_of_fold": out_of_fold,
        "explanations": _explanations(generator, ids),
        "labels": _labels(everyone, y),
        "account": _account(),
        "quarantine": _quarantine(),
        "settings": {"resampling": {"outer_folds": 5, "inner_folds": 3, "repeats": repeats, "random_state": 20260101}},
        "versions": {"python": "3.11.9", "numpy": "2.4.6", "snapshot": "c0ffee" * 10},
        "availability": availability,
    }


def _metrics(out_of_fold: pd.DataFrame, availability: pd.DataFrame) -> pd.DataFrame:
    complete = availability.all(axis=1)
    rows = []
    for population, inside in (
        ("all", complete | True),
        ("complete", complete),
        ("radiomics_ct", availability["radiomics_ct"]),
    ):
        members = availability.index[inside]
        for model, table in out_of_fold.groupby("model", sort=False):
            wide = table.pivot(index="patient_id", columns="repeat", values=["probability", "fold"]).loc[members]
            probability, fold = wide["probability"].to_numpy(), wide["fold"].to_numpy()
            if np.isnan(probability).any():
                continue
            target = table.drop_duplicates("patient_id").set_index("patient_id").loc[members, "label"].to_numpy()
            auc, brier = (
                auc_interval(probability, target, fold),
                float(((probability.mean(axis=1) - target) ** 2).mean()),
            )
            rows.append(
                {
                    "model": model,
                    "role": role(str(model)),
                    "population": population,
                    "n": len(target),
                    "events": int(target.sum()),
                    "auc": auc.estimate,
                    "auc_lower": auc.lower,
                    "auc_upper": auc.upper,
                    "brier": brier,
                    "brier_lower": brier - 0.02,
                    "brier_upper": brier + 0.02,
                    "calibration_intercept": -0.05,
                    "calibration_slope": 0.93,
                    "share_abstained": float(table["abstained"].mean()),
                    "interval_method": "placement values over patients (DeLong 1988)",
                }
            )
    return schemas.conform(pd.DataFrame(rows), schemas.METRICS)


def _comparisons(metrics: pd.DataFrame) -> pd.DataFrame:
    auc = metrics[metrics["population"] == "all"].set_index("model")["auc"]
    n, events = metrics.loc[0, ["n", "events"]]
    rows = [
        (
            "imaging over clinical",
            "clinical/elastic_net",
            -0.02,
            0.11,
            0.21,
            "No evidence that imaging adds to the clinical variables.",
        ),
        (
            "fusion over best single modality",
            "clinical/elastic_net",
            -0.02,
            0.11,
            0.21,
            "No evidence that fusion adds to clinical/elastic_net.",
        ),
        ("fusion over confounder floor", "floor/hospital", 0.05, 0.24, 0.003, "Fusion adds to the hospital alone."),
    ]
    table = pd.DataFrame(
        [
            {
                "comparison": question,
                "model": "late/weighted",
                "reference": reference,
                "population": "all",
                "n": n,
                "events": events,
                "auc_difference": auc["late/weighted"] - auc[reference],
                "lower": lower,
                "upper": upper,
                "p_value": p_value,
                "verdict": verdict,
            }
            for question, reference, lower, upper, p_value, verdict in rows
        ]
    )
    return schemas.conform(table, schemas.COMPARISONS)


def _explanations(generator: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    rows = []
    for modality, names, unit in (
        ("radiomics_ct", ["original_firstorder_Mean", "original_shape_Sphericity", "original_glcm_Contrast"], "1"),
        ("expression", [f"GENE{i}" for i in range(12)], "log2"),
        ("clinical", ["pack_years", "sex=Female", "age"], "1"),
    ):
        for place, name in enumerate(names):
            value = generator.normal(size=len(ids))
            weight = 0.5 / (place + 1)
            known = generator.random(len(ids)) > (0.3 if modality != "clinical" else 0.0)
            rows.append(
                pd.DataFrame(
                    {
                        "patient_id": ids,
                        "model": "late/weighted",
                        "modality": modality,
                        "feature": name,
                        "value": np.where(known, value, np.nan),
                        "shap_value": np.where(known, weight * value, 0.0),
                        "base_value": -1.1,
                        "unit": unit,
                    }
                )
            )
    return schemas.conform(pd.concat(rows, ignore_index=True), schemas.EXPLANATIONS)


def _labels(everyone: list[str], y: np.ndarray) -> pd.DataFrame:
    n = len(y)
    missing = ["clinical/main: 'Unknown'"] * 34 + ["clinical/main: 'Not collected'"] * 5
    table = pd.DataFrame(
        {
            "patient_id": everyone,
            "endpoint": ENDPOINT,
            "label": pd.array([*y, *[pd.NA] * len(missing)], dtype="Int8"),
            "reason": [
                *np.where(y == 1, "'Mutant' is listed as positive", "'Wildtype' is listed as negative"),
                *missing,
            ],
            "rule": "column_codes",
            "rule_version": "1",
            "source_rows": [f"clinical.csv:{i + 2}" for i in range(n + len(missing))],
        }
    )
    return schemas.conform(table, schemas.LABELS)


def _account() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["clinical/main", "imaging_tables/radiomics", "expression"],
            "file": ["clinical.csv", "radiomics.csv", "expression_zscore.tsv"],
            "rows": [212, 118, 131],
            "used": [211, 117, 130],
            "quarantined": [1, 1, 1],
            "balanced": [True, True, True],
        }
    )


def _quarantine() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "source": ["clinical/main", "imaging_tables/radiomics", "expression", "clinical/main"],
            "file": ["clinical.csv", "radiomics.csv", "expression_zscore.tsv", "clinical.csv"],
            "row": pd.array([88, 14, 7, 31], dtype="Int64"),
            "patient_id": ["R01-087", None, "R99-001", "R01-030"],
            "lesion_id": [None, None, None, None],
            "level": ["row", "row", "row", "value"],
            "rule": ["duplicate", "blank_patient", "unknown_patient", "out_of_range"],
            "reason": [
                "the same patient stands in row 87 with the same values",
                "patient_id is blank",
                "sample R99-001 belongs to no patient of the clinical tables",
                "age 431 is above the declared maximum 110",
            ],
        }
    )
    return schemas.conform(table, schemas.QUARANTINE)
