"""A small simulated cohort of tables whose features depend, if one is careless, on who else is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

GENES = ("EGFR", "KRAS", "TP53", "STK11", "ALK", "BRAF")
MOLECULES = ("SFTPC", "NAPSA", "TOP2A", "MKI67")


def write_tables(
    folder: Path, n: int, seed: int, *, unlabelled: int = 0, prefix: str = "P", own_names: bool = False
) -> None:
    """Clinical table, MAF without panels, expression with a gene on two rows. Truth: label by marker, sex and SFTPC."""
    rng = np.random.default_rng(seed)
    patients = [f"{prefix}{i:03d}" for i in range(n)]
    marker, sex = rng.normal(size=n), rng.integers(0, 2, n)
    molecules = rng.normal(5, 1, size=(n, len(MOLECULES)))
    log_odds = -0.9 + 1.2 * marker + 0.8 * sex + 0.8 * (molecules[:, 0] - 5)
    label = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    status = np.where(label == 1, "YES", "NO").astype(object)
    status[n - unlabelled :] = ""
    table = pd.DataFrame(
        {
            "id": patients,
            "marker": marker.round(3),
            "sex": np.where(sex == 1, "Female", "Male"),
            "hospital": rng.choice(["North", "South"], n),
            "response": status,
        }
    )
    if own_names:
        table = table.rename(columns={"id": "subject", "marker": "MRK_10", "sex": "gender", "response": "RESP"})
        table["MRK_10"] *= 10
        table["gender"] = table["gender"].map({"Female": "F", "Male": "M"})
        table["hospital"] = "East"
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "clinical.csv", index=False)
    rows = [
        (gene, "Missense_Mutation", patient)
        for patient in patients
        for gene in GENES
        if gene == "TP53" or rng.random() < 0.2
    ]
    maf = pd.DataFrame(rows, columns=["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode"])
    maf.assign(HGVSp_Short="p.A1B").to_csv(folder / "mutations.maf", sep="\t", index=False)
    values = np.vstack([molecules.T, 9 - molecules[:, :1].T]).round(
        4
    )  # the second SFTPC has the lower mean in training
    expression = pd.DataFrame(values, columns=patients)
    expression.insert(0, "gene", [*MOLECULES, "SFTPC"])
    expression.to_csv(folder / "expression.tsv", sep="\t", index=False)


def settings(**changes: Any) -> dict[str, Any]:
    """The cohort's configuration."""
    return {
        "name": "little",
        "simulated": True,
        "clinical": {
            "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
            "variables": {
                "marker": {"column": "marker", "type": "number", "unit": "g"},
                "sex": {"column": "sex", "type": "category", "categories": ["Male", "Female"]},
            },
        },
        "mutations": {"maf": "mutations.maf", "pathways": "packaged", "minimum_altered": 2},
        "expression": {"file": "expression.tsv", "scale": "log", "duplicates": "maximum"},
        "endpoints": {
            "response": {
                "label": {"column": "response", "positive": ["YES"], "negative": ["NO"]},
                "modalities": ["clinical", "mutations", "expression"],
                "final_model": "late/mean",
            }
        },
        "confounders": {"hospital": {"source": "clinical", "columns": ["hospital"]}},
        "models": {"unimodal": ["elastic_net"], "fusion": ["late/mean"]},
        "resampling": {"outer_folds": 3, "inner_folds": 2, "repeats": 1},
        "compute": {"workers": 1},
        **changes,
    }


def write_cohort(folder: Path, n: int = 90, seed: int = 1, unlabelled: int = 10, **changes: Any) -> Path:
    """Tables and configuration; gives the cohort.yaml."""
    write_tables(folder, n, seed, unlabelled=unlabelled)
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(settings(**changes), sort_keys=False))
    return file


def write_part(source: Path, target: Path, patients: list[str]) -> None:
    """The files of some patients alone, without their labels."""
    target.mkdir(parents=True, exist_ok=True)
    clinical = pd.read_csv(source / "clinical.csv", dtype=str, keep_default_na=False)
    clinical[clinical["id"].isin(patients)].drop(columns="response").to_csv(target / "clinical.csv", index=False)
    maf = pd.read_csv(source / "mutations.maf", sep="\t", dtype=str)
    maf[maf["Tumor_Sample_Barcode"].isin(patients)].to_csv(target / "mutations.maf", sep="\t", index=False)
    expression = pd.read_csv(source / "expression.tsv", sep="\t", dtype=str)
    expression[["gene", *patients]].to_csv(target / "expression.tsv", sep="\t", index=False)
