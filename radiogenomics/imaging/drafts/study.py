"""Draft contours against contours that people drew: how far off, with boxes and diameters as carelessly given as in practice."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.cohort.prompts import Prompt
from radiogenomics.compute import map_items
from radiogenomics.imaging.drafts.contours import drafts_by_method
from radiogenomics.imaging.drafts.ellipsoid import ellipsoid_of
from radiogenomics.imaging.drafts.quality import dice, draft_problems
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.reading import Lesion

METHODS = ("threshold", "watershed")


class StudyLesion(NamedTuple):
    """A lesion with a contour that a person drew."""

    group: str
    name: str
    kind: str
    image: Path
    mask: Path


def real_lesions(data: Path) -> list[StudyLesion]:
    """The public lesions with drawn contours below a folder of public data; those that are not there are left out."""
    lung = [
        StudyLesion(
            "lung CT", name, "CT", data / "lung_ct_samples" / f"{name}_image.nrrd", data / "lung_ct_samples" / mask
        )
        for name, mask in (("lung1", "lung1_label.nrrd"), ("lung2", "lung2_label.nrrd"))
    ]
    phantom = data / "ibsi1_ct_phantom" / "nifti"
    lung.append(
        StudyLesion("lung CT", "ibsi1_phantom", "CT", phantom / "image/phantom.nii.gz", phantom / "mask/mask.nii.gz")
    )
    sarcomas = [
        StudyLesion(
            f"sarcoma {name}", folder.name, kind, folder / f"{name}_image.nii.gz", folder / f"{name}_mask.nii.gz"
        )
        for name, kind in (("CT", "CT"), ("PET", "PT"))
        for folder in sorted((data / "sts_metastasis" / "nifti").glob("STS_*"))
    ]
    return [lesion for lesion in lung + sarcomas if lesion.image.is_file() and lesion.mask.is_file()]


def draft_study(
    lesions: Sequence[StudyLesion],
    *,
    draws: int,
    jitter_mm: float = 5.0,
    seed: int = 20260101,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Draft each lesion many times from prompts that are off at random, and compare with the drawn contour.

    A box is the drawn contour's own, each of its six faces moved by up to `jitter_mm` either way, uniformly; a diameter is the
    drawn contour's longest in one axial slice, both ends moved so along both axes of the slice.

    Returns
    -------
    DataFrame, one row a draw and method: group, lesion, kind, drawn_mm3, prompt ('box', 'diameter'), draw, method, dice,
    volume_error ((draft - drawn) / drawn), passed (the draft passes its own quality control with the default limits), rules,
    agreement, at_limit. A prompt of which no draft could be made has Dice 0 and volume error -1.
    """
    outcomes = map_items(
        functools.partial(_of_lesion, draws, jitter_mm, seed), lesions, workers=workers, on_progress=on_progress
    )
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
        rows += outcome.value or []
    return pd.DataFrame(rows)


def _of_lesion(draws: int, jitter_mm: float, seed: int, given: StudyLesion) -> list[dict[str, Any]]:
    record = {"image": str(given.image), "mask": str(given.mask), "kind": given.kind, "images": given.group}
    lesion = read_lesion({**record, "lesion_id": given.name, "roi": None, "series": None})
    drawn = lesion.arrays()[1]
    noise = np.random.default_rng([seed, *given.name.encode(), *given.kind.encode()])
    volume = float(drawn.sum() * np.prod(lesion.image.GetSpacing()))
    rows = []
    settings = DraftContours(use="separate")
    box, ends = _box(lesion), _diameter(lesion)
    for draw in range(draws):
        for name, prompt in (
            ("box", _jittered_box(box, jitter_mm, noise)),
            ("diameter", _jittered(ends, jitter_mm, noise)),
        ):
            made = drafts_by_method(
                lesion.image, given.kind, ellipsoid_of(prompt, lesion.image, given.name), settings, given.name
            )
            for method in METHODS:
                draft = made[method]
                problems = draft_problems(draft.measures, settings)
                rows.append(
                    {
                        "group": given.group,
                        "lesion": given.name,
                        "kind": given.kind,
                        "drawn_mm3": volume,
                        "prompt": name,
                        "draw": draw,
                        "method": method,
                        "dice": dice(draft.draft, drawn),
                        "volume_error": float(draft.draft.sum() / drawn.sum() - 1),
                        "passed": not problems,
                        "rules": ";".join(dict.fromkeys(rule for rule, _ in problems)),
                        "agreement": draft.measures.agreement,
                        "at_limit": draft.measures.at_limit,
                    }
                )
    return rows


