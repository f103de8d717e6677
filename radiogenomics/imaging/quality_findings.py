"""What measures of a lesion mean by the rules of quality control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from radiogenomics.cohort.quality_rules import Consequence, Quality


class Finding(NamedTuple):
    """A rule that a lesion breaks, what was found, and what follows."""

    rule: str
    text: str
    then: Consequence


def findings(
    kind: str, measures: Mapping[str, Any], remarks: Sequence[Sequence[str]], quality: Quality
) -> list[Finding]:
    """The rules that are broken and not ignored.

    Parameters
    ----------
    kind : 'CT', 'PT' or 'MR'.
    measures, remarks : as `measures_of_lesion` gives them.
    quality : rules, limits and consequences.
    """
    broken = [*_of_roi(measures, quality), *_OF_KIND[kind](measures, quality), *map(tuple, remarks)]
    found = [Finding(rule, text, getattr(quality, rule).then) for rule, text in broken]
    return [finding for finding in found if finding.then != "ignore"]


def contour_remarks(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is to be said of who drew a contour: a draft is never taken for a drawn one in silence."""
    if record.get("contour") != "draft":
        return []
    return [("draft_contour", "the contour is a draft by a program, which no person accepted")]


def _of_roi(m: Mapping[str, Any], quality: Quality) -> list[tuple[str, str]]:
    found = []
    if m["voxels"] < _limit(quality, "too_small"):
        found.append(
            (
                "too_small",
                f"the ROI has {m['voxels']:.0f} voxels, at least {_limit(quality, 'too_small'):.0f} are needed",
            )
        )
    if m["slices"] < _limit(quality, "few_slices"):
        slices = f"{m['slices']:.0f} slices" if m["slices"] > 1 else "one slice"
        found.append(("few_slices", f"the ROI is on {slices} only"))
    if m["empty_slices"] > _limit(quality, "slices_without_roi"):
        found.append(
            (
                "slices_without_roi",
                f"{m['empty_slices']:.0f} slices between the first and the last of the ROI have none",
            )
        )
    if m["share_at_image_border"] > _limit(quality, "at_border"):
        found.append(("at_border", f"{m['share_at_image_border']:.1%} of the ROI lies at the border of the image"))
    if m["intensity_minimum"] == m["intensity_maximum"]:
        found.append(("constant", f"every voxel of the ROI has the same value ({m['intensity_minimum']:.4g})"))
    elif m["share_saturated"] > _limit(quality, "saturated"):
        found.append(
            ("saturated", f"{m['share_saturated']:.0%} of the ROI has the image's highest or lowest value: cut off?")
        )
    return found


def _air(m: Mapping[str, Any], quality: Quality, what: str) -> list[tuple[str, str]]:
    for rule in ("outside_tissue", "partly_air"):  # the graver one says it
        if m["share_air"] > _limit(quality, rule):
            return [(rule, f"{m['share_air']:.0%} of the ROI is {what}: contour elsewhere than the tumour?")]
    return []


def _of_ct(m: Mapping[str, Any], quality: Quality) -> list[tuple[str, str]]:
    found = _air(m, quality, "air (below -900 HU)")
    if not found and m["share_lung"] > _limit(quality, "partly_lung"):
        share = f"{m['share_lung']:.0%} of the ROI is aerated lung (below -750 HU)"
        found.append(("partly_lung", f"{share}: contour elsewhere than the tumour?"))
    if m["image_minimum"] >= 0:
        found.append(("not_hounsfield", "no voxel of the image is below 0: values may not be HU"))
    if m["air_hu"] is not None and abs(m["air_hu"] + 1000) > _limit(quality, "air_not_minus_1000"):
        found.append(("air_not_minus_1000", f"air lies at {m['air_hu']:.0f} HU, not near -1000: is the rescale right?"))
    if m["share_below_air"] > _limit(quality, "below_air"):
        found.append(
            (
                "below_air",
                f"{m['share_below_air']:.1%} of the image lies below -1200 HU, where nothing can: is the rescale right?",
            )
        )
    return found


def _of_pet(m: Mapping[str, Any], quality: Quality) -> list[tuple[str, str]]:
    found = _air(m, quality, "background")
    if m["image_minimum"] < 0:
        found.append(("negative_uptake", f"negative uptake ({m['image_minimum']:.3g})"))
    if m["intensity_maximum"] > _limit(quality, "not_suv"):
        found.append(("not_suv", f"highest value {m['intensity_maximum']:.4g}: values may not be SUV"))
    return found


def _of_mr(m: Mapping[str, Any], quality: Quality) -> list[tuple[str, str]]:
    return _air(m, quality, "background")


_OF_KIND = {"CT": _of_ct, "PT": _of_pet, "MR": _of_mr}


def _limit(quality: Quality, rule: str) -> float:
    """The limit of a rule that has one; a rule without is never broken by its measure."""
    limit = getattr(quality, rule).limit
    return float("inf") if limit is None and rule not in ("too_small", "few_slices") else float(limit or 0)
