"""Harmonisation of a predictor table by site, as a step inside every training fold.

The policy for a site that training has not seen is declared, one of:

- ``refuse``: the patient's harmonised modalities count as absent; models of one of them abstain, fusions use the rest.
- ``reference``: the patient's values are taken to be on the scale of a named reference site, and stay as they are.
- ``unharmonised``: they stay as they are although the scale is the pooled one, and the patient is flagged
  (`ConcatenatingClassifier.unharmonised`).

Covariates are columns of the predictor table, from which everything that tells the label was refused before: the label
itself cannot be one, and is never needed to transform a patient.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from radiogenomics.exceptions import ConfigurationError, TableError
from radiogenomics.fusion.columns import modality_columns
from radiogenomics.fusion.combat import ComBat
from radiogenomics.multimodal.sites import SITE, site_code

POLICIES = ("refuse", "reference", "unharmonised")


class SiteHarmonisation(BaseEstimator):
    """ComBat of each declared modality, over whole predictor tables.

    Parameters
    ----------
    site : name of the confounder that is the site; its column in the table is `site:<site>`.
    modalities : modalities that are harmonised; one that is not in the table is passed over.
    covariates : columns of the table whose differences between sites are kept.
    unseen : see the policies above.
    reference : name of the reference site, as the confounder writes it; needed by the policy `reference`.
    """

    def __init__(
        self,
        site: str = "hospital",
        modalities: tuple[str, ...] = (),
        *,
        covariates: tuple[str, ...] = (),
        unseen: str = "refuse",
        reference: str | None = None,
    ) -> None:
        self.site = site
        self.modalities = modalities
        self.covariates = covariates
        self.unseen = unseen
        self.reference = reference

    def fit(self, values: np.ndarray, *, names: list[str] | None) -> SiteHarmonisation:
        """Learn from training rows: `values` (n, n_columns) with NaN, `names` of the columns.

        Raises
        ------
        ConfigurationError
            An unknown policy, or `reference` without the reference site among the training patients.
        TableError
            The table lacks the site or a covariate.
        """
        if self.unseen not in POLICIES:
            raise ConfigurationError(
                f"models.harmonisation.unseen: one of {', '.join(POLICIES)}, found '{self.unseen}'", rule="policy"
            )
        if self.unseen == "reference" and self.reference is None:
            raise ConfigurationError(
                "models.harmonisation.reference: name the reference site that unseen sites are taken for",
                rule="missing_key",
            )
        columns = [] if names is None else names
        self.site_column_ = _position(columns, f"{SITE}:{self.site}", "the site")
        self.covariate_columns_ = np.array(
            [_position(columns, name, "covariate") for name in self.covariates], dtype=int
        )
        blocks = modality_columns(columns, values.shape[1])
        self.columns_ = {name: blocks[name] for name in self.modalities if name in blocks}
        code = None if self.reference is None else site_code(self.reference)
        self.combats_: dict[str, ComBat] = {}
        for name, own in self.columns_.items():
            rows = ~np.isnan(values[:, own]).all(axis=1)
            site, biology = values[rows, self.site_column_], values[np.ix_(rows, self.covariate_columns_)]
            combat = ComBat(code).fit(values[np.ix_(rows, own)], site, biology)
            if code is not None and rows.any() and code not in combat.sites:
                raise ConfigurationError(
                    f"models.harmonisation.reference: site '{self.reference}' has too few training patients with '{name}' "
                    "to be the reference",
                    rule="reference_site",
                )
            self.combats_[name] = combat
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """The table (n, n_columns) with the harmonised modalities on the common scale; each row by itself."""
        result = values.copy()
        site, biology = values[:, self.site_column_], values[:, self.covariate_columns_]
        for name, combat in self.combats_.items():
            own = self.columns_[name]
            result[:, own] = combat.transform(values[:, own], site, biology)
        return result

    def not_seen(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """For each harmonised modality the rows (n,) that have it from a site that training did not see (enough of)."""
        site = values[:, self.site_column_]
        return {
            name: ~np.isnan(values[:, self.columns_[name]]).all(axis=1) & ~np.isin(site, combat.sites)
            for name, combat in self.combats_.items()
        }

    def answerable(self, values: np.ndarray) -> np.ndarray:
        """The table without what the policy `refuse` refuses: there the modality counts as absent."""
        if self.unseen != "refuse":
            return values
        result = values.copy()
        for name, rows in self.not_seen(values).items():
            result[np.ix_(rows, self.columns_[name])] = np.nan
        return result

    def flagged(self, values: np.ndarray) -> np.ndarray:
        """Rows (n,) that are answered although their site's effect is still in them."""
        found = np.zeros(len(values), dtype=bool)
        if self.unseen == "unharmonised":
            for rows in self.not_seen(values).values():
                found |= rows
        return found


def _position(names: list[str], name: str, what: str) -> int:
    if name not in names:
        raise TableError(
            f"harmonisation: the table has no column '{name}' ({what}); it has {len(names)} columns",
            rule="missing_column",
        )
    return names.index(name)
