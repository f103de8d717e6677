"""Who drew a contour: a person, a program, or a program whose draft a person accepted.

Contours that this project writes say so in the NIfTI header's `descrip`, so that a copy under another name still does: `DRAFT`,
or `ACCEPTED` with the initials of who looked at it. A sidecar `<name>.contour.json` beside the file says more; where it is there,
it must agree.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import NamedTuple

DRAFT = "radiogenomics draft"
ACCEPTED = "radiogenomics accepted by "
INITIALS = re.compile(r"^[A-Za-z0-9]{1,8}$")
"""How a person signs: up to eight letters or digits, never a name."""

DESCRIP = slice(148, 228)
"""Where `descrip` stands in a NIfTI-1 header (80 bytes, text)."""


class ContourOrigin(NamedTuple):
    """Attributes
    ----------
    contour : 'drawn', 'draft' or 'accepted' (a draft that a person looked at, perhaps edited, and accepted).
    accepted_by : initials, or ''.
    problem : why the contour must not be used, or ''.
    """

    contour: str = "drawn"
    accepted_by: str = ""
    problem: str = ""


def contour_origin(mask: Path, lesion_id: str | None = None) -> ContourOrigin:
    """Where a mask came from. What says nothing, or cannot be read here, counts as drawn by a person.

    Parameters
    ----------
    mask : file; only NIfTI can say.
    lesion_id : of the row that names the mask; a sidecar that speaks of another lesion is a problem.
    """
    marked = _by_header(mask)
    if marked.contour == "drawn":
        return marked
    sidecar = sidecar_of(mask)
    if not sidecar.is_file():
        return marked
    try:
        told = json.loads(sidecar.read_text(encoding="utf-8"))
        decision, signed, lesion = (str(told.get(key, "")) for key in ("decision", "initials", "lesion_id"))
    except (OSError, ValueError, AttributeError):
        return marked._replace(problem=f"{sidecar}: is no JSON object")
    expected = ("accepted", marked.accepted_by) if marked.contour == "accepted" else ("draft", "")
    if (decision, signed) != expected:
        return marked._replace(
            problem=f"{sidecar}: says '{decision}' by '{signed}', the contour itself '{expected[0]}' by '{expected[1]}'"
        )
    if lesion_id is not None and lesion != lesion_id:
        return marked._replace(problem=f"{sidecar}: the contour is of lesion '{lesion}', not of '{lesion_id}'")
    return marked


def sidecar_of(mask: Path) -> Path:
    """The file beside a contour that says how it came to be."""
    return mask.with_name(re.sub(r"\.nii(\.gz)?$", "", mask.name) + ".contour.json")


def _by_header(mask: Path) -> ContourOrigin:
    if not mask.name.lower().endswith((".nii", ".nii.gz")) or not mask.is_file():
        return ContourOrigin()
    try:
        with gzip.open(mask) if mask.name.lower().endswith(".gz") else mask.open("rb") as stream:
            text = stream.read(348)[DESCRIP].split(b"\0")[0].decode("latin-1").strip()
    except (OSError, EOFError, zlib.error):
        return ContourOrigin()  # reading it will say what is wrong
    if text == DRAFT:
        return ContourOrigin("draft")
    if text.startswith(ACCEPTED) and INITIALS.match(text.removeprefix(ACCEPTED)):
        return ContourOrigin("accepted", text.removeprefix(ACCEPTED))
    return ContourOrigin()
