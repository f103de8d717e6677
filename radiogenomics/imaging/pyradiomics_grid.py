"""The grid that pyradiomics resamples to: the corner of the new grid is the corner of the whole image.

Only the part around the ROI is computed. Near the ROI, where grey levels are made, ITK's own resampling computes it, so that
values are those of the original; further out, where only Laplacians of Gaussian look, a separable spline does, which is several
times faster and agrees to 1e-12 of the contrast.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiogenomics.imaging.geometry import crop_around
from radiogenomics.imaging.spline import spline_along

INTERPOLATION_MARGIN = 24
"""Source voxels around the output that cubic B-spline interpolation needs: its prefilter decays by 0.27 a voxel, to 2e-14."""


class AroundRoi:
    """Image and mask around a ROI, on the native or a new grid. Axes here are x, y, z.

    Parameters
    ----------
    image : of the lesion, whole.
    mask : on the same grid.
    lower, upper : first and last index of the ROI.
    target : voxel size in mm; along an axis where it is the image's own nothing is interpolated.
    centre, spread : what intensities are normalised by; 0 and 1 leave them.
    """

    def __init__(
        self,
        image: sitk.Image,
        mask: sitk.Image,
        lower: np.ndarray,
        upper: np.ndarray,
        target: np.ndarray,
        centre: float = 0.0,
        spread: float = 1.0,
    ) -> None:
        self.image, self.mask, self.lower, self.upper, self.target = image, mask, lower, upper, target
        self.centre, self.spread = centre, spread
        self.ratio = np.array(image.GetSpacing()) / target
        self.native = bool(np.allclose(self.ratio, 1))

    def near(self, margin: np.ndarray) -> tuple[sitk.Image, sitk.Image]:
        """Image (float64) and mask with so many voxels around the ROI, as far as the image goes."""
        if self.native:
            image, mask = (crop_around(volume, self.lower, self.upper, margin) for volume in (self.image, self.mask))
            return self._normalised(image), mask
        first, last = self._range(margin)
        resample = sitk.ResampleImageFilter()
        resample.SetOutputSpacing(self.target.tolist())
        resample.SetOutputDirection(self.image.GetDirection())
        resample.SetOutputOrigin(self.image.TransformContinuousIndexToPhysicalPoint(self._index(first).tolist()))
        resample.SetSize([int(n) for n in last - first + 1])
        # what the new voxels and the interpolation need; the rest of the image is left out, for speed and memory
        around = np.ceil((margin + 1) / self.ratio).astype(int) + 1 + INTERPOLATION_MARGIN
        resample.SetInterpolator(sitk.sitkBSpline)
        image = resample.Execute(self._normalised(crop_around(self.image, self.lower, self.upper, around)))
        mask = sitk.GetImageFromArray(self._nearest(first, last))
        mask.CopyInformation(image)
        return image, mask

    def _nearest(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """The mask at the nearest voxel; half-way between two it is the higher one, by rule and not by rounding errors."""
        found = sitk.GetArrayViewFromImage(self.mask)
        for axis, (a, b, size) in enumerate(zip(first, last, self.mask.GetSize(), strict=True)):
            nearest = np.floor(np.round(self._index(np.arange(a, b + 1), axis), 9) + 0.5).astype(int)
            found = np.take(found, np.clip(nearest, 0, size - 1), axis=2 - axis)
            found[tuple(nearest >= size if k == 2 - axis else slice(None) for k in range(3))] = 0
        return found

    def wide(self, margin: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intensities (float64; z, y, x) with so many voxels around the ROI, as far as the image goes, and where the first
        voxel of `near(near)` is in them (z, y, x)."""
        if self.native:
            part = crop_around(self.image, self.lower, self.upper, margin)
            offset = np.maximum(self.lower - near, 0) - np.maximum(self.lower - margin, 0)
            return sitk.GetArrayFromImage(self._normalised(part)), offset[::-1]
        first, last = self._range(margin)
        offset = self._range(near)[0] - first
        size = np.array(self.image.GetSize())
        places = [self._index(np.arange(a, b + 1), axis) for axis, (a, b) in enumerate(zip(first, last, strict=True))]
        start = [max(int(np.floor(p[0])) - INTERPOLATION_MARGIN, 0) for p in places]
        stop = [min(int(np.ceil(p[-1])) + INTERPOLATION_MARGIN + 1, int(n)) for p, n in zip(places, size, strict=True)]
        part = self.image[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        source = self._normalised(part)
        found = sitk.GetArrayViewFromImage(source)  # `source` lives as long as this is read
        for axis in sorted(range(3), key=lambda k: len(places[k]) / (stop[k] - start[k])):  # what shrinks goes first
            found = _along(found, places[axis] - start[axis], int(size[axis]) - start[axis], 2 - axis)
        return found, offset[::-1].astype(int)

    def _range(self, margin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last voxel of the new grid around the ROI."""
        count = np.ceil(np.array(self.image.GetSize()) * self.ratio)
        first = np.maximum(np.floor((self.lower - 0.5) * self.ratio - margin), 0)
        return first, np.minimum(np.ceil((self.upper + 0.5) * self.ratio + margin), count - 1)

    def _index(self, voxel: np.ndarray, axis: int | slice = slice(None)) -> np.ndarray:
        """Continuous index, in the whole image, of voxels of the new grid."""
        ratio = self.ratio[axis]
        return 0.5 * (1 / ratio - 1) + voxel / ratio

    def _normalised(self, part: sitk.Image) -> sitk.Image:
        part = sitk.Cast(part, sitk.sitkFloat64)
        return part if (self.centre, self.spread) == (0.0, 1.0) else (part - self.centre) / self.spread


def _along(values: np.ndarray, place: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Values at other places along an axis; 0 beyond the outer faces of its first and last voxel, as ITK has it.

    `size` is how far the image goes, in the index units of `place`.
    """
    whole = np.round(place)
    inside = (place >= -0.5) & (place <= size - 0.5)
    if np.allclose(place, whole, atol=1e-9) and inside.all() and whole[-1] < values.shape[axis]:
        return np.take(values, whole.astype(int), axis=axis)
    found = spline_along(values, place, axis) if values.shape[axis] > 1 else np.repeat(values, place.size, axis)
    if not inside.all():
        found[tuple(~inside if k == axis else slice(None) for k in range(3))] = 0.0
    return found
