"""What is missing, and who the patients are: tables of counts from predictors and labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

_SITE = "site"  # a column that carries the hospital's code for harmonisation, no modality


def missingness(X: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """One row a modality: how many features, how many patients have it, and how many values are missing among those.

    Parameters
    ----------
    X : predictors `<modality>:<feature>`, index patient_id. y : 0/1 labels, same index.

    Returns
    -------
    DataFrame modality, features, n, patients, events, no_events (who have it), share_missing (of the values of those).
    """
    owner = pd.Series([str(column).split(":", 1)[0] for column in X.columns], index=X.columns)
    rows = []
    for modality in dict.fromkeys(owner[owner != _SITE]):
        own = X.loc[:, owner == modality]
        has = own.notna().any(axis=1)
        label = y.reindex(X.index)[has]
        rows.append(
            {
                "modality": modality,
                "features": own.shape[1],
                "n": len(X),
                "patients": int(has.sum()),
                "events": int((label == 1).sum()),
                "no_events": int((label == 0).sum()),
                "share_missing": float(own[has].isna().to_numpy().mean()) if has.any() else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def characteristics(
    X: pd.DataFrame, y: pd.Series, dictionary: pd.DataFrame, modality: str = "clinical"
) -> pd.DataFrame:
    """Clinical variables by outcome: mean (SD) of numbers, n (share) of yes-or-no variables, and how many are not known.

    Returns
    -------
    DataFrame variable, unit, all, event, no_event (text), missing (int); empty where no column is of that modality. Its
    first row has the numbers of patients.
    """
    columns = [column for column in X.columns if str(column).split(":", 1)[0] == modality]
    if not columns:
        return pd.DataFrame(columns=["variable", "unit", "all", "event", "no_event", "missing"])
    units = {f"{row['modality']}:{row['feature']}": str(row["unit"]) for row in dictionary.to_dict("records")}
    label = y.reindex(X.index)
    groups = {"all": label.notna(), "event": label == 1, "no_event": label == 0}
    rows: list[dict[str, object]] = [
        {"variable": "patients", "unit": "", "missing": 0} | {k: str(int(inside.sum())) for k, inside in groups.items()}
    ]
    for column in columns:
        unit = units.get(str(column), "")
        row: dict[str, object] = {
            "variable": str(column).split(":", 1)[1],
            "unit": "" if unit == "1" else unit,
            "missing": int(X[column].isna().sum()),
        }
        rows.append(row | {name: _summary(X.loc[inside, column]) for name, inside in groups.items()})
    return pd.DataFrame(rows)[["variable", "unit", "all", "event", "no_event", "missing"]]


def _summary(values: pd.Series) -> str:
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        return "–"
    if set(np.unique(known)) <= {0.0, 1.0}:
        return f"{int(known.sum())} ({100 * known.mean():.0f} %)"
    spread = f" ({known.std(ddof=1):.1f})" if len(known) > 1 else ""
    return f"{known.mean():.1f}{spread}"
