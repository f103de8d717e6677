"""One evaluation and its explanations, for the tests of this folder."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import pytest
from small_cohort import MODELS, RESAMPLING, small_cohort

from radiogenomics.evaluation import Evaluation, evaluate
from radiogenomics.explanation import OutOfFoldExplanations, explain_out_of_fold


class Explained(NamedTuple):
    X: pd.DataFrame
    y: pd.Series
    dictionary: pd.DataFrame
    evaluation: Evaluation
    found: OutOfFoldExplanations
    again: Any


@pytest.fixture(scope="session")
def explained() -> Explained:
    """`late/weighted` of the small cohort, out of fold; `again(...)` explains it with other arguments."""
    X, y, dictionary = small_cohort()
    evaluation = evaluate(X, y, pd.DataFrame(index=X.index), models=MODELS, resampling=RESAMPLING)

    def again(**changed: Any) -> OutOfFoldExplanations:
        given = {"X": X, "y": y, "folds": evaluation.folds, "dictionary": dictionary, "name": "late/weighted"}
        given |= {"models": MODELS, "resampling": RESAMPLING, "out_of_fold": evaluation.out_of_fold, **changed}
        return explain_out_of_fold(**given)

    return Explained(X, y, dictionary, evaluation, again(), again)
