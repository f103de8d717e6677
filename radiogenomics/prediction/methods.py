"""Another cohort's files with the training cohort's methods: where things lie may differ, how features are made may not."""

from __future__ import annotations

from typing import Any

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.settings import Settings
from radiogenomics.exceptions import ConfigurationError

_METHODS: dict[str, tuple[str, ...]] = {
    "images": ("radiomics", "embedding", "quality", "aggregate"),
    "imaging_tables": ("aggregate",),
    "mutations": ("genes", "classes", "pathways", "hotspots", "segment_threshold", "smoking_minimum_variants",
                  "minimum_altered"),
    "expression": ("duplicates", "signatures", "signature_coverage", "genes"),
    "omics": ("duplicates",),
}  # fmt: skip
"""Section -> keys that say how features are made."""


def at_stored_methods(cohort: Cohort, trained: Cohort) -> tuple[Cohort, list[str]]:
    """The cohort with the methods of the configuration that a model was trained by.

    Returns
    -------
    The cohort, and one sentence for each setting of its own that was not used.

    Raises
    ------
    ConfigurationError
        A source or variable of the same name is of another kind: images of another kind, a variable of another type or
        with other categories.
    """
    noted: list[str] = []
    update: dict[str, Any] = {}
    for section in ("images", "imaging_tables", "omics"):
        own, theirs = getattr(cohort, section), getattr(trained, section)
        update[section] = {
            name: _methods(each, theirs[name], section, f"{section}.{name}", noted) if name in theirs else each
            for name, each in own.items()
        }
    for name, images in cohort.images.items():
        if name in trained.images and images.kind != trained.images[name].kind:
            raise ConfigurationError(
                f"{cohort.file}: images.{name}.kind: {images.kind}, the model was trained on {trained.images[name].kind}",
                rule="other_kind",
            )
    for section in ("mutations", "expression"):
        own, theirs = getattr(cohort, section), getattr(trained, section)
        update[section] = own if own is None or theirs is None else _methods(own, theirs, section, section, noted)
    for name, variable in cohort.clinical.variables.items():
        there = trained.clinical.variables.get(name)
        for key in ("type", "categories"):
            mine = getattr(variable, key)
            if there is not None and mine != getattr(there, key):
                raise ConfigurationError(
                    f"{cohort.file}: clinical.variables.{name}.{key}: {_said(mine)}, the model was trained with "
                    f"{_said(getattr(there, key))}; map this cohort's texts to them with `recode`",
                    rule="other_variable",
                )
    update["models"] = trained.models
    mapped = cohort.model_copy(update=update)
    mapped._file = cohort.file
    return mapped, noted


def _methods(own: Settings, theirs: Settings, section: str, where: str, noted: list[str]) -> Settings:
    update = {key: getattr(theirs, key) for key in _METHODS[section]}
    noted += [
        f"{where}.{key}: the model's setting is used" for key, value in update.items() if getattr(own, key) != value
    ]
    return own.model_copy(update=update)


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
