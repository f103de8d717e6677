"""``radiogenomics study-drafts``."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.exceptions import InputError
from radiogenomics.storage import write_text
from radiogenomics.storage.atomic import write_atomically

_PAGE = """# Draft contours against drawn ones

Written by `make study-drafts` (`radiogenomics study-drafts DATA --draws {draws} --sarcoma-draws {sarcoma_draws}`); the same command
gives the same figures. What a draft is and how to use one: [imaging.md](imaging.md).

{count} lesions whose contour a person drew: {groups}. Each is drafted many times from careless prompts. A **box** is the drawn
contour's own, with each of its six faces moved by up to {jitter:g} mm either way (uniform); a **diameter** is the drawn contour's longest
in one axial slice, with both ends moved so within the slice, and stands for a ball.

- **Dice**, **volume error** ((draft - drawn) / drawn): mean over draws and, in brackets, of one lesion the 2.5th to 97.5th
  percentile of its draws; of a group the 95 % interval of the mean over its lesions (bootstrap of lesions).
- **passes**: share of drafts that pass their own quality control with the default limits (both methods agree to Dice
  {agreement:g} or more, volumes differ by at most {difference:.0%} of their mean, at most {limit:.0%} of the outline is the prompt's); 95 % interval by Wilson,
  over draws of one lesion and over the lesions of a group.
- **Dice if it passes / if not**: mean Dice of both kinds of drafts.

{said}

![Dice of every draw](draft_contours.png)

A draft that passes may still be poor: quality control sees that two methods disagree, not what is true. That is why a person looks.

## Lung tumours on CT, lesion by lesion

{lung}

## Soft-tissue sarcomas

Threshold on CT: any soft tissue around a sarcoma is above the threshold, so the draft is the prompt's ellipsoid itself. Its own quality
control says so and refuses it, whatever its Dice. The drawn contours on PET were not drawn on PET: the study drew them on MR and
carried them over, so they hold tumour with little uptake, which a threshold of uptake leaves out.

{sarcoma}

## What quality control sees

Rank correlation (Spearman) over draws of a measure that is known without any drawn contour with Dice, which is not; boxes only.

{correlation}

## Limits

- Three lung tumours. The threshold in HU, the markers of the watershed and the limits of quality control were set while
  looking at these three and at eight of the sarcomas: the figures are mildly favourable.
- Contours by one reader each; how far two readers differ is not known for these lesions.
- The simulated prompts are off at random; a person's are off in one direction, or on the wrong slice.
- nnU-Net and TotalSegmentator can be declared as the method; no weights are available here, so what they would score is not known.
"""


def study_drafts(data: Path, output: Path, draws: int, sarcoma_draws: int, workers: int, err: Console) -> None:
    """Run the study and write its page with its plot."""
    from radiogenomics.imaging.drafts import study
    from radiogenomics.reporting.figures import draft_contours_figure, png

    started = time.monotonic()
    lesions = study.real_lesions(data)
    lung = [lesion for lesion in lesions if lesion.group == "lung CT"]
    sarcomas = [lesion for lesion in lesions if lesion.group != "lung CT"]
    if not lung or not sarcomas:
        raise InputError(
            f"{data}: lung_ct_samples/, ibsi1_ct_phantom/ and sts_metastasis/ with contours are needed, found "
            f"{len(lung)} lung tumours and {len(sarcomas)} sarcomas",
            rule="data_missing",
        )
    found = []
    for part, number in ((lung, draws), (sarcomas, sarcoma_draws)):
        found.append(
            study.draft_study(
                part,
                draws=number,
                workers=workers,
                on_progress=lambda done, total: err.print(f"lesion {done} of {total}", end="\r"),
            )
        )
    plot = output.with_suffix(".png")
    boxes = found[0][found[0]["prompt"] == "box"]
    figure = draft_contours_figure(
        boxes,
        title="Draft contours from boxes that are up to 5 mm off",
        note=f"{draws} boxes a lesion; each mark is one draft. A cross: it fails its own quality control and is not used.",
    )
    write_atomically(plot, partial(Path.write_bytes, data=png(figure)))
    write_text(output, _page(found[0], found[1], draws, sarcoma_draws))
    err.print(f"{output}, {plot}: written after {time.monotonic() - started:.0f} s", highlight=False)


def _page(lung: pd.DataFrame, sarcomas: pd.DataFrame, draws: int, sarcoma_draws: int) -> str:
    from radiogenomics.imaging.drafts.study import rank_correlation, summary

    rules = DraftContours()
    everything = pd.concat([lung, sarcomas], ignore_index=True)
    groups = everything.drop_duplicates(["group", "lesion"]).groupby("group", sort=False).size()
    by_lesion = summary(lung, ["lesion", "prompt", "method"])
    by_group = summary(sarcomas, ["group", "prompt", "method"])
    boxes = everything[everything["prompt"] == "box"]
    correlation = [
        "| lesions | method | agreement and Dice | outline that is the prompt's and Dice |",
        "| --- | --- | --- | --- |",
    ]
    for (group, method), part in boxes.groupby(["group", "method"], sort=False):
        values = [rank_correlation(part, column) for column in ("agreement", "at_limit")]
        shown = " | ".join("-" if value != value else f"{value:+.2f}" for value in values)
        correlation.append(f"| {group} | {method} | {shown} |")
    return _PAGE.format(
        draws=draws,
        sarcoma_draws=sarcoma_draws,
        count=int(groups.sum()),
        groups=", ".join(f"{number} {name}" for name, number in groups.items()),
        jitter=5,
        agreement=rules.minimum_agreement,
        difference=rules.maximum_volume_difference,
        limit=rules.maximum_at_limit,
        said=_said(by_lesion),
        lung=_table(by_lesion, ["lesion", "prompt", "method"]),
        sarcoma=_table(by_group, ["group", "prompt", "method"]),
        correlation="\n".join(correlation),
    )


def _said(lung: pd.DataFrame) -> str:
    """One sentence a method over the lung tumours, boxes."""
    lines = []
    for method, part in lung[lung["prompt"] == "box"].groupby("method", sort=False):
        dice = ", ".join(f"{r['dice']:.2f} ({r['lesion']})" for r in part.to_dict("records"))
        passes = ", ".join(f"{r['passed']:.0%}" for r in part.to_dict("records"))
        lines.append(f"- `{method}` from boxes: mean Dice {dice}; of the drafts {passes} pass.")
    return "\n".join(lines)


def _table(table: pd.DataFrame, keys: list[str]) -> str:
    head = [*keys, "lesions", "drafts", "Dice", "volume error", "passes", "Dice if it passes", "if not"]
    rows = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for r in table.to_dict("records"):
        dice = f"{r['dice']:.2f} ({r['dice_lower']:.2f} to {r['dice_upper']:.2f})"
        volume = f"{r['volume_error']:+.0%} ({r['volume_lower']:+.0%} to {r['volume_upper']:+.0%})"
        passed = f"{r['passed']:.0%} ({r['passed_lower']:.0%} to {r['passed_upper']:.0%})"
        means = ["-" if r[key] != r[key] else f"{r[key]:.2f}" for key in ("dice_passed", "dice_failed")]
        cells = [*(str(r[key]) for key in keys), str(r["lesions"]), str(r["draws"]), dice, volume, passed, *means]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
