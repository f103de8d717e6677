"""Several learners of the same modality, their recalibrated log-odds averaged.

Which learner suits a modality is not known beforehand: penalised regression where effects are linear, trees where they are
thresholds or interactions. Stacking [1]_ and the super learner [2]_ weigh learners by their cross-validated predictions; in
small cohorts such weights do no better than equal ones (docs/study_learners.md).

.. [1] Wolpert: Stacked generalization, Neural Networks 1992.
.. [2] van der Laan, Polley, Hubbard: Super learner, Stat. Appl. Genet. Mol. Biol. 2007.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.base import ConcatenatingClassifier, MemberClassifier
from radiogenomics.fusion.boosted_trees import BoostedTrees
from radiogenomics.fusion.elastic_net import ElasticNet
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.signature import Signature

LEARNERS: dict[str, type[ConcatenatingClassifier]] = {
    "elastic_net": ElasticNet,
    "xgboost": BoostedTrees,
    "signature": Signature,
}
"""What can be averaged, by its name among the algorithms."""


class AveragedLearners(MemberClassifier):
    """Mean of the recalibrated log-odds of several learners over one modality, or over several concatenated.

    Every learner is tuned and recalibrated inside `fit` on the same inner folds. It abstains where they do.

    Parameters
    ----------
    learners : names among `LEARNERS`, at least one.

    For the others see `ConcatenatingClassifier`; every learner is given them.

    Attributes
    ----------
    classes_ : the two classes, sorted.
    members_ : the fitted learners, by name.
    inner_log_odds_ : (n_training_rows, inner_repeats), mean of what the learners say of rows that they did not see; NaN where
        abstained.
    """

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        learners: tuple[str, ...] = ("elastic_net", "xgboost"),
        inner_folds: int = 3,
        inner_repeats: int = 3,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
    ) -> None:
        self.modalities = modalities
        self.learners = learners
        self.inner_folds = inner_folds
        self.inner_repeats = inner_repeats
        self.random_state = random_state
        self.harmonisation = harmonisation
        self.unreliable = unreliable

    def fit(self, X: Any, y: Any) -> AveragedLearners:
        """Learn from `X` (n, p), where NaN means not known, and `y` (n,) with two classes.

        Raises
        ------
        ValueError
            No learner is named, or one that there is not.
        """
        return self.fit_combination(X, y, {})

    def fit_combination(self, X: Any, y: Any, fitted: Mapping[str, Any]) -> AveragedLearners:
        """Fit those learners alone that are not among `fitted`, by `<modality>/<learner>`, on exactly these rows.

        The result equals `fit`, if those were fitted with the same settings.

        Raises
        ------
        ValueError
            No learner is named, or one that there is not.
        TableError
            A learner was fitted on another number of rows.
        """
        unknown = [name for name in self.learners if name not in LEARNERS]
        if unknown or not self.learners:
            raise ValueError(f"learners: at least one of {', '.join(LEARNERS)}, found {self.learners!r}")
        rows = len(self._validated(X, y)[0])
        self.members_ = {
            name: fitted[key] if key in fitted else self._unfitted(name).fit(X, y) for name, key in self._keys()
        }
        for name, model in self.members_.items():
            if len(model.inner_log_odds_) != rows:
                raise TableError(
                    f"average of learners: '{name}' was fitted on {len(model.inner_log_odds_)} rows, not on these {rows}",
                    rule="members_of_other_rows",
                )
        self.prior_log_odds_ = self._first().prior_log_odds_
        self.constant_ = self._first().constant_
        self.inner_log_odds_ = np.mean([model.inner_log_odds_ for model in self.members_.values()], axis=0)
        return self

    def _keys(self) -> list[tuple[str, str]]:
        """Each learner and its name among the models of a run; no model of a run if it is over several modalities."""
        modality = self.modalities[0] if self.modalities is not None and len(self.modalities) == 1 else ""
        return [(name, f"{modality}/{name}") for name in self.learners]

    def _unfitted(self, name: str) -> ConcatenatingClassifier:
        shared = {key: value for key, value in self.get_params(deep=False).items() if key != "learners"}
        return LEARNERS[name](**shared)

    def _first(self) -> ConcatenatingClassifier:
        """A learner to ask what all of them agree on: who is covered, and the prevalence."""
        return next(iter(self.members_.values()))

    def _log_odds(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(np.mean([model._log_odds(values) for model in self.members_.values()], axis=0))

    def contributions(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """SHAP values (n, n_contributions) and base values (n,), in log-odds: means of the learners' own.

        base + sum of a row = `decision_function` of the row. NaN where the model abstains.
        """
        self._table(X)
        parts = [model.contributions(X) for model in self.members_.values()]
        return np.mean([shap for shap, _ in parts], axis=0), np.mean([base for _, base in parts], axis=0)

    def used(self, X: Any) -> list[tuple[str, ...]]:
        """For each row the modalities that its prediction rests on, sorted; empty where the model abstains."""
        self._table(X)
        return self._first().used(X)

    def unharmonised(self, X: Any) -> np.ndarray:
        """Rows predicted although their site was not seen in training, so that its effect is still in them: (n,) bool."""
        self._table(X)
        return self._first().unharmonised(X)
