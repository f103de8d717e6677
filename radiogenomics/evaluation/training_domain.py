"""What a model was trained on, as a summary: enough to say later how far a new patient lies from it.

A modality is summarised by probabilistic principal components [1]_: the few directions in which its patients differ most,
and one variance for all that is left. A patient's squared Mahalanobis distance under that covariance is ranked among the
distances of the training patients, each measured by a summary made without its tenth of the patients: the rank is a
conformal p-value of belonging to them [2]_, whatever the features' distribution.

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
FEWEST = 8
"""Patients of a modality below which its distances say nothing."""


class ModalitySummary(NamedTuple):
    """Summary of one modality's training patients. Shapes: p features, k components, n patients.

    Attributes
    ----------
    mean, spread : (p,), of the known values; a spread of 0 (a constant) counts as none.
    components : (k, p), orthonormal. variances : (k,).
    residual : variance of each of the p - k remaining directions.
    distances : (n,), sorted, of the training patients, each from the others.
    """

    mean: np.ndarray
    spread: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    residual: float
    distances: np.ndarray

    def distance(self, values: np.ndarray) -> np.ndarray:
        """Squared distances (n,) of rows (n, p) in the features' own units; a value that is not known counts as the mean."""
        moving = self.spread > 0
        scaled = np.where(moving & ~np.isnan(values), (values - self.mean) / np.where(moving, self.spread, 1.0), 0.0)
        scores = scaled @ self.components.T
        rest = np.maximum((scaled**2).sum(axis=1) - (scores**2).sum(axis=1), 0.0)
        return np.asarray((scores**2 / self.variances).sum(axis=1) + rest / self.residual)

    def p_value(self, values: np.ndarray) -> np.ndarray:
        """Share of training patients at least as far (n,), the patient itself counted in."""
        nearer = np.searchsorted(self.distances, self.distance(values), side="left")
        return (1 + len(self.distances) - nearer) / (len(self.distances) + 1)


def summarise(values: np.ndarray, random_state: int) -> ModalitySummary | None:
    """The summary of a modality's patients (n, p), NaN where not known; None with fewer than `FEWEST`."""
    n = len(values)
    if n < FEWEST:
        return None
    part = np.random.default_rng(random_state).permutation(n) % min(PARTS, n)
    distances = np.empty(n)
    for number in np.unique(part):
        distances[part == number] = _fitted(values[part != number]).distance(values[part == number])
    return _fitted(values)._replace(distances=np.sort(distances))


def _fitted(values: np.ndarray) -> ModalitySummary:
    n, p = values.shape
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    centred = np.where(known, values - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1.0), spread, 0.0)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    variances = singular**2 / max(n - 1, 1)
    rank = int((variances > 1e-9 * max(float(variances.max(initial=0.0)), 1e-30)).sum())
    kept = max(min(MOST_COMPONENTS, n // PATIENTS_PER_COMPONENT, rank), 0)
    total, left = float((scaled**2).sum() / max(n - 1, 1)), int((spread > 0).sum()) - kept
    floor = max(total / max(p, 1), 1e-12) * 0.01
    residual = max((total - float(variances[:kept].sum())) / left, floor) if left > 0 else floor
    return ModalitySummary(
        mean, spread, directions[:kept], np.maximum(variances[:kept], floor), residual, np.empty(0)
    )
