"""The image with noise, at lower dose, with another kernel, in thicker slices; the contour stays as it is.

Noise that is added for a lower dose has the texture of filtered back-projection: its power rises with spatial frequency as the
ramp filter's, and falls with the kernel's apodisation, here a Gaussian: NPS(f) ~ f exp(-f^2 / (2 p^2)), strongest at f = p
(Riederer, Pelc, Chesler, Phys Med Biol 1978;23:446-454, for the ramp; measured shapes: Solomon, Christianson, Samei, Med Phys
2012;39:6048-6055). Slices are independent, which holds where they do not overlap. Quantum noise has a variance that is inverse
to the dose, so dose d needs added noise of sigma sqrt(1/d - 1).
"""

from __future__ import annotations

import numpy as np

SOFT_TISSUE_HU = (-50.0, 150.0)
WINDOW_MM = 6.0
LEAST_WINDOWS = 50


def noise_level(image: np.ndarray, spacing: np.ndarray, kind: str) -> float:
    """Standard deviation of the noise of an image, in its unit.

    For CT the global noise level of Christianson et al., AJR 2015;205:W93-W99: the most frequent standard deviation in small
    windows of soft tissue, per slice. Where there is too little soft tissue, and for other kinds, the median absolute deviation
    of the finest diagonal wavelet detail (Donoho, Johnstone, Biometrika 1994;81:425-455), which underestimates noise that is
    smooth.

    Parameters
    ----------
    image : (z, y, x). spacing : mm, in the same order.
    """
    if kind == "CT":
        from scipy.ndimage import uniform_filter

        size = [1, *(max(3, round(WINDOW_MM / step)) for step in spacing[1:])]
        values = image.astype(np.float64)
        mean = uniform_filter(values, size)
        spread = np.sqrt(np.maximum(uniform_filter(values**2, size) - mean**2, 0.0))
        count = float(np.prod(size))
        inside = spread[(mean > SOFT_TISSUE_HU[0]) & (mean < SOFT_TISSUE_HU[1])] * np.sqrt(count / (count - 1.0))
        inside = inside[inside > 0.1]
        if inside.size >= LEAST_WINDOWS:
            low, high = np.quantile(inside, (0.0, 0.6))
            heights, edges = np.histogram(inside, bins=40, range=(low, max(high, low + 1e-6)))
            smooth = np.convolve(heights, np.ones(5) / 5, mode="same")
            at = int(np.argmax(smooth))
            return float(0.5 * (edges[at] + edges[at + 1]))
    import pywt

    details = [pywt.dwt2(layer, "db2")[1][2] for layer in image]
    return float(np.median(np.abs(np.concatenate([d.ravel() for d in details])))) / 0.6745


def with_white_noise(image: np.ndarray, sigma: float, generator: np.random.Generator) -> np.ndarray:
    """Independent Gaussian noise added to every voxel."""
    return image + (sigma * generator.standard_normal(image.shape)).astype(np.float32)


def at_lower_dose(
    image: np.ndarray,
    spacing: np.ndarray,
    sigma: float,
    dose: float,
    peak_per_mm: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """What the same scan at the share `dose` of its dose would look like.

    Parameters
    ----------
    sigma : noise of the image as it is. peak_per_mm : where the added noise is strongest.
    """
    noise = projection_noise(image.shape, spacing, peak_per_mm, generator)
    return image + (sigma * np.sqrt(1.0 / dose - 1.0) * noise).astype(np.float32)


def projection_noise(
    shape: tuple[int, ...], spacing: np.ndarray, peak_per_mm: float, generator: np.random.Generator
) -> np.ndarray:
    """Noise of mean 0 and variance 1 with the texture of filtered back-projection, independent between slices."""
    fy, fx = np.fft.fftfreq(shape[1], spacing[1])[:, None], np.fft.fftfreq(shape[2], spacing[2])[None, :]
    f = np.hypot(fy, fx)
    power = f * np.exp(-0.5 * (f / peak_per_mm) ** 2)
    gain = np.sqrt(power / power.mean())
    white = generator.standard_normal(shape)
    return np.fft.ifft2(np.fft.fft2(white, axes=(1, 2)) * gain, axes=(1, 2)).real


def smoother(image: np.ndarray, spacing: np.ndarray, sigma_mm: float) -> np.ndarray:
    """The image of a smoother kernel: each slice under a Gaussian."""
    from scipy.ndimage import gaussian_filter

    blurred: np.ndarray = gaussian_filter(image, [0.0, *(sigma_mm / spacing[1:])], mode="nearest")
    return blurred


def sharper(image: np.ndarray, spacing: np.ndarray, sigma_mm: float) -> np.ndarray:
    """The image of a sharper kernel: what a Gaussian takes away is added, the first step of undoing it (van Cittert)."""
    return image + (image - smoother(image, spacing, sigma_mm))


def merged_slices(image: np.ndarray, roi: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Every `count` neighbouring slices averaged into one; a voxel is in the region where half of it was.

    Slices are taken from the middle of the region outwards, so that the result does not depend on where the image begins.
    """
    middle = int(np.round(np.argwhere(roi)[:, 0].mean()))
    first = (middle - count // 2) % count
    used = (image.shape[0] - first) // count * count
    thick = image[first : first + used].reshape(-1, count, *image.shape[1:]).mean(axis=1)
    share = roi[first : first + used].astype(np.float32).reshape(-1, count, *roi.shape[1:]).mean(axis=1)
    return thick.astype(np.float32), share >= 0.5
