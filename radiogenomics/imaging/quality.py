"""Can each lesion be used? Quality control before any feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.schemas import LESIONS, conform
from radiogenomics.compute import map_items
from radiogenomics.exceptions import TableError
from radiogenomics.imaging.acquisition import ACQUISITION_FIELDS, ACQUISITION_NUMBERS
from radiogenomics.imaging.extraction import quarantine_of
from radiogenomics.imaging.geometry import bounding_box
from radiogenomics.imaging.reading import Lesion, read_lesion

_MEASURES = (
    "voxels",
    "slices",
    "volume_mm3",
    "spacing_x_mm",
    "spacing_y_mm",
    "spacing_z_mm",
    "intensity_minimum",
    "intensity_mean",
    "intensity_maximum",
    "share_at_image_border",
)


class LesionQuality(NamedTuple):
    """What `check_lesions` found.

    Attributes
    ----------
    qc : one row a lesion, in order: patient_id, study_id, lesion_id, images, kind, status (used, flagged, quarantined),
        reason (text; '' when used), and `voxels`, `slices` (counts), `volume_mm3`, `spacing_{x,y,z}_mm`,
        `intensity_{minimum,mean,maximum}` in the ROI (HU, SUV or arbitrary), `share_at_image_border` (0 to 1); NaN where
        quarantined.
    quarantine : by `schemas.QUARANTINE`, level 'lesion'.
    acquisition : one row a study and image name: patient_id, study_id, images, scanner and protocol as far as headers
        say (None or NaN otherwise), `pixel_spacing_mm`, `slice_spacing_mm`.
    """

    qc: pd.DataFrame
    quarantine: pd.DataFrame
    acquisition: pd.DataFrame


def check_lesions(
    lesions: pd.DataFrame,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LesionQuality:
    """Read every lesion, say whether it can be used, and how its image was made.

    A lesion that cannot be read as declared is quarantined with its reason. One that can, but looks odd, is flagged and
    still used: it is for a person to look at.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`.

    Raises
    ------
    TableError
        The lesions table breaks its schema.
    """
    if lesions.duplicated(["images", "lesion_id"]).any():
        twice = lesions.loc[lesions.duplicated(["images", "lesion_id"]), "lesion_id"].tolist()[:5]
        raise TableError(f"lesions: lesion_id given twice for the same images: {twice}", rule="duplicate")
    records = [
        {str(key): value for key, value in record.items()} for record in conform(lesions, LESIONS).to_dict("records")
    ]
    outcomes = map_items(_inspect, records, workers=workers, scheduler=scheduler, on_progress=on_progress)
    rows: list[dict[str, Any]] = []
    acquisitions: list[dict[str, Any]] = []
    errors: dict[int, Exception] = {}
    for index, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        identity = {key: record[key] for key in ("patient_id", "study_id", "lesion_id", "images", "kind")}
        if outcome.value is None:
            error = outcome.error
            assert error is not None  # an outcome has a value or an error
            errors[index] = error
            rows.append({**identity, "status": "quarantined", "reason": str(error), **dict.fromkeys(_MEASURES, np.nan)})
            continue
        measures, flags, acquisition = outcome.value
        rows.append({**identity, "status": "flagged" if flags else "used", "reason": "; ".join(flags), **measures})
        study = {key: record[key] for key in ("patient_id", "study_id", "images")}
        spacing = {"pixel_spacing_mm": measures["spacing_x_mm"], "slice_spacing_mm": measures["spacing_z_mm"]}
        acquisitions.append({**study, **acquisition, **spacing})
    columns = ["patient_id", "study_id", "lesion_id", "images", "kind", "status", "reason", *_MEASURES]
    return LesionQuality(
        pd.DataFrame(rows, columns=columns),
        quarantine_of(records, errors),
        _acquisition_table(acquisitions),
    )


def _acquisition_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    keys = ["patient_id", "study_id", "images"]
    columns = [*keys, *ACQUISITION_FIELDS, "pixel_spacing_mm", "slice_spacing_mm"]
    table = pd.DataFrame(rows, columns=columns).drop_duplicates(keys, ignore_index=True)
    for column in table.columns:
        if column in ACQUISITION_NUMBERS or column.endswith("_mm"):
            # 3.26999999999998 and 3.27 are one protocol, not two
            table[column] = table[column].astype(float).round(4)
        else:
            table[column] = table[column].astype(object).where(table[column].notna(), None)
    return table


def _inspect(record: dict[str, Any]) -> tuple[dict[str, float], list[str], dict[str, Any]]:
    """Measures, flags and acquisition of one lesion."""
    lesion = read_lesion(record)
    measures = _measure(lesion)
    return measures, _flags(lesion, measures), lesion.acquisition


def _measure(lesion: Lesion) -> dict[str, float]:
    image, roi = lesion.arrays()
    inside = image[roi].astype(np.float64)
    spacing = lesion.image.GetSpacing()
    border = np.ones_like(roi)
    border[1:-1, 1:-1, 1:-1] = False
    lower, upper = bounding_box(roi)
    return {
        "voxels": float(roi.sum()),
        "slices": float(upper[0] - lower[0] + 1),
        "volume_mm3": float(roi.sum()) * float(np.prod(spacing)),
        "spacing_x_mm": spacing[0],
        "spacing_y_mm": spacing[1],
        "spacing_z_mm": spacing[2],
        "intensity_minimum": float(inside.min()),
        "intensity_mean": float(inside.mean()),
        "intensity_maximum": float(inside.max()),
        "share_at_image_border": float((roi & border).sum()) / float(roi.sum()),
    }


def _flags(lesion: Lesion, measures: dict[str, float]) -> list[str]:
    """What a person should look at."""
    image, roi = lesion.arrays()
    flags = []
    if measures["share_at_image_border"] > 0:
        flags.append(f"{measures['share_at_image_border']:.1%} of the ROI lies at the border of the image")
    if measures["slices"] == 1:
        flags.append("the ROI is on one slice only")
    if measures["intensity_minimum"] == measures["intensity_maximum"]:
        flags.append("every voxel of the ROI has the same value")
    if lesion.kind == "CT":
        air = float((image[roi] < -900).mean())
        if air > 0.25:
            flags.append(f"{air:.0%} of the ROI is air (below -900 HU): contour elsewhere than the tumour?")
        if float(image.min()) >= 0:
            flags.append("no voxel of the image is below 0: values may not be HU")
    if lesion.kind == "PT":
        if float(image.min()) < 0:
            flags.append(f"negative uptake ({float(image.min()):.3g})")
        if measures["intensity_maximum"] > 200:
            flags.append(f"highest value {measures['intensity_maximum']:.4g}: values may not be SUV")
    return flags
