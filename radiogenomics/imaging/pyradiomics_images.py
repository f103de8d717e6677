"""The original, Laplacian-of-Gaussian and wavelet images of a lesion as pyradiomics makes them, cropped to the ROI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radiogenomics.exceptions import ComputationError
from radiogenomics.imaging.recursive_log import recursive_log

if TYPE_CHECKING:
    from radiogenomics.imaging.pyradiomics_lesion import Prepared

LOG_MARGIN = 9.0
"""Sigmas around the ROI that a recursive Laplacian of Gaussian needs: 8 leave an error of 1e-4 of a feature, 5 leave 4 %."""

WAVELET_MARGIN = 6
"""Voxels around the ROI that the level-1 wavelet 'coif1' needs (5), and one for the padding of odd sizes."""

_DECOMPOSITIONS = ("aad", "ada", "add", "daa", "dad", "dda", "ddd", "aaa")


def images(
    prepared: Prepared, lower: np.ndarray, upper: np.ndarray, settings: Mapping[str, Any]
) -> Iterator[tuple[str, sitk.Image]]:
    """Name and image of each, one after the other.

    Parameters
    ----------
    prepared : image with room for wavelets around the box, as far as the whole image goes.
    lower, upper : first and last index of the ROI in it, z, y, x.

    Raises
    ------
    ComputationError
        The image is too thin for a filter; the original leaves such features out in silence.
    """
    image = prepared.image
    spacing = np.array(image.GetSpacing())[::-1]
    array = sitk.GetArrayViewFromImage(image)
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))

    def placed(values: np.ndarray) -> sitk.Image:
        found = sitk.GetImageFromArray(values)
        found.SetSpacing(image.GetSpacing())
        return found

    yield "original", placed(np.ascontiguousarray(array[box]))
    for name, values in _laplacians(prepared, lower, upper, spacing, settings["log_sigma_mm"]):
        yield name, placed(values)
    if settings["wavelet"]:
        part, start, stop = _around(array, lower, upper, np.full(3, WAVELET_MARGIN))
        inner = tuple(slice(int(a), int(b) + 1) for a, b in zip(start, stop, strict=True))
        for name, values in _wavelets(part, inner):
            yield f"wavelet-{name}", placed(values)


def _laplacians(
    prepared: Prepared, lower: np.ndarray, upper: np.ndarray, spacing: np.ndarray, sigmas: Sequence[float]
) -> Iterator[tuple[str, np.ndarray]]:
    if not sigmas:
        return
    widest = np.ceil(LOG_MARGIN * max(sigmas) / spacing).astype(int)
    array, offset = prepared.around.wide(widest[::-1], prepared.margin)
    lower, upper = lower + offset, upper + offset
    for sigma in sigmas:
        part, start, stop = _around(array, lower, upper, np.ceil(LOG_MARGIN * sigma / spacing).astype(int))
        if min(part.shape) < 4 or (np.array(part.shape) < np.ceil(sigma / spacing) + 1).any():
            size = " x ".join(str(n) for n in part.shape[::-1])
            raise ComputationError(
                f"the image has {size} voxels, too few for a Laplacian of Gaussian of {sigma:g} mm",
                rule="image_too_thin",
            )
        name = str(float(sigma)).replace(".", "-")
        yield f"log-sigma-{name}-mm-3D", recursive_log(part, spacing, float(sigma), start, stop)


def _around(
    array: np.ndarray, lower: np.ndarray, upper: np.ndarray, margin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The part of an array around a box, and where the box is in it."""
    start = np.maximum(lower - margin, 0)
    stop = np.minimum(upper + margin, np.array(array.shape) - 1)
    part = array[tuple(slice(int(a), int(b) + 1) for a, b in zip(start, stop, strict=True))]
    return part, lower - start, upper - start


def _wavelets(array: np.ndarray, box: tuple[slice, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """The eight responses of the stationary wavelet 'coif1', level 1, inside a box."""
    import pywt

    padding = [(0, n % 2) for n in array.shape]  # the transform needs even sizes
    found = pywt.swtn(np.pad(array, padding, "wrap"), "coif1", level=1, start_level=0, axes=(2, 1, 0))[0]
    for name in _DECOMPOSITIONS:
        yield name.replace("a", "L").replace("d", "H"), np.ascontiguousarray(found.pop(name)[box])
