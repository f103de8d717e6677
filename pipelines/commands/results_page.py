"""``radiogenomics results-page``: the public cohorts in one page, reference figures beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console

from radiogenomics.evaluation.learning_curve import verdict_of_curve
from radiogenomics.evaluation.null_audit import PERMUTED
from radiogenomics.evaluation.sample_size import statement
from radiogenomics.evaluation.verdict import survival_verdict, verdict_sentence
from radiogenomics.exceptions import NotMaterialisedError
from radiogenomics.fusion.cox_floor import EVERYBODY
from radiogenomics.reporting.wording import capitalised, estimate, number, p_text
from radiogenomics.storage import ArtefactStore, Home, write_text


class Reference(NamedTuple):
    """A figure of somebody else on the same data: which of our models answers it, on which patients."""

    model: str
    population: str
    auc: float
    what: str


REFERENCES: dict[tuple[str, str], tuple[Reference, ...]] = {
    ("nsclc_radiogenomics", "egfr_status"): (
        Reference("clinical/elastic_net", "all", 0.78, "logistic regression, clinical (n = 172)"),
        Reference("clinical/elastic_net", "radiomics", 0.76, "logistic regression, clinical (n = 117)"),
        Reference("radiomics/elastic_net", "radiomics", 0.72, "logistic regression, radiomics (n = 117)"),
        Reference("expression/elastic_net", "expression", 0.82, "logistic regression, expression (n = 101)"),
        Reference("clinical/elastic_net", "complete", 0.80, "logistic regression, clinical (n = 94)"),
        Reference("radiomics/elastic_net", "complete", 0.76, "logistic regression, radiomics (n = 94)"),
        Reference("expression/elastic_net", "complete", 0.76, "logistic regression, expression (n = 94)"),
        Reference("late/mean", "complete", 0.827, "plain mean of three logistic regressions (n = 94)"),
        Reference("late/weighted", "complete", 0.79, "published on this collection"),
        Reference("floor/hospital", "all", 0.667, "hospital alone (n = 172)"),
        Reference("floor/hospital", "complete", 0.72, "hospital alone (n = 94)"),
    ),
    ("nsclc_pd1_msk_2018", "durable_clinical_benefit"): (
        Reference("late/weighted", "all", 0.64, "logistic regression, clinical and genomic (n = 227)"),
        Reference("floor/tumour_mutational_burden", "all", 0.60, "TMB alone"),
        Reference("floor/pd_l1", "all", 0.53, "PD-L1 alone"),
    ),
    ("sts_metastasis", "lung_metastasis"): (
        Reference("radiomics_ct/elastic_net", "all", 0.54, "logistic regression, CT (10 x 5-fold)"),
        Reference("radiomics_mr/elastic_net", "all", 0.59, "logistic regression, MR"),
        Reference("radiomics_pet/elastic_net", "all", 0.74, "logistic regression, PET"),
        Reference("early/elastic_net", "all", 0.64, "CT, MR and PET concatenated"),
        Reference("late/mean", "all", 0.64, "plain mean of the three"),
        Reference("floor/volume", "all", 0.73, "volume alone"),
        Reference("clinical/elastic_net", "all", 0.68, "age, sex and weight"),
    ),
}
"""From simple baselines: 5-fold cross-validation, 5 repeats, scikit-learn's logistic regression on the same files."""

SURVIVAL: tuple[tuple[str, str], ...] = (("nsclc_pd1_msk_2018", "progression_free_survival"),)

_HEAD = """# Results on public cohorts

Written by `make results` from the stored evaluations; every figure is out-of-fold, on the patients named above its table.
Settings are those of `pipelines/cohorts/*.yaml`; the final model (bold) was declared before any result. A model that is not
above its floors reads the hospital or the scanner, not the tumour. Reference figures come from simple baselines on the same
files (scikit-learn's logistic regression, 5-fold cross-validation, 5 repeats) unless they say otherwise; folds differ, so
a difference of 0.02 is nothing. `early/prespecified` and `late/with_prespecified` rest on predictors named from publications on other
patients, after the figures of the other models were known. Research use only; not a medical device.
"""


def results_page(output: Path, home: Home, err: Console) -> None:
    """Write the page from what is stored.

    Raises
    ------
    NotMaterialisedError
        None of the public cohorts has been run in this state folder.
    """
    store = ArtefactStore(home.artefacts)
    parts, missing = [_HEAD], []
    for (cohort, endpoint), references in REFERENCES.items():
        if store.record([cohort, endpoint, "evaluation"]) is None:
            missing.append(cohort)
            continue
        record = store.read([cohort, endpoint, "model"])
        evaluation = store.read([cohort, endpoint, "evaluation"])
        scrutiny = {
            name: store.read([cohort, endpoint, name])
            for name in ("sites", "null_audit", "learning_curve")
            if store.record([cohort, endpoint, name]) is not None
        }
        parts.append(_section(cohort, endpoint, str(record["name"]), evaluation, references, scrutiny))
        for name in (name for of, name in SURVIVAL if of == cohort):
            if store.record([cohort, name, "survival_evaluation"]) is not None:
                parts.append(_survival(cohort, name, store.read([cohort, name, "survival_evaluation"])))
    if len(parts) == 1:
        raise NotMaterialisedError(
            f"no evaluation of {', '.join(missing)} is stored in {home.folder}; run `make results`",
            rule="not_materialised",
        )
    parts += _encoders(output.with_name("study_embeddings.md"))
    if missing:
        parts.append(f"Not run here: {', '.join(missing)}.\n")
    write_text(output, "\n".join(parts))
    err.print(f"{output}: {len(parts) - 1} sections", highlight=False)


