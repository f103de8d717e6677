"""Rows of a lesions source whose contour is a draft, or that have a box instead of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.cohort.configuration import Images
from radiogenomics.cohort.contour_origin import contour_origin
from radiogenomics.cohort.identities import RowIdentities
from radiogenomics.cohort.prompts import COLUMNS, PromptError, prompt_of_cells
from radiogenomics.cohort.reading import RawTable


def refuse_prompts(raw: RawTable, identities: RowIdentities, name: str, images: Images, folder: Path) -> set[int]:
    """Set aside rows whose box or diameter cannot be used, with or without a contour.

    Returns
    -------
    lines that have no mask but a box or a diameter, whether it can be used or not.
    """
    columns = [column for column in COLUMNS if column in raw.cells.columns]
    without: set[int] = set()
    if not columns:
        return without
    wrong: dict[int, str] = {}
    refused: dict[int, str] = {}
    for line, cells in raw.cells.iterrows():
        row, where = int(str(line)), f"{raw.label} line {line}"
        try:
            prompt = prompt_of_cells({column: str(cells[column]) for column in columns})
            if prompt is not None and prompt.kind == "box_voxels" and (folder / str(cells["image"]).strip()).is_dir():
                raise PromptError("column box_voxels: DICOM slices have no order of their own; give box_mm")
        except PromptError as problem:
            wrong[row] = f"{where}: {problem}"
            prompt = None
        if str(cells["mask"]).strip():
            continue
        if row in wrong or prompt is not None:
            without.add(row)
        if prompt is not None and images.draft_contours.use == "refuse":
            refused[row] = (
                f"{where}: column 'mask' is blank and column '{prompt.kind}' is filled, but images.{name}.draft_contours "
                "is refuse: draw the contour, or say separate or include"
            )
    identities.refuse(wrong, "box_invalid")
    identities.refuse(refused, "draft_refused")
    return without


def refuse_contours(masks: Mapping[int, Path], identities: RowIdentities, name: str, images: Images) -> None:
    """Set aside rows whose mask is a draft that nobody accepted, where drafts are refused, or contradicts its sidecar."""
    drafts: dict[int, str] = {}
    wrong: dict[int, str] = {}
    for row, mask in masks.items():
        lesion = identities.table["lesion_id"][row]
        origin = contour_origin(mask, lesion if isinstance(lesion, str) else None)
        if origin.problem:
            wrong[row] = f"{identities.where} {row}: {origin.problem}"
        elif origin.contour == "draft" and images.draft_contours.use == "refuse":
            drafts[row] = (
                f"{identities.where} {row}: {mask.name} is a draft contour that nobody accepted, and "
                f"images.{name}.draft_contours is refuse: accept it on its page, or say separate or include"
            )
    identities.refuse(wrong, "contour_sidecar")
    identities.refuse(drafts, "draft_refused")


def lesion_columns(masks: Sequence[str], cells: pd.DataFrame | None = None) -> dict[str, Any]:
    """Columns `contour`, `accepted_by` and, where the table has any, `prompt` for rows with these masks ('': none)."""
    origins = [contour_origin(Path(mask)) if mask else None for mask in masks]
    found: dict[str, Any] = {
        "contour": ["draft" if origin is None else origin.contour for origin in origins],
        "accepted_by": [origin.accepted_by or None if origin is not None else None for origin in origins],
    }
    columns = [column for column in COLUMNS if cells is not None and column in cells.columns]
    if cells is not None and columns:
        prompts = [
            prompt_of_cells({column: str(row[column]) for column in columns})
            for row in cells[columns].to_dict("records")
        ]
        found["prompt"] = [prompt.text() if prompt is not None else None for prompt in prompts]
    return {key: pd.Series(value, dtype=object) for key, value in found.items()}
