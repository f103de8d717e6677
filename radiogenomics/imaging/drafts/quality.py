"""A draft contour's own quality control: may it be used at all?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiogenomics.cohort.draft_settings import DraftContours


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Twice the shared voxels over the sum of both (Dice, Ecology 1945;26:297-302); NaN where both are empty."""
    total = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    return 2.0 * int(np.count_nonzero(one & other)) / total if total else float("nan")


class DraftMeasures(NamedTuple):
    """What is measured on a draft.

    Attributes
    ----------
    voxels, volume_mm3 : of the draft.
    second_volume_mm3 : of the second opinion.
    agreement : Dice of both, 0 to 1.
    volume_difference : |difference| of both volumes over their mean, 0 to 2.
    at_limit : share of the draft's outline where it ends because its method may go no further, although the voxel next to
        it is tissue (or uptake) too: there the outline is the prompt's.
    filled : share of the ellipsoid's volume that the draft fills.
    at_border : share of the draft's voxels at the border of the image.
    """

    voxels: int
    volume_mm3: float
    second_volume_mm3: float
    agreement: float
    volume_difference: float
    at_limit: float
    filled: float
    at_border: float


def draft_measures(
    draft: np.ndarray,
    second: np.ndarray,
    candidate: np.ndarray,
    radius: np.ndarray,
    voxel_mm3: float,
    ellipsoid_mm3: float,
    border: np.ndarray,
    reach: float,
) -> DraftMeasures:
    """Measure a draft.

    Parameters
    ----------
    draft, second, candidate : boolean arrays of one shape: the draft, the second opinion, and what may be tumour by value.
    radius : from `radius_on_grid`.
    border : which voxels lie at the border of the whole image.
    reach : the radius beyond which the draft's method does not go.
    """
    from scipy.ndimage import binary_dilation

    voxels, other = int(np.count_nonzero(draft)), int(np.count_nonzero(second))
    outline = binary_dilation(draft) & ~draft
    limit = outline & candidate & (radius > reach)
    return DraftMeasures(
        voxels=voxels,
        volume_mm3=voxels * voxel_mm3,
        second_volume_mm3=other * voxel_mm3,
        agreement=dice(draft, second) if voxels or other else 0.0,
        volume_difference=2.0 * abs(voxels - other) / (voxels + other) if voxels or other else 2.0,
        at_limit=float(np.count_nonzero(limit)) / max(1, int(np.count_nonzero(outline))),
        filled=voxels * voxel_mm3 / ellipsoid_mm3,
        at_border=float(np.count_nonzero(draft & border)) / max(1, voxels),
    )


def draft_problems(found: DraftMeasures, rules: DraftContours) -> list[tuple[str, str]]:
    """Rules that a draft breaks, each with a sentence; none where it may be used."""
    problems = []
    if found.voxels < rules.minimum_voxels:
        problems.append(
            ("draft_too_small", f"the draft has {found.voxels} voxels, at least {rules.minimum_voxels} are needed")
        )
    if found.filled < rules.minimum_filled:
        problems.append(
            (
                "draft_too_small",
                f"the draft fills {found.filled:.0%} of the prompt's ellipsoid, at least {rules.minimum_filled:.0%} are needed: "
                "the prompt may lie elsewhere",
            )
        )
    if not found.agreement >= rules.minimum_agreement:
        problems.append(
            (
                "draft_disagreement",
                f"both methods agree to Dice {found.agreement:.2f}, at least {rules.minimum_agreement:.2f} is needed",
            )
        )
    if found.volume_difference > rules.maximum_volume_difference:
        problems.append(
            (
                "draft_disagreement",
                f"both methods' volumes differ by {found.volume_difference:.0%} of their mean, at most "
                f"{rules.maximum_volume_difference:.0%} is allowed",
            )
        )
    if found.at_limit > rules.maximum_at_limit:
        problems.append(
            (
                "draft_at_limit",
                f"{found.at_limit:.0%} of the outline ends where the prompt ends and tissue goes on, at most "
                f"{rules.maximum_at_limit:.0%} is allowed: the outline is the prompt's, not the image's",
            )
        )
    if found.at_border > 0:
        problems.append(
            ("draft_at_border", f"{found.at_border:.1%} of the draft lies at the border of the image: cut off")
        )
    return problems
