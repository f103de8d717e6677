"""A region of interest as the feature families see it: intensities, two masks, voxel size."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from radiogenomics.imaging.geometry import bounding_box


@dataclass(frozen=True)
class Roi:
    """A preprocessed region of interest.

    Attributes
    ----------
    intensity : float64 (z, y, x), in HU, SUV or without unit; reaches beyond the ROI where the image does.
    morphological : bool (z, y, x): the region as drawn, for shape and for distances to its edge.
    selected : bool (z, y, x): the intensity mask, i.e. the region after re-segmentation.
    spacing : voxel size z, y, x in mm.
    lowest : lower bound of the re-segmentation range, where bins start; None where there is none.
    highest : upper bound, likewise.
    """

    intensity: np.ndarray
    morphological: np.ndarray
    selected: np.ndarray
    spacing: np.ndarray
    lowest: float | None = None
    highest: float | None = None

    @functools.cached_property
    def values(self) -> np.ndarray:
        """Intensities inside the intensity mask, float64 (n,)."""
        return self.intensity[self.selected]

    @functools.cached_property
    def box(self) -> tuple[slice, ...]:
        """The part of the arrays that holds both masks."""
        lower, upper = bounding_box(self.morphological | self.selected)
        return tuple(slice(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))

    def around(self, margin: np.ndarray) -> Roi:
        """The part within `margin` voxels (z, y, x) of the region, as far as the arrays go; nothing is copied."""
        part = tuple(
            slice(max(one.start - int(m), 0), min(one.stop + int(m), n))
            for one, m, n in zip(self.box, margin, self.intensity.shape, strict=True)
        )
        return Roi(
            self.intensity[part], self.morphological[part], self.selected[part], self.spacing, self.lowest, self.highest
        )

    def with_intensity(self, response: np.ndarray) -> Roi:
        """The same region of a filtered image, which has no re-segmentation range."""
        return Roi(response, self.morphological, self.selected, self.spacing)
