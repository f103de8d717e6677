"""Which features survive a second contour or another scan, told from perturbed lesions; and which a fold leaves out for it.

The perturbed values of each patient are kept, so that a fold computes the intraclass correlations of its own training patients
and drops what falls below the declared minimum: no patient who is predicted has a say in what predicts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import KEYS
from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.reliability import agreements
from radiogenomics.imaging.perturbation.readings import ACQUISITION, CONTOUR, REFERENCE

GROUPS = (CONTOUR, ACQUISITION)
FEWEST_LESIONS = 3
"""With fewer lesions that have every reading no intraclass correlation is told."""

COLUMNS = (
    "images", "modality", "feature", "family", "filter", "group", "icc", "lower", "upper", "lesions", "readings",
    "share_lesions", "share_readings", "share_rest", "within_sd", "repeatability_limit", "unit", "kept",
)  # fmt: skip


@dataclass(frozen=True)
class Readings:
    """The same lesions read several times: one group of readings of one kind of images.

    Attributes
    ----------
    patients : one lesion each. columns : predictor columns ``<modality>:<feature>``.
    values : (lesions, readings, columns), the first reading changes nothing; NaN where a reading could not be taken.
    minimum : intraclass correlation below which a column does not enter a model; None: all may.
    judged_by : 'lower' or 'estimate': what `minimum` is held against.
    """

    images: str
    group: str
    patients: tuple[str, ...]
    columns: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray
    minimum: float | None
    judged_by: str

    def of(self, patients: Iterable[str]) -> np.ndarray:
        """Values of those of these patients who have every reading."""
        wanted = {str(patient) for patient in patients}
        rows = np.array([patient in wanted for patient in self.patients], dtype=bool)
        inside = self.values[rows]
        complete: np.ndarray = inside[~np.isnan(inside).any(axis=(1, 2))]
        return complete

    def digest(self) -> str:
        """SHA-256 over everything that decides what is left out."""
        said = (self.images, self.group, self.patients, self.columns, self.names, self.minimum, self.judged_by)
        total = hashlib.sha256(repr(said).encode())
        total.update(np.ascontiguousarray(self.values).tobytes())
        return total.hexdigest()


def readings_of(cohort: Cohort, perturbed: pd.DataFrame) -> tuple[Readings, ...]:
    """The groups of readings of every kind of images.

    Parameters
    ----------
    perturbed : `imaging.perturbation.features.Perturbed.values`.
    """
    found = []
    for name, images in cohort.images.items():
        own = perturbed[perturbed["images"] == name] if len(perturbed) else perturbed
        if images.robustness is None or own.empty:
            continue
        columns = [c for c in own.columns if c not in (*KEYS, "reading") and own[c].notna().any()]
        patients = sorted(own["patient_id"].unique())
        for group in GROUPS:
            declared = getattr(images.robustness, group)
            names = [r for r in dict.fromkeys(own["reading"]) if r.startswith(f"{group}/")]
            if declared is None or not names:
                continue
            index = pd.MultiIndex.from_product([patients, [REFERENCE, *names]])
            wide = own.set_index(["patient_id", "reading"])[columns].reindex(index)
            values = wide.to_numpy(dtype=float).reshape(len(patients), len(names) + 1, len(columns))
            found.append(
                Readings(
                    name,
                    group,
                    tuple(map(str, patients)),
                    tuple(columns),
                    (REFERENCE, *names),
                    values,
                    declared.minimum_icc,
                    images.robustness.judged_by,
                )
            )
    return tuple(found)


def unreliable_columns(readings: Sequence[Readings], patients: Iterable[str]) -> tuple[str, ...]:
    """Predictor columns that these (training) patients' lesions show to be unreliable, sorted.

    Raises
    ------
    ComputationError
        Fewer than `FEWEST_LESIONS` of the patients have perturbed lesions.
    """
    known = [str(patient) for patient in patients]
    found: set[str] = set()
    for one in readings:
        if one.minimum is None:
            continue
        values = one.of(known)
        if len(values) < FEWEST_LESIONS:
            raise ComputationError(
                f"images.{one.images}.robustness.{one.group}: {len(values)} of {len(known)} training patients have a lesion "
                f"with every reading, at least {FEWEST_LESIONS} are needed; perturb more `lesions`",
                rule="too_few_readings",
            )
        said = agreements(values)
        score = said.lower if one.judged_by == "lower" else said.icc
        found.update(column for column, value in zip(one.columns, score, strict=True) if not value >= one.minimum)
    return tuple(sorted(found))


def robustness_table(readings: Sequence[Readings], dictionary: pd.DataFrame) -> pd.DataFrame:
    """What all perturbed lesions say of each feature, one row a feature and group: `COLUMNS`.

    `icc` is ICC(2,1) with its 95 % interval. `share_lesions`, `share_readings` and `share_rest` are the shares of the variance
    between lesions (biology), between readings (a shift that all lesions share) and of the rest; for acquisitions the last two
    together are what is acquisition and not biology. `within_sd` is the standard deviation of a lesion's readings, in the
    feature's unit, `repeatability_limit` 1.96 sqrt(2) times it: two readings differ by less in 95 of 100 cases (Bland, Altman,
    Stat Methods Med Res 1999;8:135-160). `kept` is whether the minimum is met by all perturbed patients; each fold decides anew.

    Parameters
    ----------
    dictionary : by `schemas.FEATURE_DICTIONARY`, of the radiomics and volumetrics modalities.
    """
    known = dictionary.assign(column=dictionary["modality"] + ":" + dictionary["feature"]).drop_duplicates("column")
    entries = known.set_index("column")[["family", "unit"]].to_dict("index")
    rows: list[dict[str, Any]] = []
    for one in readings:
        values = one.of(one.patients)
        said = agreements(values) if len(values) >= FEWEST_LESIONS else None
        for place, column in enumerate(one.columns):
            modality, _, feature = column.partition(":")
            entry = entries.get(column, {"family": "", "unit": ""})
            row: dict[str, Any] = {
                "images": one.images,
                "modality": modality,
                "feature": feature,
                "family": entry["family"],
                "unit": entry["unit"],
                "filter": feature.partition("_")[0].partition("-")[0]
                if modality.startswith("radiomics")
                else "original",
                "group": one.group,
                "lesions": len(values),
                "readings": values.shape[1],
            }
            if said is None:
                rows.append({**row, "kept": False})
                continue
            score = said.lower[place] if one.judged_by == "lower" else said.icc[place]
            within = float(np.sqrt(said.within[place]))
            rows.append(
                {
                    **row,
                    "icc": said.icc[place],
                    "lower": said.lower[place],
                    "upper": said.upper[place],
                    **dict(zip(("share_lesions", "share_readings", "share_rest"), said.shares[:, place], strict=True)),
                    "within_sd": within,
                    "repeatability_limit": 1.959963984540054 * np.sqrt(2.0) * within,
                    "kept": one.minimum is None or bool(score >= one.minimum),
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"kept": bool, "lesions": int, "readings": int})
