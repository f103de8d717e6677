"""Every estimator by its name. To add one: write its file, add its line to `ALGORITHMS`, or to `VOXEL_ALGORITHMS` where it
reads boxes of voxels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Models, Resampling
from radiogenomics.exceptions import ComputationError, ConfigurationError
from radiogenomics.fusion.averaged import AveragedLearners
from radiogenomics.fusion.base import BinaryClassifier, MemberClassifier
from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.cohort_network import CohortNetwork
from radiogenomics.fusion.columns import holds_voxels, imaging_modalities, modality_columns
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.gated_attention import GatedAttention
from radiogenomics.fusion.group_sparse import GroupSparse
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.late import LateFusion
from radiogenomics.fusion.prespecified import PrespecifiedPredictors
from radiogenomics.fusion.signature import Signature
from radiogenomics.fusion.stacked import StackedFusion
from radiogenomics.fusion.survival_registry import CLINICAL_AND_IMAGING, SURVIVAL_ALGORITHMS, WITHOUT_IMAGING


class Ingredients(NamedTuple):
    """What a builder may use: the modalities that are tables of features, the resampling, and every unimodal model by name."""

    modalities: tuple[str, ...]
    resampling: Resampling
    unimodal: dict[str, MemberClassifier]
    harmonisation: SiteHarmonisation | None = None
    unreliable: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Keyword arguments that every tuned estimator takes."""
        settings: dict[str, Any] = {
            "inner_folds": self.resampling.inner_folds,
            "random_state": self.resampling.random_state,
            "harmonisation": self.harmonisation,
            "unreliable": self.unreliable,
        }
        return settings

    def members(self, modalities: Iterable[str] | None = None) -> list[tuple[str, MemberClassifier]]:
        """The unimodal models of these modalities (None: all), for late fusion.

        Where a modality has an average of learners, that speaks for it; otherwise all of its models do.
        """
        kept = None if modalities is None else set(modalities)
        averaged = {n.split("/")[0] for n, model in self.unimodal.items() if isinstance(model, AveragedLearners)}
        return [
            (n, model)
            for n, model in self.unimodal.items()
            if (kept is None or n.split("/")[0] in kept)
            and (n.split("/")[0] not in averaged or isinstance(model, AveragedLearners))
        ]


@dataclass(frozen=True)
class Algorithm:
    """How an estimator is made for given modalities: its class, and what differs from its defaults.

    `combines`: it stands on the unimodal models of the run, and not on the table.
    """

    estimator: type[BinaryClassifier]
    options: Mapping[str, Any] = field(default_factory=dict)
    combines: bool = False

    def __call__(self, given: Ingredients) -> BinaryClassifier:
        """The unfitted estimator."""
        make: Any = self.estimator
        if self.combines:
            combined: BinaryClassifier = make(given.members(), **self.options)
            return combined
        alone: BinaryClassifier = make(given.modalities, **given.settings(), **self.options)
        return alone


ALGORITHMS: dict[str, Algorithm] = {
    # over the given modalities: one of them is unimodal
    "elastic_net": Algorithm(ElasticNet),
    "xgboost": Algorithm(BoostedTrees),
    "signature": Algorithm(Signature),
    "averaged": Algorithm(AveragedLearners),  # where it is among `models.unimodal`, late fusion stands on it alone
    # over all modalities
    "early/elastic_net": Algorithm(ElasticNet),
    "early/xgboost": Algorithm(BoostedTrees),
    "early/group_sparse": Algorithm(GroupSparse),
    "early/prespecified": Algorithm(PrespecifiedPredictors),  # made where an endpoint names its predictors
    "intermediate/attention": Algorithm(GatedAttention),  # 5 to 20 s a fit
    "late/mean": Algorithm(LateFusion, {"weighting": "mean"}, combines=True),
    "late/weighted": Algorithm(LateFusion, {"weighting": "learned"}, combines=True),
    "late/stacked": Algorithm(StackedFusion, combines=True),
}
"""Name -> how it is made. A name with `/` is a fusion, one without is fitted on each modality alone."""

