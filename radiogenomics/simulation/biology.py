"""The generative model: latent biology of each patient, what each modality sees of it, and the outcomes it drives.

Four latent factors a patient, independent standard normal variables::

    growth         lepidic, well differentiated growth: ground glass in the image, lung differentiation genes
    heterogeneity  uneven tumour: texture, hypoxia and proliferation genes, TP53 and STK11
    inflammation   infiltrated tumour: lobulated margin, interferon genes, PD-L1
    smoking        tobacco exposure: pack-years, KRAS, tumour mutational burden

Each outcome is Bernoulli with a log-odds that is linear in the latent factors, plus an effect of sex and an effect of the
hospital (a confounder: it also changes the images and the expression). Overall survival has a hazard that is log-linear in the same
factors (:mod:`radiogenomics.simulation.survival`). Each modality sees each factor with Gaussian
noise of its own, and everything it shows is a function of what it sees and of noise that tells nothing about any
outcome. So the best that any model can do with a modality is known: see :mod:`radiogenomics.simulation.truth`.

The directions follow what is known of lung adenocarcinoma (EGFR with never smoking, female sex and ground glass; benefit from
PD-1 blockade with inflammation, PD-L1 and mutational burden; death with an uneven tumour); the sizes are chosen, not estimated from patients.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LATENTS = ("growth", "heterogeneity", "inflammation", "smoking")
ENDPOINTS = ("egfr_status", "durable_clinical_benefit")
HOSPITALS = ("Northgate", "Southmoor")
SHARE_SECOND_HOSPITAL = 0.45
SHARE_FEMALE = 0.45


@dataclass(frozen=True)
class OutcomeEffects:
    """Log-odds of one outcome: per standard deviation of a latent factor, or for the second level of a binary one."""

    prevalence: float
    growth: float = 0.0
    heterogeneity: float = 0.0
    inflammation: float = 0.0
    smoking: float = 0.0
    female: float = 0.0
    hospital: float = 0.0

    @property
    def weights(self) -> Array:
        """Log-odds per unit of each latent factor, shape (4,), in the order of ``LATENTS``."""
        return np.array([getattr(self, name) for name in LATENTS], dtype=float)

    def scaled(self, factor: float) -> OutcomeEffects:
        """The same outcome with every effect multiplied; the prevalence stays."""
        return OutcomeEffects(
            self.prevalence,
            **{f.name: factor * getattr(self, f.name) for f in fields(self) if f.name != "prevalence"},
        )


@dataclass(frozen=True)
class HazardEffects:
    """Log hazard ratios of one time to an event, its Weibull baseline, and how long patients are observed.

    `median_months` is that of the patient of average biology at the first hospital; `shape` above 1: the hazard rises with time.
    Patients enter evenly over `accrual_months`, the data are cut `study_months` after the first one; besides, a patient is lost
    after `lost_after_months` on average.
    """

    median_months: float = 14.0
    shape: float = 1.2
    growth: float = 0.0
    heterogeneity: float = 0.0
    inflammation: float = 0.0
    smoking: float = 0.0
    hospital: float = 0.0
    accrual_months: float = 24.0
    study_months: float = 36.0
    lost_after_months: float = 80.0

    @property
    def weights(self) -> Array:
        """Log hazard ratio per unit of each latent factor, shape (4,), in the order of ``LATENTS``."""
        return np.array([getattr(self, name) for name in LATENTS], dtype=float)

    def scaled(self, factor: float) -> HazardEffects:
        """The same endpoint with every effect multiplied; baseline and censoring stay."""
        return replace(self, **{name: factor * getattr(self, name) for name in (*LATENTS, "hospital")})


@dataclass(frozen=True)
class Effects:
    """Declared effect sizes of both outcomes and of overall survival."""

    egfr_status: OutcomeEffects = OutcomeEffects(
        0.32, growth=1.7, heterogeneity=-0.8, smoking=-1.3, female=0.7, hospital=1.3
    )
    durable_clinical_benefit: OutcomeEffects = OutcomeEffects(
        0.36, growth=-0.6, heterogeneity=-1.1, inflammation=1.6, smoking=1.2, hospital=1.3
    )
    overall_survival: HazardEffects = HazardEffects(
        growth=-0.3, heterogeneity=0.8, inflammation=-0.5, smoking=0.3, hospital=0.5
    )

    @classmethod
    def null(cls) -> Effects:
        """No effect at all: labels by chance alone, so that whatever a model finds is an artefact."""
        return cls().scaled(0.0)

    def scaled(self, factor: float) -> Effects:
        """All effects, those of the hospital included, multiplied by `factor`."""
        return Effects(
            self.egfr_status.scaled(factor),
            self.durable_clinical_benefit.scaled(factor),
            self.overall_survival.scaled(factor),
        )

    def of(self, endpoint: str) -> OutcomeEffects:
        """The effects on one endpoint."""
        if endpoint not in ENDPOINTS:
            raise KeyError(f"no endpoint '{endpoint}'; the simulation has {ENDPOINTS}")
        value: OutcomeEffects = getattr(self, endpoint)
        return value

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for truth.json."""
        return asdict(self)


