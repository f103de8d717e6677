"""``radiogenomics models``: what is registered, which model is in use, and why."""

from __future__ import annotations

import json

import pandas as pd
from rich.console import Console

from pipelines.commands.tables import print_table
from radiogenomics.storage import Home
from radiogenomics.storage.model_stages import ModelStages
from radiogenomics.storage.models import ModelRegistry


def show_list(home: Home, out: Console, cohort: str | None, endpoint: str | None) -> None:
    """Every registered model with its stage, newest last."""
    registry = ModelRegistry(home.models)
    table = registry.list()
    table = table[(table["cohort"] == cohort) | (cohort is None)]
    table = table[(table["endpoint"] == endpoint) | (endpoint is None)]
    rows = []
    for row in table.to_dict("records"):
        stages = ModelStages(home.models, row["cohort"], row["endpoint"]).stages()
        said = registry.manifest(row["cohort"], row["endpoint"], row["model_id"])["metadata"] if row["intact"] else {}
        everyone = [f for f in said.get("out_of_fold_metrics", []) if f["population"] == "all"]
        figures = everyone[0] if everyone else {}
        rows.append(
            {
                "cohort": row["cohort"],
                "endpoint": row["endpoint"],
                "model_id": row["model_id"],
                "stage": stages.get(row["model_id"], "no stage") if row["intact"] else "ALTERED",
                "registered (UTC)": row["registered_at"].strftime("%Y-%m-%d %H:%M"),
                "n": str(said.get("n", "")),
                "events": str(said.get("events", "")),
                "AUC or C-index (95 %)": _discrimination(figures),
            }
        )
    print_table("Registered models", pd.DataFrame(rows), out)


def _discrimination(figures: dict[str, object]) -> str:
    """The AUC, or the C-index of a time to an event, marked by a C."""
    for name, mark in (("auc", ""), ("c_index", "C ")):
        values = [v for key in (name, f"{name}_lower", f"{name}_upper") if isinstance(v := figures.get(key), float)]
        if len(values) == 3:
            return f"{mark}{values[0]:.2f} ({values[1]:.2f} to {values[2]:.2f})"
    return ""


def show(home: Home, out: Console, model_id: str) -> None:
    """What is known of one model, without its long lists, as JSON."""
    registry = ModelRegistry(home.models)
    cohort, endpoint = registry.find(model_id)
    manifest = registry.manifest(cohort, endpoint, model_id)
    said = dict(manifest["metadata"])
    said["columns"] = len(said.get("columns", []))
    stage = ModelStages(home.models, cohort, endpoint).stages().get(model_id, "no stage")
    text = json.dumps({**manifest, "stage": stage, "metadata": said}, indent=1, sort_keys=True)
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def history(home: Home, out: Console, cohort: str, endpoint: str) -> None:
    """Every change of stage of an endpoint's models."""
    table = ModelStages(home.models, cohort, endpoint).history()
    table["at"] = table["at"].str.slice(0, 19)
    print_table(f"{cohort}/{endpoint}", table, out)


def promote(home: Home, out: Console, model_id: str, why: str) -> None:
    """Make a model the champion, by hand; its files are checked first."""
    registry = ModelRegistry(home.models)
    cohort, endpoint = registry.find(model_id)
    registry.manifest(cohort, endpoint, model_id)
    stages = ModelStages(home.models, cohort, endpoint)
    stages.add(model_id, "entered when it was promoted by hand")
    stages.promote(model_id, why)
    out.print(f"{cohort}/{endpoint}: {model_id} is the champion", highlight=False, soft_wrap=True)


def retire(home: Home, out: Console, model_id: str, why: str) -> None:
    """Take a model out of use."""
    cohort, endpoint = ModelRegistry(home.models).find(model_id)
    stages = ModelStages(home.models, cohort, endpoint)
    stages.add(model_id, "entered when it was retired by hand")
    stages.retire(model_id, why)
    champion = stages.champion()
    out.print(
        f"{cohort}/{endpoint}: {model_id} is retired; champion: {champion or 'none'}", highlight=False, soft_wrap=True
    )
