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

_SPOKEN = {"log_odds": "log-odds", "log_hazard": "log hazard"}


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
    scale = stored.scale
    shown = []
    for row in answer.records:
        strongest = [f"{c['feature']} {c[scale]:+.2f}" for c in row["contributions"][:3]]
        shown.append(
            {
                "patient": row["patient_id"],
                **(_risk(row) if stored.of_time_to_event else _chance(row)),
                "domain": {None: "not judged", True: "inside", False: "OUTSIDE"}[row["in_domain"]],
                "why": row["abstention_reason"] or row["domain_reason"] or row["domain_note"],
                "modalities": row["modalities_used"].replace(";", ", "),
                f"moved most by ({_SPOKEN[scale]})": "\n".join(strongest),
            }
        )
    print_table("", pd.DataFrame(shown), out)
    for said in answer.absent:
        out.print(f"- {escape(said)}", highlight=False, soft_wrap=True)
    for reason in answer.quarantine["reason"].drop_duplicates().head(10):
        out.print(f"- set aside: {escape(str(reason))}", highlight=False, soft_wrap=True)
    out.print(f"{_meaning(stored)} Research use only, not a medical device.", highlight=False)


def _chance(row: dict[str, Any]) -> dict[str, str]:
    """Probability with interval, and set."""
    numbers = {key: float("nan") if row[key] is None else row[key] for key in ("probability", "lower", "upper")}
    said = "{probability:.2f} ({lower:.2f} to {upper:.2f})".format(**numbers)
    return {
        "probability (95 %)": "abstained" if row["probability"] is None else said,
        "set": row["prediction_set"],
    }


def _risk(row: dict[str, Any]) -> dict[str, str]:
    """Risk score, and chance of the event by the horizon."""
    silent = row["probability"] is None
    return {
        "risk score": "abstained" if silent else f"{row['risk_score']:+.2f}",
        f"event by {row['horizon_months']:g} months": "" if silent else f"{row['probability']:.2f}",
    }


def _meaning(stored: Any) -> str:
    """What the columns mean, in words."""
    horizon = stored.horizon_months()
    if horizon is None:
        return (
            "Probability: of the event, with the 95 % interval of the share of events among patients with this score. Set: the "
            f"labels that the score does not contradict, right for {stored.use.confidence:.0%} of each class."
        )
    return (
        f"Risk score: log hazard ratio against the average training patient. Event by {horizon:g} months: its chance, by the baseline "
        "hazard of the training patients; no interval is given, see docs/predictions.md."
    )


def _write(records: list[dict[str, Any]], output: Path) -> None:
    if output.suffix == ".json":
        write_text(output, json.dumps(records, indent=1, allow_nan=False) + "\n")
        return
    flat = pd.DataFrame(records)
    flat["contributions"] = [json.dumps(c) for c in flat["contributions"]]
    write_atomically(output, lambda path: flat.to_csv(path, index=False))
