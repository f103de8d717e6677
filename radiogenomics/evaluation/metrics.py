"""The table of figures: every model and floor in every population it covers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import METRICS, conform
from radiogenomics.evaluation.calibration import brier_interval, calibration
from radiogenomics.evaluation.concordance import INTERVAL_METHOD, auc_interval
from radiogenomics.evaluation.populations import Scores


def role_of(model: str, clinical_baseline: str) -> str:
    """fusion, unimodal, clinical_baseline or floor, from the model's name."""
    head = model.split("/")[0]
    if head in {"early", "intermediate", "late"}:
        return "fusion"
    if head == "floor":
        return "floor"
    return "clinical_baseline" if head == clinical_baseline else "unimodal"


def metrics_table(
    scores: dict[str, Scores], target: np.ndarray, groups: dict[str, np.ndarray], clinical_baseline: str
) -> pd.DataFrame:
    """Figures by `schemas.METRICS`.

    A model has a row in a population only where it predicts all of its patients, so that rows of one population compare.
    """
    rows = []
    for population, inside in groups.items():
        y = target[inside]
        for name, score in scores.items():
            if not inside.any() or not score.never_abstains(inside):
                continue
            probability, fold = score.probability[inside], score.fold[inside]
            auc, brier, quality = (
                auc_interval(probability, y, fold),
                brier_interval(probability, y),
                calibration(probability, y),
            )
            rows.append(
                {
                    "model": name,
                    "role": role_of(name, clinical_baseline),
                    "population": population,
                    "n": int(inside.sum()),
                    "events": int(y.sum()),
                    "auc": auc.estimate,
                    "auc_lower": auc.lower,
                    "auc_upper": auc.upper,
                    "brier": brier.estimate,
                    "brier_lower": brier.lower,
                    "brier_upper": brier.upper,
                    "calibration_intercept": quality.intercept,
                    "calibration_slope": quality.slope,
                    "share_abstained": float(np.isnan(score.probability).mean()),
                    "interval_method": INTERVAL_METHOD,
                }
            )
    return conform(pd.DataFrame(rows, columns=list(METRICS.columns)), METRICS)
