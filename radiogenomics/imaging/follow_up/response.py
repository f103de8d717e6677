"""What a change is called: RECIST 1.1 by the sum of diameters, and by total volume.

RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228-247), as far as contours tell it: target lesions are the largest at
the baseline, at most `MOST_TARGETS`, of a longest axial diameter of at least `MEASURABLE_MM` and of twice the slice
thickness where that is more. CR: no target is left. PR: the sum is at least 30 % below the baseline's. PD: the sum is at
least 20 % and 5 mm above the smallest so far, or there is a new lesion. Else SD. Where a target was not measured and there is
no progression the answer is NE.

Not implemented: lymph nodes by their short axis, at most two targets an organ, non-target lesions, confirmation.
"""

from __future__ import annotations

import math

import pandas as pd

from radiogenomics.cohort.follow_up_settings import VolumeResponse

MOST_TARGETS = 5
MEASURABLE_MM = 10.0
PARTIAL, PROGRESSION, PROGRESSION_MM = -0.30, 0.20, 5.0
CATEGORIES = ("CR", "PR", "SD", "PD", "NE")


def target_lesions(baseline: pd.DataFrame) -> list[str]:
    """Names of the target lesions, the largest first.

    Parameters
    ----------
    baseline : `lesion_id`, `diameter_mm`, `slice_mm`, of one patient.
    """
    least = (2.0 * baseline["slice_mm"]).clip(lower=MEASURABLE_MM)
    measurable = baseline[baseline["diameter_mm"] >= least]
    ordered = measurable.sort_values(["diameter_mm", "lesion_id"], ascending=[False, True])
    return [str(lesion) for lesion in ordered["lesion_id"].head(MOST_TARGETS)]


def recist(baseline_mm: float, nadir_mm: float, now_mm: float, *, new: bool) -> str:
    """Category of a sum of diameters, mm. `nadir_mm` is the smallest before, the baseline's included; NaN now: not measured."""
    if new:
        return "PD"
    if math.isnan(now_mm) or math.isnan(baseline_mm) or baseline_mm <= 0:
        return "NE"
    if now_mm == 0:
        return "CR"
    rise = now_mm - nadir_mm
    if rise >= PROGRESSION_MM - 1e-9 and (nadir_mm == 0 or rise / nadir_mm >= PROGRESSION - 1e-9):
        return "PD"
    return "PR" if now_mm / baseline_mm - 1.0 <= PARTIAL + 1e-9 else "SD"


def by_volume(baseline_mm3: float, nadir_mm3: float, now_mm3: float, limits: VolumeResponse, *, new: bool) -> str:
    """Category of a total volume, mm3; the rules are those of `recist` with the thresholds for volumes."""
    if new:
        return "PD"
    if math.isnan(now_mm3) or math.isnan(baseline_mm3) or baseline_mm3 <= 0:
        return "NE"
    if now_mm3 == 0:
        return "CR"
    if nadir_mm3 == 0 or now_mm3 / nadir_mm3 - 1.0 >= limits.progression:
        return "PD"
    return "PR" if now_mm3 / baseline_mm3 - 1.0 <= limits.partial else "SD"