def _encoders(page: Path) -> list[str]:
    """What each encoder of images adds to radiomics, from the page of its study, where that lies beside this one."""
    if not page.is_file():
        return []
    rows = []
    for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        title = section.split("\n", 1)[0]
        size = re.search(r"n = (\d+), (\d+) events", section)
        asked = [line for line in section.splitlines() if line.startswith("| ") and " over radiomics |" in line]
        if size is not None:
            rows += [f"| {title} | {size[1]} ({size[2]}) {line}" for line in asked]
    head = [
        "## What each encoder of images adds to radiomics\n",
        f"From `make study-embeddings`; settings, and how each does alone, are in [{page.name}]({page.name}).\n",
        "| images | n (events) | question | AUC difference (95 % interval) | p, corrected | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return ["\n".join([*head, *rows, ""])] if rows else []


def _section(
    cohort: str,
    endpoint: str,
    final: str,
    evaluation: dict[str, pd.DataFrame],
    references: tuple[Reference, ...],
    scrutiny: dict[str, dict[str, pd.DataFrame]],
) -> str:
    metrics, comparisons = evaluation["metrics"], evaluation["comparisons"]
    lines = [f"## {cohort}: {endpoint}\n", f"{verdict_sentence(metrics, comparisons, final)}\n"]
    known = {(r.model, r.population): r for r in references}
    populations = ["all", "complete", *sorted({r.population for r in references} - {"all", "complete"})]
    shown: list[list[tuple[Any, ...]]] = []
    for population in populations:
        rows = metrics[(metrics["population"] == population) & metrics["auc"].notna()]
        content = list(rows[["model", "n", "events", "auc"]].itertuples(index=False, name=None))
        if rows.empty or content in shown:
            continue
        shown.append(content)
        lines += _table(population, rows, final, known)
    lines += _comparisons(comparisons)
    lines += _figures(evaluation["figures"], final)
    if "sites" in scrutiny:
        lines += _sites(scrutiny["sites"]["sites"], final)
    if "null_audit" in scrutiny:
        lines += _null_audit(scrutiny["null_audit"]["summary"])
    if "learning_curve" in scrutiny:
        lines += _learning_curve(scrutiny["learning_curve"]["curve"], final)
    everyone = metrics[(metrics["model"] == final) & (metrics["population"] == "all")]
    if len(everyone):
        row = everyone.iloc[0]
        candidates = _candidates(evaluation)
        if candidates:
            lines.append(f"\n{statement(int(row['n']), int(row['events']), candidates, float(row['auc']))}\n")
    return "\n".join(lines)


def _survival(cohort: str, name: str, found: dict[str, pd.DataFrame]) -> str:
    metrics, comparisons = found["metrics"], found["comparisons"]
    final = str(found["settings"]["final_model"].iloc[0])
    rows = metrics[(metrics["population"] == "all") & (metrics["model"] != EVERYBODY)]
    first = rows.iloc[0]
    lines = [
        f"## {cohort}: {name}\n",
        f"{survival_verdict(metrics, comparisons, final)}\n",
        f"\n### Patients: all (n = {first['n']}, {first['events']} events)\n",
        "| model | kind | Harrell's C (95 % interval) | Uno's C | AUC at months | Brier score gained over one curve for all |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    figures = found["figures"][found["figures"]["population"] == "all"]
    for row in rows.sort_values("c_index", ascending=False).to_dict("records"):
        model = row["model"]
        own = figures[figures["model"] == model]
        uno = [_said(r) for r in own[own["figure"] == "uno_c"].to_dict("records")]
        by_time = [f"{r['at']:g}: {_said(r)}" for r in own[own["figure"] == "time_dependent_auc"].to_dict("records")]
        gain = [_said(r) for r in own[own["figure"] == "integrated_brier_gain"].to_dict("records")]
        shown = f"**{model}**" if model == final else model
        c_index = estimate(row["c_index"], row["c_index_lower"], row["c_index_upper"], 3)
        lines.append(
            f"| {shown} | {row['role'].replace('_', ' ')} | {c_index} | {'; '.join(uno)} | {'; '.join(by_time)} | {'; '.join(gain)} |"
        )
    lines += _comparisons(comparisons, "C-index")
    return "\n".join([*lines, ""])


def _said(row: dict[str, Any]) -> str:
    return estimate(row["estimate"], row["lower"], row["upper"], 3)


def _candidates(evaluation: dict[str, pd.DataFrame]) -> int:
    size = evaluation.get("size")
    return 0 if size is None else int(size["predictors"].iloc[0])


def _table(population: str, rows: pd.DataFrame, final: str, known: dict[tuple[str, str], Reference]) -> list[str]:
    first = rows.iloc[0]
    lines = [f"\n### Patients: {population} (n = {first['n']}, {first['events']} events)\n"]
    lines += ["| model | kind | AUC (95 % interval) | Brier | reference |", "| --- | --- | --- | --- | --- |"]
    for row in rows.sort_values("auc", ascending=False).to_dict("records"):
        name = f"**{row['model']}**" if row["model"] == final else row["model"]
        reference = known.get((row["model"], population))
        said = "" if reference is None else f"{reference.auc:.3g} ({reference.what})"
        figure = estimate(row["auc"], row["auc_lower"], row["auc_upper"], 3)
        kind = row["role"].replace("_", " ")
        lines.append(f"| {name} | {kind} | {figure} | {number(row['brier'], 3)} | {said} |")
    return lines


def _comparisons(comparisons: pd.DataFrame, measure: str = "AUC") -> list[str]:
    rows = comparisons[comparisons["population"].isin(["all", "complete"])]
    rows = rows.drop_duplicates([c for c in rows.columns if c != "population"])
    lines = [
        "\n### What is added\n",
        f"| question | patients | model - reference | {measure} difference | p, corrected | verdict |",
    ]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for row in rows.to_dict("records"):
        lines.append(
            f"| {row['comparison']} | {row['population']} ({row['n']}) | {row['model']} - {row['reference']} | "
            f"{estimate(row['auc_difference'], row['lower'], row['upper'], 3)} | {p_text(row['p_holm'])} | "
            f"{row['verdict'].split(':')[0]} |"
        )
    return lines


_SHOWN = (
    "average_precision",
    "brier_miscalibration",
    "brier_discrimination",
    "calibration_intercept",
    "calibration_slope",
)


def _figures(figures: pd.DataFrame, final: str) -> list[str]:
    own = figures[(figures["model"] == final) & (figures["population"] == "all")]
    lines = [f"\n### Further figures of {final}, all patients\n", "| figure | at | value (95 % interval) |"]
    lines.append("| --- | --- | --- |")
    for row in own.to_dict("records"):
        if row["figure"] in _SHOWN or pd.notna(row["at"]):
            at = number(row["at"]) if pd.notna(row["at"]) else ""
            value = estimate(row["estimate"], row["lower"], row["upper"], 3)
            lines.append(f"| {row['figure']} | {at} | {value} |")
    return lines


def _sites(sites: pd.DataFrame, final: str) -> list[str]:
    lines = [f"\n### {final} with each hospital left out, beside cross-validation\n"]
    lines += ["| hospital | how | n | events | AUC (95 % interval) |", "| --- | --- | --- | --- | --- |"]
    for row in sites[sites["model"] == final].to_dict("records"):
        figure = row["suppressed"] or estimate(row["auc"], row["auc_lower"], row["auc_upper"], 3)
        lines.append(f"| {row['level']} | {row['subgroup']} | {row['n']} | {row['events']} | {figure} |")
    return lines


def _null_audit(summary: pd.DataFrame) -> list[str]:
    """What the whole pipeline scores where labels are dealt out by chance."""
    lines = [
        "\n### Null audit: the whole pipeline on permuted labels\n",
        "Observed and null alike run the folds `evaluation.null_repeats` times (default: once), so that what is observed differs a "
        "little from the figures above.\n",
    ]
    lines += [
        "| model | observed | runs | null: mean (2.5th to 97.5th percentile) | p |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in summary[summary["kind"] == PERMUTED].to_dict("records"):
        null = estimate(row["null_mean"], row["null_lower"], row["null_upper"], 3)
        lines.append(
            f"| {row['model']} | {number(row['observed'], 3)} | {row['runs']} | {null} | {p_text(row['p_value'])} |"
        )
    return lines


def _learning_curve(curve: pd.DataFrame, final: str) -> list[str]:
    lines = [f"\n### {final} trained on fewer patients, the same ones tested\n"]
    lines += ["| training patients (events) | tested (events) | AUC (95 % interval) |", "| --- | --- | --- |"]
    for row in curve[curve["model"] == final].sort_values("share").to_dict("records"):
        trained = f"{row['training_patients']:.0f} ({row['training_events']:.0f})"
        figure = estimate(row["auc"], row["auc_lower"], row["auc_upper"], 3)
        lines.append(f"| {trained} | {row['n']} ({row['events']}) | {figure} |")
    return [*lines, f"\n{capitalised(verdict_of_curve(curve, final))}.\n"]
