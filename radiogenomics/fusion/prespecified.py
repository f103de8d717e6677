"""Ridge logistic regression over predictors that were named before the data were looked at.

With few events a model of a handful of predictors that earlier studies support does as well as one that has to find them
among many [1]_ [2]_. What earlier studies say of the direction of an effect can be imposed as well [3]_: a coefficient that
the cohort would give the other sign is 0.

.. [1] Harrell, Lee, Mark: Multivariable prognostic models, Stat. Med. 1996.
.. [2] Collins, Reitsma, Altman, Moons: TRIPOD, explanation and elaboration, Ann. Intern. Med. 2015, items 7a and 10b.
.. [3] Slawski, Hein: Non-negative least squares for high-dimensional linear models, Electron. J. Stat. 2013.
"""

from __future__ import annotations

import difflib

import numpy as np

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.design import Design
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.linear import LinearClassifier
from radiogenomics.fusion.logistic import penalised_logistic

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Ridge penalties on standardised predictors and mean log-loss."""


class PrespecifiedPredictors(LinearClassifier):
    """Ridge logistic regression over named columns, each with the sign that it may have.

    Nothing is selected: every named column enters, with an indicator where it is missing for some.

    Parameters
    ----------
    predictors : (column, sign) pairs: 1 where higher values make the event likelier, -1 where less likely, 0 where nothing is
        said. None: every column of the modalities, nothing said.

    For the others see `ConcatenatingClassifier`; `max_features` means nothing here.

    Raises
    ------
    TableError
        In `fit`: a named column is not in the table, or not of these modalities.
    """

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        predictors: tuple[tuple[str, int], ...] | None = None,
        inner_folds: int = 3,
        inner_repeats: int = 3,
        max_features: int = 60,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            modalities,
            inner_folds=inner_folds,
            inner_repeats=inner_repeats,
            max_features=max_features,
            random_state=random_state,
            harmonisation=harmonisation,
            unreliable=unreliable,
        )
        self.predictors = predictors

    def candidates(self) -> list[dict[str, float]]:
        """Ridge penalty; `features` is how many are named (0: all)."""
        return [{"features": len(self.predictors or ()), "penalty": penalty} for penalty in PENALTIES]

    def _design(self, X: np.ndarray, target: np.ndarray, limit: int, seed: int) -> Design:
        blocks, signs = self._used_blocks(), self._signs(X.shape[1])
        picked = {name: columns[np.isin(columns, list(signs))] for name, columns in blocks.items()}
        return Design(blocks, X.shape[1], 2 * X.shape[1], picked).fit(X, target)  # no limit: values and indicators

    def _solve(
        self, matrix: np.ndarray, target: np.ndarray, design: Design, candidates: list[dict[str, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        signs = self._signs(design.n_features)
        allowed = np.array([0 if of < 0 else signs.get(int(of), 0) for of in design.values()], dtype=int)
        penalties = np.array([c["penalty"] for c in candidates])
        return penalised_logistic(matrix, target, penalties, np.zeros(len(penalties)), signs=allowed)

    def _signs(self, n_features: int) -> dict[int, int]:
        """Position of each named column -> its sign."""
        if self.predictors is None:
            return dict.fromkeys(range(n_features), 0)
        columns = self.contribution_names()[:n_features]
        of = {int(c): modality for modality, own in self._blocks().items() for c in own}
        found = {}
        for name, sign in self.predictors:
            position = columns.index(name) if name in columns else -1
            if position < 0 or (self.modalities is not None and of[position] not in self.modalities):
                close = difflib.get_close_matches(name, columns, n=3, cutoff=0.3)
                raise TableError(
                    f"prespecified predictor '{name}' is no column of the table; closest: {', '.join(close) or 'none'}",
                    rule="prespecified_predictor",
                )
            found[position] = sign
        return found
