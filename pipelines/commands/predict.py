"""``radiogenomics predict``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from assets.prediction_store import prediction_store
from assets.versions import code_version
from pipelines.commands.tables import print_table
from pipelines.discovery import COHORTS_VARIABLE, discover, environment
from radiogenomics.cohort import Cohort, load_cohort
from radiogenomics.exceptions import ConfigurationError, InputError
from radiogenomics.storage import Home, write_atomically, write_text
from radiogenomics.storage.predictions_postgres import predictions_url


def predict(
    model: str,
    place: Path,
    home: Home,
    out: Console,
    err: Console,
    *,
    of: str | None,
    endpoint: str | None,
    output: Path | None,
    store: bool,
    workers: int,
) -> list[dict[str, Any]]:
    """Predict new patients with a registered model, print the answer, append it to the predictions."""
    from radiogenomics.prediction import load_model
    from radiogenomics.prediction.prospective import predict_folder
    from radiogenomics.storage.feature_cache import FeatureCache

    if output is not None and output.suffix not in (".json", ".csv"):
        raise InputError(f"{output}: --output ends in .json or .csv", rule="file_ending")
    stored = load_model(home.models, model, of, endpoint)
    answer = predict_folder(
        stored,
        place.expanduser().resolve(),
        code_version=code_version(),
        environment=environment(home),
        cache=FeatureCache(home.cache),
        workers=workers,
    )
    _print(stored, answer, out)
    if output is not None:
        _write(answer.records, output)
    if store:
        where = prediction_store(home, _declaring(stored, place, home)).append(answer.rows)
        err.print(f"predictions  {where}", highlight=False, soft_wrap=True)
    return answer.records


def _declaring(stored: Any, place: Path, home: Home) -> Cohort:
    """The cohort whose file says under which pseudonyms these rows are stored."""
    if place.is_file():
        return load_cohort(place, environment(home))
    for found in discover(home):
        if found.name == stored.cohort and found.cohort is not None:
            return found.cohort
    if predictions_url() is not None:
        raise ConfigurationError(
            f"cohort '{stored.cohort}': its cohort.yaml is not known here, so it cannot be seen whether it declares pseudonyms; "
            f"name it in {COHORTS_VARIABLE}, or give --no-store",
            rule="cohort_not_known",
        )
    cohort: Cohort = stored.trained_by()
    return cohort


def _print(stored: Any, answer: Any, out: Console) -> None:
    simulated = " (SIMULATED DATA)" if bool(answer.rows["simulated"].any()) else ""
    out.print(f"{stored.cohort}/{stored.endpoint}: {stored.model_id}{simulated}", highlight=False)
    shown = []
    for row in answer.records:
        said = (
            ""
            if row["probability"] is None
            else "{probability:.2f} ({lower:.2f} to {upper:.2f})".format(
                **{key: float("nan") if row[key] is None else row[key] for key in ("probability", "lower", "upper")}
            )
        )
        strongest = [f"{c['feature']} {c['log_odds']:+.2f}" for c in row["contributions"][:3]]
        shown.append(
            {
                "patient": row["patient_id"],
                "probability (95 %)": said or "abstained",
                "set": row["prediction_set"],
                "domain": {None: "not judged", True: "inside", False: "OUTSIDE"}[row["in_domain"]],
                "why": row["abstention_reason"] or row["domain_reason"] or row["domain_note"],
                "modalities": row["modalities_used"].replace(";", ", "),
                "moved most by (log-odds)": "\n".join(strongest),
            }
        )
    print_table("", pd.DataFrame(shown), out)
    for said in answer.absent:
        out.print(f"- {escape(said)}", highlight=False, soft_wrap=True)
    for reason in answer.quarantine["reason"].drop_duplicates().head(10):
        out.print(f"- set aside: {escape(str(reason))}", highlight=False, soft_wrap=True)
    level = f"{stored.use.confidence:.0%}"
    out.print(
        f"Probability: of the event, with the 95 % interval of the share of events among patients with this score. Set: the "
        f"labels that the score does not contradict, right for {level} of each class. Research use only, not a medical device.",
        highlight=False,
    )


def _write(records: list[dict[str, Any]], output: Path) -> None:
    if output.suffix == ".json":
        write_text(output, json.dumps(records, indent=1, allow_nan=False) + "\n")
        return
    flat = pd.DataFrame(records)
    flat["contributions"] = [json.dumps(c) for c in flat["contributions"]]
    write_atomically(output, lambda path: flat.to_csv(path, index=False))
