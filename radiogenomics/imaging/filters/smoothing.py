"""Mean filter (IBSI S60F) and Laplacian of Gaussian (L6PA)."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.filters.boundary import SCIPY_MODE, Boundary


def mean_filter(image: np.ndarray, support: int, *, dimensions: int = 3, boundary: Boundary = "mirror") -> np.ndarray:
    """Mean over a cube (square) of `support` voxels edge length, an odd number."""
    from scipy import ndimage

    size = [1] * (3 - dimensions) + [support] * dimensions
    return ndimage.uniform_filter(image.astype(np.float64), size=size, mode=SCIPY_MODE[boundary])


def laplacian_of_gaussian(
    image: np.ndarray,
    sigma_mm: float,
    spacing: np.ndarray,
    *,
    truncate: float = 4.0,
    dimensions: int = 3,
    boundary: Boundary = "mirror",
) -> np.ndarray:
    """Laplacian of a Gaussian with standard deviation `sigma_mm`, cut off at `truncate` of them.

    The second derivatives are taken in mm and brought to the finest voxel edge of the filtered axes, so that a grid of cubic
    voxels has the response in voxels that IBSI's reference maps have, and an anisotropic one is not weighted by its spacing.

    Parameters
    ----------
    spacing : voxel size z, y, x in mm.
    """
    from scipy import ndimage

    axes = range(3 - dimensions, 3)
    finest = min(float(spacing[axis]) for axis in axes)
    total = np.zeros(image.shape)
    for axis in axes:
        term = image.astype(np.float64)
        for other in axes:
            term = ndimage.gaussian_filter1d(
                term,
                sigma_mm / float(spacing[other]),
                axis=other,
                order=2 if other == axis else 0,
                mode=SCIPY_MODE[boundary],
                truncate=truncate,
            )
        total += term * (finest / float(spacing[axis])) ** 2
    return total
