"""The part of a cohort's settings that is stored with a model. Light: the graph reads it without any science."""

from __future__ import annotations

from typing import Any

from radiogenomics.cohort.configuration import Cohort

_OF_THE_MODEL = {
    "version", "name", "simulated", "clinical", "images", "imaging_tables", "mutations", "expression", "omics",
    "confounders", "resampling", "models", "prediction",
}  # fmt: skip
_USE = {"confidence", "domain", "abstain", "missing_features"}


def stored_configuration(cohort: Cohort, endpoint: str) -> dict[str, Any]:
    """The settings that decide this endpoint's features and model and its use, as plain JSON; no path of this machine."""
    section = "survival" if endpoint in cohort.survival else "endpoints"
    plain = cohort.model_dump(mode="json", include=dict.fromkeys(_OF_THE_MODEL, True) | {section: {endpoint}})
    harmonised = cohort.models.harmonisation
    plain["confounders"] = {
        name: {**plain["confounders"][name], "endpoints": []}
        for name, declared in cohort.confounders.items()
        if not declared.endpoints
        or endpoint in declared.endpoints
        or (harmonised is not None and harmonised.site == name)
        or cohort.resampling.group.startswith(f"{name}:")
    }
    plain["prediction"] = {key: plain["prediction"][key] for key in sorted(_USE)}
    return dict(plain)
