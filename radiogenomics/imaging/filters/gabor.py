"""Gabor filters (IBSI Q88H)."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.filters.boundary import Boundary, padded

TRUNCATION = 5.0
"""Standard deviations of the Gaussian envelope along its longer axis after which the kernel is cut off (3.7e-6 of its top)."""

_PLANES = ((1, 2), (0, 1), (0, 2))
"""Axes (second, first) of the planes x-y, y-z, x-z of an array z, y, x."""


def gabor_kernel(sigma: float, wavelength: float, gamma: float, theta: float) -> np.ndarray:
    """Complex kernel (k2, k1), lengths in voxels, `theta` in radians, clockwise in the image plane."""
    reach = gabor_reach(sigma, gamma)
    k2, k1 = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    along = k1 * np.cos(theta) + k2 * np.sin(theta)
    across = -k1 * np.sin(theta) + k2 * np.cos(theta)
    envelope = np.exp(-(along**2 + (gamma * across) ** 2) / (2 * sigma**2))
    return envelope * np.exp(2j * np.pi * along / wavelength)


def gabor_reach(sigma: float, gamma: float) -> int:
    """Half the size of the kernel in voxels."""
    return int(np.ceil(TRUNCATION * sigma * max(1.0, 1.0 / gamma)))


def gabor_filter(
    image: np.ndarray,
    sigma_mm: float,
    wavelength_mm: float,
    gamma: float,
    spacing: np.ndarray,
    *,
    theta_deg: float = 0.0,
    step_deg: float | None = None,
    orthogonal_planes: bool = False,
    boundary: Boundary = "mirror",
) -> np.ndarray:
    """Modulus of the response to Gabor filters in planes of the image.

    Parameters
    ----------
    sigma_mm, wavelength_mm : width of the envelope and wavelength of the wave.
    gamma : ratio of the envelope's width along the wave to that across it.
    spacing : voxel size z, y, x in mm; the planes' voxels must be square.
    theta_deg : orientation; unused where `step_deg` is given.
    step_deg : average over orientations this far apart.
    orthogonal_planes : average over the planes x-y, y-z and x-z; else x-y alone.
    """
    angles = (
        np.array([theta_deg]) if step_deg is None else np.arange(0, 180 - 1e-6, step_deg)
    )  # the other half is the same
    planes = _PLANES if orthogonal_planes else _PLANES[:1]
    total = np.zeros(image.shape)
    for axes in planes:
        edge = float(spacing[axes[1]])
        kernels = [
            gabor_kernel(sigma_mm / edge, wavelength_mm / edge, gamma, float(np.deg2rad(angle))) for angle in angles
        ]
        # the axis across the plane goes first, so that the plane is contiguous
        across = ({0, 1, 2} - set(axes)).pop()
        moved = np.moveaxis(image, across, 0)
        total += np.moveaxis(_moduli(moved, kernels, boundary), 0, across)
    return total / (len(planes) * len(angles))


def _moduli(stack: np.ndarray, kernels: list[np.ndarray], boundary: Boundary) -> np.ndarray:
    """Sum over the kernels of the modulus of each slice's response; slice by slice, to need little memory."""
    from scipy import fft

    reach = kernels[0].shape[0] // 2
    shape = tuple(fft.next_fast_len(n + 4 * reach) for n in stack.shape[1:])
    transformed = [fft.fft2(kernel, shape) for kernel in kernels]
    found = np.empty(stack.shape)
    part = tuple(slice(2 * reach, 2 * reach + n) for n in stack.shape[1:])
    for index, plane in enumerate(stack):
        wave = fft.fft2(padded(plane.astype(np.float64), (reach, reach), boundary), shape)
        found[index] = sum(np.abs(fft.ifft2(wave * kernel)[part]) for kernel in transformed)
    return found
