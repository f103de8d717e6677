"""The groups of patients on which figures stand, in their order, each group of patients once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from radiogenomics.reporting.wording import capitalised, population_name

_FIRST = {"all": 0, "complete": 1}
ROLE_ORDER = {"fusion": 0, "unimodal": 1, "clinical_baseline": 2, "floor": 3}
"""In which order kinds of models are listed."""


class Population(NamedTuple):
    """Rows of METRICS on one group of patients, by role and then from the highest AUC.

    Attributes
    ----------
    name : as stored.
    same_as : names of further populations that turned out to be the same patients.
    rows : the rows, `population` as stored.
    """

    name: str
    same_as: tuple[str, ...]
    rows: pd.DataFrame

    @property
    def heading(self) -> str:
        """In words, with those that are the same patients."""
        names = [population_name(name) for name in (self.name, *self.same_as)]
        text = names[0] + (f" (the same as {', '.join(names[1:])})" if names[1:] else "")
        return capitalised(text)


def populations(metrics: pd.DataFrame | None, wanted: Sequence[str] | None = None) -> list[Population]:
    """Each population once: 'all', 'complete', then the others by name; or those `wanted`, in that order.

    Two populations are the same patients where the same models have the same n, events and figures.
    """
    if metrics is None or metrics.empty:
        return []
    stored = set(metrics["population"])
    if wanted is None:
        names = sorted(stored, key=lambda name: (_FIRST.get(name, 2), name))
    else:
        names = [name for name in dict.fromkeys(wanted) if name in stored]
    found: dict[tuple[object, ...], Population] = {}
    for name in names:
        rows = metrics[metrics["population"] == name]
        rows = rows.assign(order=rows["role"].map(ROLE_ORDER))
        rows = rows.sort_values(["order", "auc", "model"], ascending=[True, False, True], na_position="last")
        rows = rows.drop(columns="order").reset_index(drop=True)
        content = tuple(rows[["model", "n", "events", "auc", "brier"]].astype(str).itertuples(index=False, name=None))
        earlier = found.get(content)
        found[content] = (
            Population(name, (), rows) if earlier is None else earlier._replace(same_as=(*earlier.same_as, name))
        )
    return list(found.values())


def distinct_comparisons(comparisons: pd.DataFrame) -> pd.DataFrame:
    """The comparisons by question, a result on the same patients under two names of a population kept once."""
    if comparisons.empty:
        return comparisons
    order = comparisons["population"].map(lambda name: (_FIRST.get(name, 2), name))
    first = comparisons["comparison"].map({name: i for i, name in enumerate(dict.fromkeys(comparisons["comparison"]))})
    rows = comparisons.assign(first=first, order=order).sort_values(["first", "order"], kind="stable")
    rows = rows.drop(columns=["first", "order"])
    others = [column for column in rows.columns if column != "population"]
    return rows.drop_duplicates(others).reset_index(drop=True)
