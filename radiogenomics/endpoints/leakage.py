"""The leakage guard: an endpoint cannot be predicted from itself, nor from what is known only afterwards."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import pandas as pd

from radiogenomics.cohort.configuration import (
    Cohort,
    ColumnRule,
    Endpoint,
    HorizonRule,
    ResponseRule,
    ThresholdRule,
    TimeToEvent,
    VariantRule,
)
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.label_settings import LabelRule
from radiogenomics.endpoints import egfr
from radiogenomics.exceptions import ConfigurationError, LeakageError

_COLUMNS = ["modality", "feature", "rule", "reason"]


def endpoint_sources(cohort: Cohort, endpoint_name: str) -> dict[str, str]:
    """Inputs that tell the endpoint's label -> why, in the form of `derived_from` ('mutations:EGFR').

    They are the columns or the gene that the label is made from or compared with, every column of follow-up that is
    declared under `survival`, and what the configuration declares under `concerns`.

    Raises
    ------
    ConfigurationError
        No such endpoint.
    """
    endpoint = declared_endpoint(cohort, endpoint_name)
    sources: dict[str, str] = {}

    def column(name: str, table: str | None, why: str) -> None:
        sources.setdefault(f"clinical/{cohort.clinical_table(table)}:{name.strip()}", why)

    if isinstance(endpoint, TimeToEvent):
        for other, declared in cohort.endpoints.items():  # response and labels at a horizon are follow-up
            if isinstance(declared.label, HorizonRule | ResponseRule):
                _sources_of_label(other, declared.label, column, sources)
    else:
        _sources_of_label(endpoint_name, endpoint.label, column, sources)
    for which, follow_up in cohort.survival.items():
        for name in follow_up.columns():
            column(name, follow_up.table, f"it is follow-up: survival.{which} is made from it")
    for concern in endpoint.concerns:
        sources.setdefault(concern.strip(), f"the configuration says that it tells '{endpoint_name}' (concerns)")
    return sources


def declared_endpoint(cohort: Cohort, name: str) -> Endpoint | TimeToEvent:
    """The declaration under `endpoints`, or under `survival`.

    Raises
    ------
    ConfigurationError
        Neither has it.
    """
    found: Endpoint | TimeToEvent | None = cohort.endpoints.get(name) or cohort.survival.get(name)
    if found is None:
        raise ConfigurationError(
            f"{cohort.file}: endpoints: no endpoint '{name}'; declared are {sorted([*cohort.endpoints, *cohort.survival])}",
            rule="unknown_endpoint",
        )
    return found


def _sources_of_label(
    endpoint_name: str, label: LabelRule, column: Callable[[str, str | None, str], None], sources: dict[str, str]
) -> None:
    """Add what a label is made from, or compared with."""
    if isinstance(label, ColumnRule | ResponseRule | ThresholdRule):
        column(label.column, label.table, f"the label of '{endpoint_name}' is this column")
    elif isinstance(label, HorizonRule):
        for name in label.columns():
            column(name, label.table, f"the label of '{endpoint_name}' is made from this column")
    else:
        gene = egfr.GENE if isinstance(label, VariantRule) else current_symbol(label.gene)
        for kind in ("mutations", "copy_number", "structural_variants"):
            sources[f"{kind}:{gene}"] = f"the label of '{endpoint_name}' is made from alterations of {gene}"
    compare = label.compare if isinstance(label, VariantRule | HorizonRule) else None
    if compare is not None:
        column(compare.column, compare.table, f"the label of '{endpoint_name}' is compared with this column")


def refused_features(cohort: Cohort, endpoint_name: str, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Features of the endpoint's modalities that may not predict it, by name and rule.

    ================  ==============================================================================================
    label_source      it derives from the column or gene that the label is made from, or from a declared concern; a
                      feature that derives from all items of that source ('mutations:*', the mutational burden) does
    follow_up         it is recorded after the index date, and the endpoint declares no landmark that is later still
    ================  ==============================================================================================

    Parameters
    ----------
    dictionary : DataFrame by `schemas.FEATURE_DICTIONARY`, of one or more modalities.

    Returns
    -------
    DataFrame `modality, feature, rule, reason`.

    Raises
    ------
    LeakageError
        `include` of the endpoint names a refused feature outright (without a wildcard).
    """
    sources = endpoint_sources(cohort, endpoint_name)
    endpoint = declared_endpoint(cohort, endpoint_name)
    refused: list[tuple[str, str, str, str]] = []
    for entry in dictionary.to_dict("records"):
        if entry["modality"] not in endpoint.modalities:
            continue
        known = isinstance(endpoint, Endpoint) and _known_at_landmark(cohort, endpoint, str(entry["modality"]))
        found = _refusal(str(entry["derived_from"]), str(entry["recorded"]), sources, known)
        if found is not None:
            refused.append((entry["modality"], entry["feature"], *found))
    for modality, feature, _, reason in refused:
        name = f"{modality}:{feature}"
        if name in endpoint.include:
            raise LeakageError(
                f"{cohort.file}: endpoints.{endpoint_name}.include: '{name}' may not predict '{endpoint_name}': {reason}",
                rule="leakage",
            )
    return pd.DataFrame(refused, columns=_COLUMNS)


def _known_at_landmark(cohort: Cohort, endpoint: Endpoint, modality: str) -> bool:
    """Whether a modality of follow-up is complete by the day from which the endpoint is predicted.

    Patients whose outcome was known by that day are not among its labels (landmark analysis: Anderson, Cain, Gelber, J Clin
    Oncol 1983;1:710-719).
    """
    images = cohort.images.get(modality.removeprefix("delta_")) if modality.startswith("delta_") else None
    delta = images.follow_up.delta if images is not None and images.follow_up is not None else None
    return delta is not None and endpoint.landmark_days is not None and delta.until_days <= endpoint.landmark_days


def _refusal(
    derived_from: str, recorded: str, sources: dict[str, str], known_at_landmark: bool
) -> tuple[str, str] | None:
    for origin in derived_from.split(";"):
        origin = origin.strip()
        kind, _, item = origin.partition(":")
        for source, why in sources.items():
            source_kind, _, source_item = source.partition(":")
            if kind == source_kind and (item == source_item or "*" in (item, source_item)):
                return "label_source", f"it derives from {origin}: {why}"
    if recorded == "follow_up" and not known_at_landmark:
        return "follow_up", "it is recorded after the index date"
    return None


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a predictor `modality:feature` is named by one of the patterns (``*`` and ``?`` are wildcards)."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)
