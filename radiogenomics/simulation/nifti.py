"""Studies as NIfTI-1: an image, and masks either one a lesion or one label volume for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiogenomics.simulation.images import Study

MARK = "SIMULATED radiogenomics"
"""Stands in the header's `descrip` field."""


def write_volume(
    path: Path,
    array: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    origin_mm: tuple[float, float, float],
) -> None:
    """Write one volume.

    Parameters
    ----------
    path : `.nii` or `.nii.gz`; the file is the same, byte for byte, for the same values.
    array : shape (z, y, x).
    spacing_mm, origin_mm : x, y, z in patient coordinates (L, P, S).
    """
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_mm)
    image.SetOrigin(origin_mm)
    image.SetMetaData("ITK_FileNotes", MARK)
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path), useCompression=path.suffix == ".gz", compressionLevel=4)


def write_study(folder: Path, study: Study, *, label_volume: bool) -> list[tuple[Path, str]]:
    """Write image and masks into `folder`.

    Parameters
    ----------
    label_volume : True: one mask file with the values 1, 2, ...; False: one mask file a lesion.

    Returns
    -------
    One (mask file, roi) a lesion; roi is the label value as text, or '' where the mask file is the lesion's own.
    """
    write_volume(folder / "CT.nii.gz", study.volume, study.spacing_mm, study.origin_mm)
    if label_volume:
        labels = np.zeros(study.volume.shape, dtype=np.uint8)
        for value, mask in enumerate(study.masks, start=1):
            labels[mask] = value
        path = folder / "tumours.nii.gz"
        write_volume(path, labels, study.spacing_mm, study.origin_mm)
        return [(path, str(value)) for value in range(1, len(study.masks) + 1)]
    written = []
    for number, mask in enumerate(study.masks, start=1):
        path = folder / f"tumour_{number}.nii.gz"
        write_volume(path, mask.astype(np.uint8), study.spacing_mm, study.origin_mm)
        written.append((path, ""))
    return written
