"""``radiogenomics check``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from pipelines.discovery import read_cohort_file
from radiogenomics.cohort import Cohort, account, read_inputs
from radiogenomics.storage import Home


def check(file: Path, home: Home, out: Console, err: Console) -> None:
    """Validate a configuration and every input, without computing image features.

    Prints the rows of each source, who has which modality and label, and what is set aside and why. What is set aside is
    no error: the cohort runs without it. An error in the configuration or in a table is raised.
    """
    cohort = read_cohort_file(file, home)
    inputs = read_inputs(cohort)
    aside = [inputs.quarantine]
    has: dict[str, set[str]] = {}

    if cohort.images:
        from radiogenomics.imaging import check_lesions, declared_lesions, draft_lesions, lesions_by_study

        lesions = declared_lesions(cohort, inputs.manifest)
        drafted = draft_lesions(cohort, lesions, home.drafts / cohort.name, workers=cohort.compute.workers)
        lesions = drafted.lesions
        aside.append(drafted.quarantine)
        with err.status("opening images") as status:
            qc, quarantine, _ = check_lesions(
                lesions,
                workers=cohort.compute.workers,
                scheduler=cohort.compute.scheduler,
                on_progress=lambda done, total: status.update(f"opening images: {done} of {total}"),
            )
        by_study = lesions_by_study(cohort, inputs.manifest, lesions, qc)
        aside += [quarantine, by_study.quarantine]
        for name, images in cohort.images.items():
            for what, part in (("", by_study.baseline), (", later", by_study.later)):
                if not what or images.follow_up is not None:
                    has[f"images {name}{what}"] = set(part.loc[part["images"] == name, "patient_id"])
    tables = _tables(cohort, inputs.manifest)
    for name, features in tables.items():
        has[name] = set(features.values["patient_id"])
        aside.append(features.quarantine)

    out.print(
        f"[bold]{cohort.title or cohort.name}[/]" + ("  SIMULATED DATA" if cohort.simulated else ""), highlight=False
    )
    _print("Rows of each source", account(inputs), out)
    patients = sorted(inputs.manifest.loc[inputs.manifest["source"].str.startswith("clinical/"), "patient_id"].unique())
    modalities = pd.DataFrame(
        [(name, len(ids), len(patients) - len(ids)) for name, ids in has.items()],
        columns=["modality", "patients", "without"],
    )
    _print(f"Who has what ({len(patients)} patients)", modalities, out)
    if cohort.endpoints:
        aside.append(_labels(cohort, inputs.manifest, has, out))
        _refused(cohort, tables, out)
    if cohort.survival:
        aside.append(_survival(cohort, inputs.manifest, out))
    rows = pd.concat([part for part in aside if len(part)], ignore_index=True) if any(map(len, aside)) else aside[0]
    if len(rows):
        _print_reasons(rows, out)
    out.print(f"{len(rows)} rows, values or lesions are set aside; everything else is used.", highlight=False)


def _tables(cohort: Cohort, manifest: pd.DataFrame) -> dict:
    """Features of every table, which is where their values are validated."""
    found = {}
    if cohort.imaging_tables:
        from radiogenomics.imaging.ready_made import imaging_table_features

        found.update({name: imaging_table_features(cohort, manifest, name) for name in cohort.imaging_tables})
    if cohort.mutations is not None:
        from radiogenomics.omics import mutation_features

        found["mutations"] = mutation_features(cohort, manifest)
    if cohort.expression is not None:
        from radiogenomics.omics import expression_features

        found["expression"] = expression_features(cohort, manifest)
    for name in cohort.omics:
        from radiogenomics.omics import omics_features

        found[name] = omics_features(cohort, manifest, f"omics/{name}")
    if cohort.clinical.variables:
        from radiogenomics.clinical import clinical_features

        found["clinical"] = clinical_features(cohort, manifest)
    return found


def _labels(cohort: Cohort, manifest: pd.DataFrame, has: dict[str, set[str]], out: Console) -> pd.DataFrame:
    from radiogenomics.endpoints import derive_labels
    from radiogenomics.endpoints.label import reason_group

    labels, quarantine = derive_labels(cohort, manifest)
    counts = labels.assign(
        positive=labels["label"] == 1, negative=labels["label"] == 0, missing=labels["label"].isna()
    ).groupby("endpoint")[["positive", "negative", "missing"]]
    _print("Labels (patients)", counts.sum().astype(int).reset_index(), out)
    known = {name: set(part["patient_id"]) for name, part in labels[labels["label"].notna()].groupby("endpoint")}
    shares = [{"modality": name, **{str(e): len(known[e] & ids) for e in known}} for name, ids in has.items()]
    _print("Labelled patients with each modality", pd.DataFrame(shares), out)
    missing = labels[labels["label"].isna()]
    missing = missing.assign(reason=missing["reason"].map(reason_group))
    reasons = missing.groupby(["endpoint", "reason"]).size().rename("patients").reset_index()
    if len(reasons):
        _print("Why a label is missing", reasons, out)
    return quarantine


def _survival(cohort: Cohort, manifest: pd.DataFrame, out: Console) -> pd.DataFrame:
    from radiogenomics.endpoints import derive_survival

    survival, quarantine = derive_survival(cohort, manifest)
    counts = survival.assign(
        known=survival["event"].notna(), events=survival["event"] == 1, missing=survival["event"].isna()
    ).groupby("endpoint")[["known", "events", "missing"]]
    _print("Times with events (patients)", counts.sum().astype(int).reset_index(), out)
    return quarantine


def _refused(cohort: Cohort, tables: dict, out: Console) -> None:
    """Which features may not predict which endpoint, and an error where the configuration names one of them."""
    from radiogenomics.endpoints import refused_features

    dictionaries = [features.dictionary for features in tables.values()]
    if not dictionaries:
        return
    rows = []
    for name in cohort.endpoints:
        refused = refused_features(cohort, name, pd.concat(dictionaries, ignore_index=True))
        rows += [(name, f"{r['modality']}:{r['feature']}", r["reason"]) for r in refused.to_dict("records")]
    if rows:
        _print("Refused as predictors", pd.DataFrame(rows, columns=["endpoint", "feature", "why"]), out, most=20)


_TABLES = ("csv", "tsv", "txt", "maf", "seg", "parquet", "pq")


def _print_reasons(rows: pd.DataFrame, out: Console, most: int = 100) -> None:
    """One line for each thing that is set aside: where it stands, whose it is, why."""
    out.print("[bold]Set aside[/]")
    for row in rows.head(most).to_dict("records"):
        table = str(row["file"]).rpartition(".")[2].lower() in _TABLES  # in a folder of DICOM files a row is no line
        line = f" line {row['row']}" if table and not pd.isna(row["row"]) else ""
        whose = " ".join(str(row[key]) for key in ("patient_id", "lesion_id") if not pd.isna(row[key]))
        out.print(
            f"  {row['source']}{line}  {whose or '(no identifier)'}  [{row['rule']}]", highlight=False, markup=False
        )
        out.print(f"    {row['reason']}", highlight=False, markup=False, soft_wrap=True)
    if len(rows) > most:
        out.print(f"  ... and {len(rows) - most} more: see the asset `quarantine`", highlight=False)
    out.print()


def _print(title: str, frame: pd.DataFrame, out: Console, most: int = 60) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False)
    for column in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[column])
        table.add_column(str(column).replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in frame.head(most).itertuples(index=False):
        table.add_row(*("" if pd.isna(value) else str(value) for value in row))
    out.print(table, highlight=False, markup=False)
    if len(frame) > most:
        out.print(f"... and {len(frame) - most} more", highlight=False)
    out.print()
