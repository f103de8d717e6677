"""Two ways from an ellipsoid to a contour: a threshold inside it, and a marker watershed that may leave it.

Both work on a part of the image around the ellipsoid. Neither knows anatomy: what has no edge in the image ends where the
ellipsoid ends, and :mod:`radiogenomics.imaging.drafts.quality` counts how much of the outline that is.
"""

from __future__ import annotations

import numpy as np

CORE = 0.5
"""Within this share of the radius lies the tumour: where the connected part is looked for and the watershed begins."""

OUTSIDE = 1.25
"""Beyond this share of the radius nothing is tumour."""

EDGE_MM = 1.5
"""Standard deviation of the Gaussian whose gradient the watershed climbs: above noise and pixel size, below a nodule."""

AIR_HU = -700.0
"""CT: what attenuates less is aerated lung or air, and outside whatever the gradient says."""

_SHOWN_HU = (-1000.0, 200.0)
"""Bone, metal and contrast above this have no edges that matter for a soft-tissue tumour."""


def tissue(
    kind: str, image: np.ndarray, radius: np.ndarray, *, soft_tissue_hu: float, uptake_share: float
) -> np.ndarray:
    """Voxels that may be tumour by their value alone.

    CT: attenuation above `soft_tissue_hu`. PT: uptake of at least `uptake_share` of the highest within the ellipsoid
    (41 % of the maximum: Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328-354).

    Parameters
    ----------
    image : float, HU or SUV.
    radius : of the same shape, from `radius_on_grid`.
    """
    if kind == "CT":
        return image > soft_tissue_hu
    inside = image[radius <= 1]
    return image >= uptake_share * (float(inside.max()) if inside.size else np.inf)


def threshold_contour(candidate: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Candidate voxels inside the ellipsoid, of these the part that holds most of its core, with holes filled."""
    return _filled(_main_part(candidate & (radius <= 1), radius))


def watershed_contour(
    kind: str, image: np.ndarray, candidate: np.ndarray, radius: np.ndarray, spacing: np.ndarray
) -> np.ndarray:
    """Marker watershed on the gradient: from candidate voxels of the core against what is surely outside.

    The flooding of Vincent and Soille (IEEE Trans Pattern Anal Mach Intell 1991;13:583-598) as scikit-image has it.

    Parameters
    ----------
    spacing : of the array's axes, mm.
    """
    from scipy.ndimage import binary_dilation, gaussian_gradient_magnitude
    from skimage.segmentation import watershed

    core = candidate & (radius <= CORE)
    if not core.any():
        return np.zeros(image.shape, dtype=bool)
    shown = np.clip(image, *_SHOWN_HU) if kind == "CT" else image
    gradient = gaussian_gradient_magnitude(shown.astype(np.float32), EDGE_MM / spacing)
    markers = np.zeros(image.shape, dtype=np.int32)
    markers[radius >= OUTSIDE] = 2
    if kind == "CT":
        markers[image < AIR_HU] = 2
    markers[core] = 1
    flooded = watershed(gradient, markers, mask=binary_dilation(markers == 0))  # the inside of a basin floods nothing
    return _filled(_main_part(core | (flooded == 1), radius))


def _main_part(voxels: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """The connected part with most voxels in the core; of the whole where none reaches it."""
    from scipy.ndimage import label

    parts, count = label(voxels)
    if count <= 1:
        return voxels
    for within in (CORE, np.inf):
        sizes = np.bincount(parts[radius <= within], minlength=count + 1)
        sizes[0] = 0
        if sizes.any():
            return parts == int(sizes.argmax())
    return voxels


def _filled(voxels: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_fill_holes

    return binary_fill_holes(voxels)
