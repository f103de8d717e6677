"""Does it add anything? Paired differences on the same patients and folds, each with a verdict chosen by rule.

'Adds' is said only where the 95 % interval of the difference lies above 0 and the p-value holds after Holm's correction
[1]_ for the questions that bear on the same claim in the same patients: what imaging adds, whether fusion is worth it, and
what each modality adds to the others are a family each. So of a claim without worth at most one evaluation in twenty says
that something adds.

References
----------
.. [1] Holm: A simple sequentially rejective multiple test procedure, Scand. J. Stat. 1979.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import COMPARISONS, conform
from radiogenomics.evaluation.concordance import Difference, auc_difference, placements
from radiogenomics.evaluation.populations import Scores
from radiogenomics.fusion.registry import PRESPECIFIED

IMAGING_OVER_CLINICAL = "imaging over clinical"
IMAGING_OVER_OTHERS = "imaging over all other modalities"
FUSION_OVER_CLINICAL = "fusion over clinical"
FUSION_OVER_SINGLE = "fusion over best single modality"
FUSION_OVER_PRESPECIFIED = "fusion over prespecified predictors"
FUSION_OVER_FLOOR = "fusion over confounder floor"


ALPHA = 0.05


class Question(NamedTuple):
    """One comparison: a model against the highest-scoring of some references."""

    name: str
    model: str
    references: tuple[str, ...]
    what: str  # subject of the verdict
    beyond: str  # its object
    family: str = "fusion"  # the claim; questions of one are corrected together


def questions(
    names: Iterable[str],
    *,
    final: str,
    imaging_model: str | None,
    without_imaging: str | None,
    whole: str,
    clinical: str,
    left_out: Mapping[str, str] | None = None,
) -> list[Question]:
    """The comparisons that these models can answer.

    Parameters
    ----------
    names : all models and floors.
    final : the declared final fusion.
    imaging_model : the fusion of imaging and clinical variables alone, or None.
    without_imaging : the fusion of everything but imaging, or None; `whole` is the same fusion with it.
    clinical : name of the clinical modality.
    left_out : modality -> the fusion `whole` without it.
    """
    names = list(names)
    single = tuple(name for name in names if name.split("/")[0] not in {"early", "intermediate", "late", "floor"})
    floors = tuple(name for name in names if name.startswith("floor/"))
    baseline = tuple(name for name in single if name.split("/")[0] == clinical)
    asked = []
    if baseline and imaging_model is not None:
        asked.append(
            Question(IMAGING_OVER_CLINICAL, imaging_model, baseline, "imaging", "the clinical variables", "imaging")
        )
    if without_imaging is not None:
        asked.append(
            Question(
                IMAGING_OVER_OTHERS, whole, (without_imaging,), "imaging", "all other modalities together", "imaging"
            )
        )
    if baseline:
        asked.append(Question(FUSION_OVER_CLINICAL, final, baseline, "the fusion", "the clinical variables"))
    if single:
        asked.append(Question(FUSION_OVER_SINGLE, final, single, "the fusion", "the best single modality"))
    if PRESPECIFIED in names and final != PRESPECIFIED:
        known = "the predictors named beforehand"
        asked.append(Question(FUSION_OVER_PRESPECIFIED, final, (PRESPECIFIED,), "the fusion", known))
    if floors:
        asked.append(Question(FUSION_OVER_FLOOR, final, floors, "the fusion", "the confounder floor"))
    for modality, without in (left_out or {}).items():
        asked.append(
            Question(f"{modality} in the fusion", whole, (without,), modality, "the other modalities", "left out")
        )
    return asked


class Measure(NamedTuple):
    """What is compared: a figure by which higher is better, of models by name on the patients of a mask.

    Attributes
    ----------
    name : for the verdict. covers : whether a model predicts all of these patients. figure : its value. difference : of a
        first model less a second, paired.
    """

    name: str
    covers: Callable[[str, np.ndarray], bool]
    figure: Callable[[str, np.ndarray], float]
    difference: Callable[[str, str, np.ndarray], Difference]


def auc_measure(scores: dict[str, Scores], target: np.ndarray) -> Measure:
    """AUC within folds, see :mod:`radiogenomics.evaluation.concordance`."""

    def figure(name: str, inside: np.ndarray) -> float:
        return placements(scores[name].probability[inside], target[inside], scores[name].fold[inside])[0]

    def difference(first: str, second: str, inside: np.ndarray) -> Difference:
        one, other = scores[first].probability[inside], scores[second].probability[inside]
        return auc_difference(one, other, target[inside], scores[first].fold[inside])

    return Measure("AUC", lambda name, inside: scores[name].never_abstains(inside), figure, difference)


def comparisons_table(
    asked: Iterable[Question], measure: Measure, target: np.ndarray, groups: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Paired differences by `schemas.COMPARISONS`, for each question in each population that its models cover.

    Among several references the one that scores highest in that population is taken. Its figure is then slightly
    flattering, which counts against the fusion, never for it.
    """
    rows: list[dict[str, object]] = []
    asked = list(asked)
    for population, inside in groups.items():
        found = [item for question in asked if (item := _difference(question, measure, inside)) is not None]
        corrected = _holm([(question.family, difference.p_value) for question, _, difference in found])
        for (question, reference, difference), p_holm in zip(found, corrected, strict=True):
            together = sum(other.family == question.family for other, _, _ in found)
            rows.append(
                {
                    "comparison": question.name,
                    "model": question.model,
                    "reference": reference,
                    "population": population,
                    "n": int(inside.sum()),
                    "events": int(target[inside].sum()),
                    "auc_difference": difference.estimate,
                    "lower": difference.lower,
                    "upper": difference.upper,
                    "p_value": difference.p_value,
                    "p_holm": p_holm,
                    "verdict": verdict(question, reference, difference, p_holm, together, measure.name),
                }
            )
    names = [question.name for question in asked]
    rows.sort(key=lambda row: names.index(str(row["comparison"])))
    return conform(pd.DataFrame(rows, columns=list(COMPARISONS.columns)), COMPARISONS)


