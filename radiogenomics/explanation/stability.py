"""Whether models of different folds and repeats agree on what matters.

Each rater (an outer fold, or a repeat) ranks the items by their importance among the patients that it tests. The mean rank
correlation of two raters is 1 where all rank alike and 0 where they rank by chance; Kendall's W of m raters is 1, and 1/m by
chance. Schmidt [1]_ calls a W of 0.7 strong and 0.5 moderate agreement; here the words go by the mean rank correlation,
which W approaches with many raters and which few raters do not flatter. Intervals are by the jackknife over raters. Outer folds share training patients, so that they agree more than models of
other cohorts would, and the intervals are too narrow for those.

References
----------
.. [1] Kendall, Babington Smith: The problem of m rankings, Annals of Mathematical Statistics 1939. Schmidt: Managing Delphi
   surveys using nonparametric statistical techniques, Decision Sciences 1997.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import friedmanchisquare, rankdata
from scipy.stats import t as student

STRONG, MODERATE = 0.7, 0.5
MEAN_SPEARMAN = "mean Spearman"
METHOD = "jackknife over raters, t"


def kendalls_w(importance: np.ndarray) -> float:
    """Kendall's W of (raters, items), corrected for ties; NaN with fewer than 2 raters or 3 items, or nothing to rank."""
    raters, items = importance.shape
    if raters < 2 or items < 3 or (np.ptp(importance, axis=1) == 0).all():
        return float("nan")
    statistic = friedmanchisquare(*importance.T).statistic
    return float(statistic / (raters * (items - 1)))


def mean_spearman(importance: np.ndarray) -> float:
    """Mean rank correlation of every two raters; NaN with fewer than 2 raters or 2 items; raters that tie all are left out."""
    ranks = rankdata(importance, axis=1)
    ranks = ranks[np.ptp(ranks, axis=1) > 0]
    if len(ranks) < 2 or ranks.shape[1] < 2:
        return float("nan")
    related = np.corrcoef(ranks)
    return float(related[np.triu_indices(len(ranks), 1)].mean())


def top_overlap(importance: np.ndarray, k: int) -> float:
    """Mean Jaccard overlap of every two raters' first k items with any importance; NaN with fewer than 2 raters."""
    firsts = [set(row) for row in first_items(importance, k)]
    shares = [
        len(a & b) / len(a | b) for i, a in enumerate(firsts) for b in firsts[i + 1 :] if a | b
    ]  # two raters without any important item agree on nothing
    return float(np.mean(shares)) if shares else float("nan")


def first_items(importance: np.ndarray, k: int) -> list[np.ndarray]:
    """Of each rater the positions of its k most important items; equals in their order, items without importance never."""
    order = np.argsort(-importance, axis=1, kind="stable")[:, :k]
    return [row[importance[rater, row] > 0] for rater, row in enumerate(order)]


def agreement(
    importance: np.ndarray, *, what: str, between: str, top: int, n: int, events: int
) -> list[dict[str, object]]:
    """Rows of `schemas.STABILITY` for the rankings (raters, items)."""
    raters, items = importance.shape
    k = min(top, items)
    measures: dict[str, Callable[[np.ndarray], float]] = {
        "Kendall's W": kendalls_w,
        MEAN_SPEARMAN: mean_spearman,
        f"overlap of the first {k}": lambda table: top_overlap(table, k),
    }
    rows = []
    for name, measure in measures.items():
        estimate, lower, upper = _jackknife(importance, measure, least=-1.0 if name == MEAN_SPEARMAN else 0.0)
        rows.append(
            {
                "what": what,
                "between": between,
                "measure": name,
                "raters": raters,
                "items": items,
                "n": n,
                "events": events,
                "estimate": estimate,
                "lower": lower,
                "upper": upper,
                "method": METHOD,
                "verdict": in_words(estimate) if name == MEAN_SPEARMAN else "",
            }
        )
    return rows


def in_words(correlation: float) -> str:
    """Agreement by the mean rank correlation."""
    if not np.isfinite(correlation):
        return "not judged: fewer than 2 items or 2 raters"
    if correlation >= STRONG:
        return "strong agreement"
    return "moderate agreement" if correlation >= MODERATE else "weak agreement: the ranking is not to be relied on"


def _jackknife(table: np.ndarray, measure: Callable[[np.ndarray], float], least: float) -> tuple[float, float, float]:
    """Estimate and 95 % interval, within [least, 1]; the interval needs 3 raters, and raters that differ."""
    estimate, m = measure(table), len(table)
    if m < 3 or not np.isfinite(estimate):
        return estimate, float("nan"), float("nan")
    left_out = np.array([measure(np.delete(table, rater, axis=0)) for rater in range(m)])
    if not np.isfinite(left_out).all():
        return estimate, float("nan"), float("nan")
    error = float(np.sqrt((m - 1) / m * ((left_out - left_out.mean()) ** 2).sum()))
    if error < 1e-12:
        return estimate, float("nan"), float("nan")
    reach = float(student.ppf(0.975, m - 1)) * error
    return estimate, max(estimate - reach, least), min(estimate + reach, 1.0)


def direction(values: pd.Series, effect: np.ndarray) -> float:
    """Rank correlation of a feature's values with its effect, over the patients whose value is known; NaN where it has none."""
    known = values.notna().to_numpy() & ~np.isnan(effect)
    x, y = values.to_numpy()[known], effect[known]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])
