"""``radiogenomics study-missing-modalities``."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
from rich.console import Console

from radiogenomics.storage import write_text

_PAGE = """# What a missing modality costs

Written by `make study-missing-modalities` (`radiogenomics study-missing-modalities --cohorts {cohorts} --patients {patients}`).
**Simulated data**: no patient stands behind these figures. The same command gives the same figures.

{cohorts} cohorts of {patients} patients train every model; each modality of each training patient is deleted at random with
chance {absent:.0%}, and one always remains. Then {new} new patients of a cohort, of whom everything is known, are predicted
from every subset of their modalities. Effects (features that tell, shift between classes in standard deviations, features in
all): {effects}.

- **AUC**: mean over cohorts. **Lost**: AUC of the same model with every modality, less that.
- **Best modality**: of those that remain, the one with the highest mean AUC, by its own elastic net (chosen knowing the truth
  of all cohorts, so nothing has to find it out).
- **Difference**: the fusion less that best modality, paired within cohorts, with the standard error of the mean.
- **Holds**: the difference is not below minus the standard error of the best modality's own AUC in one cohort
  (its standard deviation over cohorts, in brackets).

{verdict}

{tables}
"""


def study_missing_modalities(output: Path, cohorts: int, patients: int, workers: int, err: Console) -> None:
    """Run the study and write its page."""
    from radiogenomics.evaluation import missing_modalities as study

    started = time.monotonic()
    new_patients = 1500
    found = study.missing_modality_study(
        cohorts=cohorts,
        patients=patients,
        new_patients=new_patients,
        workers=workers,
        on_progress=lambda done, total: err.print(f"{done} of {total}", end="\r"),
    )
    effects = "; ".join(f"{name} {k} x {shift:g} of {p}" for name, (k, shift, p) in study.EFFECTS.items())
    page = _PAGE.format(
        cohorts=cohorts,
        patients=patients,
        absent=study.ABSENT,
        new=f"{new_patients:,}",
        effects=effects,
        verdict=_verdict(found.patterns),
        tables="\n\n".join(_table(name, table) for name, table in found.patterns.groupby("model", sort=False)),
    )
    write_text(output, page)
    err.print(f"{output}: written after {time.monotonic() - started:.0f} s", highlight=False)


def _verdict(patterns: pd.DataFrame) -> str:
    """One sentence a model: in how many patterns it holds, and where not."""
    lines = []
    for model, table in patterns.groupby("model", sort=False):
        short = table[~table["holds"]]
        where = "" if short.empty else ", not with " + ", ".join(p.replace(";", " + ") for p in short["pattern"])
        lines.append(f"- `{model}` holds in {len(table) - len(short)} of {len(table)} patterns{where}.")
    return "\n".join(lines)


def _table(model: object, table: pd.DataFrame) -> str:
    rows = "\n".join(
        f"| {r['pattern'].replace(';', ' + ')} | {r['auc']:.3f} | {r['lost']:+.3f} | {r['best_modality']} | "
        f"{r['best_auc']:.3f} ({r['best_error']:.3f}) | {r['difference']:+.3f} ± {r['difference_error']:.3f} | "
        f"{'yes' if r['holds'] else 'no'} |"
        for r in table.to_dict("records")
    )
    return (
        f"## `{model}`\n\n| modalities that remain | AUC | lost | best modality | its AUC (SE) | difference | holds |\n"
        f"| --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    )
