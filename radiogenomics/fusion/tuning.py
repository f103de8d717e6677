"""How much tuning each compared model is allowed, as declared before any result."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.fusion.registry import build_models


def tuning_budget(
    models: Models, modalities: Iterable[str], resampling: Resampling, *, imaging: Iterable[str] = ()
) -> pd.DataFrame:
    """What each model may try on the inner folds of one outer training set.

    A model that tries more has more chances to be lucky; what it tries is fixed by the configuration, whatever the data say.

    Parameters
    ----------
    models, modalities, resampling, imaging : as for `build_models`.

    Returns
    -------
    DataFrame model, candidates (combinations of hyperparameters), inner_folds, inner_repeats, inner_fits (their product: 0 for a
    model that only combines others, whose weights are learned on what those held out).
    """
    rows = []
    for name, model in build_models(models, modalities, resampling, imaging=imaging).items():
        candidates = len(model.candidates()) if hasattr(model, "candidates") else 0
        folds, repeats = (model.inner_folds, model.inner_repeats) if candidates else (0, 0)
        rows.append((name, candidates, folds, repeats, candidates * folds * repeats))
    return pd.DataFrame(rows, columns=["model", "candidates", "inner_folds", "inner_repeats", "inner_fits"])
