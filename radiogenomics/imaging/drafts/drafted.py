"""A drafted lesion read again: its image, and every contour there is of it, on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from radiogenomics.imaging.geometry import turned_back
from radiogenomics.imaging.guarded_reading import read_lesion
from radiogenomics.imaging.volumes import read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk


class DraftedLesion(NamedTuple):
    """An image with its contours.

    Attributes
    ----------
    image : float32 volume with axes along the body.
    stored : the image with its axes as its file stores them.
    masks : 'draft', 'second' and, where a person drew one, 'drawn': boolean arrays on the grid of `image`.
    """

    image: sitk.Image
    stored: sitk.Image
    masks: dict[str, np.ndarray]

    def along_axes(self) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
        """Image and masks with array axes head, back, left (z, y, x), and their spacing in that order."""
        import SimpleITK as sitk

        image = sitk.DICOMOrient(self.image, "LPS")
        masks = {}
        for key, voxels in self.masks.items():
            mask = sitk.GetImageFromArray(voxels.astype(np.uint8))
            mask.CopyInformation(self.image)
            masks[key] = sitk.GetArrayFromImage(sitk.DICOMOrient(mask, "LPS")) > 0
        return sitk.GetArrayFromImage(image), masks, np.array(image.GetSpacing())[::-1]


def drafted_lesion(row: Mapping[str, Any]) -> DraftedLesion:
    """Read what a row of `DraftedLesions.drafts` names.

    Raises
    ------
    ImageError
        The image or a contour cannot be read.
    """
    import SimpleITK as sitk

    record = {key: row[key] for key in ("image", "kind", "images", "lesion_id", "roi", "series")}
    read = read_lesion({**record, "mask": ""})
    masks = {}
    for key in ("draft", "second"):
        mask = turned_back(read_volume(Path(row[key]), floating=False), read.turned)  # turning twice is not turning
        masks[key] = sitk.GetArrayFromImage(mask) > 0
    if row["drawn"]:
        masks["drawn"] = read_lesion({**record, "mask": row["drawn"]}).arrays()[1]
    return DraftedLesion(read.image, turned_back(read.image, read.turned), masks)
