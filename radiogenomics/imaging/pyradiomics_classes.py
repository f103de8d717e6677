"""pyradiomics' feature classes, with what they do again and again done once.

The values are those of the original to the bit (volume and surface of a large ROI to 1e-11): its own code computes every
feature from the same matrices.

- One discretisation is shared by all classes of an image; the original bins anew in each of six, with Python's `min` and
  `max` over arrays.
- The matrices of neighbours and runs come from one walk over the ROI (`pyradiomics_matrices`), in place of four in C.
- The surface of a large ROI is not compared with itself point by point (`pyradiomics_shape`).
- The size-zone matrix has a column for each size that occurs up to the largest; the original's has one for each voxel of
  the ROI, before the empty ones are deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from radiomics import firstorder, glcm, gldm, glrlm, glszm, ngtdm
from skimage.measure import label

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.pyradiomics_matrices import texture_matrices
from radiogenomics.imaging.pyradiomics_shape import RadiomicsShape

logging.getLogger(__name__).setLevel(logging.CRITICAL)  # the original logs under the name of a class's module


class Binned(NamedTuple):
    """A discretised image: grey levels (int, 0 outside the ROI), those that occur, and the highest."""

    matrix: np.ndarray
    present: np.ndarray
    highest: int

    @property
    def empty(self) -> np.ndarray:
        """Places, from 0, of the levels up to the highest that do not occur."""
        return np.setdiff1d(np.arange(self.highest), self.present - 1)


class _SharedBinning:
    """Takes the discretisation from the settings instead of computing it."""

    settings: dict[str, Any]
    coefficients: dict[str, Any]

    def _applyBinning(self, matrix: np.ndarray) -> np.ndarray:  # noqa: N802 - pyradiomics' name
        binned: Binned = self.settings["binned"]
        self.coefficients["grayLevels"] = binned.present
        self.coefficients["Ng"] = binned.highest
        return binned.matrix


class _FirstOrder(_SharedBinning, firstorder.RadiomicsFirstOrder):
    """Percentiles from one partition of the values and each moment once; names are the original's."""

    def _initCalculation(self, voxelCoordinates: Any = None) -> None:  # noqa: N802
        super()._initCalculation(voxelCoordinates)
        quantiles = (10, 25, 75, 90)
        found = np.nanpercentile(self.targetVoxelArray, quantiles, axis=1)
        self._percentile = dict(zip(quantiles, found, strict=True))
        self._moments: dict[int, np.ndarray] = {}

    def get10PercentileFeatureValue(self) -> np.ndarray:  # noqa: N802
        return self._percentile[10]

    def get90PercentileFeatureValue(self) -> np.ndarray:  # noqa: N802
        return self._percentile[90]

    def getInterquartileRangeFeatureValue(self) -> np.ndarray:  # noqa: N802
        return self._percentile[75] - self._percentile[25]

    def _moment(self, a: np.ndarray, moment: int = 1) -> np.ndarray:
        if moment not in self._moments:
            self._moments[moment] = firstorder.RadiomicsFirstOrder._moment(a, moment)
        return self._moments[moment].copy()  # the original writes into it


class _Glcm(_SharedBinning, glcm.RadiomicsGLCM):
    def _calculateMatrix(self, voxelCoordinates: Any = None) -> np.ndarray:  # noqa: N802 - pyradiomics' names
        empty = self.settings["binned"].empty
        counts = np.delete(np.delete(self.settings["matrices"].cooccurrence, empty, 1), empty, 2)
        counts += np.transpose(counts, (0, 2, 1, 3)).copy()
        counts, number = _of_filled_angles(counts)
        counts /= number[:, None, None, :]
        return counts


class _Glrlm(_SharedBinning, glrlm.RadiomicsGLRLM):
    def _calculateMatrix(self, voxelCoordinates: Any = None) -> np.ndarray:  # noqa: N802
        counts = np.delete(self.settings["matrices"].runs, self.settings["binned"].empty, 1)
        counts, self.coefficients["Nr"] = _of_filled_angles(counts)
        return counts


class _Gldm(_SharedBinning, gldm.RadiomicsGLDM):
    def _calculateMatrix(self, voxelCoordinates: Any = None) -> np.ndarray:  # noqa: N802
        counts = np.delete(self.settings["matrices"].dependences, self.settings["binned"].empty, 1)
        by_level, number = counts.sum(2), counts.sum((0, 1))
        counts = np.delete(counts, np.flatnonzero(number == 0), 2)
        self.coefficients |= {
            "pd": counts.sum(1),
            "pg": by_level,
            "Nz": counts.sum((1, 2)),
            "ivector": self.coefficients["grayLevels"].astype(float),
            "jvector": np.flatnonzero(number) + 1.0,
        }
        return counts


