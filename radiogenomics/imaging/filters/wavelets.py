"""Separable wavelets (IBSI 25BO), undecimated, and Simoncelli's non-separable ones (PRT7)."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.filters.boundary import Boundary
from radiogenomics.imaging.filters.separable import Cascade, separable_response


def wavelet_kernels(wavelet: str, level: int) -> tuple[Cascade, Cascade]:
    """Low-pass and high-pass kernels of a level: the low-pass of the levels before it, then its own with holes.

    Raises
    ------
    ValueError
        PyWavelets knows no discrete wavelet of that name.
    """
    import pywt

    found = pywt.Wavelet(wavelet)
    low, high = np.array(found.dec_lo), np.array(found.dec_hi)
    before = tuple(_with_holes(low, step) for step in range(1, level))
    return (*before, _with_holes(low, level)), (*before, _with_holes(high, level))


def _with_holes(kernel: np.ndarray, level: int) -> np.ndarray:
    """The kernel with 2^(level - 1) - 1 zeros after each value (a trous), and of odd length, so that turning it round keeps
    its centre."""
    step = 2 ** (level - 1)
    wide = np.zeros(kernel.size * step + 1 - kernel.size * step % 2)
    wide[: kernel.size * step : step] = kernel
    return wide


def wavelet_reach(wavelet: str, level: int) -> int:
    """How far the filter of a level looks, in voxels, to either side."""
    low, _ = wavelet_kernels(wavelet, level)
    return sum(kernel.size - 1 for kernel in low)


def wavelet_filter(
    image: np.ndarray,
    wavelet: str,
    decomposition: str,
    *,
    level: int = 1,
    rotation_invariant: bool = False,
    boundary: Boundary = "mirror",
) -> np.ndarray:
    """Response to a separable wavelet filter.

    Parameters
    ----------
    wavelet : PyWavelets' name: ``haar``, ``db3``, ``coif1``.
    decomposition : low- or high-pass along x, y (and z): ``LLH``; two letters: slice by slice.
    level : from 1.
    """
    low, high = wavelet_kernels(wavelet, level)
    return separable_response(
        image,
        [high if letter == "H" else low for letter in decomposition],
        rotation_invariant=rotation_invariant,
        pooling="average",
        boundary=boundary,
    )


def simoncelli_filter(image: np.ndarray, *, level: int = 1, dimensions: int = 3) -> np.ndarray:
    """Band-pass response of Simoncelli's isotropic wavelet: frequencies between 1/4 and 1 of Nyquist's, halved each level.

    Parameters
    ----------
    image : float (z, y, x), the whole image, which is taken as periodic.
    level : from 1.
    """
    from scipy import fft

    axes = tuple(range(3 - dimensions, 3))
    shape = tuple(image.shape[axis] for axis in axes)
    scale = 2.0 ** (level - 1)
    # the real part of the response to a filter g is the response to the mean of g at a frequency and at its opposite
    band = 0.5 * (_band(shape, scale, opposite=False) + _band(shape, scale, opposite=True))
    return fft.irfftn(fft.rfftn(image.astype(np.float64), axes=axes) * band, shape, axes=axes)


def _band(shape: tuple[int, ...], scale: float, *, opposite: bool) -> np.ndarray:
    """The filter over the half of the frequencies that a transform of real values needs.

    IBSI's reference maps place frequencies evenly from -1 to 1, both ends kept, so that 0 lies between two of them.
    """
    square = np.zeros([1] * len(shape))
    for place, n in enumerate(shape):
        frequency = np.fft.ifftshift(np.linspace(-1, 1, n)) if n > 1 else np.zeros(1)
        if opposite:
            frequency = frequency[-np.arange(n) % n]
        if place == len(shape) - 1:
            frequency = frequency[: n // 2 + 1]
        square = square + frequency.reshape([-1 if k == place else 1 for k in range(len(shape))]) ** 2
    radius = np.sqrt(square) * scale  # 1 at the highest frequency of this level
    inside = (radius > 0.25) & (radius <= 1)
    return np.where(inside, np.cos(np.pi / 2 * np.log2(2 * np.where(inside, radius, 0.5))), 0.0)
