"""Who drew the contours of a cohort."""

from __future__ import annotations

import pandas as pd


def contour_counts(qc: pd.DataFrame) -> pd.DataFrame:
    """Who drew the contours, by images: drawn by a person, draft by a program, accepted (a draft that a person accepted).

    Parameters
    ----------
    qc : `LesionQuality.qc`.

    Returns
    -------
    DataFrame images, contour, lesions, patients, quarantined (lesions that quality control set aside).
    """
    rows = [
        {
            "images": images,
            "contour": contour,
            "lesions": len(part),
            "patients": part["patient_id"].nunique(),
            "quarantined": int((part["status"] == "quarantined").sum()),
        }
        for (images, contour), part in qc.groupby(["images", "contour"], sort=True)
    ]
    return pd.DataFrame(rows, columns=["images", "contour", "lesions", "patients", "quarantined"])