class _Ngtdm(_SharedBinning, ngtdm.RadiomicsNGTDM):
    def _calculateMatrix(self, voxelCoordinates: Any = None) -> np.ndarray:  # noqa: N802
        return np.delete(self.settings["matrices"].differences, self.settings["binned"].empty, 1)


def _of_filled_angles(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (1, L, n, A) without the angles that are empty, where there are several, and the number of elements of each
    (1, A); NaN where it is 0.

    Levels and angles are left out by the calls of the original: the order in memory that they leave decides the last bit of
    every sum.
    """
    number = counts.sum((1, 2))
    empty = np.flatnonzero(number[0] == 0)
    if counts.shape[3] > 1 and empty.size:
        counts, number = np.delete(counts, empty, 3), np.delete(number, empty, 1)
    return counts, np.where(number == 0, np.nan, number)


class _Glszm(_SharedBinning, glszm.RadiomicsGLSZM):
    def _calculateMatrix(self, voxelCoordinates: Any = None) -> np.ndarray:  # noqa: N802 - pyradiomics' names
        binned: Binned = self.settings["binned"]
        zones = label(binned.matrix, background=0, connectivity=3)
        inside = zones[self.maskArray]
        sizes = np.bincount(inside)[1:]
        level = np.zeros(sizes.size + 1, dtype=np.int64)
        level[inside] = binned.matrix[self.maskArray]
        row = np.searchsorted(binned.present, level[1:])
        width = int(sizes.max())
        counts = np.bincount(row * width + sizes - 1, minlength=binned.present.size * width)
        return counts.reshape(1, binned.present.size, width).astype(np.float64)


_BY_INTENSITY = {
    "firstorder": _FirstOrder,
    "glcm": _Glcm,
    "gldm": _Gldm,
    "glrlm": _Glrlm,
    "glszm": _Glszm,
    "ngtdm": _Ngtdm,
}
"""In the order of the original's results, where shape comes before them."""


def shape_features(image: sitk.Image, mask: sitk.Image) -> dict[str, float]:
    """Shape features of a mask cropped to its ROI, in the original's order."""
    return _values("original_shape_", RadiomicsShape(image, mask, label=1))


def intensity_features(image: sitk.Image, mask: sitk.Image, name: str, settings: Mapping[str, Any]) -> dict[str, float]:
    """First-order and texture features of one image, cropped to its ROI.

    Parameters
    ----------
    image, mask : on the same grid; mask holds 0 and 1.
    name : of the image, for the features' names.
    settings : `bin_width` or `bin_count`.

    Raises
    ------
    ComputationError
        The bins are too many.
    """
    array, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask) == 1
    binned = discretised(array, inside, settings, name)
    matrices = texture_matrices(binned.matrix)
    found: dict[str, float] = {}
    for family, kind in _BY_INTENSITY.items():
        found |= _values(f"{name}_{family}_", kind(image, mask, label=1, binned=binned, matrices=matrices))
    return found


MAXIMUM_LEVELS = 1000
"""More grey levels take gigabytes (the co-occurrence matrix grows with their square) and say nothing."""


def discretised(image: np.ndarray, inside: np.ndarray, settings: Mapping[str, Any], name: str) -> Binned:
    """Grey levels as the original makes them: bins of a width start at a multiple of it.

    Raises
    ------
    ComputationError
        There would be more than `MAXIMUM_LEVELS`.
    """
    values = image[inside]
    if settings["bin_count"] is not None:
        edges = np.histogram(values, settings["bin_count"])[1]
        edges[-1] += 1
    else:
        width = settings["bin_width"]
        lowest, highest = values.min(), values.max()
        if (float(highest) - float(lowest)) / width > MAXIMUM_LEVELS:
            raise ComputationError(
                f"{name}: bin_width {width} makes {(float(highest) - float(lowest)) / width:.0f} grey levels of intensities "
                f"{lowest:g} to {highest:g}; at most {MAXIMUM_LEVELS} are allowed",
                rule="bin_width",
            )
        edges = np.arange(lowest - (lowest % width), highest + 2 * width, width)
        if len(edges) == 1:
            edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    matrix = np.zeros(image.shape, dtype="int")
    levels = np.digitize(values, edges)
    matrix[inside] = levels
    present = np.flatnonzero(np.bincount(levels))
    return Binned(matrix, present, int(present[-1]))


def _values(prefix: str, computed: Any) -> dict[str, float]:
    return {f"{prefix}{name}": float(np.asarray(value).item()) for name, value in computed.execute().items()}
