"""The filters that settings ask for: their responses, and how far each looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from radiogenomics.cohort import radiomic_settings as settings
from radiogenomics.imaging.filters.gabor import gabor_filter, gabor_reach
from radiogenomics.imaging.filters.laws import kernel_names, laws_filter
from radiogenomics.imaging.filters.smoothing import laplacian_of_gaussian, mean_filter
from radiogenomics.imaging.filters.wavelets import simoncelli_filter, wavelet_filter, wavelet_reach

WHOLE_IMAGE = 10**6
"""Margin of a filter that has no end: Simoncelli's is defined by the frequencies of the whole image."""


def responses(image: np.ndarray, spacing: np.ndarray, filters: Sequence[Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and response map, float64 (z, y, x), of each filter in turn.

    Parameters
    ----------
    image : float (z, y, x), with `filter_margin` around what will be looked at, as far as the image goes.
    spacing : voxel size z, y, x in mm.
    filters : models of `radiomic_settings.ImageFilter`.
    """
    for one in filters:
        yield from zip(one.names(), _responses(image, spacing, one), strict=True)


def _responses(image: np.ndarray, spacing: np.ndarray, one: Any) -> Iterator[np.ndarray]:
    if isinstance(one, settings.MeanFilter):
        yield mean_filter(image, one.support, dimensions=one.dimensions, boundary=one.boundary)
    elif isinstance(one, settings.LogFilter):
        yield laplacian_of_gaussian(
            image,
            one.sigma_mm,
            spacing,
            truncate=one.truncate,
            dimensions=one.dimensions,
            boundary=one.boundary,
        )
    elif isinstance(one, settings.LawsFilter):
        yield laws_filter(
            image,
            one.kernels,
            rotation_invariant=one.rotation_invariant,
            pooling=one.pooling,
            energy_distance=one.energy_distance,
            boundary=one.boundary,
        )
    elif isinstance(one, settings.GaborFilter):
        yield gabor_filter(
            image,
            one.sigma_mm,
            one.wavelength_mm,
            one.gamma,
            spacing,
            theta_deg=one.theta_deg,
            step_deg=one.step_deg,
            orthogonal_planes=one.orthogonal_planes,
            boundary=one.boundary,
        )
    elif isinstance(one, settings.WaveletFilter):
        for decomposition in one.decompositions:
            yield wavelet_filter(
                image,
                one.wavelet,
                decomposition,
                level=one.level,
                rotation_invariant=one.rotation_invariant,
                boundary=one.boundary,
            )
    else:
        yield simoncelli_filter(image, level=one.level, dimensions=one.dimensions)


def filter_margin(filters: Sequence[Any], spacing: np.ndarray) -> np.ndarray:
    """Voxels (z, y, x) around a region that the filters look at."""
    margin = np.zeros(3, dtype=int)
    for one in filters:
        margin = np.maximum(margin, _reach(one, spacing))
    return margin


def _reach(one: Any, spacing: np.ndarray) -> np.ndarray:
    if isinstance(one, settings.MeanFilter):
        return _in(one.dimensions, one.support // 2)
    if isinstance(one, settings.LogFilter):
        return np.ceil(one.truncate * one.sigma_mm / spacing).astype(int) * _in(one.dimensions, 1) + 1
    if isinstance(one, settings.LawsFilter):
        names = kernel_names(one.kernels)
        return _in(len(names), 2 + (one.energy_distance or 0))
    if isinstance(one, settings.GaborFilter):
        reach = np.array([gabor_reach(one.sigma_mm / edge, one.gamma) for edge in spacing])
        return reach if one.orthogonal_planes else reach * _in(2, 1)
    if isinstance(one, settings.WaveletFilter):
        return _in(max(len(d) for d in one.decompositions), wavelet_reach(one.wavelet, one.level) + 1)
    return _in(one.dimensions, WHOLE_IMAGE)


def _in(dimensions: int, reach: int) -> np.ndarray:
    """`reach` along the axes (z, y, x) that a filter of so many dimensions works on."""
    return np.array([reach if dimensions == 3 else 0, reach, reach])
