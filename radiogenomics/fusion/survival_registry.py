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


class SurvivalAlgorithm(NamedTuple):
    """The class of a survival model, and how it is made for given modalities."""

    estimator: type[SurvivalModel]
    build: Callable[[tuple[str, ...], Resampling], SurvivalModel]


def _cox(modalities: tuple[str, ...], resampling: Resampling) -> CoxElasticNet:
    return CoxElasticNet(modalities, inner_folds=resampling.inner_folds, random_state=resampling.random_state)


def _late(weighting: str) -> Callable[[tuple[str, ...], Resampling], LateCox]:
    return lambda modalities, resampling: LateCox(
        [(name, _cox((name,), resampling)) for name in modalities], weighting=weighting
    )


SURVIVAL_ALGORITHMS: dict[str, SurvivalAlgorithm] = {
    "cox": SurvivalAlgorithm(CoxElasticNet, _cox),
    "early/cox": SurvivalAlgorithm(CoxElasticNet, _cox),
    "late/cox_mean": SurvivalAlgorithm(LateCox, _late("mean")),
    "late/cox_weighted": SurvivalAlgorithm(LateCox, _late("learned")),
}
"""Name -> how it is made. A name with `/` is a fusion, one without is fitted on each modality alone."""


def build_survival_models(
    modalities: Iterable[str], resampling: Resampling, *, imaging: Iterable[str] = (), clinical: str = "clinical"
) -> dict[str, SurvivalModel]:
    """The survival models that are compared, unfitted, by name: `<modality>/cox`, then fusions.

    Each has `fit(X, time, event)`, `predict_log_hazard(X)`, `predict_survival(X, times)` and `used(X)`. Where there are
    imaging and other modalities, `late/without_imaging` and `late/clinical_and_imaging` are added, as for classifiers.

    Parameters
    ----------
    imaging : modalities from images whose names do not say so. clinical : name of the clinical modality.
    """
    names = tuple(modalities)
    result = {
        f"{modality}/{name}": algorithm.build((modality,), resampling)
        for modality in names
        for name, algorithm in SURVIVAL_ALGORITHMS.items()
        if "/" not in name
    }
    result |= {name: a.build(names, resampling) for name, a in SURVIVAL_ALGORITHMS.items() if "/" in name}
    images = imaging_modalities(names, imaging)
    others = tuple(name for name in names if name not in images)
    if images and others:
        result[WITHOUT_IMAGING] = _late("learned")(others, resampling)
        if clinical in others and len(others) > 1:
            both = tuple(name for name in names if name == clinical or name in images)
            result[CLINICAL_AND_IMAGING] = _late("learned")(both, resampling)
    return result
