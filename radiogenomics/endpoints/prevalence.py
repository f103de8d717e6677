"""How often the label is positive in each hospital, and whether label and hospital go together."""

from __future__ import annotations

import pandas as pd

SUSPICIOUS = 0.05
"""p-value from which label and group are said to go together."""


def prevalence_by_group(labels: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Labelled patients of each group.

    Parameters
    ----------
    labels : 1, 0 or missing, by `patient_id`.
    groups : the hospital (or another group) of each patient, by `patient_id`.

    Returns
    -------
    DataFrame `group, n, positive, prevalence`, sorted by group; a patient without a group is in '(not known)'.
    """
    known = labels.dropna().astype(int)
    group = groups.reindex(known.index).astype(object)
    named = group.where(group.notna(), "(not known)").astype(str)
    counts = known.groupby(named).agg(["size", "sum"]).sort_index()
    return pd.DataFrame(
        {
            "group": [str(g) for g in counts.index],
            "n": counts["size"].to_numpy(),
            "positive": counts["sum"].to_numpy(),
            "prevalence": (counts["sum"] / counts["size"]).to_numpy(),
        }
    )


def label_and_group_p(table: pd.DataFrame) -> float:
    """p-value of independence of label and group (Pearson's chi-squared; Fisher's exact test for two groups); 1 where there
    is one group or one class.

    Parameters
    ----------
    table : as `prevalence_by_group` gives it.
    """
    from scipy.stats import chi2_contingency, fisher_exact

    counts = table[["positive"]].assign(negative=table["n"] - table["positive"]).to_numpy()
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or (counts.sum(axis=0) == 0).any():
        return 1.0
    found = fisher_exact(counts) if len(counts) == 2 else chi2_contingency(counts)
    return float(found[1])
