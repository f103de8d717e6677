"""``radiogenomics study-embeddings``."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from radiogenomics.cohort import load_cohort
from radiogenomics.cohort.configuration import Resampling
from radiogenomics.cohort.encoder_settings import Network, Patches
from radiogenomics.evaluation.study.encoders import RADIOMICS, TRAINED, EncoderStudy, encoder_study
from radiogenomics.reporting.wording import estimate, number, p_text
from radiogenomics.storage import Home, write_text
from radiogenomics.storage.feature_cache import FeatureCache

_PAGE = """# What networks add to radiomic features

Written by `make study-embeddings` (`radiogenomics study-embeddings --patients {patients}`). Every figure is out-of-fold:
{folds}-fold cross-validation, {inner} inner folds, all models on the same patients and folds.

- **radiomics**: elastic net on the radiomic features as the cohort declares them.
- **packaged encoder**: elastic net on the 1,280 numbers of EfficientNet-Lite0, trained on photographs.
- **network trained on the cohort**: the 3-D network of [encoders.md](encoders.md), trained anew inside each fold: {members} a fit,
  passes over the patients {epochs}, chosen by inner folds.
- **radiomics + ...**: late fusion of the two, weights learned inside the fold.
- 'Adds' is said where the 95 % interval of the paired difference lies above 0 and p holds after Holm's correction.

With so few patients, a difference of 0.03 in AUC can seldom be told from none: read the intervals.

**Planted ground glass.** {planted}

**Nothing planted.** {null}

{sections}
"""

PLANTED_COHORTS = NULL_COHORTS = 3
"""In one cohort of this size a difference of 0.05 is chance."""

_PLANTED = "Simulated: ground glass tells the outcome"
_NULL = "Simulated: nothing predicts anything"


class Setting(NamedTuple):
    """One set of images to judge on."""

    title: str
    cohort: Any
    endpoint: str
    images: str
    patches: Patches


def study_embeddings(output: Path, patients: int, home: Home, err: Console) -> None:
    """Run the study on simulated cohorts, and on the sarcomas where their data are declared, and write its page."""
    started = time.monotonic()
    network, resampling = Network(), Resampling(outer_folds=5, inner_folds=2, repeats=1)
    cache = FeatureCache(home.cache)
    sections: list[str] = []
    planted: list[float] = []
    null: list[float] = []
    with tempfile.TemporaryDirectory(prefix="radiogenomics-study-") as folder:
        for setting in [*_simulated(Path(folder), patients), *_sarcomas()]:
            found = _judged(setting, network, resampling, cache, err)
            sections.append(_section(setting, found))
            if setting.title.startswith(_PLANTED):
                alone = found.comparisons.set_index("comparison")["auc_difference"]
                planted.append(float(alone[f"{TRAINED} against {RADIOMICS}"]))
            if setting.title.startswith(_NULL):
                null.append(float(found.metrics.set_index("model")["auc"][TRAINED]))
            err.print(f"{setting.title}: done after {time.monotonic() - started:.0f} s", highlight=False)
    page = _PAGE.format(
        patients=patients,
        folds=resampling.outer_folds,
        inner=resampling.inner_folds,
        members=f"{network.members} network{'s' if network.members > 1 else ''}",
        epochs=", ".join(str(n) for n in network.epochs),
        planted=f"AUC of the {TRAINED} less that of {RADIOMICS}, each alone, in {_mean(planted, '+.3f')}",
        null=f"AUC of the {TRAINED} in {_mean(null, '.3f')}",
        sections="\n\n".join(sections),
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


def _simulated(folder: Path, patients: int) -> list[Setting]:
    """A cohort whose images show the outcome plainly, the demo's, and one in which nothing predicts anything."""
    from radiogenomics.simulation import simulate_cohort
    from radiogenomics.simulation.biology import Biology, Effects, OutcomeEffects, View

    plain = Effects(egfr_status=OutcomeEffects(0.45, growth=4.0))
    seen = Biology(images=View(0.2, 0.3, 0.9))
    made = [("planted", f"{_PLANTED}, cohort {n}", plain, seen, 6 + n) for n in range(1, PLANTED_COHORTS + 1)]
    made.append(("demo", "Simulated: effects as in the demo", Effects(), Biology(), 7))
    made += [("null", f"{_NULL}, cohort {n}", Effects.null(), Biology(), 6 + n) for n in range(1, NULL_COHORTS + 1)]
    settings = []
    for name, title, effects, biology, seed in made:
        own = folder / f"{name}{seed}"
        simulate_cohort(own, patients=patients, random_state=seed, effects=effects, biology=biology, name=name)
        cohort = load_cohort(own / "cohort.yaml")
        settings.append(Setting(title, cohort, "egfr_status", "ct", Patches(spacing_mm=1.5)))
    return settings


