"""Contours as NIfTI files that say in their header where they came from, with a sidecar that says more."""

from __future__ import annotations

import gzip
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiogenomics.cohort.contour_origin import DESCRIP, sidecar_of
from radiogenomics.storage.atomic import write_atomically, write_text

if TYPE_CHECKING:
    import SimpleITK as sitk

HEADER_BYTES = 352
"""A NIfTI-1 header in one file with its voxels, and the four bytes that say that no extension follows."""


def nifti_bytes(mask: sitk.Image, descrip: str) -> bytes:
    """A mask volume as uncompressed NIfTI-1, with `descrip` (up to 79 characters) in its header."""
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contour.nii"
        sitk.WriteImage(sitk.Cast(mask, sitk.sitkUInt8), str(file))
        content = bytearray(file.read_bytes())
    content[DESCRIP] = descrip.encode("ascii")[:79].ljust(80, b"\0")
    return bytes(content)


def grid_of(volume: sitk.Image, voxels: np.ndarray | None = None) -> sitk.Image:
    """A mask volume on the grid of another: of zeros, or of a boolean array (z, y, x)."""
    import SimpleITK as sitk

    if voxels is None:
        mask = sitk.Image(volume.GetSize(), sitk.sitkUInt8)
    else:
        mask = sitk.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(volume)
    return mask


def write_contour(file: Path, mask: sitk.Image, descrip: str, told: dict[str, Any]) -> None:
    """Write a ``.nii.gz`` and its sidecar, each whole or not at all; the same mask gives the same bytes."""
    content = gzip.compress(nifti_bytes(mask, descrip), compresslevel=6, mtime=0)
    write_atomically(file, partial(Path.write_bytes, data=content))
    write_text(sidecar_of(file), json.dumps(told, indent=1, allow_nan=False) + "\n")
