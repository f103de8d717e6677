"""Every survival model by its name. To add one: write its file, add its line to `SURVIVAL_ALGORITHMS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from radiogenomics.cohort.configuration import Resampling
from radiogenomics.fusion.columns import imaging_modalities
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