def _sarcomas() -> list[Setting]:
    if not os.environ.get("RADIOGENOMICS_DATA"):
        return []
    file = Path(__file__).parents[1] / "cohorts" / "sts_metastasis.yaml"
    cohort = load_cohort(file)
    return [
        Setting(f"Soft-tissue sarcoma, {kind}", cohort, "lung_metastasis", images, Patches(spacing_mm=4.0))
        for images, kind in (("ct", "CT"), ("pet", "FDG-PET"), ("mr", "T1-weighted MR"))
    ]


def _judged(
    setting: Setting, network: Network, resampling: Resampling, cache: FeatureCache, err: Console
) -> EncoderStudy:
    return encoder_study(
        setting.cohort,
        setting.endpoint,
        setting.images,
        patches=setting.patches,
        network=network,
        resampling=resampling,
        cache=cache,
        on_progress=lambda done, total: err.print(f"{setting.title}: fold {done} of {total}", end="\r"),
    )


def _mean(values: list[float], form: str) -> str:
    """The values of several cohorts, and their mean with its standard error."""
    each = ", ".join(format(value, form) for value in values)
    mean, error = statistics.mean(values), statistics.stdev(values) / len(values) ** 0.5
    return f"{len(values)} simulated cohorts: {each}; mean {mean:{form}} with a standard error of {error:.3f}."


def _section(setting: Setting, found: EncoderStudy) -> str:
    first = found.metrics.iloc[0]
    mark = "**Simulated data.** " if setting.cohort.simulated else ""
    box = setting.patches
    lines = [
        f"## {setting.title}",
        "",
        f"{mark}`{setting.endpoint}`, n = {first['n']}, {first['events']} events; boxes of {box.size} voxels of "
        f"{box.spacing_mm:g} mm.",
        "",
        "| model | AUC (95 % interval) | Brier |",
        "| --- | --- | --- |",
    ]
    for row in found.metrics.to_dict("records"):
        auc = estimate(row["auc"], row["auc_lower"], row["auc_upper"], 3)
        lines.append(f"| {row['model']} | {auc} | {number(row['brier'], 3)} |")
    lines += ["", "| question | AUC difference (95 % interval) | p, corrected | verdict |", "| --- | --- | --- | --- |"]
    for row in found.comparisons.to_dict("records"):
        difference = estimate(row["auc_difference"], row["lower"], row["upper"], 3)
        lines.append(f"| {row['comparison']} | {difference} | {p_text(row['p_holm'])} | {_answer(row)} |")
    return "\n".join(lines)


def _answer(row: Mapping[Any, Any]) -> str:
    """The verdict by rule for what is added; for one alone against the other, on which side of 0 the interval lies."""
    if " over " in row["comparison"]:
        return str(row["verdict"]).split(":")[0].replace(f" ({RADIOMICS})", "")
    if row["lower"] > 0:
        return "scores above radiomics"
    return "scores below radiomics" if row["upper"] < 0 else "no difference shown"
