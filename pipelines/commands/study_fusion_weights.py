"""``radiogenomics study-fusion-weights``."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from radiogenomics.storage import write_text

_PAGE = """# How late fusion weighs its modalities

Written by `make study-fusion-weights` (`radiogenomics study-fusion-weights --cohorts {cohorts}`). **Simulated data**: no patient
stands behind these figures. The same command gives the same figures. No real outcome had a say.

{cohorts} cohorts of each kind fit one elastic net a modality; every rule combines the same fitted models by their inner out-of-fold
evidence, and is judged on {new:,} new patients. AUC: mean over cohorts; in brackets the difference to `late/weighted`, paired, with
its standard error. 40 patients have 15 events, 94 have 24.

| rule | {scenes} | mean |
| --- | {dashes} | --- |
{rows}

Reading: no rule wins everywhere. What trusts the best modality more gains up to a hundredth where one dominates, and loses
two to three where several are worth the same; what averages does the reverse. With 15 events the inner folds cannot tell
which case it is, so no rule reaches the best modality where it dominates: choosing it takes knowledge that the cohort does not hold.
`late/weighted` stays between the two.
"""


def study_fusion_weights(output: Path, cohorts: int, workers: int, err: Console) -> None:
    """Run the study and write its page."""
    from radiogenomics.evaluation.study import fusion_weights as study

    started = time.monotonic()
    found = study.weight_study(
        cohorts=cohorts, workers=workers, on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r")
    )
    lines = []
    for rule, table in found.groupby("rule", sort=False):
        by_scene = table.set_index("scene").loc[list(study.SCENES)]
        cells = [
            f"{row['auc']:.3f} ({row['difference']:+.3f} ± {row['difference_error']:.3f})"
            for row in by_scene.to_dict("records")
        ]
        lines.append(f"| {rule} | {' | '.join(cells)} | {by_scene['auc'].mean():.3f} |")
    page = _PAGE.format(
        cohorts=cohorts,
        new=study.NEW_PATIENTS,
        scenes=" | ".join(study.SCENES),
        dashes=" | ".join("---" for _ in study.SCENES),
        rows="\n".join(lines),
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)
