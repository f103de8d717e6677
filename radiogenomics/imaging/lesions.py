"""The lesions that a cohort declares."""

from __future__ import annotations

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.inputs import source_rows
from radiogenomics.cohort.schemas import LESIONS, conform, empty


def declared_lesions(cohort: Cohort, manifest: pd.DataFrame) -> pd.DataFrame:
    """The lesions table of a cohort: one row for each used row of every ``lesions/<images>`` source.

    Parameters
    ----------
    cohort : the configuration.
    manifest : DataFrame by `schemas.MANIFEST`.

    Returns
    -------
    DataFrame by `schemas.LESIONS`, images in the order of the configuration, rows in the order of the manifest. Where no
    study is declared the patient's identifier stands for it.
    """
    tables = []
    for name, images in cohort.images.items():
        used = manifest[manifest["source"] == f"lesions/{name}"]
        if used.empty:
            continue
        rows = source_rows(cohort, manifest, f"lesions/{name}")
        study = rows["study_id"].where(rows["study_id"].notna() & (rows["study_id"] != ""), rows["patient_id"])
        lesion = rows["lesion_id"].where(rows["lesion_id"].notna() & (rows["lesion_id"] != ""), rows["patient_id"])
        tables.append(
            pd.DataFrame(
                {
                    "patient_id": rows["patient_id"],
                    "study_id": study,
                    "lesion_id": lesion,
                    "images": name,
                    "kind": images.kind,
                    "image": rows["image"],
                    "mask": rows["mask"],
                    "roi": rows["roi"].where(rows["roi"] != "", None).astype(object),
                    "file": used["file"].to_numpy(),
                    "row": rows["row"].astype(int),
                    "series": rows.get("series"),
                    **{
                        column: rows[column]
                        for column in ("contour", "accepted_by", "prompt")
                        if column in rows.columns
                    },
                }
            )
        )
    if not tables:
        return empty(LESIONS)
    lesions = pd.concat(tables, ignore_index=True)
    if "contour" in lesions.columns:
        lesions["contour"] = lesions["contour"].fillna("drawn")  # regions of a DICOM tree
    return conform(lesions, LESIONS)