INFINITE = float("inf")


@dataclass(frozen=True)
class View:
    """What one source sees: standard deviation of the noise on each latent factor; infinite where it sees nothing."""

    growth: float = INFINITE
    heterogeneity: float = INFINITE
    inflammation: float = INFINITE
    smoking: float = INFINITE
    sees_sex: bool = False
    sees_egfr: bool = False

    @property
    def noise(self) -> Array:
        """Standard deviations, shape (4,), in the order of ``LATENTS``."""
        return np.array([getattr(self, name) for name in LATENTS], dtype=float)


@dataclass(frozen=True)
class Biology:
    """How much of the latent factors each source shows."""

    images: View = View(growth=0.6, heterogeneity=0.6, inflammation=0.9)
    mutations: View = View(heterogeneity=0.8, smoking=0.5, sees_egfr=True)
    expression: View = View(growth=0.7, heterogeneity=0.9, inflammation=0.7, smoking=1.2)
    clinical: View = View(growth=1.6, heterogeneity=1.6, inflammation=0.9, smoking=0.5, sees_sex=True)

    def view(self, source: str) -> View:
        """The view of `images`, `mutations`, `expression` or `clinical`."""
        value: View = getattr(self, source)
        return value


SOURCES = tuple(f.name for f in fields(Biology))
MODALITIES = {
    "radiomics_ct": "images",
    "embedding_ct": "images",
    "mutations": "mutations",
    "expression": "expression",
    "clinical": "clinical",
}
"""Modality of the cohort -> the source whose view it has."""

ENDPOINT_MODALITIES = {
    "egfr_status": ("radiomics_ct", "embedding_ct", "expression", "clinical"),
    "durable_clinical_benefit": ("radiomics_ct", "mutations", "expression", "clinical"),
}
"""Which modalities may predict which endpoint (mutations hold EGFR itself)."""


@dataclass(frozen=True)
class Patients:
    """Drawn patients. All arrays have one row a patient.

    Attributes
    ----------
    latent : shape (n, 4), in the order of ``LATENTS``.
    hospital, female : shape (n,), 0 or 1.
    views : source -> shape (n, 4): latent factor plus noise; NaN where the source does not see the factor.
    probability : endpoint -> shape (n,), the true probability given everything.
    outcome : endpoint -> shape (n,), 0 or 1.
    """

    latent: Array
    hospital: NDArray[np.int64]
    female: NDArray[np.int64]
    views: dict[str, Array] = field(default_factory=dict)
    probability: dict[str, Array] = field(default_factory=dict)
    outcome: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.latent)


def sigmoid(log_odds: Array) -> Array:
    """Probability of a log-odds."""
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))


def intercept(effects: OutcomeEffects) -> float:
    """Log-odds at average biology for which the mean probability over the population is `effects.prevalence`.

    Solved by bisection on a Gauss-Hermite quadrature over the (normal) latent part and the four groups of sex and
    hospital, so that the prevalence is met without drawing patients.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    weights = weights / weights.sum()
    spread = float(np.sqrt(np.sum(effects.weights**2)))
    groups = [
        (share_f * share_h, effects.female * f + effects.hospital * h)
        for f, share_f in ((0, 1 - SHARE_FEMALE), (1, SHARE_FEMALE))
        for h, share_h in ((0, 1 - SHARE_SECOND_HOSPITAL), (1, SHARE_SECOND_HOSPITAL))
    ]
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        mean = sum(share * float(weights @ sigmoid(middle + shift + spread * nodes)) for share, shift in groups)
        low, high = (middle, high) if mean < effects.prevalence else (low, middle)
    return 0.5 * (low + high)


def draw_patients(count: int, effects: Effects, biology: Biology, generator: np.random.Generator) -> Patients:
    """Draw patients from the model.

    Parameters
    ----------
    count : number of patients, at least 1.
    generator : the only source of randomness; the same generator state gives the same patients to the bit.
    """
    latent = generator.standard_normal((count, len(LATENTS)))
    hospital = (generator.random(count) < SHARE_SECOND_HOSPITAL).astype(np.int64)
    female = (generator.random(count) < SHARE_FEMALE).astype(np.int64)
    views: dict[str, Array] = {}
    for source in SOURCES:
        noise = biology.view(source).noise
        shown = latent + np.where(np.isfinite(noise), noise, 0.0) * generator.standard_normal(latent.shape)
        views[source] = np.where(np.isfinite(noise), shown, np.nan)
    probability: dict[str, Array] = {}
    outcome: dict[str, NDArray[np.int64]] = {}
    for endpoint in ENDPOINTS:
        effect = effects.of(endpoint)
        log_odds = intercept(effect) + latent @ effect.weights + effect.female * female + effect.hospital * hospital
        probability[endpoint] = sigmoid(log_odds)
        outcome[endpoint] = (generator.random(count) < probability[endpoint]).astype(np.int64)
    return Patients(latent, hospital, female, views, probability, outcome)
