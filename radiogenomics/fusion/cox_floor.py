"""Floors of a time to an event: Cox regression on a confounder alone, and the curve that is the same for everyone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.fusion.cox import SurvivalModel
from radiogenomics.fusion.floor import ConfounderDesign
from radiogenomics.fusion.partial_likelihood import baseline_hazard, penalised_cox

EVERYBODY = "floor/same_for_everyone"
"""Name of the floor that knows no predictor."""


class CoxFloor(SurvivalModel):
    """Ridge Cox regression on one confounder's columns, see `ConfounderDesign`; with no column, one curve for everyone.

    It never abstains, and takes a DataFrame only: text columns have no meaning in an array.
    """

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def fit(self, X: pd.DataFrame, time: Any, event: Any) -> CoxFloor:
        """Learn from the confounder's columns (n rows), `time` (n,) and `event` (n,) of 0/1."""
        times, events = np.asarray(time, float), np.asarray(event, int)
        self.design_ = ConfounderDesign().fit(X)
        design = self.design_.transform(X)
        self.coef_ = penalised_cox(design, times, events, np.array([self.penalty / len(X)]), np.array([0.0]))[:, 0]
        self.event_times_, self.cumulative_hazard_ = baseline_hazard(design @ self.coef_, times, events)
        self.training_risk_ = np.sort(design @ self.coef_)
        return self

    def predict_log_hazard(self, X: pd.DataFrame) -> np.ndarray:
        """Log hazard ratio against the average training patient, (n,)."""
        return np.asarray(self.design_.transform(X) @ self.coef_)
