"""pyradiomics' shape of a large ROI, without comparing all points of its surface with each other.

The original's surface mesh is a sum over cubes of 2 x 2 x 2 voxels, of which there are 256 kinds. What each kind adds to
surface and volume is asked of the original once; a ROI is then a count of kinds. Largest distances are between ends of lines.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from radiomics import cShape, shape

from radiogenomics.imaging.volume_lines import ends_of_lines

MANY_POINTS = 4000
"""Points of the surface from which on the original's comparison of all pairs takes longer than this way. Below, the original
itself computes, to the bit; above, surface and volume agree to 1e-11, because sums are taken in another order."""

_CORNERS = tuple(itertools.product((0, 1), repeat=3))  # z, y, x


class RadiomicsShape(shape.RadiomicsShape):
    """The original's class; only where its coefficients come from differs."""

    eigenValues: np.ndarray  # noqa: N815 - pyradiomics' name

    def _initSegmentBasedCalculation(self) -> None:  # noqa: N802 - pyradiomics' name
        mask = np.pad(sitk.GetArrayViewFromImage(self.inputMask) == self.label, 1)
        spacing = np.array(self.inputImage.GetSpacing()[::-1])
        if sum(int(np.count_nonzero(np.diff(mask, axis=axis))) for axis in range(3)) < MANY_POINTS:
            super()._initSegmentBasedCalculation()
            if np.iscomplexobj(self.eigenValues):
                self.eigenValues = self._axes()
            return
        self.pixelSpacing = spacing
        self.labelledVoxelCoordinates = np.nonzero(mask)
        self.SurfaceArea, self.Volume = surface_and_volume(mask, spacing)
        self.diameters = diameters(mask, spacing)
        self.eigenValues = self._axes()

    def _axes(self) -> np.ndarray:
        """Variances of the voxels' places along the principal axes, ascending, in the original's steps."""
        places = np.array(self.labelledVoxelCoordinates, dtype="int").transpose((1, 0)) * self.pixelSpacing[None, :]
        places -= np.mean(places, axis=0)
        places /= np.sqrt(len(self.labelledVoxelCoordinates[0]))
        covariance = np.dot(places.T.copy(), places)
        values = np.linalg.eigvals(covariance)
        if np.iscomplexobj(values):
            # of a ROI as wide one way as another, by the last digit of a sum: the original then has no shape to give
            values = np.linalg.eigvalsh(covariance)
        values[(values < 0) & (values > -1e-10)] = 0
        values.sort()
        return values


class _Cubes(NamedTuple):
    """By kind of cube: surface (256,), volume below it as seen from its first corner (256,), and its normal times its surface
    (256, 3; z, y, x)."""

    surface: np.ndarray
    volume: np.ndarray
    normal: np.ndarray


@functools.lru_cache(maxsize=8)
def _cubes(spacing: tuple[float, float, float]) -> _Cubes:
    """Seen from a point at offset o instead of its first corner, the volume under a piece of surface grows by o . normal / 3."""

    def measured(corners: np.ndarray) -> tuple[float, float]:
        return cShape.calculate_coefficients(corners, np.array(spacing))[:2]

    kinds = [np.array([kind >> bit & 1 for bit in range(8)], dtype=bool).reshape(2, 2, 2) for kind in range(256)]
    surface, volume = (np.array(values) for values in zip(*(measured(kind) for kind in kinds), strict=True))
    normal = np.zeros((256, 3))
    for kind, corners in enumerate(kinds):
        for axis in range(3):
            first = np.take(corners, [0], axis=axis)
            wall = volume[_kinds(np.concatenate([first, first], axis=axis)).item()]
            moved = measured(np.concatenate([first, corners], axis=axis))[1] - wall
            normal[kind, axis] = 3 * (moved - volume[kind]) / spacing[axis]
    return _Cubes(surface, volume, normal)


def _kinds(mask: np.ndarray) -> np.ndarray:
    """The kind (0 to 255) of each cube of neighbouring voxels of a boolean array."""
    found = np.zeros(tuple(n - 1 for n in mask.shape), dtype=np.uint8)
    for bit, corner in enumerate(_CORNERS):
        found |= mask[tuple(slice(c, n - 1 + c) for c, n in zip(corner, mask.shape, strict=True))].view(np.uint8) << bit
    return found


def surface_and_volume(mask: np.ndarray, spacing: np.ndarray) -> tuple[float, float]:
    """Surface (mm2) and volume (mm3) of the original's mesh.

    Parameters
    ----------
    mask : bool (z, y, x), False at its border.
    spacing : z, y, x in mm.
    """
    cubes = _cubes(tuple(float(value) for value in spacing))
    kinds = _kinds(mask)
    number = np.bincount(kinds.ravel(), minlength=256)
    volume = float(number @ cubes.volume)
    for axis, step in enumerate(spacing):
        layers = np.moveaxis(kinds, axis, 0).reshape(kinds.shape[axis], -1)
        counts = np.stack([np.bincount(layer, minlength=256) for layer in layers])
        volume += float(np.arange(len(layers)) * step @ counts @ cubes.normal[:, axis]) / 3
    return float(number @ cubes.surface), volume


def diameters(mask: np.ndarray, spacing: np.ndarray) -> tuple[float, float, float, float]:
    """Largest distances, mm, between points of the surface: of one z, of one y, of one x, of any.

    Points lie half-way between a voxel of the ROI and one outside. The two that are furthest apart are both ends of the lines
    along any axis, so only such are compared.

    Parameters
    ----------
    mask : bool (z, y, x), False at its border.
    spacing : z, y, x in mm.
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    doubled = _surface_points(mask)
    found = []
    for axis in range(3):
        along, across = (other for other in range(3) if other != axis)
        points = ends_of_lines(doubled, along, (axis, across))
        order = np.argsort(points[:, axis], kind="stable")
        places = points[order] / 2 * spacing
        starts = np.flatnonzero(np.diff(points[order, axis], prepend=-1))
        found.append(max(_largest(part, pdist) for part in np.split(places, starts[1:])))
    places = ends_of_lines(doubled, 2, (0, 1)) / 2 * spacing
    found.append(_largest(places[ConvexHull(places).vertices], pdist))
    return found[0], found[1], found[2], found[3]


def _surface_points(mask: np.ndarray) -> np.ndarray:
    """Twice the index (z, y, x) of each point where the surface crosses a line between neighbouring voxels, int (n, 3)."""
    parts = []
    for axis in range(3):
        crossed = 2 * np.argwhere(np.diff(mask, axis=axis))
        crossed[:, axis] += 1
        parts.append(crossed)
    return np.concatenate(parts)


def _largest(points: np.ndarray, distances: Callable[[np.ndarray], np.ndarray]) -> float:
    return float(distances(points).max()) if len(points) > 1 else 0.0
