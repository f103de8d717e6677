"""Write a whole simulated cohort as a hospital would hand it over, with what is true of it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.exceptions import InputError
from radiogenomics.simulation import dicom, faults, nifti, tables
from radiogenomics.simulation.biology import (
    HOSPITALS,
    SOURCES,
    Biology,
    Effects,
    Flags,
    Patients,
    draw_patients,
)
from radiogenomics.simulation.cohort_file import DEFAULT_NAME, cohort_text
from radiogenomics.simulation.follow_up import Visit, dated, draw_course, render_visits, true_visit
from radiogenomics.simulation.images import SCANNERS, Study, draw_tumours, render
from radiogenomics.simulation.record import truth_record
from radiogenomics.simulation.survival import Observed, clinical_columns, draw_survival

MINIMUM_PATIENTS = 10
MARK_FILE = "SIMULATED.txt"
MARK_TEXT = (
    "These data are SIMULATED. No person stands behind them.\n"
    "truth.json says what is true of them: latent values, probabilities, best achievable figures, planted faults.\n"
)
FORMATS = ("rtstruct", "seg", "nifti_labels", "nifti_masks")
FORMAT_SHARES = (0.3, 0.25, 0.2, 0.25)
LACKING = {"images": 0.08, "mutations": 0.10, "expression": 0.20}
"""Share of patients who lack a source."""

# One stream of randomness a purpose, so that a change in one leaves the others as they were.
_PATIENTS, _FORMATS, _IMAGES, _CLINICAL, _PANELS, _MAF, _EXPRESSION, _LACKING, _FAULTS, _COURSE, _SURVIVAL = range(11)


@dataclass(frozen=True)
class SimulationSummary:
    """What was written."""

    folder: Path
    cohort_file: Path
    patients: int
    lesions: int
    formats: dict[str, int]
    lacking: dict[str, int]
    planted: int
    files: int
    seconds: float


def simulate_cohort(
    folder: Path,
    *,
    patients: int = 100,
    random_state: int = 1,
    name: str | None = None,
    effects: Effects | None = None,
    biology: Biology | None = None,
    follow_up: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> SimulationSummary:
    """Write a simulated cohort into `folder`: images, tables, ``cohort.yaml`` and ``truth.json``.

    The folder appears whole or not at all. The same arguments give the same files, byte for byte.

    Parameters
    ----------
    folder : where to write; a folder that an earlier simulation wrote is replaced.
    patients : number of patients, at least 10.
    random_state : seed, 0 or more.
    name : name of the cohort in ``cohort.yaml``; 'simulated' when left out.
    effects : effect sizes; ``Effects.null()`` for a cohort in which nothing predicts anything.
    biology : how much of the biology each source shows.
    follow_up : write two later studies of each patient too, with tumours that grow, shrink, vanish or appear at known rates,
        and contours drawn with a known error; the clinical table then has the start of therapy and whether it progressed.
    on_progress : called with (patients done, patients in all) after each patient's images.

    Raises
    ------
    InputError
        Too few patients, a negative seed, an impossible name, or `folder` holds something that no simulation wrote.
    """
    started = time.perf_counter()
    folder = Path(folder).expanduser().absolute()
    _check(folder, patients, random_state)
    configuration = cohort_text(name=name or DEFAULT_NAME, follow_up=follow_up)
    effects, biology = effects or Effects(), biology or Biology()
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    try:
        counts = _write(
            partial,
            patients,
            random_state,
            name or DEFAULT_NAME,
            configuration,
            effects,
            biology,
            follow_up,
            on_progress,
        )
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return SimulationSummary(
        folder=folder,
        cohort_file=folder / "cohort.yaml",
        patients=patients,
        files=sum(1 for path in folder.rglob("*") if path.is_file()),
        seconds=time.perf_counter() - started,
        **counts,
    )


def _check(folder: Path, patients: int, random_state: int) -> None:
    if patients < MINIMUM_PATIENTS:
        raise InputError(f"patients: at least {MINIMUM_PATIENTS} are needed; found {patients}", rule="too_few_patients")
    if random_state < 0:
        raise InputError(f"random_state: must be 0 or more; found {random_state}", rule="negative_seed")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder to write into", rule="not_a_folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK_FILE).is_file():
        raise InputError(
            f"{folder}: holds files that no simulation wrote (no {MARK_FILE}); name an empty or a new folder",
            rule="folder_in_use",
        )


def _write(
    folder: Path,
    count: int,
    seed: int,
    name: str,
    configuration: str,
    effects: Effects,
    biology: Biology,
    follow_up: bool,
    on_progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    def stream(purpose: int, *more: int) -> np.random.Generator:
        return np.random.default_rng([seed, purpose, *more])

    drawn = draw_patients(count, effects, biology, stream(_PATIENTS))
    ids = [f"SIM-{number:04d}" for number in range(1, count + 1)]
    present = _present(count, stream(_LACKING))
    formats = _formats(count, present["images"], stream(_FORMATS))
    planted = faults.Planted()

    (folder / MARK_FILE).write_text(MARK_TEXT, encoding="utf-8")
    (folder / "cohort.yaml").write_text(configuration, encoding="utf-8")

    rows: list[dict[str, str]] = []
    studies: dict[str, Study] = {}
    courses: dict[str, Any] = {}
    for index, patient in enumerate(ids):
        if formats[index]:
            own = stream(_IMAGES, index)
            tumours = draw_tumours(drawn.views["images"][index], own)
            scanner = SCANNERS[drawn.hospital[index]]
            identity = dicom.StudyIdentity(
                patient,
                f"{patient}-CT1",
                "F" if drawn.female[index] else "M",
                HOSPITALS[drawn.hospital[index]],
                f"{name}/{seed}",
            )
            if follow_up:
                benefit = bool(drawn.outcome["durable_clinical_benefit"][index])
                course = draw_course(tumours, benefit, stream(_COURSE, index))
                courses[patient] = {}
                for visit, study in render_visits(course, scanner, own, stream(_COURSE, index, 1)):
                    own_identity = dated(identity, visit, course.start)
                    rows += _write_study(folder, study, own_identity, formats[index], visit)
                    courses[patient][own_identity.study_id] = true_visit(visit, study)
                    if visit.number == 0:
                        first = study
                study = first
            else:
                study = render(tumours, scanner, own)
                rows += _write_study(folder, study, identity, formats[index])
            if formats[index].startswith("nifti"):
                studies[patient] = study
        if on_progress is not None:
            on_progress(index + 1, count)

    fault_stream = stream(_FAULTS)
    lesions = len(rows)
    for fault, what, row in faults.faulty_lesions(folder, studies, rows, fault_stream):
        rows.append(row)
        planted.add(
            faults.Fault(
                fault,
                "lesions/ct",
                "lesions.csv",
                len(rows) + 1,
                row["patient_id"] or None,
                row["lesion_id"],
                what=what,
            )
        )
    pd.DataFrame(rows).to_csv(folder / "lesions.csv", index=False, lineterminator="\n")

    starts = [draw_course((), False, stream(_COURSE, index)).start for index in range(count)] if follow_up else None
    observed = draw_survival(drawn, effects.overall_survival, stream(_SURVIVAL))
    _write_tables(folder, drawn, ids, present, planted, fault_stream, stream, observed, starts)
    truth = truth_record(
        drawn,
        ids,
        present,
        formats,
        effects,
        biology,
        seed,
        name,
        planted.as_list(),
        observed,
        courses if follow_up else None,
    )
    (folder / "truth.json").write_text(json.dumps(truth, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return {
        "lesions": lesions,
        "formats": {f: formats.count(f) for f in FORMATS},
        "lacking": {source: int(np.sum(~present[source])) for source in LACKING},
        "planted": len(planted.faults),
    }


def _present(count: int, generator: np.random.Generator) -> dict[str, Flags]:
    """Source -> (n,) of bool: who has it. Who lacks what is drawn without regard to anything."""
    present = {source: np.ones(count, dtype=bool) for source in SOURCES}
    for source, share in LACKING.items():
        present[source][generator.permutation(count)[: max(1, round(share * count))]] = False
    return present


def _formats(count: int, imaged: Flags, generator: np.random.Generator) -> list[str]:
    """File format of each patient's images ('' where there are none), in fixed shares, drawn without regard to anything."""
    rows = generator.permutation(np.flatnonzero(imaged))
    edges = np.rint(np.cumsum(FORMAT_SHARES) * len(rows)).astype(int)
    formats = [""] * count
    for place, index in enumerate(rows):
        formats[int(index)] = FORMATS[int(np.searchsorted(edges, place, side="right"))]
    return formats


