"""Later studies of a simulated patient: tumours grow, shrink, vanish or appear at known rates; contours are drawn with error.

The same random fields are used at every date, so that a tumour keeps its shape and scales; noise and the patient's position
differ. True volumes and diameters are those of the noise-free masks, so what an error-free reader would measure.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from radiogenomics.simulation.dicom import StudyIdentity
from radiogenomics.simulation.images import Mask, Scanner, Study, Tumour, render

CONTOUR_SD_MM = 0.5
"""Standard deviation of how far outside the tumour a contour is drawn."""
VISITS = ((-7, 3), (49, 5), (105, 5))
"""Days after the start of therapy, and how much they vary, each way; the first is the baseline."""
MEAN_LOG_CHANGE = {True: -0.35, False: 0.35}
"""Mean of the logarithm of the volume ratio over `INTERVAL` days, by whether the patient benefits."""
SD_LOG_CHANGE, INTERVAL = 0.5, 56.0
LARGEST_MM, LARGEST_OTHER_MM, GONE_MM = 14.0, 7.0, 2.5
SHARE_NEW = 0.1


@dataclass(frozen=True)
class Visit:
    """One study: its number (0 is the baseline), days after the start of therapy, and the tumours there are, by label.

    `drawn_mm` is how far outside each tumour its contour is drawn; `gone` are the labels of tumours that vanished.
    """

    number: int
    days: int
    tumours: tuple[Tumour, ...]
    labels: tuple[str, ...]
    drawn_mm: tuple[float, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Course:
    """A patient over time."""

    start: datetime.date
    visits: tuple[Visit, ...]


def draw_course(tumours: tuple[Tumour, ...], benefit: bool, generator: np.random.Generator) -> Course:
    """The start of therapy and the studies of one patient.

    Parameters
    ----------
    tumours : those of the baseline.
    benefit : whether the patient benefits: tumours then shrink on average, else they grow.
    """
    start = datetime.date(2021, 1, 4) + datetime.timedelta(days=int(generator.integers(0, 700)))
    rate = (MEAN_LOG_CHANGE[benefit] + SD_LOG_CHANGE * generator.standard_normal()) / INTERVAL
    own = rate + 0.1 / INTERVAL * generator.standard_normal(len(tumours) + 1)
    appears = len(tumours) < 3 and generator.random() < SHARE_NEW
    days = [mean + int(generator.integers(-spread, spread + 1)) for mean, spread in VISITS]
    visits: list[Visit] = []
    for number, day in enumerate(days):
        there: list[tuple[str, Tumour]] = []
        gone: list[str] = []
        for place, tumour in enumerate(tumours):
            largest = LARGEST_MM if place == 0 else LARGEST_OTHER_MM
            radius = min(tumour.radius_mm * float(np.exp(own[place] * (day - days[0]) / 3.0)), largest)
            label = f"T{place + 1}"
            if radius < GONE_MM or label in (visits[-1].gone if visits else ()):
                gone.append(label)
            else:
                there.append((label, replace(tumour, radius_mm=radius)))
        if appears and number == len(days) - 1 and tumours:
            there.append((f"T{len(tumours) + 1}", _new(tumours)))
        drawn = tuple(float(v) for v in np.clip(CONTOUR_SD_MM * generator.standard_normal(len(there)), -1.3, 1.3))
        visits.append(Visit(number, day, tuple(t for _, t in there), tuple(n for n, _ in there), drawn, tuple(gone)))
    return Course(start, tuple(visits))


def _new(tumours: tuple[Tumour, ...]) -> Tumour:
    """A small tumour in a free corner."""
    corner = (-17.0, -19.0, -14.0) if len(tumours) == 1 else (19.0, -19.0, 14.0)
    return replace(tumours[0], centre_mm=corner, radius_mm=5.0)


def render_visits(
    course: Course, scanner: Scanner, fields: np.random.Generator, generator: np.random.Generator
) -> Iterator[tuple[Visit, Study]]:
    """Each study with at least one tumour.

    Parameters
    ----------
    fields : state from which the fields of shape and texture come; it is the same for every study.
    generator : noise and position.
    """
    origin = (-40.0 + float(generator.uniform(-20, 20)), -120.0 + float(generator.uniform(-20, 20)), -300.0)
    for visit in course.visits:
        moved = tuple(round(o + float(generator.normal(0.0, 1.0)), 1) for o in origin)
        if visit.tumours:
            yield (
                visit,
                render(
                    visit.tumours,
                    scanner,
                    copy.deepcopy(fields),
                    drawn_mm=visit.drawn_mm,
                    noise=generator,
                    origin_mm=(moved[0], moved[1], moved[2]),
                ),
            )


def dated(identity: StudyIdentity, visit: Visit, start: datetime.date) -> StudyIdentity:
    """The identity of one study of the patient."""
    day = start + datetime.timedelta(days=visit.days)
    name = identity.study_id if visit.number == 0 else f"{identity.patient_id}-V{visit.number}"
    return replace(identity, study_id=name, date=f"{day:%Y%m%d}")


def true_visit(visit: Visit, study: Study) -> dict[str, Any]:
    """What is true of one study, for ``truth.json``."""
    volume = float(np.prod(study.spacing_mm))
    tumours = {
        label: {
            "volume_mm3": volume * float(mask.sum()),
            "diameter_mm": _axial_diameter(mask, study.spacing_mm),
            "drawn_mm": drawn,
        }
        for label, mask, drawn in zip(visit.labels, study.true_masks, visit.drawn_mm, strict=True)
    }
    tumours |= {label: {"volume_mm3": 0.0, "diameter_mm": 0.0, "drawn_mm": 0.0} for label in visit.gone}
    return {"days": visit.days, "tumours": tumours}


def _axial_diameter(mask: Mask, spacing_mm: tuple[float, float, float]) -> float:
    """Longest distance between outer edges of voxels within a slice, along the line of their centres, mm."""
    from scipy.spatial.distance import pdist

    longest = 0.0
    for plane in mask:
        rows, columns = np.nonzero(plane ^ _inner(plane))
        if rows.size > 1:
            points = np.column_stack([rows * spacing_mm[1], columns * spacing_mm[0]])
            longest = max(longest, float(pdist(points).max()))
    return longest + float(np.mean(spacing_mm[:2]))


def _inner(plane: Mask) -> Mask:
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(plane))
