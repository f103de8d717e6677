"""How many features keep their values under perturbation: the report's summary of the table of robustness."""

from __future__ import annotations

import pandas as pd

_KEYS = ["images", "modality", "group"]


def surviving_features(robustness: pd.DataFrame | None) -> pd.DataFrame | None:
    """One row a modality and group of perturbations.

    Parameters
    ----------
    robustness : by `fusion.robustness.robustness_table`; None where a cohort declares none.

    Returns
    -------
    DataFrame images, modality, group, lesions, readings (of a lesion), features, above (intraclass correlation above 0.9), surely
    (its whole 95 % interval is), kept (those that meet the declared minimum).
    """
    if robustness is None or robustness.empty:
        return None
    marked = robustness.assign(above=robustness["icc"] > 0.9, surely=robustness["lower"] > 0.9)
    found = marked.groupby(_KEYS, sort=True).agg(
        lesions=("lesions", "max"),
        readings=("readings", "max"),
        features=("feature", "size"),
        above=("above", "sum"),
        surely=("surely", "sum"),
        kept=("kept", "sum"),
    )
    return found.reset_index()
