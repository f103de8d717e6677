"""What an encoder from a file is fed: boxes or planes on the grid that its manifest declares."""

from __future__ import annotations

import numpy as np

from radiogenomics.imaging.encoder_manifest import EncoderInput
from radiogenomics.imaging.lesion_box import lesion_box
from radiogenomics.imaging.reading import Lesion


def encoder_pictures(lesion: Lesion, declared: EncoderInput) -> np.ndarray:
    """Pictures around the centroid of the ROI, scaled as declared.

    Returns
    -------
    (1, channels, z, y, x) float32 for a box; (3, channels, rows, columns) for planes: axial, coronal,
    sagittal, the latter two with the head up.
    """
    boxes = []
    for shape, spacing in _grids(declared):
        box = lesion_box(lesion, shape, spacing, declared.window)
        image = (box.image - declared.mean) / declared.deviation
        channels = [image] * declared.channels + ([box.mask.astype(np.float32)] if declared.mask_channel else [])
        kept = np.stack(channels).astype(np.float32)
        if len(declared.shape) == 2:
            thin = shape.index(1)
            kept = kept.squeeze(axis=1 + thin) if thin == 0 else kept.squeeze(axis=1 + thin)[:, ::-1]
        boxes.append(kept)
    return np.stack(boxes)


def _grids(declared: EncoderInput) -> list[tuple[tuple[int, int, int], tuple[float, float, float]]]:
    """Shape z, y, x and spacing x, y, z of each picture; a plane is a box of one voxel's thickness."""
    if len(declared.shape) == 3:
        z, y, x = declared.shape
        first, second, third = declared.spacing_mm
        return [((z, y, x), (first, second, third))]
    rows, columns = declared.shape
    across, down = declared.spacing_mm
    return [
        ((1, rows, columns), (across, down, 1.0)),
        ((rows, 1, columns), (across, 1.0, down)),
        ((rows, columns, 1), (1.0, across, down)),
    ]
