"""Where a lesion without a contour is: a box or a RECIST diameter from the columns of a lesions table.

===============  ===========================================================================================
``box_mm``       six numbers: two opposite corners x y z x y z, in mm
``box_voxels``   six numbers: first and last voxel i j k i j k, both in the box, counted from 0 in the order in
                 which the image file stores its axes; only for images in one file
``recist_mm``    six numbers: the two ends x y z x y z of the longest diameter, in mm
``centre_mm``    three numbers: the middle x y z of a lesion, in mm, with
``diameter_mm``  one number: its longest diameter in mm
===============  ===========================================================================================

Positions in mm are those of DICOM: x towards the patient's left, y towards the back, z towards the head. Numbers are
separated by blanks, commas or semicolons. A row gives one of the four.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

COLUMNS = ("box_mm", "box_voxels", "recist_mm", "centre_mm", "diameter_mm")
"""Optional columns of a lesions table."""

LARGEST_MM = 400.0
"""No lesion is longer than this; a larger number is another unit or another coordinate system."""

_COUNTS = {"box_mm": 6, "box_voxels": 6, "recist_mm": 6, "centre_mm": 3, "diameter_mm": 1}


class PromptError(ValueError):
    """Why cells give no prompt: a sentence without file and line, which the caller knows."""


class Prompt(NamedTuple):
    """Where a lesion is.

    Attributes
    ----------
    kind : 'box_mm', 'box_voxels', 'recist_mm' or 'centre_mm'.
    numbers : six numbers as in the column; for 'centre_mm' the three of the centre and the diameter.
    """

    kind: str
    numbers: tuple[float, ...]

    def text(self) -> str:
        """As one JSON text, as tables carry it."""
        return json.dumps([self.kind, list(self.numbers)])

    @classmethod
    def of_text(cls, text: str) -> Prompt:
        """The prompt that `text` wrote."""
        kind, numbers = json.loads(text)
        return cls(kind, tuple(float(number) for number in numbers))


def prompt_of_cells(cells: Mapping[str, str]) -> Prompt | None:
    """The prompt that a row of a lesions table gives, or None where its cells are blank.

    Raises
    ------
    PromptError
        More than one is given, a number is missing or no number, the box is flat or the diameter absurd.
    """
    given = {column: cells[column].strip() for column in COLUMNS if cells.get(column, "").strip()}
    if not given:
        return None
    kinds = [kind for kind in given if kind != "diameter_mm"]
    if len(kinds) > 1:
        raise PromptError(f"columns {' and '.join(kinds)} are both filled; give one")
    if ("centre_mm" in given) != ("diameter_mm" in given):
        lacking = "diameter_mm" if "centre_mm" in given else "centre_mm"
        raise PromptError(f"column {next(iter(given))} needs {lacking} beside it, which is blank")
    numbers = {column: _numbers(column, cell) for column, cell in given.items()}
    kind = kinds[0]
    values = numbers[kind] + numbers.get("diameter_mm", ())
    _check(kind, values)
    return Prompt(kind, values)


def _numbers(column: str, cell: str) -> tuple[float, ...]:
    parts = [part for part in re.split(r"[\s,;]+", cell) if part]
    try:
        numbers = tuple(float(part) for part in parts)
    except ValueError:
        raise PromptError(f"column {column}: '{cell}' holds something that is no number") from None
    if len(numbers) != _COUNTS[column]:
        raise PromptError(f"column {column}: {_COUNTS[column]} numbers are needed, found {len(numbers)}")
    if not all(math.isfinite(number) for number in numbers):
        raise PromptError(f"column {column}: '{cell}' holds a number that is not finite")
    return numbers


def _check(kind: str, values: tuple[float, ...]) -> None:
    if kind == "box_voxels":
        if any(value != int(value) or value < 0 for value in values):
            raise PromptError("column box_voxels: whole numbers from 0 are needed")
        return
    if kind == "centre_mm":
        length = values[3]
    else:
        edges = [abs(values[axis + 3] - values[axis]) for axis in range(3)]
        length = max(edges) if kind == "box_mm" else math.hypot(*edges)
        if kind == "box_mm" and min(edges) == 0:
            raise PromptError(f"column box_mm: the box is flat: its edges are {_list(edges)} mm")
    if not 0 < length <= LARGEST_MM:
        what = "diameter" if kind != "box_mm" else "longest edge"
        raise PromptError(f"column {kind}: the {what} is {length:.4g} mm; above 0 and up to {LARGEST_MM:g} is allowed")


def _list(values: list[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
