"""Can each lesion be used? Quality control before any feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.quality_rules import Quality
from radiogenomics.cohort.schemas import LESIONS, conform
from radiogenomics.exceptions import ImageError, TableError
from radiogenomics.imaging.acquisition import ACQUISITION_FIELDS, ACQUISITION_NUMBERS
from radiogenomics.imaging.extraction import quarantine_of, records_of, results_of
from radiogenomics.imaging.lesion_measures import STEP
from radiogenomics.imaging.quality_findings import contour_remarks, findings
from radiogenomics.storage.feature_cache import FeatureCache

_MEASURES = (
    "voxels",
    "slices",
    "empty_slices",
    "volume_mm3",
    "spacing_x_mm",
    "spacing_y_mm",
    "spacing_z_mm",
    "intensity_minimum",
    "intensity_mean",
    "intensity_maximum",
    "share_at_image_border",
    "share_saturated",
    "share_air",
    "share_lung",
    "air_hu",
)


class LesionQuality(NamedTuple):
    """What `check_lesions` found.

    Attributes
    ----------
    qc : one row a lesion, in order: patient_id, study_id, lesion_id, images, kind, contour (drawn, draft or
        accepted), accepted_by (initials, or empty), status (used, flagged, quarantined),
        reason (text; '' when used), rules (names of the rules that are broken, ';' between several), and `voxels`,
        `slices`, `empty_slices` (counts), `volume_mm3`, `spacing_{x,y,z}_mm`, `intensity_{minimum,mean,maximum}` in the
        ROI (HU, SUV or arbitrary), `share_at_image_border`, `share_saturated`, `share_air`, `share_lung` (0 to 1), `air_hu` (where air
        lies in a CT); NaN where it could not be read.
    quarantine : by `schemas.QUARANTINE`, level 'lesion'.
    acquisition : one row a study and image name: patient_id, study_id, images, scanner and protocol as far as headers
        say (None or NaN otherwise), `pixel_spacing_mm`, `slice_spacing_mm`, and
        `contour`: who drew the study's lesions (drawn, draft, accepted; ' + ' between several).
    """

    qc: pd.DataFrame
    quarantine: pd.DataFrame
    acquisition: pd.DataFrame


def check_lesions(
    lesions: pd.DataFrame,
    *,
    quality: Mapping[str, Quality] | None = None,
    cache: FeatureCache | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LesionQuality:
    """Read every lesion, say whether it can be used, and how its image was made.

    A lesion that cannot be read as declared is quarantined with its reason. What follows for one that can, but looks odd,
    is declared: it is quarantined, or flagged for a person to look at and still used.

    Parameters
    ----------
    lesions : DataFrame by `schemas.LESIONS`.
    quality : image name -> rules; the defaults of `Quality` where left out.
    cache : where measures are kept; a lesion whose files are unchanged is not read again.
    workers, scheduler, on_progress : see `radiogenomics.compute.map_items`.

    Raises
    ------
    TableError
        The lesions table breaks its schema.
    """
    if lesions.duplicated(["images", "lesion_id"]).any():
        twice = lesions.loc[lesions.duplicated(["images", "lesion_id"]), "lesion_id"].tolist()[:5]
        raise TableError(f"lesions: lesion_id given twice for the same images: {twice}", rule="duplicate")
    records = records_of(conform(lesions, LESIONS))
    settings: dict[str, dict[str, Any]] = {record["images"]: {} for record in records}
    found = results_of(
        STEP, records, settings, cache=cache, workers=workers, scheduler=scheduler, on_progress=on_progress
    )
    rows: list[dict[str, Any]] = []
    acquisitions: list[dict[str, Any]] = []
    errors: dict[int, Exception] = dict(found.errors)
    for index, record in enumerate(records):
        identity = {key: record[key] for key in ("patient_id", "study_id", "lesion_id", "images", "kind")}
        identity["contour"] = record.get("contour") or "drawn"
        identity["accepted_by"] = record.get("accepted_by") or ""
        if index in found.errors:
            error = found.errors[index]
            state = {"status": "quarantined", "reason": str(error), "rules": getattr(error, "rule", "") or "unexpected"}
            rows.append({**identity, **state, **dict.fromkeys(_MEASURES, np.nan)})
            continue
        measures = found.results[index]["measures"]
        rules = (quality or {}).get(record["images"]) or Quality()
        remarks = [*found.results[index]["remarks"], *contour_remarks(record)]
        broken = findings(record["kind"], measures, remarks, rules)
        grave = [finding for finding in broken if finding.then == "quarantine"]
        if grave:
            text = "; ".join(finding.text for finding in grave)
            errors[index] = ImageError(f"{record['images']} {record['lesion_id']}: {text}", rule=grave[0].rule)
        state = {
            "status": "quarantined" if grave else "flagged" if broken else "used",
            "reason": "; ".join(finding.text for finding in [*grave, *(b for b in broken if b not in grave)]),
            "rules": ";".join(finding.rule for finding in broken),
        }
        rows.append({**identity, **state, **{name: measures[name] for name in _MEASURES}})
        study = {key: record[key] for key in ("patient_id", "study_id", "images")}
        spacing = {"pixel_spacing_mm": measures["spacing_x_mm"], "slice_spacing_mm": measures["spacing_z_mm"]}
        acquisitions.append({**study, **found.results[index]["acquisition"], **spacing, "contour": identity["contour"]})
    columns = [
        "patient_id",
        "study_id",
        "lesion_id",
        "images",
        "kind",
        "contour",
        "accepted_by",
        "status",
        "reason",
        "rules",
        *_MEASURES,
    ]
    qc = pd.DataFrame(rows, columns=columns)
    qc[list(_MEASURES)] = qc[list(_MEASURES)].astype(float)
    return LesionQuality(qc, quarantine_of(records, errors), _acquisition_table(acquisitions))


def _acquisition_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    keys = ["patient_id", "study_id", "images"]
    columns = [*keys, *ACQUISITION_FIELDS, "pixel_spacing_mm", "slice_spacing_mm", "contour"]
    every = pd.DataFrame(rows, columns=columns)
    if len(every):
        every["contour"] = every.groupby(keys)["contour"].transform(lambda kinds: " + ".join(sorted(set(kinds))))
    table = every.drop_duplicates(keys, ignore_index=True).copy()
    for column in table.columns:
        if column in ACQUISITION_NUMBERS or column.endswith("_mm"):
            # 3.26999999999998 and 3.27 are one protocol, not two
            table[column] = table[column].astype(float).round(4)
        else:
            table[column] = table[column].astype(object).where(table[column].notna(), None)
    return table
