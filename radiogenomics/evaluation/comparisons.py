"""Does it add anything? Paired differences on the same patients and folds, each with a verdict chosen by rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import COMPARISONS, conform
from radiogenomics.evaluation.concordance import Difference, auc_difference, placements
from radiogenomics.evaluation.populations import Scores

IMAGING_OVER_CLINICAL = "imaging over clinical"
IMAGING_OVER_OTHERS = "imaging over all other modalities"
FUSION_OVER_CLINICAL = "fusion over clinical"
FUSION_OVER_SINGLE = "fusion over best single modality"
FUSION_OVER_FLOOR = "fusion over confounder floor"


class Question(NamedTuple):
    """One comparison: a model against the highest-scoring of some references."""

    name: str
    model: str
    references: tuple[str, ...]
    what: str  # subject of the verdict
    beyond: str  # its object


def questions(
    names: Iterable[str],
    *,
    final: str,
    imaging_model: str | None,
    without_imaging: str | None,
    whole: str,
    clinical: str,
) -> list[Question]:
    """The comparisons that these models can answer.

    Parameters
    ----------
    names : all models and floors.
    final : the declared final fusion.
    imaging_model : the fusion of imaging and clinical variables alone, or None.
    without_imaging : the fusion of everything but imaging, or None; `whole` is the same fusion with it.
    clinical : name of the clinical modality.
    """
    names = list(names)
    single = tuple(name for name in names if name.split("/")[0] not in {"early", "intermediate", "late", "floor"})
    floors = tuple(name for name in names if name.startswith("floor/"))
    baseline = tuple(name for name in single if name.split("/")[0] == clinical)
    asked = []
    if baseline and imaging_model is not None:
        asked.append(Question(IMAGING_OVER_CLINICAL, imaging_model, baseline, "imaging", "the clinical variables"))
    if without_imaging is not None:
        asked.append(
            Question(IMAGING_OVER_OTHERS, whole, (without_imaging,), "imaging", "all other modalities together")
        )
    if baseline:
        asked.append(Question(FUSION_OVER_CLINICAL, final, baseline, "the fusion", "the clinical variables"))
    if single:
        asked.append(Question(FUSION_OVER_SINGLE, final, single, "the fusion", "the best single modality"))
    if floors:
        asked.append(Question(FUSION_OVER_FLOOR, final, floors, "the fusion", "the confounder floor"))
    return asked


def comparisons_table(
    asked: Iterable[Question], scores: dict[str, Scores], target: np.ndarray, groups: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Paired differences by `schemas.COMPARISONS`, for each question in each population that its models cover.

    Among several references the one that scores highest in that population is taken. Its figure is then slightly
    flattering, which counts against the fusion, never for it.
    """
    rows = []
    for question in asked:
        for population, inside in groups.items():
            y = target[inside]
            able = [n for n in question.references if inside.any() and scores[n].never_abstains(inside)]
            if not able or not scores[question.model].never_abstains(inside):
                continue
            fold = scores[question.model].fold[inside]
            figures = [placements(scores[name].probability[inside], y, fold)[0] for name in able]
            if not np.isfinite(figures).any():
                continue
            reference = able[int(np.nanargmax(np.round(figures, 12)))]
            found = auc_difference(
                scores[question.model].probability[inside], scores[reference].probability[inside], y, fold
            )
            rows.append(
                {
                    "comparison": question.name,
                    "model": question.model,
                    "reference": reference,
                    "population": population,
                    "n": int(inside.sum()),
                    "events": int(y.sum()),
                    "auc_difference": found.estimate,
                    "lower": found.lower,
                    "upper": found.upper,
                    "p_value": found.p_value,
                    "verdict": verdict(question, reference, found),
                }
            )
    return conform(pd.DataFrame(rows, columns=list(COMPARISONS.columns)), COMPARISONS)


def verdict(question: Question, reference: str, found: Difference) -> str:
    """One sentence: an interval that excludes 0 is a finding, any other is 'no evidence'."""
    figure = f"{found.estimate:+.3f} AUC, 95 % interval {found.lower:+.3f} to {found.upper:+.3f}"
    beyond = f"{question.beyond} ({reference})"
    if np.isfinite(found.lower) and found.lower > 0:
        return f"{question.what} adds {found.estimate:.3f} ({found.lower:.3f} to {found.upper:.3f}) AUC to {beyond}"
    if np.isfinite(found.upper) and found.upper < 0:
        return f"{question.what} scores below {beyond}: {figure}"
    if not np.isfinite(found.lower):
        return f"no evidence that {question.what} adds to {beyond}: too few patients for an interval"
    return f"no evidence that {question.what} adds to {beyond}: {figure}"