def _write_study(
    folder: Path, study: Study, identity: dicom.StudyIdentity, kind: str, visit: Visit | None = None
) -> list[dict[str, str]]:
    """Write one study in one format; its rows of ``lesions.csv``."""
    base = Path("images") / identity.patient_id
    if visit is not None and visit.number:
        base /= f"later_{visit.number}"
    names = [f"GTV-{number}" for number in range(1, len(study.masks) + 1)]
    if kind in ("rtstruct", "seg"):
        image = base / "CT"
        series = dicom.write_ct_series(folder / image, study, identity)
        mask = base / f"{kind.upper()}.dcm"
        write = dicom.write_rtstruct if kind == "rtstruct" else dicom.write_segmentation
        write(folder / mask, study, identity, series, names)
        regions = [(mask, name) for name in names]
    else:
        image = base / "CT.nii.gz"
        written = nifti.write_study(folder / base, study, label_volume=kind == "nifti_labels")
        regions = [(path.relative_to(folder), roi) for path, roi in written]
    end = f"-V{visit.number}" if visit is not None and visit.number else ""
    rows = [
        {
            "patient_id": identity.patient_id,
            "study_id": identity.study_id,
            "lesion_id": f"{identity.patient_id}-L{number}{end}",
            "image": image.as_posix(),
            "mask": mask.as_posix(),
            "roi": roi,
        }
        for number, (mask, roi) in enumerate(regions, start=1)
    ]
    if visit is None:
        return rows
    day = f"{identity.date[:4]}-{identity.date[4:6]}-{identity.date[6:]}"
    return [{**row, "study_date": day, "lesion_label": label} for row, label in zip(rows, visit.labels, strict=True)]


