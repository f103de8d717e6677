"""Class-conditional conformal sets from out-of-fold scores: which labels a patient's score does not contradict.

For each class the patient's score is ranked among the out-of-fold scores of that class's own training patients; a class
whose share of at least as strange patients is not above 1 - confidence is left out of the set. With exchangeable patients
each class is kept, where it is the true one, in at least the declared share of patients [1]_ [2]_. Scores come from models
fitted without the patient they score, and the set is applied to the model fitted on all: cross-conformal prediction [3]_,
whose coverage is not exact but was close in every study; tests hold it against simulated truth.

References
----------
.. [1] Vovk, Gammerman, Shafer: Algorithmic learning in a random world, 2005 (Mondrian conformal predictors).
.. [2] Vovk: Conditional validity of inductive conformal predictors, Machine Learning 2013.
.. [3] Vovk: Cross-conformal predictors, Ann. Math. Artif. Intell. 2015; Barber et al.: Predictive inference with the
   jackknife+, Ann. Stat. 2021.
"""

from __future__ import annotations

import numpy as np


def class_p_values(log_odds: np.ndarray, reference: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How well each class fits each patient: (n, 2), columns for label 0 and 1; NaN for a patient without a score.

    Parameters
    ----------
    log_odds : (n,) scores of the patients, higher for label 1; NaN where the model abstains.
    reference : (m,) out-of-fold scores of training patients. labels : (m,) their labels, 0 or 1.

    A class of which no training patient is known fits everybody (p = 1).
    """
    found = np.full((len(log_odds), 2), np.nan)
    known = ~np.isnan(log_odds)
    for label, sign in ((0, 1.0), (1, -1.0)):  # strange for class 0 is a high score, for class 1 a low one
        strangeness = np.sort(sign * reference[labels == label])
        at_least = len(strangeness) - np.searchsorted(strangeness, sign * log_odds[known], side="left")
        found[known, label] = (1 + at_least) / (len(strangeness) + 1)
    return found


def prediction_sets(p_values: np.ndarray, confidence: float) -> list[str]:
    """Sets as text, '{}', '{0}', '{1}' or '{0,1}'; '' where there are no p-values.

    With fewer than 1 / (1 - confidence) - 1 training patients of a class it can never be left out: the set says so by
    holding both.
    """
    sets = []
    for row in p_values:
        kept = [str(label) for label in (0, 1) if row[label] > 1 - confidence]
        sets.append("" if np.isnan(row).any() else "{" + ",".join(kept) + "}")
    return sets
