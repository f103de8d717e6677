"""``radiogenomics study-robustness``: how many radiomic features survive another contour and another scan, on real CTs."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.schemas import LESIONS, conform
from radiogenomics.exceptions import InputError
from radiogenomics.storage import Home, write_text

RADIOMICS = {"resample_mm": [2.0, 2.0, 2.0], "bin_width": 25.0, "log_sigma_mm": [2.0, 4.0], "wavelet": True}
ROBUSTNESS: dict[str, Any] = {"lesions": None, "contour": {}, "acquisition": {}}
_CHEST = (
    ("lung1", "lung_ct_samples/lung1_image.nrrd", "lung_ct_samples/lung1_label.nrrd"),
    ("lung2", "lung_ct_samples/lung2_image.nrrd", "lung_ct_samples/lung2_label.nrrd"),
    ("phantom", "ibsi1_ct_phantom/nifti/image/phantom.nii.gz", "ibsi1_ct_phantom/nifti/mask/mask.nii.gz"),
)
_SARCOMAS = "sts_metastasis/nifti"
_PAGE = """# Which radiomic features survive, on real CTs

Made by `radiogenomics study-robustness` (`make study-robustness`) from public CTs; no figure here is typed by hand.

Every lesion is read as it is, and again:

- **contour**: {contour}
- **acquisition**: {acquisition}

The added noise of a lower dose has the spectrum of filtered back-projection and the size that the image's own noise in soft
tissue asks for. Slices, kernel and dose are simulated from the one scan there is: this is no replacement for scanning twice.
What is declared and cited stands in [`robustness_settings.py`](../radiogenomics/cohort/robustness_settings.py),
[`contours.py`](../radiogenomics/imaging/perturbation/contours.py) and
[`intensities.py`](../radiogenomics/imaging/perturbation/intensities.py).

Features are pyradiomics' on voxels of 2 mm, bins of 25 HU: the original image, Laplacian of Gaussian at 2 and 4 mm, eight
wavelet images; and the volumetrics. The ICC is ICC(2,1), absolute agreement, with the interval of McGraw and Wong (1996): above
0.9 is excellent (Koo, Li 2016). `surely` counts features whose whole 95 % interval lies above 0.9. `biology`, `shift` and `rest`
are medians over features of the shares of variance between lesions, of a shift that all lesions share, and of what remains; for
acquisitions the last two are what is acquisition and not biology.

{sections}

## Measurement error of the volumetrics

Standard deviation of one lesion's readings of the group `contour`, in the feature's unit, and the difference that two readings
exceed in one of twenty cases (1.96 sqrt(2) times it). Lesions of the sarcomas are large: the error of a small nodule is smaller
in mm3 and larger in per cent, which is why follow-up computes it for each lesion.

{error}
"""


def study_robustness(data: Path, output: Path, lesions: int | None, workers: int, home: Home, err: Console) -> None:
    """Perturb the lesions, write the page and its plots. What was computed before comes from the cache."""
    started = time.monotonic()
    sections: list[str] = []
    error = ""
    for name, title, table in ((n, t, _lesions(data, n, lesions)) for n, t in _SETS):
        if table.empty:
            raise InputError(
                f"{data}: holds none of the images of '{name}'; see the README for where they are", rule="no_images"
            )
        result, refused = robustness_of(table, workers, home, err)
        sections.append(section(title, result, refused))
        _draw(result, output, name)
        sections[-1] += "".join(
            f"\n\n![{g}](pictures/robustness_{name}_{g}.png)" for g in ("contour", "acquisition") if name == "sarcomas"
        )
        error = _error(result) if name == "sarcomas" else error
    cohort = _cohort()
    page = _PAGE.format(**_said(cohort), sections="\n\n".join(sections), error=error)
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


_SETS = (("sarcomas", "Soft-tissue sarcomas (Vallières et al. 2015)"), ("chest", "Lung tumours: lung1, lung2, phantom"))


def _cohort() -> Cohort:
    images = {"kind": "CT", "image": "-", "mask": "-", "radiomics": RADIOMICS, "robustness": ROBUSTNESS}
    clinical = {"tables": {"main": {"file": "-", "patient_id": "-"}}}
    return Cohort.model_validate({"name": "study", "clinical": clinical, "images": {"ct": images}})


def _lesions(data: Path, which: str, count: int | None) -> pd.DataFrame:
    if which == "chest":
        found = [(name, data / image, data / mask) for name, image, mask in _CHEST if (data / image).exists()]
    else:
        folders = sorted(p for p in (data / _SARCOMAS).glob("*") if (p / "CT_image.nii.gz").exists())
        found = [(p.name, p / "CT_image.nii.gz", p / "CT_mask.nii.gz") for p in folders[:count]]
    rows = [
        {
            "patient_id": name, "study_id": name, "lesion_id": name, "images": "ct", "kind": "CT",
            "image": str(image), "mask": str(mask), "roi": None, "file": str(image), "row": 1,
        }
        for name, image, mask in found
    ]  # fmt: skip
    return conform(pd.DataFrame(rows), LESIONS) if rows else pd.DataFrame()


def robustness_of(lesions: pd.DataFrame, workers: int, home: Home, err: Console) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of robustness of these lesions, and the readings that could not be taken."""
    from radiogenomics.fusion.robustness import readings_of, robustness_table
    from radiogenomics.imaging.perturbation.features import perturbed_features
    from radiogenomics.imaging.radiomic_dictionary import radiomic_dictionary
    from radiogenomics.imaging.radiomic_extraction import resolved_settings
    from radiogenomics.imaging.volumetrics import volumetrics_dictionary
    from radiogenomics.storage.feature_cache import FeatureCache

    cohort = _cohort()
    found = perturbed_features(
        cohort,
        lesions,
        cache=FeatureCache(home.cache),
        workers=workers,
        on_progress=lambda done, total: err.print(f"{done} of {total} lesions", end="\r"),
    )
    keys = found.values[["patient_id", "study_id", "lesion_id", "images"]]
    radiomics = found.values.filter(like="radiomics_ct:").rename(columns=lambda c: str(c).partition(":")[2])
    dictionary = pd.concat(
        [
            radiomic_dictionary(cohort, pd.concat([keys, radiomics], axis=1), resolved_settings(cohort)),
            volumetrics_dictionary(cohort, keys),
        ]
    )
    return robustness_table(readings_of(cohort, found.values), dictionary), found.quarantine


