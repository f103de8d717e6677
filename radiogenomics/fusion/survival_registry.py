"""Every survival model by its name. To add one: write its file, add its line to `SURVIVAL_ALGORITHMS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.fusion.columns import imaging_modalities, modality_columns
from radiogenomics.fusion.cox import CoxElasticNet, SurvivalModel
from radiogenomics.fusion.late_cox import LateCox

WITHOUT_IMAGING = "late/without_imaging"
CLINICAL_AND_IMAGING = "late/clinical_and_imaging"


Builder = Callable[[tuple[str, ...], Resampling, tuple[str, ...]], SurvivalModel]
"""Modalities, resampling and unreliable columns -> the unfitted model."""


class SurvivalAlgorithm(NamedTuple):
    """The class of a survival model, and how it is made for given modalities."""

    estimator: type[SurvivalModel]
    build: Builder


def _cox(modalities: tuple[str, ...], resampling: Resampling, unreliable: tuple[str, ...] = ()) -> CoxElasticNet:
    return CoxElasticNet(
        modalities,
        inner_folds=resampling.inner_folds,
        random_state=resampling.random_state,
        unreliable=unreliable,
    )


def _late(weighting: str) -> Callable[[tuple[str, ...], Resampling, tuple[str, ...]], LateCox]:
    return lambda modalities, resampling, unreliable: LateCox(
        [(name, _cox((name,), resampling, unreliable)) for name in modalities], weighting=weighting
    )


SURVIVAL_ALGORITHMS: dict[str, SurvivalAlgorithm] = {
    "cox": SurvivalAlgorithm(CoxElasticNet, _cox),
    "early/cox": SurvivalAlgorithm(CoxElasticNet, _cox),
    "late/cox_mean": SurvivalAlgorithm(LateCox, _late("mean")),
    "late/cox_weighted": SurvivalAlgorithm(LateCox, _late("learned")),
}
"""Name -> how it is made. A name with `/` is a fusion, one without is fitted on each modality alone."""


def build_survival_models(
    modalities: Iterable[str],
    resampling: Resampling,
    *,
    imaging: Iterable[str] = (),
    clinical: str = "clinical",
    unreliable: Iterable[str] = (),
) -> dict[str, SurvivalModel]:
    """The survival models that are compared, unfitted, by name: `<modality>/cox`, then fusions.

    Each has `fit(X, time, event)`, `predict_log_hazard(X)`, `predict_survival(X, times)` and `used(X)`. Where there are
    imaging and other modalities, `late/without_imaging` and `late/clinical_and_imaging` are added, as for classifiers.

    Parameters
    ----------
    imaging : modalities from images whose names do not say so. clinical : name of the clinical modality.
    unreliable : columns that no model uses, from :func:`radiogenomics.fusion.robustness.unreliable_columns` of the training
        patients.
    """
    names, barred = tuple(modalities), tuple(sorted(unreliable))
    result = {
        f"{modality}/{name}": algorithm.build((modality,), resampling, barred)
        for modality in names
        for name, algorithm in SURVIVAL_ALGORITHMS.items()
        if "/" not in name
    }
    result |= {name: a.build(names, resampling, barred) for name, a in SURVIVAL_ALGORITHMS.items() if "/" in name}
    images = imaging_modalities(names, imaging)
    others = tuple(name for name in names if name not in images)
    if images and others:
        result[WITHOUT_IMAGING] = _late("learned")(others, resampling, barred)
        if clinical in others and len(others) > 1:
            both = tuple(name for name in names if name == clinical or name in images)
            result[CLINICAL_AND_IMAGING] = _late("learned")(both, resampling, barred)
    return result


def fit_final_survival(
    X: pd.DataFrame,
    time: pd.Series,
    event: pd.Series,
    name: str,
    resampling: Resampling,
    *,
    imaging: Iterable[str] = (),
    clinical: str = "clinical",
    unreliable: Iterable[str] = (),
) -> SurvivalModel:
    """The declared final model, fitted on every patient whose time is known; it does not depend on the order of the rows.

    What it keeps of the training patients is the baseline hazard by event time and the sorted risks (`training_risk_`), without
    saying whose they are.

    Parameters
    ----------
    X : predictor columns `<modality>:<feature>`, index patient_id. time, event : months and 0/1, with the same index.
    name : a name of `build_survival_models`, such as `late/cox_weighted`.

    Raises
    ------
    ConfigurationError
        No model of that name is built from these modalities.
    TableError, ComputationError
        As :meth:`radiogenomics.fusion.cox.CoxElasticNet.fit`.
    """
    modalities = modality_columns([str(c) for c in X.columns], X.shape[1])
    built = build_survival_models(modalities, resampling, imaging=imaging, clinical=clinical, unreliable=unreliable)
    if name not in built:
        raise ConfigurationError(
            f"final_model: no survival model '{name}'; valid here: {', '.join(built)}", rule="final_model"
        )
    order = np.argsort(X.index.astype(str).to_numpy(), kind="stable")
    rows = X.iloc[order]
    months, seen = (column.reindex(rows.index).to_numpy(dtype=float) for column in (time, event))
    model = built[name]
    model.fit(rows, months, seen)
    model.model_name_ = name
    for part in (model, *getattr(model, "members_", {}).values()):
        if isinstance(part, CoxElasticNet):  # a stored model keeps nothing that belongs to a single patient
            part.inner_log_hazard_ = part.inner_log_hazard_[:0]
    return model