def _difference(question: Question, measure: Measure, inside: np.ndarray) -> tuple[Question, str, Difference] | None:
    """The paired difference to the highest reference; None where these patients cannot answer the question."""
    able = [n for n in question.references if inside.any() and measure.covers(n, inside)]
    if not able or not measure.covers(question.model, inside):
        return None
    figures = [measure.figure(name, inside) for name in able]
    if not np.isfinite(figures).any():
        return None
    reference = able[int(np.nanargmax(np.round(figures, 12)))]
    return question, reference, measure.difference(question.model, reference, inside)


def _holm(tests: list[tuple[str, float]]) -> list[float]:
    """p-values corrected within their family; a test without a p-value stays without, and does not count."""
    corrected = [np.nan] * len(tests)
    for family in {name for name, _ in tests}:
        own = sorted((p, place) for place, (name, p) in enumerate(tests) if name == family and np.isfinite(p))
        largest = 0.0
        for rank, (p, place) in enumerate(own):
            largest = max(largest, min(1.0, (len(own) - rank) * p))
            corrected[place] = largest
    return corrected


def verdict(
    question: Question, reference: str, found: Difference, p_holm: float, together: int, measure: str = "AUC"
) -> str:
    """One sentence, by rule: 'adds', 'may add' (lost to the correction), 'scores below', or 'no evidence'."""
    figure = f"{found.estimate:+.3f} {measure}, 95 % interval {found.lower:+.3f} to {found.upper:+.3f}"
    beyond = f"{question.beyond} ({reference})"
    if not np.isfinite(found.lower):
        return f"no evidence that {question.what} adds to {beyond}: too few patients for an interval"
    if found.lower > 0 and p_holm < ALPHA:
        return (
            f"{question.what} adds {found.estimate:.3f} ({found.lower:.3f} to {found.upper:.3f}) {measure} to {beyond}"
        )
    if found.lower > 0:
        return (
            f"{question.what} may add to {beyond}, but not after correction for {together} questions: {figure}, "
            f"corrected p {p_holm:.2f}"
        )
    if found.upper < 0:
        return f"{question.what} scores below {beyond}: {figure}"
    return f"no evidence that {question.what} adds to {beyond}: {figure}"
