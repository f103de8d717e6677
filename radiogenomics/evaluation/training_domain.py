"""What a model was trained on, as a summary: enough to say later how far a new patient lies from it.

A modality is summarised by probabilistic principal components [1]_: the few directions in which its patients differ most,
and one variance for all that is left. A patient's squared Mahalanobis distance under that covariance is ranked among the
distances of the training patients, each measured by a summary made without its tenth of the patients: the rank is a
conformal p-value of belonging to them [2]_, whatever the features' distribution. In the same way the furthest that any
feature that counts leaves the range of the others, in widths of that range, is ranked: of a thousand features some always
leave it, so it is the rank that tells. Both look at features after asinh of the deviation from the median in robust standard
deviations: imaging features have long tails, in which a plain standard deviation hides what is far.

References
----------
.. [1] Tipping, Bishop: Probabilistic principal component analysis, J. R. Stat. Soc. B 1999.
.. [2] Laxhammar, Falkman: Conformal prediction for distribution-independent anomaly detection, 2010.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_COMPONENTS = 10
PATIENTS_PER_COMPONENT = 5
PARTS = 10
FAR = 2.0
LEAST = 0.5
"""A distance or excess up to here is never novel: half a width beyond the range."""
FEWEST = 8
"""Patients of a modality below which its distances say nothing."""


class ModalitySummary(NamedTuple):
    """Summary of one modality's training patients. Shapes: p features, k components, n patients.

    Attributes
    ----------
    median, scale : (p,), of the known values, in the features' units. mean, spread : (p,), of the known values after asinh; a
        spread of 0 (a constant) counts as none.
    components : (k, p), orthonormal. variances : (k,).
    residual : variance of each of the p - k remaining directions.
    lowest, highest : (p,), of the known values; NaN where none is known.
    distances, excesses : (n,), each sorted, of the training patients, each from the others.
    """

    median: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    residual: float
    lowest: np.ndarray
    highest: np.ndarray
    distances: np.ndarray
    excesses: np.ndarray

    def bent(self, values: np.ndarray) -> np.ndarray:
        """asinh of the deviation from the median in robust standard deviations."""
        return np.arcsinh((values - self.median) / self.scale)

    def distance(self, values: np.ndarray) -> np.ndarray:
        """Squared distances (n,) of rows (n, p) in the features' own units; a value that is not known counts as the mean."""
        moving, bent = self.spread > 0, self.bent(values)
        scaled = np.where(moving & ~np.isnan(bent), (bent - self.mean) / np.where(moving, self.spread, 1.0), 0.0)
        scores = scaled @ self.components.T
        rest = np.maximum((scaled**2).sum(axis=1) - (scores**2).sum(axis=1), 0.0)
        return np.asarray((scores**2 / self.variances).sum(axis=1) + rest / self.residual)

    def excess(self, values: np.ndarray) -> np.ndarray:
        """How far each value (n, p) leaves the range, in widths of the range: (n, p), 0 inside and where not known."""
        lowest, highest, bent = self.bent(self.lowest), self.bent(self.highest), self.bent(values)
        beyond = np.fmax(lowest - bent, bent - highest) / np.fmax(highest - lowest, 1e-6)
        return np.asarray(np.where(np.isnan(beyond), 0.0, np.fmax(beyond, 0.0)))


def rank_p_value(found: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Share of the sorted reference that is at least as large as each found (n,), itself counted in."""
    return (1 + len(reference) - np.searchsorted(reference, found, side="left")) / (len(reference) + 1)


def is_novel(found: np.ndarray, reference: np.ndarray, level: float) -> np.ndarray:
    """Whether each found (n,) is larger than all but a share `level` of the sorted reference.

    A reference with fewer than 1 / level values cannot say so: then it must be `FAR` times the largest of them.
    """
    if len(reference) + 1 < 1 / level:
        return np.asarray(found > max(FAR * float(reference[-1]), LEAST))
    return np.asarray((rank_p_value(found, reference) <= level) & (found > LEAST))


def summarise(values: np.ndarray, counting: np.ndarray, random_state: int) -> ModalitySummary | None:
    """The summary of a modality's patients (n, p), NaN where not known; None with fewer than `FEWEST`.

    `counting` : (p,) bool, the features whose range is looked at.
    """
    n = len(values)
    if n < FEWEST:
        return None
    part = np.random.default_rng(random_state).permutation(n) % min(PARTS, n)
    distances, excesses = np.empty(n), np.zeros(n)
    for number in np.unique(part):
        without, rows = _fitted(values[part != number]), values[part == number]
        distances[part == number] = without.distance(rows)
        excesses[part == number] = without.excess(rows)[:, counting].max(axis=1, initial=0.0)
    return _fitted(values)._replace(distances=np.sort(distances), excesses=np.sort(excesses))


def _fitted(values: np.ndarray) -> ModalitySummary:
    n, p = values.shape
    known = ~np.isnan(values)
    median, scale = _robust(values, known)
    values, raw = np.arcsinh((values - median) / scale), values
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    centred = np.where(known, values - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    spread = np.where(spread > 1e-12, spread, 0.0)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    variances = singular**2 / max(n - 1, 1)
    rank = int((variances > 1e-9 * max(float(variances.max(initial=0.0)), 1e-30)).sum())
    kept = max(min(MOST_COMPONENTS, n // PATIENTS_PER_COMPONENT, rank), 0)
    total, left = float((scaled**2).sum() / max(n - 1, 1)), int((spread > 0).sum()) - kept
    floor = max(total / max(p, 1), 1e-12) * 0.01
    residual = max((total - float(variances[:kept].sum())) / left, floor) if left > 0 else floor
    any_known = known.any(axis=0)
    lowest = np.where(any_known, np.where(known, raw, np.inf).min(axis=0), np.nan)
    highest = np.where(any_known, np.where(known, raw, -np.inf).max(axis=0), np.nan)
    variances = np.maximum(variances[:kept], floor)
    return ModalitySummary(
        median, scale, mean, spread, directions[:kept], variances, residual, lowest, highest, np.empty(0), np.empty(0)
    )


def _robust(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and a robust standard deviation of each column; the plain one, or 1, where more than half are equal."""
    filled = np.where(known.any(axis=0), values, 0.0)
    low, median, high = np.nanquantile(filled, [0.25, 0.5, 0.75], axis=0)
    plain = np.nanstd(filled, axis=0)
    scale = np.where(high > low, (high - low) / 1.349, plain)
    return median, np.where(scale > 1e-12 * np.maximum(np.abs(median), 1e-12), scale, 1.0)
