"""What IBSI's reference tables say of the image and the region at each step of processing."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.ibsi.preprocessing import Preprocessed
from radiogenomics.imaging.reading import Lesion

_AXES = (("x", 2), ("y", 1), ("z", 0))


def processing_diagnostics(lesion: Lesion, found: Preprocessed) -> dict[str, float]:
    """Sizes, voxel sizes, bounding boxes and intensities, initially, after interpolation and after re-segmentation.

    Parameters
    ----------
    lesion : as read.
    found : `preprocess` of it with `whole_image`.

    Returns
    -------
    Values by IBSI's tags, such as ``int_mask_vox_count_reseg_roi``.
    """
    image, mask = lesion.arrays()
    spacing = np.array(lesion.image.GetSpacing())[::-1]
    values = _of_image("init_img", image, spacing) | _of_masks("init_roi", image, mask, mask)
    roi = found.roi
    values |= _of_image("interp_img", roi.intensity, roi.spacing)
    values |= _of_masks("interp_roi", roi.intensity, roi.morphological, roi.morphological)
    return values | _of_masks("reseg_roi", roi.intensity, roi.morphological, roi.selected)


def _of_image(step: str, image: np.ndarray, spacing: np.ndarray) -> dict[str, float]:
    found = {f"img_dim_{name}_{step}": float(image.shape[axis]) for name, axis in _AXES}
    found |= {f"vox_dim_{name}_{step}": float(spacing[axis]) for name, axis in _AXES}
    return found | {
        f"mean_int_{step}": float(image.mean(dtype=np.float64)),
        f"min_int_{step}": float(image.min()),
        f"max_int_{step}": float(image.max()),
    }


def _of_masks(step: str, image: np.ndarray, morphological: np.ndarray, selected: np.ndarray) -> dict[str, float]:
    found = {f"int_mask_dim_{name}_{step}": float(image.shape[axis]) for name, axis in _AXES}
    for kind, mask in (("int", selected), ("morph", morphological)):
        lower, upper = bounding_box(mask)
        found |= {f"{kind}_mask_bb_dim_{name}_{step}": float(upper[axis] - lower[axis] + 1) for name, axis in _AXES}
        found[f"{kind}_mask_vox_count_{step}"] = float(mask.sum())
    inside = image[selected]
    return found | {
        f"int_mask_mean_int_{step}": float(inside.mean(dtype=np.float64)),
        f"int_mask_min_int_{step}": float(inside.min()),
        f"int_mask_max_int_{step}": float(inside.max()),
    }
