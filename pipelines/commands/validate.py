"""``radiogenomics validate``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from assets.versions import code_version
from pipelines.commands.tables import print_table
from pipelines.discovery import environment
from radiogenomics.cohort import Cohort, load_cohort
from radiogenomics.exceptions import InputError, NotMaterialisedError
from radiogenomics.storage import Home, write_atomically, write_text


def validate(
    file: Path,
    model: str,
    home: Home,
    out: Console,
    *,
    of: str | None,
    endpoint: str | None,
    output: Path | None,
    predictions: Path | None,
    store: bool = True,
) -> None:
    """Print, store, and where asked write, the figures of a registered model on another labelled cohort."""
    from radiogenomics.prediction import load_model, validate_model
    from radiogenomics.storage.feature_cache import FeatureCache

    if output is not None and output.suffix not in (".json", ".csv"):
        raise InputError(f"{output}: --output ends in .json or .csv", rule="file_ending")
    cohort = load_cohort(file, environment(home))
    stored = load_model(home.models, model, of, endpoint)
    found = validate_model(stored, cohort, cache=FeatureCache(home.cache, cohort.compute.cache_limit_mb * 2**20))
    mark = " (SIMULATED DATA)" if cohort.simulated else ""
    out.print(
        f"{stored.model_id}, trained on {stored.cohort}, on {cohort.title or cohort.name}{mark}: nothing was refitted",
        highlight=False,
        soft_wrap=True,
    )
    for version, rows in found.figures.groupby("version", sort=False):
        everyone = rows["population"] == "all"  # of the others the short figures; the file has them all
        shown = rows[everyone | ~rows["figure"].str.startswith("net_benefit")].drop(columns="version").copy()
        shown["at"] = ["" if at != at else f"{at:g}" for at in shown["at"]]
        shown["estimate (95 %)"] = [
            f"{e:.3f} ({lower:.3f} to {upper:.3f})"
            for e, lower, upper in zip(shown["estimate"], shown["lower"], shown["upper"], strict=True)
        ]
        print_table(str(version), shown.drop(columns=["estimate", "lower", "upper"]), out)
    print_table("Who could be predicted", found.counts, out)
    for said in found.absent:
        out.print(f"- {escape(said)}", highlight=False, soft_wrap=True)
    if store:
        _store(home, cohort, stored, found, out)
    out.print("Research use only, not a medical device.", highlight=False)
    if output is not None:
        records = found.figures.assign(model_id=stored.model_id, cohort=cohort.name, endpoint=stored.endpoint)
        if output.suffix == ".csv":
            write_atomically(output, lambda path: records.to_csv(path, index=False))
        else:
            plain = records.astype(object).where(records.notna(), None).to_dict("records")
            write_text(output, json.dumps(plain, indent=1, allow_nan=False) + "\n")
    if predictions is not None:
        write_atomically(predictions, lambda path: found.patients.to_csv(path, index=False))


def _store(home: Home, cohort: Cohort, stored: Any, found: Any, out: Console) -> None:
    """Keep figures and counts where the report of the model's endpoint finds them."""
    from radiogenomics.storage.validations import StoredValidation, Validations

    kept = StoredValidation(
        cohort=stored.cohort,
        endpoint=stored.endpoint,
        model_id=stored.model_id,
        on=cohort.name,
        title=cohort.title or cohort.name,
        simulated=cohort.simulated,
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        code_version=code_version(),
        shared=_shared(home, stored, found),
        figures=found.figures,
        counts=found.counts,
        absent=tuple(found.absent),
    )
    file = Validations(home.validations).add(kept)
    if not kept.external:
        out.print(f"No external validation: {escape(kept.why_not_external)}.", highlight=False, soft_wrap=True)
    out.print(
        f"stored: {escape(str(file))}; the next run of '{stored.cohort}' shows it in the report, where that is of this model",
        highlight=False,
        soft_wrap=True,
    )


def _shared(home: Home, stored: Any, found: Any) -> int | None:
    """Labelled patients here who bear the identifier of a training patient; None where those are not stored."""
    from radiogenomics.evaluation.model_evidence import read_evidence

    digest = str(stored.metadata.get("out_of_fold_sha256", ""))
    try:
        trained = read_evidence(home.models, stored.cohort, stored.endpoint, stored.model_id, digest)
    except NotMaterialisedError:
        return None
    return len(set(found.patients["patient_id"]) & set(trained["patient_id"].astype(str)))