def _write_tables(
    folder: Path,
    drawn: Patients,
    ids: list[str],
    present: dict[str, Flags],
    planted: faults.Planted,
    fault_stream: np.random.Generator,
    stream: Callable[[int], np.random.Generator],
    observed: Observed,
    starts: list[date] | None,
) -> None:
    clinical = faults.spoil_clinical(tables.clinical_table(drawn, ids, stream(_CLINICAL)), planted, fault_stream)
    for column, texts in clinical_columns(observed).items():
        known = dict(zip(ids, texts, strict=True))
        clinical[column] = [known.get(p, "") for p in clinical["patient_id"]]
    if starts is not None:
        begin = dict(zip(ids, starts, strict=True))
        progressed = dict(zip(ids, 1 - drawn.outcome["durable_clinical_benefit"], strict=True))
        clinical["start_of_therapy"] = [str(begin.get(p, "")) for p in clinical["patient_id"]]
        clinical["progressed"] = [str(progressed.get(p, "")) for p in clinical["patient_id"]]
    clinical.to_csv(folder / "clinical.csv", index=False, lineterminator="\n")

    samples = tables.samples_table(ids).to_csv(sep="\t", index=False, lineterminator="\n")
    (folder / "samples.tsv").write_text(f"# SIMULATED: samples and their patients\n{samples}", encoding="utf-8")

    panels = tables.panel_matrix(drawn, ids, present["mutations"], stream(_PANELS))
    panels.to_csv(folder / "panel_matrix.tsv", sep="\t", index=False, lineterminator="\n")
    tables.panel_content().to_csv(folder / "panels.csv", index=False, lineterminator="\n")

    maf = faults.spoil_maf(tables.maf_table(drawn, ids, panels, stream(_MAF)), planted, fault_stream)
    text = maf.to_csv(sep="\t", index=False, lineterminator="\n")
    (folder / "mutations.maf").write_text(f"#version 2.4 SIMULATED\n{text}", encoding="utf-8")

    expression = tables.expression_table(drawn, ids, present["expression"], stream(_EXPRESSION))
    expression = faults.spoil_expression(expression, planted, fault_stream)
    expression.to_csv(folder / "expression.tsv", sep="\t", index=False, lineterminator="\n")
