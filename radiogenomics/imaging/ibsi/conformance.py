"""Every published IBSI reference value against what this code gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.radiomic_settings import PRESETS, Radiomics
from radiogenomics.exceptions import TableError
from radiogenomics.imaging.filters.bank import responses
from radiogenomics.imaging.ibsi.diagnostics import processing_diagnostics
from radiogenomics.imaging.ibsi.extraction import original_features
from radiogenomics.imaging.ibsi.intensity import intensity_statistics
from radiogenomics.imaging.ibsi.preprocessing import preprocess
from radiogenomics.imaging.ibsi.reference import Reference, read_feature_references, read_filter_references
from radiogenomics.imaging.ibsi.reference_filters import filtered_settings, response_maps
from radiogenomics.imaging.reading import Lesion, decode_lesion

COLUMNS = ("standard", "configuration", "tag", "reference", "tolerance", "found", "within")

_FLAT = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb")


def configurations() -> dict[str, Radiomics]:
    """IBSI-1's configurations: the digital phantom, and a to e on the CT phantom."""
    first: dict[str, Any] = {"standard": "ibsi", "resegment_range": (-500, 400), "aggregations": _FLAT}
    given: dict[str, dict[str, Any]] = {
        "digital phantom": {
            "standard": "ibsi",
            "resample_mm": None,
            "bin_width": 1,
            "aggregations": (*_FLAT, "3D_avg", "3D_comb"),
        },
        "a": {**first, "resample_mm": None, "bin_width": 25},
        "b": {**first, "resample_mm": (2, 2, 3), "interpolation": "linear", "bin_width": None, "bin_count": 32},
        **{letter: PRESETS[f"ibsi_{letter}"] for letter in "cde"},
    }
    return {name: Radiomics.model_validate(values) for name, values in given.items()}


def ibsi_conformance(folder: Path, *, on_progress: Callable[[str], None] | None = None) -> pd.DataFrame:
    """Compare with all of IBSI's reference values that a folder holds.

    Parameters
    ----------
    folder : holds ``ibsi1_digital_phantom/``, ``ibsi1_ct_phantom/`` and ``ibsi2/``.
    on_progress : called with the name of each configuration before it is computed.

    Returns
    -------
    DataFrame with `COLUMNS`, one row a reference value or response map. For a map, `reference` is the range of its
    intensities, `tolerance` 1 % of it and `found` the largest difference of a voxel. A feature that is not computed has
    `found` NaN and is not within.

    Raises
    ------
    TableError
        The folder holds none of the three, or a table in it is damaged.
    """
    rows: list[tuple[Any, ...]] = []
    say = on_progress or (lambda _: None)
    parts = {name: folder / name for name in ("ibsi1_digital_phantom", "ibsi1_ct_phantom", "ibsi2")}
    if not any(part.is_dir() for part in parts.values()):
        raise TableError(f"{folder}: holds none of {', '.join(parts)}", rule="folder")
    digital, tomography, filters = parts.values()
    wanted = configurations()
    if digital.is_dir():
        say("IBSI-1 digital phantom")
        lesion = _lesion(digital / "image.nii.gz", digital / "mask.nii.gz")
        reference = read_feature_references(digital / "reference_values.csv")
        rows += _compared("IBSI-1", "digital phantom", reference, _features(lesion, wanted["digital phantom"]))
    if tomography.is_dir():
        lesion = _ct_phantom(tomography)
        for letter in "abcde":
            say(f"IBSI-1 configuration {letter}")
            reference = read_feature_references(tomography / "reference_values" / f"chest_config_{letter}.csv")
            rows += _compared("IBSI-1", letter, reference, _features(lesion, wanted[letter]))
    if filters.is_dir():
        rows += list(_maps(filters, say))
        if tomography.is_dir():
            rows += list(_filtered(filters, lesion, say))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _features(lesion: Lesion, settings: Radiomics) -> dict[str, float]:
    found = preprocess(lesion, settings, whole_image=True)
    return original_features(found.roi, settings, lesion.kind) | processing_diagnostics(lesion, found)


def _compared(
    standard: str, name: str, reference: Mapping[str, Reference], found: Mapping[str, float]
) -> Iterator[tuple[Any, ...]]:
    for tag, one in reference.items():
        value = found.get(tag, float("nan"))
        yield standard, name, tag, one.value, max(one.tolerance, one.rounding), value, one.agrees(value)


def _maps(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[Any, ...]]:
    for name, (phantom, chosen) in response_maps().items():
        say(f"IBSI-2 response map {name}")
        image, spacing = _volume(folder / "digital_phantoms" / phantom / "image" / f"{phantom}.nii.gz")
        reference, _ = _volume(folder / "reference_response_maps" / f"{name.replace('.', '_')}-ValidCRM.nii.gz")
        _, response = next(responses(image, spacing, [chosen]))
        span = float(np.ptp(reference))
        difference = float(np.abs(response - reference).max())
        yield "IBSI-2 maps", name, "largest_difference", span, 0.01 * span, difference, difference <= 0.01 * span


def _filtered(folder: Path, lesion: Lesion, say: Callable[[str], None]) -> Iterator[tuple[Any, ...]]:
    reference = read_filter_references(folder / "reference_values.csv")
    for name, settings in filtered_settings().items():
        say(f"IBSI-2 configuration {name}")
        roi = preprocess(lesion, settings).roi
        for _, response in responses(roi.intensity, roi.spacing, settings.all_filters()):
            roi = roi.with_intensity(response)
        yield from _compared("IBSI-2 values", name, reference[name], intensity_statistics(roi.values))


def _lesion(image: Path, mask: Path) -> Lesion:
    return decode_lesion(
        {"images": "ibsi", "lesion_id": image.parent.name, "kind": "CT", "image": image, "mask": mask, "roi": None}
    )


def _ct_phantom(folder: Path) -> Lesion:
    return _lesion(folder / "nifti" / "image" / "phantom.nii.gz", folder / "nifti" / "mask" / "mask.nii.gz")


def _volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import SimpleITK as sitk

    from radiogenomics.imaging.volumes import read_volume

    volume = read_volume(path, floating=True)
    return sitk.GetArrayFromImage(volume).astype(np.float64), np.array(volume.GetSpacing())[::-1]