PRESPECIFIED = "early/prespecified"
"""The model of the predictors that an endpoint names; it is there for every endpoint that names some, and for no other."""

WITH_PRESPECIFIED = "late/with_prespecified"
"""The learned late fusion with the model of the named predictors as one more voice; there where both are."""

VOXEL_ALGORITHMS: dict[str, type[CohortNetwork]] = {"cnn": CohortNetwork}
"""Name -> estimator over a box of voxels. Modalities of voxels are given to these and to no other; late fusion takes them in."""


def _qualified(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


_ESTIMATORS: list[Any] = [
    *(algorithm.estimator for algorithm in ALGORITHMS.values()),
    *VOXEL_ALGORITHMS.values(),
    *(survival.estimator for survival in SURVIVAL_ALGORITHMS.values()),
]
TRUSTED_TYPES: tuple[str, ...] = tuple(
    sorted({_qualified(kind) for estimator in _ESTIMATORS for kind in (estimator, *estimator.stored_types)})
)
"""The only types, beside numpy arrays and plain values, that a stored model may hold."""


def build_models(
    models: Models,
    modalities: Iterable[str],
    resampling: Resampling,
    *,
    imaging: Iterable[str] = (),
    unreliable: Iterable[str] = (),
) -> dict[str, Any]:
    """The estimators that are compared, unfitted, by name: each modality's own first, then fusions.

    Parameters
    ----------
    models : which algorithms and fusions.
    modalities : the modalities in the table.
    imaging : modalities from images whose names do not say so (ready-made tables). Where there are imaging and other
        modalities, `late/without_imaging` and `late/clinical_and_imaging` are added: the fusions that answer whether
        imaging adds anything.
    unreliable : columns that no estimator uses, from :func:`radiogenomics.fusion.robustness.unreliable_columns` of the
        training patients.

    Raises
    ------
    ConfigurationError
        An algorithm of that name does not exist.
    """
    modalities = tuple(modalities)
    for key, names, fused in (("models.unimodal", models.unimodal, False), ("models.fusion", models.fusion, True)):
        valid = [name for name in ALGORITHMS if ("/" in name) == fused]
        for name in names:
            if name not in valid:
                raise ConfigurationError(f"{key}: no algorithm '{name}'; valid: {', '.join(valid)}", rule="algorithm")
    harmonisation, barred = _harmonisation(models), tuple(sorted(unreliable))
    unimodal: dict[str, MemberClassifier] = {}
    tabular = tuple(modality for modality in modalities if not holds_voxels(modality))
    for modality in modalities:
        if modality not in tabular:
            unimodal |= {
                f"{modality}/{n}": _over_boxes(kind, modality, models, resampling)
                for n, kind in VOXEL_ALGORITHMS.items()
            }
            continue
        for algorithm in sorted(models.unimodal, key=lambda n: ALGORITHMS[n].estimator is AveragedLearners):
            model = ALGORITHMS[algorithm](Ingredients((modality,), resampling, {}, harmonisation, barred))
            if not isinstance(model, MemberClassifier):
                raise ConfigurationError(f"models.unimodal: '{algorithm}' is no unimodal estimator", rule="algorithm")
            unimodal[f"{modality}/{algorithm}"] = model
    everything = Ingredients(tabular, resampling, unimodal, harmonisation, barred)
    if not unimodal and any(name.startswith("late/") for name in models.fusion):
        raise ConfigurationError(
            "models.fusion: late fusion needs at least one algorithm under models.unimodal", rule="algorithm"
        )
    result: dict[str, Any] = dict(unimodal)
    fusions = [n for n in models.fusion if n != PRESPECIFIED]
    result.update({n: ALGORITHMS[n](everything) for n in fusions if tabular or ALGORITHMS[n].combines})
    if models.prespecified:
        named = result[PRESPECIFIED] = _prespecified(models, everything)
        if unimodal:
            result[WITH_PRESPECIFIED] = LateFusion([*everything.members(), (PRESPECIFIED, named)], weighting="learned")
    elif PRESPECIFIED in models.fusion:
        raise ConfigurationError(
            f"models.fusion: '{PRESPECIFIED}' needs the endpoint to name predictors (endpoints.<name>.prespecified)",
            rule="prespecified_predictor",
        )
    from_images = imaging_modalities(modalities, imaging)
    others = [name for name in modalities if name not in from_images]
    if unimodal and from_images and others:
        result[WITHOUT_IMAGING] = LateFusion(everything.members(others), weighting="learned")
        clinical = models.clinical_baseline
        if clinical in others and len(others) > 1:
            result[CLINICAL_AND_IMAGING] = LateFusion(everything.members({clinical, *from_images}), weighting="learned")
    return result


def _prespecified(models: Models, given: Ingredients) -> PrespecifiedPredictors:
    """The model of the named predictors, over the modalities that they are of."""
    own = {predictor.modality for predictor in models.prespecified}
    named = tuple((predictor.feature, SIGNS[predictor.direction]) for predictor in models.prespecified)
    return PrespecifiedPredictors(tuple(m for m in given.modalities if m in own), predictors=named, **given.settings())


SIGNS = {"positive": 1, "negative": -1, "unknown": 0}
"""Direction of a prespecified predictor -> sign that its coefficient may have beside 0; 0: either."""


def _over_boxes(kind: type[CohortNetwork], modality: str, models: Models, resampling: Resampling) -> MemberClassifier:
    """A network over the boxes of one modality, as `models.network` declares it."""
    declared = models.network
    return kind(
        (modality,),
        inner_folds=resampling.inner_folds,
        random_state=resampling.random_state,
        epochs=declared.epochs,
        members=declared.members,
        device=declared.device,
    )


def _harmonisation(models: Models) -> SiteHarmonisation | None:
    declared = models.harmonisation
    if declared is None:
        return None
    return SiteHarmonisation(
        declared.site,
        declared.modalities,
        covariates=declared.covariates,
        unseen=declared.unseen,
        reference=declared.reference,
    )


def fit_final(
    X: pd.DataFrame,
    y: pd.Series,
    name: str,
    models: Models,
    resampling: Resampling,
    *,
    imaging: Iterable[str] = (),
    unreliable: Iterable[str] = (),
) -> Any:
    """The declared final model, fitted on every labelled patient.

    Parameters
    ----------
    X : predictor columns `<modality>:<feature>`, index patient_id. y : 0/1 labels with the same index.
    name : a name of `build_models`, such as `late/weighted`.

    Raises
    ------
    ConfigurationError
        No model of that name is built from these modalities.
    ComputationError
        Too few patients of one class for the inner folds.
    """
    modalities = modality_columns([str(c) for c in X.columns], X.shape[1])
    built = build_models(models, modalities, resampling, imaging=imaging, unreliable=unreliable)
    if name not in built:
        raise ConfigurationError(f"final_model: no model '{name}'; valid here: {', '.join(built)}", rule="final_model")
    order = np.argsort(X.index.astype(str).to_numpy(), kind="stable")
    target = y.reindex(X.index).iloc[order].astype(int)
    rarer = int(min(target.sum(), len(target) - target.sum()))
    if rarer < resampling.inner_folds:
        raise ComputationError(
            f"model '{name}': {len(target)} patients with {int(target.sum())} events; each class needs at least "
            f"inner_folds = {resampling.inner_folds} patients",
            rule="too_few_events",
        )
    model = built[name].fit(X.iloc[order], target)
    model.model_name_ = name
    _forget_patients(model)
    return model


def _forget_patients(model: Any) -> None:
    """A stored model keeps nothing that belongs to a single patient, nor does any of its members."""
    if isinstance(model, MemberClassifier):
        model.inner_log_odds_ = model.inner_log_odds_[:0]
    for member in getattr(model, "members_", {}).values():
        _forget_patients(member)
