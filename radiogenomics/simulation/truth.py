"""What is knowable: the best probability that a set of sources allows, and the AUC that no model can exceed.

A source sees the latent factors z with Gaussian noise, z itself is standard normal, so given what the sources show z is
normal with known mean and variance, and so is the latent part of the log-odds. The best probability of an outcome is its
expectation over that posterior; it is computed by Gauss-Hermite quadrature, not by simulation. Where sex or
hospital is not known it is averaged out; where the EGFR status is known (from the mutations) the posterior is reweighted by
the likelihood of that status, on a two-dimensional grid.

The AUC is that of the best probability over a large draw of patients (Monte Carlo without images, with a fixed seed
of its own, so the figures depend on the effects alone). Instead of drawn labels each patient counts with
weight p as a case and 1 - p as a control (Rao-Blackwell), which takes the noise of the labels out.
It is a bound: images, expression and tables round and blur what a source sees.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from radiogenomics.simulation.biology import (
    ENDPOINT_MODALITIES,
    ENDPOINTS,
    MODALITIES,
    SHARE_FEMALE,
    SHARE_SECOND_HOSPITAL,
    Array,
    Biology,
    Effects,
    Flags,
    OutcomeEffects,
    Patients,
    draw_patients,
    intercept,
    sigmoid,
)

MONTE_CARLO_PATIENTS = 40_000
MONTE_CARLO_SEED = 20260101
NODES = 16


@dataclass(frozen=True)
class Posterior:
    """Latent factors given what some sources show: mean (n, 4) and variance (n, 4), independent between factors."""

    mean: Array
    variance: Array


def posterior(
    views: dict[str, Array], biology: Biology, sources: Sequence[str], seen: dict[str, Flags] | None = None
) -> Posterior:
    """Normal posterior of the latent factors.

    Parameters
    ----------
    views : source -> (n, 4), what each source shows.
    sources : the sources to be used; none gives the prior.
    seen : source -> (n,) of bool, patients for whom the source is there; left out: all.
    """
    shape = next(iter(views.values())).shape
    precision, total = np.ones(shape), np.zeros(shape)
    for source in sources:
        share = 1.0 / biology.view(source).noise ** 2  # 0 where the noise is infinite
        present = np.ones(shape[0]) if seen is None else seen[source].astype(float)
        weight = share[None, :] * present[:, None]
        precision += weight
        total += weight * np.nan_to_num(views[source])
    return Posterior(total / precision, 1.0 / precision)


def best_probability(
    endpoint: str,
    effects: Effects,
    state: Posterior,
    *,
    female: Array | None = None,
    hospital: Array | None = None,
    egfr: Array | None = None,
) -> Array:
    """Probability of the outcome given what is known, shape (n,).

    Parameters
    ----------
    state : the latent factors given the sources that are used.
    female, hospital, egfr : shape (n,), 0 or 1, or NaN where not known for that patient; None: not known for anyone.
    """
    count = len(state.mean)
    target, driver = effects.of(endpoint), effects.egfr_status
    sex = np.full(count, np.nan) if female is None else np.asarray(female, dtype=float)
    site = np.full(count, np.nan) if hospital is None else np.asarray(hospital, dtype=float)
    status = np.full(count, np.nan) if egfr is None else np.asarray(egfr, dtype=float)
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(NODES)
    node_weights = node_weights / node_weights.sum()
    if egfr is None:  # one dimension is enough: nothing is reweighted
        weights, first, second = node_weights, np.zeros(NODES), nodes
    else:
        first, second = (grid.ravel() for grid in np.meshgrid(nodes, nodes, indexing="ij"))
        weights = np.outer(node_weights, node_weights).ravel()

    w, u = target.weights, driver.weights
    mean_target, mean_driver = state.mean @ w, state.mean @ u
    variance_driver = state.variance @ (u * u)
    covariance = state.variance @ (w * u)
    spread_driver = np.sqrt(variance_driver)
    slope = np.zeros(count)
    if egfr is not None:
        np.divide(covariance, spread_driver, out=slope, where=spread_driver > 0)
    rest = np.sqrt(np.maximum(state.variance @ (w * w) - slope**2, 0.0))

    numerator, denominator = np.zeros(count), np.zeros(count)
    for f, share_f in ((0, 1 - SHARE_FEMALE), (1, SHARE_FEMALE)):
        for h, share_h in ((0, 1 - SHARE_SECOND_HOSPITAL), (1, SHARE_SECOND_HOSPITAL)):
            share = np.where(np.isnan(sex), share_f, sex == f) * np.where(np.isnan(site), share_h, site == h)
            shift = intercept(target) + _shift(target, f, h)
            shift_driver = intercept(driver) + _shift(driver, f, h)
            for weight, a, b in zip(weights, first, second, strict=True):
                outcome = sigmoid(shift + mean_target + slope * a + rest * b)
                evidence = share * weight
                if egfr is not None:
                    mutant = sigmoid(shift_driver + mean_driver + spread_driver * a)
                    evidence = evidence * np.where(np.isnan(status), 1.0, np.where(status == 1, mutant, 1.0 - mutant))
                numerator += evidence * outcome
                denominator += evidence
    return numerator / denominator


def _shift(effects: OutcomeEffects, female: int, hospital: int) -> float:
    return effects.female * female + effects.hospital * hospital


def expected_auc(probability: Array) -> float:
    """AUC of ranking by `probability` when it is the true one: each patient is p of a case and 1 - p of a control.

    Ties count one half. The value is the area for labels drawn from `probability`, without the noise of drawing them.
    """
    order = np.argsort(probability, kind="stable")
    p = probability[order]
    _, start = np.unique(p, return_index=True)
    cases, controls = np.add.reduceat(p, start), np.add.reduceat(1.0 - p, start)
    below = np.cumsum(controls) - controls
    return float(np.sum(cases * (below + 0.5 * controls)) / (cases.sum() * controls.sum()))


def attainable(effects: Effects, biology: Biology, patients: int = MONTE_CARLO_PATIENTS) -> dict[str, Any]:
    """Best AUC per endpoint: each modality, all of the endpoint's modalities, the hospital alone, and the latent factors.

    Worked out once per effects and biology in a process, and handed out as a copy.

    Returns endpoint -> {``hospital``, ``latent``, ``modality``: {name: auc}, ``all``: auc, ``all_and_hospital``: auc}.
    ``latent`` is the area of the true probability itself, which no data reach.
    """
    return copy.deepcopy(_attainable(effects, biology, patients))


@lru_cache(maxsize=16)
def _attainable(effects: Effects, biology: Biology, patients: int) -> dict[str, Any]:
    drawn = draw_patients(patients, effects, biology, np.random.default_rng(MONTE_CARLO_SEED))
    found: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        allowed = ENDPOINT_MODALITIES[endpoint]
        nothing = posterior(drawn.views, biology, ())
        hospital = drawn.hospital.astype(float)
        found[endpoint] = {
            "modality": {
                modality: expected_auc(_known(endpoint, effects, biology, drawn, (MODALITIES[modality],)))
                for modality in allowed
            },
            "all": expected_auc(_known(endpoint, effects, biology, drawn, _sources(allowed))),
            "all_and_hospital": expected_auc(
                _known(endpoint, effects, biology, drawn, _sources(allowed), hospital=hospital)
            ),
            "hospital": expected_auc(best_probability(endpoint, effects, nothing, hospital=hospital)),
            "latent": expected_auc(drawn.probability[endpoint]),
        }
    return found


def best_for_patients(
    endpoint: str, effects: Effects, biology: Biology, drawn: Patients, present: dict[str, Flags]
) -> Array:
    """Best probability for each drawn patient given the sources that this patient has, shape (n,).

    `present` is source -> (n,) of bool.
    """
    sources = _sources(ENDPOINT_MODALITIES[endpoint])
    state = posterior(drawn.views, biology, sources, present)
    female, egfr = _covariates(endpoint, biology, drawn, sources)
    if female is not None:
        female = np.where(present["clinical"], female, np.nan)
    if egfr is not None:
        egfr = np.where(present["mutations"], egfr, np.nan)
    return best_probability(endpoint, effects, state, female=female, egfr=egfr)


def _known(
    endpoint: str,
    effects: Effects,
    biology: Biology,
    drawn: Patients,
    sources: Sequence[str],
    hospital: Array | None = None,
) -> Array:
    state = posterior(drawn.views, biology, sources)
    female, egfr = _covariates(endpoint, biology, drawn, sources)
    return best_probability(endpoint, effects, state, female=female, hospital=hospital, egfr=egfr)


def _covariates(
    endpoint: str, biology: Biology, drawn: Patients, sources: Sequence[str]
) -> tuple[Array | None, Array | None]:
    views = [biology.view(source) for source in sources]
    female = drawn.female.astype(float) if any(view.sees_sex for view in views) else None
    sees_egfr = endpoint != "egfr_status" and any(view.sees_egfr for view in views)
    return female, drawn.outcome["egfr_status"].astype(float) if sees_egfr else None


def _sources(modalities: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(MODALITIES[modality] for modality in modalities))
