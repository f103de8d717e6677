"""SHAP values in log-odds, exact for every estimator of this project: base_value + their sum = log-odds of the prediction.

Linear models have the closed form, trees have TreeSHAP, and late fusion is linear in the log-odds of its members, so that
theirs add up [1]_. Attention over modalities has exact Shapley values for each modality as a whole, and none for single
features: its rows are named `(modality as a whole)` and carry no value. No sampling, no background set to choose: the same model and patient give the same values to the bit.
A model of a time to an event speaks in log hazard: base_value + the sum of its values = its risk score.

References
----------
.. [1] Lundberg, Lee: A unified approach to interpreting model predictions, NeurIPS 2017.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import EXPLANATIONS, conform
from radiogenomics.exceptions import TableError
from radiogenomics.fusion.base import WHOLE
from radiogenomics.fusion.columns import feature_of, modality_of


def explain(model: Any, X: pd.DataFrame, dictionary: pd.DataFrame, *, name: str | None = None) -> pd.DataFrame:
    """SHAP values of a fitted model, one row a patient and feature.

    Parameters
    ----------
    model : a fitted model of `radiogenomics.fusion`.
    X : predictor columns `<modality>:<feature>`, index patient_id; must have every column that the model was fitted on.
    dictionary : by `schemas.FEATURE_DICTIONARY`; the unit of a feature that it does not have is ''.
    name : written into the column `model`; left out, the name that `fit_final` gave.

    Returns
    -------
    DataFrame by `schemas.EXPLANATIONS`. Features that count for none of the patients (not selected) have no row; a
    modality's absence is the feature `(modality absent)`, value 1 or 0; a modality that can only be explained as a whole
    is the feature `(modality as a whole)`, value NaN. Patients on whom the model abstains have no row.

    Raises
    ------
    TableError
        A column that the model needs is missing.
    """
    columns = [str(column) for column in model.feature_names_in_]
    missing = [column for column in columns if column not in X.columns]
    if missing:
        raise TableError(
            f"the table lacks column '{missing[0]}' that the model was fitted on ({len(missing)} of {len(columns)} missing)",
            rule="missing_column",
        )
    table = X[columns].astype(float)
    shap, base = model.contributions(table)
    names = model.contribution_names()
    answered = np.flatnonzero(~np.isnan(base))
    counting = np.flatnonzero((np.nan_to_num(shap) != 0).any(axis=0))
    values = contribution_values(table, names)
    units = units_of(dictionary)
    kept = [names[i] for i in counting]
    n, p = len(answered), len(kept)
    return conform(
        pd.DataFrame(
            {
                "patient_id": np.repeat(X.index.astype(str).to_numpy()[answered], p),
                "model": name or getattr(model, "model_name_", type(model).__name__),
                "modality": np.tile(np.array([modality_of(column) for column in kept], dtype=object), n),
                "feature": np.tile(np.array([feature_of(column) for column in kept], dtype=object), n),
                "value": values[np.ix_(answered, counting)].ravel(),
                "shap_value": shap[np.ix_(answered, counting)].ravel(),
                "base_value": np.repeat(base[answered], p),
                "unit": np.tile(np.array([units.get(column, "") for column in kept], dtype=object), n),
            }
        ),
        EXPLANATIONS,
    )


def units_of(dictionary: pd.DataFrame) -> dict[str, str]:
    """Column -> unit, of a table with `modality`, `feature` and `unit`."""
    return {f"{row.modality}:{row.feature}": str(row.unit) for row in dictionary.itertuples()}


def contribution_values(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """The values of contributions: (n, len(names)).

    Those of a column; 1 or 0 for `<modality>:(modality absent)`; NaN for `<modality>:(modality as a whole)`, which has no
    one value.
    """
    place = {str(column): i for i, column in enumerate(table.columns)}
    owner = np.array([modality_of(column) for column in place])
    values = table.to_numpy(dtype=float)
    parts = []
    for name in names:
        if name in place:
            parts.append(values[:, place[name]])
        elif feature_of(name) == WHOLE:
            parts.append(np.full(len(values), np.nan))
        else:
            parts.append(np.isnan(values[:, owner == modality_of(name)]).all(axis=1).astype(float))
    return np.column_stack(parts) if parts else np.zeros((len(table), 0))


def modality_contributions(explanations: pd.DataFrame) -> pd.DataFrame:
    """How much each modality moves a patient's prediction.

    Returns
    -------
    DataFrame patient_id, model, modality, shap_value (sum over the modality's features, log-odds), share (of the sum of
    absolute modality contributions of that patient; 0 where nothing moves the prediction).
    """
    keys = ["patient_id", "model", "modality"]
    sums = explanations.groupby(keys, sort=True, observed=True)["shap_value"].sum().reset_index()
    total = sums["shap_value"].abs().groupby([sums["patient_id"], sums["model"]]).transform("sum")
    sums["share"] = np.where(total > 0, sums["shap_value"].abs() / total.where(total > 0, 1.0), 0.0)
    return sums
