"""ComBat [1]_: removes from features what a site (scanner, hospital) adds to them and multiplies them with.

Written here rather than taken from a package because a stored model must transform one new patient alone, values may be
missing, and what happens to a site that was not seen is declared and not an exception. The numbers are those of neuroCombat
0.2.12. combatlearn 2.3 takes the priors of its parametric form over the sites of each feature, not over the features of
each site as the paper does, and raises on a site that it has not seen.

References
----------
.. [1] Johnson, Li, Rabinovic: Adjusting batch effects in microarray expression data using empirical Bayes methods,
   Biostatistics 2007 (the parametric form).
.. [2] Stein et al.: Removing batch effects from purified plasma cell gene expression microarrays with modified ComBat,
   BMC Bioinformatics 2015 (a reference batch).
.. [3] Fortin et al.: Harmonization of cortical thickness measurements across scanners and sites, NeuroImage 2018.
"""

from __future__ import annotations

import numpy as np

MINIMUM_PATIENTS = 3
"""A site with fewer training patients has no variance worth estimating; it counts as not seen."""
TOLERANCE = 1e-8
MOST_STEPS = 500


class ComBat:
    """Location and scale of each site, shrunk over features by empirical Bayes.

    Parameters
    ----------
    reference : code of the site on whose scale all values are brought, which itself stays as it is [2]_; None: the scale
        of the pooled training patients.

    Attributes
    ----------
    sites : codes of the sites that were seen with enough patients, sorted.
    shift, scale : (n_sites, p), what each site adds to and multiplies standardised features with.
    """

    def __init__(self, reference: float | None = None) -> None:
        self.reference = reference

    def fit(self, values: np.ndarray, site: np.ndarray, covariates: np.ndarray) -> ComBat:
        """Learn the sites' effects.

        Parameters
        ----------
        values : (n, p), NaN where not known. site : (n,) codes, NaN where not known.
        covariates : (n, c) with c >= 0, NaN where not known: biology whose differences between sites are kept [3]_.
        """
        codes, counts = np.unique(site[~np.isnan(site)], return_counts=True)
        self.sites = codes[counts >= MINIMUM_PATIENTS]
        rows = np.isin(site, self.sites)
        values, site = values[rows], site[rows]
        known = ~np.isnan(covariates[rows])
        total = np.where(known, covariates[rows], 0.0).sum(axis=0)
        self.covariate_mean = total / np.maximum(known.sum(axis=0), 1)
        p = values.shape[1]
        self.level, self.spread = np.zeros(p), np.ones(p)
        self.slopes = np.zeros((covariates.shape[1], p))
        self.shift, self.scale = np.zeros((len(self.sites), p)), np.ones((len(self.sites), p))
        if len(self.sites) < 2:  # one site has no effect to tell from the level
            return self
        member = (site[:, None] == self.sites[None, :]).astype(float)
        design = np.hstack([member, self._centred(covariates[rows])])
        usable = self._regressed(values, member, design)
        standard = self._standardised(values, covariates[rows])
        for index in range(len(self.sites)):
            own = standard[member[:, index] == 1][:, usable]
            self.shift[index, usable], self.scale[index, usable] = _shrunken(own)
        if self.reference is not None and self.reference in self.sites:
            own_index = int(np.flatnonzero(self.sites == self.reference)[0])
            self.shift[own_index], self.scale[own_index] = 0.0, 1.0
        return self

    def _centred(self, covariates: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(covariates), 0.0, covariates - self.covariate_mean)

    def _regressed(self, values: np.ndarray, member: np.ndarray, design: np.ndarray) -> np.ndarray:
        """Least squares of each feature on sites and covariates; returns the features that vary within sites, (p,) bool."""
        missing = np.isnan(values)
        usable = np.zeros(values.shape[1], dtype=bool)
        patterns, which = np.unique(missing, axis=1, return_inverse=True)
        for pattern in range(patterns.shape[1]):
            columns = np.flatnonzero(which.ravel() == pattern)
            there = ~patterns[:, pattern]
            if there.sum() < design.shape[1] + 2:
                continue
            block, known = values[np.ix_(there, columns)], design[there]
            effects = np.linalg.lstsq(known, block, rcond=None)[0]
            share = member[there].mean(axis=0)
            weights = share
            residual_rows = np.ones(int(there.sum()), dtype=bool)
            if self.reference is not None and self.reference in self.sites:
                weights = (self.sites == self.reference).astype(float)
                residual_rows = member[there] @ weights == 1
                if residual_rows.sum() < 2:
                    continue
            residual = (block - known @ effects)[residual_rows]
            spread = np.sqrt((residual**2).mean(axis=0))
            level = weights @ effects[: member.shape[1]]
            varies = spread > 1e-9 * np.maximum(np.abs(block).max(axis=0), 1e-12)
            self.level[columns] = np.where(varies, level, 0.0)
            self.spread[columns] = np.where(varies, spread, 1.0)
            self.slopes[:, columns] = np.where(varies, effects[member.shape[1] :], 0.0)
            usable[columns] = varies
        return usable

    def _standardised(self, values: np.ndarray, covariates: np.ndarray) -> np.ndarray:
        return (values - self.level - self._centred(covariates) @ self.slopes) / self.spread

    def transform(self, values: np.ndarray, site: np.ndarray, covariates: np.ndarray) -> np.ndarray:
        """(n, p) values on the common scale, each row by itself; a row of a site that was not seen stays as it is."""
        result = values.copy()
        biology = self._centred(covariates) @ self.slopes
        standard = (values - self.level - biology) / self.spread
        for index, code in enumerate(self.sites):
            rows = site == code
            cleaned = (standard[rows] - self.shift[index]) / self.scale[index]
            result[rows] = cleaned * self.spread + self.level + biology[rows]
        return result


def _shrunken(standard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior shift (p,) and scale (p,) of one site from its standardised values (n, p), NaN where not known.

    Normal prior on the shifts and inverse gamma on the variances, their parameters by the method of moments over features;
    the two conditional means are iterated to their fixed point [1]_.
    """
    known = ~np.isnan(standard)
    n = known.sum(axis=0)
    filled = np.where(known, standard, 0.0)
    mean = filled.sum(axis=0) / np.maximum(n, 1)
    squares = np.where(known, (standard - mean) ** 2, 0.0).sum(axis=0)
    variance = np.where(n > 1, squares / np.maximum(n - 1, 1), 1.0)
    seen = n > 1
    if not seen.any():
        return np.zeros(len(n)), np.ones(len(n))
    prior_mean, prior_variance = float(mean[seen].mean()), _variance(mean[seen])
    centre, width = float(variance[seen].mean()), _variance(variance[seen])
    if (
        len(mean) < 2 or prior_variance <= 1e-12 or width <= 1e-12
    ):  # nothing to learn over features: the site's own values
        return mean, np.sqrt(np.maximum(variance, 1e-8))
    shape = (2 * width + centre**2) / width
    rate = (centre * width + centre**3) / width
    shift, scale2 = mean.copy(), np.maximum(variance, 1e-8)
    for _ in range(MOST_STEPS):
        new_shift = (n * prior_variance * mean + scale2 * prior_mean) / (n * prior_variance + scale2)
        left = np.where(known, (standard - new_shift) ** 2, 0.0).sum(axis=0)
        new_scale2 = (rate + 0.5 * left) / (n / 2 + shape - 1)
        change = max(float(np.abs(new_shift - shift).max()), float(np.abs(new_scale2 - scale2).max()))
        shift, scale2 = new_shift, new_scale2
        if change < TOLERANCE:
            break
    return shift, np.sqrt(scale2)


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
