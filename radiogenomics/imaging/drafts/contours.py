"""One lesion: from an image and a prompt to a draft contour, a second opinion, and what they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.exceptions import ImageError
from radiogenomics.imaging.drafts.ellipsoid import Ellipsoid, part_around, radius_on_grid
from radiogenomics.imaging.drafts.methods import OUTSIDE, threshold_contour, tissue, watershed_contour
from radiogenomics.imaging.drafts.quality import DraftMeasures, draft_measures

if TYPE_CHECKING:
    import SimpleITK as sitk

DRAFTED_KINDS = ("CT", "PT")
"""Kinds of images for which there is a method. MR has no scale of values on which a threshold would mean tissue."""

_MARGIN = 1.15
"""How much further than `OUTSIDE` the part of the image reaches, so that the watershed's border is surely outside."""


class Draft(NamedTuple):
    """A draft contour.

    Attributes
    ----------
    draft, second : boolean arrays on the grid of the image (z, y, x).
    measures : what is measured on them.
    """

    draft: np.ndarray
    second: np.ndarray
    measures: DraftMeasures


def draft_contour(
    image: sitk.Image,
    kind: str,
    ellipsoid: Ellipsoid,
    settings: DraftContours,
    what: str,
    segmented: np.ndarray | None = None,
) -> Draft:
    """Draw a lesion by the declared method, and once more by another.

    Parameters
    ----------
    image : float32 volume, HU (CT) or SUV (PT).
    segmented : what the segmenter found in the whole image (z, y, x), where that is the method.

    Raises
    ------
    ImageError
        The prompt lies outside the image, or there is no method for this kind of image.
    """
    return drafts_by_method(image, kind, ellipsoid, settings, what, segmented)[settings.method]


def drafts_by_method(
    image: sitk.Image,
    kind: str,
    ellipsoid: Ellipsoid,
    settings: DraftContours,
    what: str,
    segmented: np.ndarray | None = None,
) -> dict[str, Draft]:
    """What each method draws, with another method's contour as second opinion; see `draft_contour`.

    Returns
    -------
    'threshold' and 'watershed', each the other's second opinion; with `segmented` also 'segmenter', whose second opinion is
    the threshold.
    """
    import SimpleITK as sitk

    if kind not in DRAFTED_KINDS:
        raise ImageError(f"{what}: no draft contours for {kind}: values have no common scale", rule="draft_kind")
    lower, upper = part_around(ellipsoid, image, OUTSIDE * _MARGIN, what)
    part = image[tuple(slice(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))]
    values, spacing = sitk.GetArrayFromImage(part), np.array(part.GetSpacing())[::-1]
    radius = radius_on_grid(ellipsoid, part)
    candidate = tissue(kind, values, radius, soft_tissue_hu=settings.soft_tissue_hu, uptake_share=settings.uptake_share)
    place = tuple(slice(int(a), int(b) + 1) for a, b in zip(lower[::-1], upper[::-1], strict=True))
    drawn = {
        "threshold": threshold_contour(candidate, radius),
        "watershed": watershed_contour(kind, values, candidate, radius, spacing),
    }
    if segmented is not None:
        drawn["segmenter"] = threshold_contour(segmented[place], radius / OUTSIDE)
    elif settings.method == "segmenter":
        raise ImageError(f"{what}: the segmenter's result is missing", rule="segmenter_output")
    shape, border = image.GetSize()[::-1], _border(lower, upper, np.array(image.GetSize()))
    found = {}
    for method, own in drawn.items():
        second = drawn["watershed" if method == "threshold" else "threshold"]
        reach = 1.0 if method == "threshold" else OUTSIDE
        volumes = float(np.prod(spacing)), ellipsoid.volume_mm3
        measures = draft_measures(own, second, candidate, radius, *volumes, border, reach)
        found[method] = Draft(_whole(own, place, shape), _whole(second, place, shape), measures)
    return found


def _whole(part: np.ndarray, place: tuple[slice, ...], shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, dtype=bool)
    whole[place] = part
    return whole


def _border(lower: np.ndarray, upper: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Which voxels of the part lie at the border of the whole image (z, y, x)."""
    border = np.zeros(tuple((upper - lower + 1)[::-1]), dtype=bool)
    for axis in range(3):
        along = 2 - axis
        if lower[axis] == 0:
            border[tuple(0 if d == along else slice(None) for d in range(3))] = True
        if upper[axis] == size[axis] - 1:
            border[tuple(-1 if d == along else slice(None) for d in range(3))] = True
    return border
