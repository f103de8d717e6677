"""Group `imaging`: draft contours of lesions that have a box or a diameter, where the cohort allows them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from assets.display import Item, number, page_url, plot, table, text
from assets.factory import Compute, asset_key, cohort_asset
from assets.step import Product
from radiogenomics.cohort.change import files_signature, part_signature
from radiogenomics.cohort.configuration import Cohort

NAME = "draft_contours"

_SAID = {
    "separate": "drafts are measured and shown; **none enters a patient's features** until a person accepted it",
    "include": "**drafts that pass their checks count like drawn contours**, and are flagged as drafts",
}


def has_drafts(cohort: Cohort) -> bool:
    """Whether any images of the cohort allow draft contours."""
    return any(images.draft_contours.use != "refuse" for images in cohort.images.values())


def draft_assets(cohort: Cohort) -> list[dg.AssetsDefinition]:
    """The asset of draft contours, where the cohort allows any."""
    if not has_drafts(cohort):
        return []
    return [
        cohort_asset(
            cohort,
            [NAME],
            group_name="imaging",
            kinds=["table"],
            description=(
                "**What is this:** contours drafted by a program for lesions that have only a box or a diameter, by two methods. "
                "**Can I trust it:** as a draft; where both methods disagree or the outline is only the box's, it is set aside. "
                "**What next:** open the pages, correct, accept with your initials, and name the saved file in column `mask`."
            ),
            compute=_drafts(cohort),
            packages=["imaging", "cohort", "reporting/contours"],
            settings=cohort.model_dump(mode="json", include={"images"}),
            inputs={"manifest": ["manifest"]},
            depends=lambda values: _state(cohort, values),
        )
    ]


def _state(cohort: Cohort, values: Mapping[str, Any]) -> list[str]:
    """The rows that name images and boxes, and the state of the files they name."""
    from radiogenomics.imaging import declared_lesions

    lesions = declared_lesions(cohort, values["manifest"]["manifest"])
    paths = [Path(path) for column in ("image", "mask") for path in lesions[column] if path]
    rows = hashlib.sha256(lesions.to_csv(index=False).encode()).hexdigest()
    return [part_signature(values["manifest"], ["lesions/"]), rows, files_signature(paths)]


def _drafts(cohort: Cohort) -> Compute:
    def compute(home, values, progress) -> Product:
        from radiogenomics.imaging import declared_lesions, draft_lesions, draft_sheet
        from radiogenomics.reporting.contours.pages import write_pages
        from radiogenomics.reporting.figures.canvas import mark_simulated

        made = draft_lesions(
            cohort,
            declared_lesions(cohort, values["manifest"]["manifest"]),
            home.drafts / cohort.name,
            workers=cohort.compute.workers,
            scheduler=cohort.compute.scheduler,
            on_progress=progress,
        )
        key = [cohort.name, NAME]
        title = cohort.title or cohort.name
        write_pages(made.drafts, home.pages.joinpath(*key), title, simulated=cohort.simulated)
        count = made.drafts["status"].value_counts()
        measured = ["lesion_id", "images", "status", "agreement", "volume_difference", "at_limit", "volume_mm3"]
        uses = {name: images.draft_contours.use for name, images in cohort.images.items()}
        shown = {
            "1_drafts": number(int(count.get("draft", 0))),
            "2_not_used": number(int(count.get("not used", 0))),
            "3_compared_with_drawn": number(int(count.get("compared", 0))),
            "4_what_follows": text(
                "\n".join(f"- `{name}`: {_SAID[use]}" for name, use in uses.items() if use in _SAID)
            ),
            "5_pages": page_url(key, "index.html"),
            "7_quality": table(made.drafts[[*measured, "dice_with_drawn", "volume_error", "reason"]], rows=30),
        }
        if len(made.drafts):
            figure = draft_sheet(made.drafts)
            if cohort.simulated:
                mark_simulated(figure)
            shown["6_contact_sheet"] = plot(figure, home.pages, key, "drafts")
        return Product({"lesions": made.lesions, "drafts": made.drafts, "quarantine": made.quarantine}, shown)

    return compute


def contours_shown(qc: pd.DataFrame) -> dict[str, Item]:
    """How many contours were drawn, drafted and accepted, where not all were drawn."""
    count = qc["contour"].value_counts()
    if set(count.index) <= {"drawn"}:
        return {}
    said = ", ".join(f"{count.get(kind, 0)} {kind}" for kind in ("drawn", "draft", "accepted"))
    return {"3_contours": text(f"{said}. A draft was made by a program; accepted: a draft that a person accepted.")}


def draft_checks(cohort: Cohort) -> list[dg.AssetChecksDefinition]:
    """Checks of the draft contours."""
    if not has_drafts(cohort):
        return []

    @dg.asset_check(
        asset=asset_key(cohort, NAME),
        blocking=True,
        description="Each lesion has a contour or is set aside; each draft is marked as one.",
    )
    def every_draft_is_marked(draft_contours: Any) -> dg.AssetCheckResult:
        lesions, drafts = draft_contours["lesions"], draft_contours["drafts"]
        without = int((lesions["mask"] == "").sum())
        made = drafts.loc[drafts["status"] == "draft", ["images", "lesion_id"]]
        marked = lesions.merge(made, on=["images", "lesion_id"])
        unmarked = len(made) - int((marked["contour"] == "draft").sum())
        return dg.AssetCheckResult(
            passed=without == 0 and unmarked == 0,
            description=f"{len(made)} drafts, {unmarked} not marked; {without} of {len(lesions)} lesions without a contour",
        )

    return [every_draft_is_marked]
