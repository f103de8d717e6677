"""A small cohort with three modalities, two of them lacking for some, and models that are quick to fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling

RESAMPLING = Resampling(outer_folds=3, inner_folds=2, repeats=2)
MODELS = Models(unimodal=("elastic_net",), fusion=("early/elastic_net", "late/weighted"))


def small_cohort(n: int = 60, random_state: int = 5) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """X, y and dictionary; `radiomics_ct:f0`, `f1` and `f2` are the same signal thrice, `clinical:v0` another."""
    rng = np.random.default_rng(random_state)
    index = pd.Index([f"P{i:02d}" for i in range(n)], name="patient_id")
    y = (rng.random(n) < 0.4).astype(int)
    signal = rng.normal(size=n) + 1.3 * y
    columns = {f"clinical:v{i}": rng.normal(size=n) + 1.4 * y * (i == 0) for i in range(3)}
    columns |= {f"radiomics_ct:f{i}": signal + 0.05 * rng.normal(size=n) for i in range(3)}
    columns |= {f"radiomics_ct:f{i}": rng.normal(size=n) for i in range(3, 8)}
    columns |= {f"mutations:g{i}": (rng.random(n) < 0.3 + 0.2 * y * (i == 0)).astype(float) for i in range(3)}
    X = pd.DataFrame(columns, index=index)
    X.loc[X.index[::4], X.columns.str.startswith("radiomics_ct:")] = np.nan
    X.loc[X.index[1::5], X.columns.str.startswith("mutations:")] = np.nan
    units = {"clinical": "years", "radiomics_ct": "HU", "mutations": "1"}
    rows = [
        (
            c.split(":")[1],
            c.split(":")[0],
            "family",
            units[c.split(":")[0]],
            "source:item",
            "baseline",
            f"what {c} means",
        )
        for c in X.columns
    ]
    names = ["feature", "modality", "family", "unit", "derived_from", "recorded", "description"]
    return X, pd.Series(y, index=index), pd.DataFrame(rows, columns=names)