def section(title: str, result: pd.DataFrame, refused: pd.DataFrame) -> str:
    """Counts by group, filter and family, as Markdown."""
    lines = [f"## {title}", ""]
    for group, own in result.groupby("group", sort=False):
        known = own[own["icc"].notna()]
        lines += [
            f"### {str(group).capitalize()}: {int(own['lesions'].max())} lesions, {int(own['readings'].max())} readings each",
            "",
            f"{int((known['icc'] > 0.9).sum())} of {len(known)} features have an ICC above 0.9, "
            f"{int((known['lower'] > 0.9).sum())} surely.",
            "",
            "| filter | family | features | ICC above 0.9 | surely | above 0.75 | median ICC | biology | shift | rest |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for (filtered, family), part in known.groupby(["filter", "family"], sort=True):
            shares = part[["share_lesions", "share_readings", "share_rest"]].median()
            lines.append(
                f"| {filtered} | {family} | {len(part)} | {int((part['icc'] > 0.9).sum())} | {int((part['lower'] > 0.9).sum())} | "
                f"{int((part['icc'] > 0.75).sum())} | {part['icc'].median():.2f} | "
                + " | ".join(f"{v:.2f}" for v in shares)
                + " |"
            )
        lines.append("")
    said = f"{len(refused)} readings could not be taken" if len(refused) else "Every reading could be taken"
    reasons = "; ".join(f"{rule} ({n})" for rule, n in refused["rule"].value_counts().items()) if len(refused) else ""
    return "\n".join([*lines, f"{said}{': ' + reasons if reasons else ''}."])


def _draw(result: pd.DataFrame, output: Path, name: str) -> None:
    from radiogenomics.reporting.figures import png, robustness_figure
    from radiogenomics.storage.atomic import write_atomically

    for group in result["group"].unique():
        content = png(robustness_figure(result, group=group), 100)
        if name == "sarcomas":
            target = output.parent / "pictures" / f"robustness_{name}_{group}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, partial(Path.write_bytes, data=content))


def _error(result: pd.DataFrame) -> str:
    own = result[result["modality"].str.startswith("volumetrics") & (result["group"] == "contour")]
    rows = [
        f"| {r['feature']} | {r['unit']} | {r['lesions']} | {r['within_sd']:.3g} | {r['repeatability_limit']:.3g} | "
        f"{r['icc']:.3f} ({r['lower']:.3f} to {r['upper']:.3f}) |"
        for r in own.to_dict("records")
    ]
    head = "| feature | unit | lesions | SD of a reading | limit | ICC (95 % interval) |\n| --- | --- | --- | --- | --- | --- |"
    return "\n".join([head, *rows])


def _said(cohort: Cohort) -> dict[str, str]:
    from radiogenomics.imaging.perturbation.readings import declared_readings

    robustness = cohort.images["ct"].robustness
    assert robustness is not None  # it stands in ROBUSTNESS
    names = list(declared_readings(robustness))
    return {
        group: ", ".join(n.partition("/")[2].replace("_", " ") for n in names if n.startswith(f"{group}/"))
        for group in ("contour", "acquisition")
    }
