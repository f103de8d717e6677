"""The gate before a new champion: it must be shown not to be worse, on the same patients, by a margin declared beforehand.

Both models' out-of-fold predictions are compared patient by patient: the challenger passes where the 95 % interval of the
AUC difference (challenger - champion) lies above minus the declared margin and that of the Brier difference below the
declared one (non-inferiority, as in trials [1]_). That no difference was found is not enough; with few patients the interval
is wide and the champion stays.

References
----------
.. [1] Piaggio et al.: Reporting of noninferiority and equivalence randomized trials (CONSORT extension), JAMA 2012.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radiogenomics.cohort.model_use import Promotion
from radiogenomics.evaluation.concordance import Interval, auc_difference
from radiogenomics.evaluation.contributions import mean_interval
from radiogenomics.evaluation.model_evidence import read_evidence
from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.storage.model_stages import CHAMPION, RETIRED, ModelStages
from radiogenomics.storage.models import ModelRegistry

SILENT_SHARE = 0.05
"""Share of the shared patients from which on it is a loss that only the challenger abstains."""


class Comparison(NamedTuple):
    """Challenger less champion on the patients that both predicted out of fold, with the same label in both.

    Attributes
    ----------
    n, events : patients and events compared. relabelled : patients left out because their label changed.
    silent : share of the shared patients on whom only the challenger abstains.
    auc, brier : differences with 95 % intervals.
    """

    n: int
    events: int
    relabelled: int
    silent: float
    auc: Interval
    brier: Interval


class Settled(NamedTuple):
    """What became of a new model: `outcome` is 'promoted', 'kept' (the champion stays) or 'champion' (it is already)."""

    outcome: str
    why: str
    champion: str | None
    comparison: Comparison | None


def compare_models(challenger: pd.DataFrame, champion: pd.DataFrame) -> Comparison:
    """Paired comparison of two models' out-of-fold predictions (rows by `schemas.OUT_OF_FOLD`, one model each)."""
    repeats = min(challenger["repeat"].nunique(), champion["repeat"].nunique())
    new, old = _matrices(challenger, repeats), _matrices(champion, repeats)
    shared = new["label"].index.intersection(old["label"].index).sort_values()
    same = (new["label"].loc[shared] == old["label"].loc[shared]).to_numpy()
    kept = shared[same]
    ours, theirs = (given["probability"].loc[kept].to_numpy(dtype=float) for given in (new, old))
    said, said_before = ~np.isnan(ours).any(axis=1), ~np.isnan(theirs).any(axis=1)
    both = said & said_before
    silent = float((said_before & ~said).mean()) if len(kept) else 0.0
    target = new["label"].loc[kept].to_numpy(dtype=int)[both]
    ours, theirs = ours[both], theirs[both]
    folds, folds_before = (given["fold"].loc[kept].to_numpy(dtype=int)[both] for given in (new, old))
    difference = (
        auc_difference(ours, theirs, target, folds, folds_before) if len(target) else (np.nan, np.nan, np.nan, np.nan)
    )
    losses = (ours - target[:, None]) ** 2 - (theirs - target[:, None]) ** 2
    return Comparison(
        n=len(target),
        events=int(target.sum()),
        relabelled=int((~same).sum()),
        silent=silent,
        auc=Interval(*difference[:3]),
        brier=mean_interval(losses) if len(target) else Interval(np.nan, np.nan, np.nan),
    )


def _matrices(rows: pd.DataFrame, repeats: int) -> dict[str, Any]:
    first = rows[rows["repeat"].isin(sorted(rows["repeat"].unique())[:repeats])]
    wide = first.pivot(index="patient_id", columns="repeat", values=["probability", "fold"])
    labels = first.groupby("patient_id")["label"].first()
    return {"probability": wide["probability"], "fold": wide["fold"], "label": labels}


def verdict(found: Comparison, rules: Promotion) -> tuple[bool, str]:
    """Whether the challenger may replace the champion, and why, with n, events and intervals."""
    on = f"on {found.n} patients with {found.events} events that both predicted out of fold"
    on += f" ({found.relabelled} with another label now left out)" if found.relabelled else ""
    if min(found.events, found.n - found.events) < rules.minimum_events:
        return False, f"not comparable: {on}; at least {rules.minimum_events} of each class are needed"
    said = (
        f"{on} the AUC differs by {found.auc.estimate:+.3f} ({found.auc.lower:+.3f} to {found.auc.upper:+.3f}; margin "
        f"-{rules.auc_margin:g}), the Brier score by {found.brier.estimate:+.3f} ({found.brier.lower:+.3f} to "
        f"{found.brier.upper:+.3f}; margin +{rules.brier_margin:g})"
    )
    if found.silent > SILENT_SHARE:
        return False, f"it abstains on {found.silent:.0%} of the patients that the champion predicts; {said}"
    not_worse = found.auc.lower > -rules.auc_margin and found.brier.upper < rules.brier_margin
    return not_worse, ("not worse: " if not_worse else "not shown not to be worse: ") + said


def settle_stage(folder: Path, cohort: str, endpoint: str, model_id: str, rules: Promotion) -> Settled:
    """Enter a registered model into the log of stages and let it replace the champion where the gate allows it.

    The first model of an endpoint becomes champion with the reason 'first'. An endpoint whose champion a person retired
    gets no new one by itself.

    Raises
    ------
    IntegrityError
        The log or stored predictions were altered.
    """
    registry, stages = ModelRegistry(folder), ModelStages(folder, cohort, endpoint)
    stages.add(model_id, "registered by training")
    known, champion = stages.stages(), stages.champion()
    if known[model_id] == CHAMPION:
        return Settled("champion", "it is the champion already", model_id, None)
    if champion is None:
        if CHAMPION not in set(stages.history()["to"]):
            stages.promote(model_id, "first", by="gate", instead_of=None)
            return Settled("promoted", "first", model_id, None)
        return Settled("kept", "the endpoint has no champion since one was retired; promote one by hand", None, None)
    if known[model_id] == RETIRED:
        return Settled("kept", "it was retired before; promote it by hand if that was wrong", champion, None)
    try:
        evidence = {
            each: read_evidence(
                folder,
                cohort,
                endpoint,
                each,
                _metadata(registry, cohort, endpoint, each).get("out_of_fold_sha256", ""),
            )
            for each in (model_id, champion)
        }
    except NotMaterialisedError as error:
        return Settled("kept", f"cannot be compared: {error.message}", champion, None)
    found = compare_models(evidence[model_id], evidence[champion])
    passed, why = verdict(found, rules)
    if not passed or not rules.automatic:
        return Settled("kept", why if rules.automatic else f"a person promotes each model; {why}", champion, found)
    stages.promote(model_id, why, by="gate", instead_of=champion)
    return Settled("promoted", why, model_id, found)


def _metadata(registry: ModelRegistry, cohort: str, endpoint: str, model_id: str) -> dict[str, Any]:
    return dict(registry.manifest(cohort, endpoint, model_id)["metadata"])
