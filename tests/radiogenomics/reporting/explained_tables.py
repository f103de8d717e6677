"""What stands beside the explanations, consistent with those of `stored_tables`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort import schemas


def explained_tables(tables: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """`folds`, `modalities`, `importance`, `stability`, `dictionary` as `explain_out_of_fold` gives them."""
    rows, model = tables["explanations"], "late/weighted"
    sums = rows.groupby("patient_id")["shap_value"].sum()
    label = tables["out_of_fold"].drop_duplicates("patient_id").set_index("patient_id")["label"]
    folds = pd.DataFrame(
        {
            "patient_id": sums.index,
            "model": model,
            "repeat": 0,
            "fold": np.arange(len(sums)) % 5,
            "label": label.reindex(sums.index).to_numpy(),
            "base_value": -1.1,
            "shap_sum": sums.to_numpy(),
            "log_odds": sums.to_numpy() - 1.1,
        }
    )
    by_modality = rows.groupby(["patient_id", "modality"])["shap_value"].sum().reset_index()
    effects = by_modality.assign(
        model=model,
        effect=np.tanh(by_modality["shap_value"]) / 5,
        standard_error=0.0,
        base_probability=0.25,
        probability=0.3,
        label=label.reindex(by_modality["patient_id"]).to_numpy(),
        method="exact",
    ).drop(columns="shap_value")
    strength = rows.assign(size=rows["shap_value"].abs()).groupby(["modality", "feature"], sort=False)["size"].mean()
    ranked = strength.sort_values(ascending=False).reset_index()
    importance = pd.DataFrame(
        {
            "model": model,
            "modality": ranked["modality"],
            "representative": ranked["feature"],
            "features": 1,
            "members": ranked["feature"],
            "rank": range(1, len(ranked) + 1),
            "n": len(sums),
            "events": int(label.sum()),
            "importance": ranked["size"],
            "lower": ranked["size"] * 0.8,
            "upper": ranked["size"] * 1.2,
            "share_in_top": np.linspace(1, 0, len(ranked)),
            "direction": 0.9,
            "direction_agreement": 1.0,
            "stable": np.linspace(1, 0, len(ranked)) > 0.6,
            "unit": "1",
            "method": "as stored",
        }
    )
    stability = pd.DataFrame(
        [
            {
                "what": "groups of features",
                "between": "outer folds",
                "measure": "mean Spearman",
                "raters": 25,
                "items": len(ranked),
                "n": len(sums),
                "events": int(label.sum()),
                "estimate": 0.31,
                "lower": 0.22,
                "upper": 0.4,
                "method": "jackknife over raters, t",
                "verdict": "weak agreement: the ranking is not to be relied on",
            }
        ]
    )
    dictionary = pd.DataFrame(
        {
            "feature": ["original_firstorder_Mean", "pack_years"],
            "modality": ["radiomics_ct", "clinical"],
            "family": ["firstorder", "exposure"],
            "unit": ["HU", "pack-years"],
            "derived_from": "somewhere",
            "recorded": "baseline",
            "description": ["mean (intensity statistic) of the CT image; IBSI Q4LE", "packs a day times years"],
        }
    )
    return {
        "folds": schemas.conform(folds, schemas.EXPLANATION_FOLDS),
        "modalities": schemas.conform(effects, schemas.MODALITY_EFFECTS),
        "importance": schemas.conform(importance, schemas.IMPORTANCE),
        "stability": schemas.conform(stability, schemas.STABILITY),
        "dictionary": dictionary,
    }
