"""``radiogenomics results``."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.storage import ArtefactStore, Home


def results(cohort: str, endpoint: str | None, format: str, home: Home, out: Console) -> None:
    """Print every model and floor of one or all endpoints of a cohort.

    Raises
    ------
    NotMaterialisedError
        Nothing was evaluated yet; the message says what there is.
    """
    if format == "table":
        print_results(cohort, endpoint, home, out)
        return
    from pipelines.cli import print_json
    from radiogenomics.reporting import results_records

    records: list[dict[str, Any]] = []
    for name, evaluation in evaluations(cohort, endpoint, home).items():
        records += [
            {"cohort": cohort, "endpoint": name, **r}
            for r in results_records(evaluation["metrics"], evaluation["comparisons"])
        ]
    print_json(records)


SHOWN_POPULATIONS = ("all", "complete")
"""What the table shows; the JSON form has the figures on the patients of each single modality too."""


def print_results(
    cohort: str, endpoint: str | None, home: Home, out: Console, *, simulated: bool | None = None
) -> None:
    """The results as tables to read, each endpoint with its verdicts."""
    from radiogenomics.reporting import text_results

    for name, evaluation in evaluations(cohort, endpoint, home).items():
        metrics, comparisons = (
            table[table["population"].isin(SHOWN_POPULATIONS)]
            for table in (evaluation["metrics"], evaluation["comparisons"])
        )
        mark = is_simulated(cohort, home) if simulated is None else simulated
        out.print()
        out.print(text_results(metrics, title=f"{cohort}: {name}", simulated=mark))
        main = comparisons[~comparisons["comparison"].str.endswith(" in the fusion")]
        for row in main.drop_duplicates("verdict").to_dict("records"):
            out.print(
                f"- {row['population']}, n {row['n']}, events {row['events']}: {row['verdict']}",
                highlight=False,
                markup=False,
            )
    print_survival(cohort, home, out)


def print_survival(cohort: str, home: Home, out: Console) -> None:
    """Each survival endpoint's verdict and the C-index of its models, on all patients."""
    from radiogenomics.evaluation.verdict import survival_verdict
    from radiogenomics.reporting.wording import estimate

    store = ArtefactStore(home.artefacts)
    for key in sorted(key for key in store.keys(cohort) if len(key) == 3 and key[2] == "survival_evaluation"):
        found = store.read(key)
        metrics = found["metrics"]
        everyone = metrics[metrics["population"] == "all"].sort_values("c_index", ascending=False)
        out.print()
        out.print(f"{cohort}: {key[1]}, C-index (95 % interval)", highlight=False, markup=False)
        for row in everyone.to_dict("records"):
            value = estimate(row["c_index"], row["c_index_lower"], row["c_index_upper"])
            out.print(f"  {row['model']:<32} {value}", highlight=False, markup=False)
        final = str(found["settings"]["final_model"].iloc[0])
        out.print(f"- {survival_verdict(metrics, found['comparisons'], final)}", highlight=False, markup=False)


def is_simulated(cohort: str, home: Home) -> bool:
    """Whether the stored cohort is simulated."""
    store = ArtefactStore(home.artefacts)
    return bool(store.read([cohort, "multimodal_cohort"]).uns.get("simulated", False))


def evaluations(cohort: str, endpoint: str | None, home: Home) -> dict[str, dict[str, Any]]:
    """The stored evaluation of one or all endpoints of a cohort."""
    store = ArtefactStore(home.artefacts)
    present = {key[1]: key for key in store.keys(cohort) if len(key) == 3 and key[2] == "evaluation"}
    if not present or (endpoint is not None and endpoint not in present):
        cohorts = sorted({key[0] for key in store.keys("")})
        found = (
            f"its evaluated endpoints are: {', '.join(sorted(present))}"
            if present
            else f"cohorts with results: {', '.join(cohorts) or 'none'}"
        )
        wanted = f"cohort '{cohort}'" + (f", endpoint '{endpoint}'" if endpoint else "")
        raise NotMaterialisedError(f"{wanted}: no evaluation stored; {found}", rule="not_materialised")
    return {name: store.read(key) for name, key in sorted(present.items()) if endpoint in (None, name)}


def figure_tables(cohort: str, endpoint: str | None, home: Home) -> dict[str, dict[str, Any]]:
    """Every stored table of one or all evaluated endpoints: endpoint -> name of the table -> table."""
    import pandas as pd

    store = ArtefactStore(home.artefacts)
    found: dict[str, dict[str, Any]] = {}
    for name, evaluation in evaluations(cohort, endpoint, home).items():
        found[name] = dict(evaluation)
        for key in store.keys(cohort, name):
            value = {} if key[2] == "evaluation" else store.read(key)
            if isinstance(value, dict):
                tables = {k: v for k, v in value.items() if isinstance(v, pd.DataFrame)}
                found[name] |= {k if k == key[2] else f"{key[2]}.{k}": v for k, v in tables.items()}
    return found
