"""The Laplacian of Gaussian that pyradiomics uses (ITK's recursive one), around a region only.

Not IBSI-2's filter: it approximates the Gaussian recursively and is normalised across scales.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

_SMOOTH = sitk.RecursiveGaussianImageFilter.ZeroOrder
_SECOND = sitk.RecursiveGaussianImageFilter.SecondOrder


def recursive_log(
    image: np.ndarray, spacing: np.ndarray, sigma_mm: float, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """Response inside a box, float32, with the values that filtering the whole array gives (to float32's precision).

    The sum of three second derivatives, each smoothed along the other axes, shares its passes, and once an axis is done only
    the box is kept of it: 2 passes over the whole array, 3 over less and 2 over little, in place of 9 over the whole.

    Parameters
    ----------
    image : float64 (z, y, x), with 8 sigma around the box as far as the image goes; at least 4 voxels along each axis.
    spacing : voxel size z, y, x in mm.
    lower, upper : first and last index of the box, z, y, x.
    """
    weight = 1.0 / np.asarray(spacing, dtype=float) ** 2
    share = (upper - lower + 1) / np.array(image.shape)
    first, second, third = (int(axis) for axis in np.argsort(share))  # what shrinks most goes first

    def along(array: np.ndarray, axis: int, order: int) -> np.ndarray:
        volume = sitk.GetImageFromArray(array)
        volume.SetSpacing([float(value) for value in spacing[::-1]])
        found = sitk.GetArrayFromImage(
            sitk.RecursiveGaussian(volume, sigma=sigma_mm, normalizeAcrossScale=True, order=order, direction=2 - axis)
        )
        return found[tuple(slice(lower[k], upper[k] + 1) if k == axis else slice(None) for k in range(3))]

    smooth, curved = along(image, first, _SMOOTH), along(image, first, _SECOND)
    both = along(smooth, second, _SMOOTH)
    mixed = along(curved, second, _SMOOTH) * np.float32(weight[first])
    mixed += along(smooth, second, _SECOND) * np.float32(weight[second])
    return along(mixed, third, _SMOOTH) + along(both, third, _SECOND) * np.float32(weight[third])
