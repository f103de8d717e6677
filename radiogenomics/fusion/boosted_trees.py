"""Gradient-boosted trees (XGBoost [1]_) over one modality, or over several concatenated.

Small cohorts: shallow trees, strong shrinkage, subsampling. Missing values are met by XGBoost itself, never imputed.

.. [1] Chen, Guestrin: XGBoost, a scalable tree boosting system, KDD 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from radiogenomics.fusion.base import ConcatenatingClassifier
from radiogenomics.fusion.columns import presence
from radiogenomics.fusion.design import Design

DEPTHS = (1, 2)
TREES = (20, 60, 150)
SETTINGS: dict[str, Any] = {
    "objective": "binary:logistic",
    "eta": 0.07,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "lambda": 5.0,
    "min_child_weight": 2.0,
    "tree_method": "hist",
    "max_bin": 32,
    "nthread": 1,  # workers are processes: more threads are slower and may change the sum of floats
    "verbosity": 0,
}


class BoostedTrees(ConcatenatingClassifier):
    """XGBoost with preselection inside `fit`; depth and number of trees chosen by inner cross-validation.

    The booster is kept as bytes in XGBoost's own UBJSON format, so that the model is stored without pickle.
    """

    def candidates(self) -> list[dict[str, float]]:
        """Pairs of depth and number of trees."""
        return [{"max_depth": depth, "trees": trees} for depth in DEPTHS for trees in TREES]

    def _inputs(self, X: np.ndarray, selected: np.ndarray) -> Any:
        """The kept raw columns, then whether each modality is absent where there are several."""
        import xgboost

        blocks = self._used_blocks()
        parts = [X[:, selected]]
        if len(blocks) > 1:
            parts.append((~presence(X, blocks)).astype(float))
        return xgboost.DMatrix(np.hstack(parts), nthread=1)

    def _train(self, X: np.ndarray, target: np.ndarray, depth: int, trees: int, seed: int) -> tuple[Any, np.ndarray]:
        import xgboost

        selected = Design(self._used_blocks(), X.shape[1], self.max_features).fit(X, target).selected()
        data = self._inputs(X, selected)
        data.set_label(target)
        prevalence = float(np.clip(target.mean(), 0.01, 0.99))
        settings = {**SETTINGS, "max_depth": depth, "seed": seed, "base_score": prevalence}
        return xgboost.train(settings, data, num_boost_round=trees), selected

    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        columns = []
        for depth in DEPTHS:
            booster, selected = self._train(X, target, depth, max(TREES), seed)
            data = self._inputs(X_new, selected)
            for trees in TREES:  # the first trees of a longer fit are the shorter fit
                columns.append(booster.predict(data, output_margin=True, iteration_range=(0, trees)))
        return np.column_stack(columns).astype(float)

    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        candidate = self.candidates()[chosen]
        booster, self.selected_ = self._train(X, target, int(candidate["max_depth"]), int(candidate["trees"]), seed)
        self.booster_ = bytes(booster.save_raw("ubj"))

    def _booster(self) -> Any:
        import xgboost

        booster = xgboost.Booster()
        booster.load_model(bytearray(self.booster_))
        booster.set_param({"nthread": 1})
        return booster

    def _learner_log_odds(self, X: np.ndarray) -> np.ndarray:
        margin = self._booster().predict(self._inputs(X, self.selected_), output_margin=True)
        return np.asarray(margin, dtype=float)

    def _learner_contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact SHAP values of the trees (path-dependent TreeSHAP [1]_), computed by XGBoost.

        XGBoost sums in single precision; the base takes the rounding (1e-6), so that the parts add up exactly.

        References
        ----------
        .. [1] Lundberg et al.: From local explanations to global understanding with explainable AI for trees, Nature
           Machine Intelligence 2020.
        """
        booster, data = self._booster(), self._inputs(X, self.selected_)
        learned = np.asarray(booster.predict(data, pred_contribs=True), dtype=float)[:, :-1]
        result = np.zeros((len(X), len(self.contribution_names())))
        result[:, self.selected_] = learned[:, : len(self.selected_)]
        absences = learned[:, len(self.selected_) :]
        everything = list(self._blocks())
        for column, name in enumerate(self._used_blocks()):
            if absences.shape[1]:
                result[:, self.n_features_in_ + everything.index(name)] = absences[:, column]
        return result, self._learner_log_odds(X) - result.sum(axis=1)
