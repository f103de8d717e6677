"""``radiogenomics study-prespecified``."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
from rich.console import Console

from pipelines.commands.study_learners import table_by_scene
from radiogenomics.storage import write_text

_PAGE = """# What naming predictors beforehand is worth

Written by `make study-prespecified` (`radiogenomics study-prespecified --cohorts {cohorts}`). **Simulated data**: no patient stands
behind these figures. The same command gives the same figures. No real outcome had a say.

Each cohort has three modalities of 20, 20 and 5 features, of each of which three tell (linear effects, cuts and interactions, or
both). A list names features with their direction, as `endpoints.<name>.prespecified` does, and makes the model `early/prespecified`;
beside it stands the learned late fusion of elastic nets over all 45, without the list's model and with it as one more voice
(`late/with_prespecified`). All are judged on {new:,} new patients. AUC: mean over {cohorts}
cohorts; in brackets the difference to the late fusion, paired, with its standard error. 40 patients have 15 events, 94 have 24, 227
have 69.

{table}

{reading}
"""


_LESSON = """Reading: a list that is right is worth more than any fusion of a cohort this small, and one that is partly wrong still helps where
events are few. A list that tells nothing ruins its own model and costs the late fusion that hears it little: so
`late/with_prespecified` is the safer of the two where a list is doubted, and `early/prespecified` the stronger where it is not."""


def study_prespecified(output: Path, cohorts: int, workers: int, err: Console) -> None:
    """Run the study and write its page."""
    from radiogenomics.evaluation.study import prespecified as study

    started = time.monotonic()
    found = study.prespecified_study(
        cohorts=cohorts, workers=workers, on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r")
    )
    page = _PAGE.format(
        cohorts=cohorts, new=study.NEW_PATIENTS, table=table_by_scene(found, "named"), reading=_reading(found)
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


def _reading(found: pd.DataFrame) -> str:
    """For each list, over all scenes: what it gains or loses."""
    said = []
    for rule, table in found.groupby("rule", sort=False):
        if table["difference_error"].max() > 0:
            error = float((table["difference_error"] ** 2).sum() ** 0.5) / len(table)
            said.append(f"- {rule}: {table['difference'].mean():+.3f} ± {error:.3f}")
    return "\n".join(["Mean over all kinds and sizes, against the late fusion:\n", *said, "", _LESSON])
