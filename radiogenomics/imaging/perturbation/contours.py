"""The contour grown, shrunk, shifted and turned; the image stays as it is.

After Zwanenburg et al., Assessing robustness of radiomic features by image perturbation, Sci Rep 2019;9:614, with sizes in
mm instead of shares of the volume. A moved outline is cut again into voxels of the image.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.follow_up.measures import signed_distance


def moved_outline(roi: np.ndarray, spacing: np.ndarray, outward_mm: float) -> np.ndarray:
    """The region whose outline lies `outward_mm` further out (in, where below 0), to half a voxel.

    Parameters
    ----------
    roi : bool (z, y, x). spacing : mm, in the same order.
    """
    return np.asarray(signed_distance(roi, spacing) <= outward_mm)


def shifted(roi: np.ndarray, spacing: np.ndarray, shift_mm: tuple[float, float, float]) -> np.ndarray:
    """The region moved by (z, y, x) mm; a voxel is inside where half of it is."""
    from scipy.ndimage import shift

    moved: np.ndarray = shift(roi.astype(np.float32), np.array(shift_mm) / spacing, order=1, mode="constant")
    return moved >= 0.5


def turned(roi: np.ndarray, spacing: np.ndarray, degrees: float) -> np.ndarray:
    """The region turned about the body's axis through its centre."""
    from scipy.ndimage import affine_transform

    centre = np.argwhere(roi).mean(axis=0)
    angle = np.deg2rad(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    matrix = np.diag(1 / spacing) @ turn @ np.diag(spacing)
    moved: np.ndarray = affine_transform(roi.astype(np.float32), matrix, offset=centre - matrix @ centre, order=1)
    return moved >= 0.5