def _box(lesion: Lesion) -> np.ndarray:
    """Lower and upper corner of the drawn contour's box, faces of voxels, mm (2 x 3)."""
    where = np.argwhere(lesion.arrays()[1])[:, ::-1]
    corners = [where.min(axis=0) - 0.5, where.max(axis=0) + 0.5]
    points = np.array([lesion.image.TransformContinuousIndexToPhysicalPoint(c.tolist()) for c in corners])
    return np.array([points.min(axis=0), points.max(axis=0)])


def _diameter(lesion: Lesion) -> np.ndarray:
    """The ends of the longest diameter in one slice (the image's third axis), mm (2 x 3)."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist, squareform

    drawn, longest, ends = lesion.arrays()[1], -1.0, np.zeros((2, 3))
    spacing = np.array(lesion.image.GetSpacing())[:2]
    for k in np.flatnonzero(drawn.any(axis=(1, 2))):
        points = np.argwhere(drawn[k])[:, ::-1].astype(float)
        with contextlib.suppress(QhullError, ValueError):  # a line or a few voxels are their own hull
            points = points[ConvexHull(points).vertices]
        distance = squareform(pdist(points * spacing))
        if distance.size and distance.max() > longest:
            longest = float(distance.max())
            pair = np.unravel_index(int(distance.argmax()), distance.shape)
            ends = np.array([[*points[p], float(k)] for p in pair])
    return np.array([lesion.image.TransformContinuousIndexToPhysicalPoint(end.tolist()) for end in ends])


def _jittered_box(box: np.ndarray, jitter_mm: float, noise: np.random.Generator) -> Prompt:
    moved = box + noise.uniform(-jitter_mm, jitter_mm, box.shape)
    middle = moved.mean(axis=0)
    half = np.maximum((moved[1] - moved[0]) / 2, 1.0)  # a small box that jitter would turn inside out
    return Prompt("box_mm", (*(middle - half).tolist(), *(middle + half).tolist()))


def _jittered(ends: np.ndarray, jitter_mm: float, noise: np.random.Generator) -> Prompt:
    moved = ends.copy()
    moved[:, :2] += noise.uniform(-jitter_mm, jitter_mm, (2, 2))
    return Prompt("recist_mm", tuple(moved.ravel().tolist()))


def summary(draws: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Means over draws with the range of 95 % of them, and the share that passes with its interval.

    Returns
    -------
    One row for each combination of `by`: lesions, draws, dice, dice_lower, dice_upper, volume_error, volume_lower, volume_upper,
    passed, passed_lower, passed_upper, dice_passed, dice_failed. Where several lesions are put together the interval is of the
    mean over lesions (percentiles of 2,000 bootstrap samples of lesions); of one lesion it is the 2.5th to 97.5th percentile
    of its draws. The share's interval is Wilson's (J Am Stat Assoc 1927;22:209-212) with as many trials as draws of one lesion,
    or as lesions where there are several: draws of one lesion are alike.
    """
    rows = []
    for values, part in draws.groupby(list(by), sort=False):
        several = part["lesion"].nunique() > 1
        row = dict(zip(by, values if isinstance(values, tuple) else (values,), strict=True))
        row |= {"lesions": part["lesion"].nunique(), "draws": len(part)}
        for column, prefix in (("dice", "dice"), ("volume_error", "volume"), ("passed", "passed")):
            value, low, high = _interval(part, column, several)
            row |= {column: value, f"{prefix}_lower": low, f"{prefix}_upper": high}
        row["dice_passed"] = float(part.loc[part["passed"], "dice"].mean())
        row["dice_failed"] = float(part.loc[~part["passed"], "dice"].mean())
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(part: pd.DataFrame, column: str, several: bool) -> tuple[float, float, float]:
    values = part[column].astype(float)
    if column == "passed":
        shares = values.groupby(part["lesion"]).mean()
        return float(shares.mean()), *_wilson(float(shares.mean()), len(shares) if several else len(values))
    if several:
        of_lesion = values.groupby(part["lesion"]).mean().to_numpy()
        noise = np.random.default_rng(20260101)
        means = of_lesion[noise.integers(0, len(of_lesion), (2000, len(of_lesion)))].mean(axis=1)
        low, high = np.percentile(means, (2.5, 97.5))
        return float(of_lesion.mean()), float(low), float(high)
    low, high = np.percentile(values, (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def _wilson(share: float, trials: int) -> tuple[float, float]:
    z = 1.959964
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def rank_correlation(draws: pd.DataFrame, column: str) -> float:
    """Spearman's correlation of a quality measure with Dice over draws; NaN where either is constant."""
    from scipy.stats import spearmanr

    if draws[column].nunique() < 2 or draws["dice"].nunique() < 2:
        return math.nan
    return float(spearmanr(draws[column], draws["dice"]).statistic)
