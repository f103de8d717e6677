"""External validation: a registered model on another labelled cohort. Nothing is refitted.

Figures are of the model as stored: discrimination, calibration in the large and slope, Brier score, net benefit, for all
patients, for those inside the model's domain, and by which modalities they have. Beside them, apart and named so, stands the
model recalibrated to this cohort, by intercept, and by intercept and slope [1]_; each patient is recalibrated by parameters
learned from the others (ten parts), so that its figures are no apparent ones.

References
----------
.. [1] Steyerberg, Vergouwe: Towards better clinical prediction models, Eur. Heart J. 2014; Van Calster et al., J. Clin.
   Epidemiol. 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.endpoints.labels import derive_labels
from radiogenomics.endpoints.leakage import refused_features
from radiogenomics.evaluation.calibrated_interval import firth
from radiogenomics.evaluation.calibration import brier_interval, calibration_intervals
from radiogenomics.evaluation.concordance import Interval, auc_interval
from radiogenomics.evaluation.operating_points import net_benefit
from radiogenomics.evaluation.training_reference import pattern_names
from radiogenomics.exceptions import ComputationError, ConfigurationError, InputError, LeakageError
from radiogenomics.fusion.columns import modality_columns, presence
from radiogenomics.prediction.applicability import applicability
from radiogenomics.prediction.patients import NewPatients, new_patients, with_stored_methods
from radiogenomics.prediction.stored import StoredModel

AS_STORED = "as stored"
SHIFTED, RESCALED = "recalibrated here: intercept", "recalibrated here: intercept and slope"
FEWEST = 5
"""Patients of each class below which a group is counted and has no figures."""
PARTS = 10


class Validation(NamedTuple):
    """What a validation found.

    Attributes
    ----------
    figures : DataFrame version, population, figure, at (the threshold; NaN otherwise), n, events, estimate, lower, upper.
    counts : DataFrame population, n, events, abstained (of whom the model says nothing).
    patients : DataFrame patient_id, label, log_odds, probability, modalities, in_domain, domain_reason.
    absent : one sentence for each thing that is not there, or not as in training.
    """

    figures: pd.DataFrame
    counts: pd.DataFrame
    patients: pd.DataFrame
    absent: list[str]


def validate_model(stored: StoredModel, cohort: Cohort, *, cache: Any = None) -> Validation:
    """Apply a model to a labelled cohort with its own files and columns, mapped by its own configuration.

    Parameters
    ----------
    cohort : declares the model's endpoint and, under `prediction.missing_features`, what becomes of features that count in
        the model and that it lacks.

    Raises
    ------
    InputError
        The model predicts a time to an event: only models of labels are validated.
    ConfigurationError
        The cohort does not declare the endpoint.
    TableError
        A feature that counts is lacking and is refused.
    LeakageError
        One of the model's features derives from what this cohort's label is made of.
    ComputationError
        Fewer than `FEWEST` patients of one class can be predicted.
    """
    endpoint = stored.endpoint
    if stored.of_time_to_event:
        raise InputError(
            f"model '{stored.model_id}' predicts a time to an event ({stored.cohort}/{endpoint}); only models of labels are "
            "validated on another cohort",
            rule="time_to_event",
        )
    if endpoint not in cohort.endpoints:
        raise ConfigurationError(
            f"{cohort.file}: endpoints: the model predicts '{endpoint}', which is not declared; declared are "
            f"{sorted(cohort.endpoints)}",
            rule="unknown_endpoint",
        )
    mapped, noted = with_stored_methods(stored, cohort)
    rule = cohort.prediction.missing_features
    found = new_patients(stored, mapped, missing_features=rule, whole_modalities=False, cache=cache)
    _refuse_leaks(stored, cohort, found)
    labels, _ = derive_labels(
        mapped.model_copy(update={"endpoints": {endpoint: cohort.endpoints[endpoint]}}),
        found.inputs.manifest,
    )
    known = labels.dropna(subset=["label"]).set_index("patient_id")["label"].astype(int)
    X = found.X[found.X.index.isin(known.index)]
    log_odds = np.asarray(stored.estimator.decision_function(X), dtype=float) if len(X) else np.empty(0)
    blocks = modality_columns([str(c) for c in X.columns], X.shape[1])
    patterns = pattern_names(presence(X.to_numpy(dtype=float), blocks), list(blocks))
    patients = pd.DataFrame(
        {
            "patient_id": X.index.astype(str),
            "label": known.reindex(X.index).to_numpy(),
            "log_odds": log_odds,
            "probability": expit(log_odds),
            "modalities": patterns,
        }
    )
    if stored.reference is not None:
        judged = applicability(stored.reference, X, found.confounders, stored.use.domain)
        patients["in_domain"], patients["domain_reason"] = judged["in_domain"].to_numpy(), judged["reason"].to_numpy()
    figures, counts = _figures(patients, cohort)
    if figures.empty:
        raise ComputationError(
            f"{cohort.file}: {len(known)} patients are labelled and {int((~np.isnan(log_odds)).sum())} of them can be "
            f"predicted; {FEWEST} of each class are needed",
            rule="too_few_events",
        )
    return Validation(figures, counts, patients, [*found.absent, *noted])


def _refuse_leaks(stored: StoredModel, cohort: Cohort, found: NewPatients) -> None:
    refused = refused_features(cohort, stored.endpoint, found.dictionary)
    names = set(refused["modality"] + ":" + refused["feature"])
    counting = stored.columns if stored.reference is None else stored.reference.counting
    leaking = [c for c in counting if c in names and found.X[c].notna().any()]
    if leaking:
        raise LeakageError(
            f"{cohort.file}: feature '{leaking[0]}' of model '{stored.model_id}' derives here from what label "
            f"'{stored.endpoint}' is made of",
            rule="leakage",
        )


def _figures(patients: pd.DataFrame, cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    groups = {"all": np.ones(len(patients), dtype=bool)}
    if "in_domain" in patients.columns:
        groups["inside the domain"] = patients["in_domain"].to_numpy(dtype=bool)
    groups |= {
        f"has {p.replace(';', ', ')}": (patients["modalities"] == p).to_numpy()
        for p in sorted(set(patients["modalities"]))
    }
    log_odds, label = patients["log_odds"].to_numpy(dtype=float), patients["label"].to_numpy(dtype=int)
    said = ~np.isnan(log_odds)
    versions = {AS_STORED: log_odds} | recalibrated(log_odds, label)
    rows: list[tuple[Any, ...]] = []
    counts: list[tuple[Any, ...]] = []
    for name, group in groups.items():
        inside = group & said
        events = int(label[inside].sum())
        counts.append((name, int(inside.sum()), events, int((group & ~said).sum())))
        if min(events, int(inside.sum()) - events) < FEWEST:
            continue
        for version, values in versions.items():
            rows += [
                (version, name, figure, at, int(inside.sum()), events, *interval)
                for figure, at, interval in _of_group(expit(values[inside]), label[inside], version, cohort)
            ]
    columns = ["version", "population", "figure", "at", "n", "events", "estimate", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(counts, columns=["population", "n", "events", "abstained"])


def _of_group(
    probability: np.ndarray, label: np.ndarray, version: str, cohort: Cohort
) -> list[tuple[str, float, Interval]]:
    column = probability[:, None]
    intercept, slope = calibration_intervals(column, label)
    found = [("brier", np.nan, brier_interval(column, label))]
    found += [("calibration_in_the_large", np.nan, intercept), ("calibration_slope", np.nan, slope)]
    if version == AS_STORED:
        auc = auc_interval(column, label, np.zeros(column.shape, dtype=int))
        found.insert(0, ("auc", np.nan, auc))
    for threshold in cohort.evaluation.thresholds:
        own, above = net_benefit(column, label, threshold)
        found += [("net_benefit", threshold, own), ("net_benefit_above_default", threshold, above)]
    return found


def recalibrated(log_odds: np.ndarray, label: np.ndarray) -> dict[str, np.ndarray]:
    """Log-odds shifted, and shifted and rescaled, to a cohort; each patient by parameters from the other parts.

    Parameters
    ----------
    log_odds : (n,), NaN where the model abstains. label : (n,) of 0/1.

    Parts are made within each class by the order of the rows; with fewer than two patients of a class NaN.
    """
    result = {SHIFTED: np.full(len(log_odds), np.nan), RESCALED: np.full(len(log_odds), np.nan)}
    said = np.flatnonzero(~np.isnan(log_odds))
    part = np.zeros(len(said), dtype=int)
    for value in (0, 1):
        own = np.flatnonzero(label[said] == value)
        if len(own) < 2:
            return result
        part[own] = np.arange(len(own)) % min(PARTS, len(own))
    for number in np.unique(part):
        others, these = said[part != number], said[part == number]
        result[SHIFTED][these] = log_odds[these] + _shift(log_odds[others], label[others])
        beta, _ = firth(np.column_stack([np.ones(len(others)), log_odds[others]]), label[others])
        result[RESCALED][these] = beta[0] + beta[1] * log_odds[these]
    return result


def _shift(log_odds: np.ndarray, label: np.ndarray) -> float:
    """The shift of all log-odds that makes the mean prediction right."""
    from scipy.optimize import brentq

    share = np.clip(label.mean(), 0.5 / len(label), 1 - 0.5 / len(label))
    return float(brentq(lambda shift: expit(log_odds + shift).mean() - share, -30, 30))
