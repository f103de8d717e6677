"""The pages of a cohort's draft contours: one a lesion, and a list of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics.cohort.contour_origin import sidecar_of
from radiogenomics.imaging.drafts.drafted import drafted_lesion
from radiogenomics.reporting.contours.page import PageContent, contour_page, index_page
from radiogenomics.storage.atomic import file_digest, write_text

_SAID = {
    "draft": "It passed its own checks.",
    "not used": "It may not be used as it is",
    "compared": "A person's contour is there, and is what counts; the draft is shown for comparison.",
}


def write_pages(drafts: pd.DataFrame, folder: Path, title: str, *, simulated: bool) -> Path:
    """Write a page for each lesion of which a draft was made, and `index.html` with links to them.

    Parameters
    ----------
    drafts : `DraftedLesions.drafts`.
    folder : where pages are written; pages of lesions that are no longer there are removed.

    Returns
    -------
    The path of the list.
    """
    rows, names = [], {"index.html"}
    for row in drafts.to_dict("records"):
        plain = {str(key): value for key, value in row.items()}
        name = ""
        if plain["draft"]:
            name = f"{hashlib.sha256(repr((plain['images'], plain['lesion_id'])).encode()).hexdigest()[:16]}.html"
            write_text(folder / name, page_of_row(plain, simulated=simulated))
            names.add(name)
        rows.append(_listed(plain, name))
    for old in folder.glob("*.html"):
        if old.name not in names:
            old.unlink()
    write_text(folder / "index.html", index_page(title, rows, simulated))
    return folder / "index.html"


def page_of_row(row: Mapping[str, Any], *, simulated: bool) -> str:
    """The page of one row of `DraftedLesions.drafts`."""
    lesion = drafted_lesion(row)
    draft = Path(row["draft"])
    told = json.loads(sidecar_of(draft).read_text(encoding="utf-8"))
    reason = f": {row['reason']}." if row["status"] == "not used" else ""
    meta = {
        **{key: row[key] for key in ("patient_id", "study_id", "lesion_id", "images", "kind", "method")},
        "simulated": simulated,
        "status_text": _SAID[row["status"]] + reason,
        "prompt": told["prompt"],
        "file_name": draft.name.rsplit("-", 1)[0],
        "draft_file": draft.name,
        "draft_sha256": file_digest(draft),
    }
    return contour_page(PageContent(lesion.image, lesion.stored, lesion.masks, meta, _facts(row)))


def _facts(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("method", {"threshold": "threshold in the ellipsoid"}.get(row["method"], row["method"])),
        ("volume", f"{row['volume_mm3'] / 1000:.2f} ml"),
        ("of the second opinion", f"{row['second_volume_mm3'] / 1000:.2f} ml"),
        ("agreement (Dice)", f"{row['agreement']:.2f}"),
        ("outline that is the prompt's", f"{row['at_limit']:.0%}"),
        ("ellipsoid filled", f"{row['filled']:.0%}"),
    ]
    if row["status"] == "compared":
        facts.append(("Dice with the drawn one", f"{row['dice_with_drawn']:.2f}"))
        facts.append(("volume against the drawn one", f"{row['volume_error']:+.0%}"))
    return facts


def _listed(row: Mapping[str, Any], name: str) -> dict[str, str]:
    known = bool(row["draft"])
    return {
        "lesion_id": str(row["lesion_id"]),
        "images": str(row["images"]),
        "status": str(row["status"]),
        "agreement": f"{row['agreement']:.2f}" if known else "",
        "volume": f"{row['volume_mm3'] / 1000:.2f}" if known else "",
        "reason": str(row["reason"]),
        "href": name,
    }
