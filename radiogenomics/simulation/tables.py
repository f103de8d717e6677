"""The tables a hospital would hand over: clinical, samples, mutations with their panels, expression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.simulation.biology import HOSPITALS, LATENTS, Array, Flags, Patients, sigmoid
from radiogenomics.simulation.genes import (
    BUILD,
    EGFR_NOT_SENSITISING,
    EGFR_RESISTANCE,
    EGFR_SENSITISING,
    KEAP1,
    KRAS,
    LOCI,
    MIDDLE,
    OTHER_GENES,
    PANEL_SIZE_MB,
    PANELS,
    PROGRAMMES,
    SMALL,
    STK11,
    TP53,
    WIDE,
    Variant,
)

MAF_COLUMNS = (
    "Hugo_Symbol", "Center", "NCBI_Build", "Chromosome", "Start_Position", "End_Position", "Strand",
    "Variant_Classification", "Variant_Type", "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode", "HGVSp_Short", "t_ref_count", "t_alt_count",
)  # fmt: skip
MUTATIONS_PER_MB = 5.0
STAGES = ("I", "II", "III", "IV")


def sample_id(patient_id: str) -> str:
    """Barcode of a patient's tumour sample."""
    return f"{patient_id}-T1"


def _column(drawn: Patients, source: str, latent: str) -> Array:
    return drawn.views[source][:, LATENTS.index(latent)]


def clinical_table(drawn: Patients, ids: list[str], generator: np.random.Generator) -> pd.DataFrame:
    """One row a patient, values as text as a hospital writes them; unknown values have their usual codes.

    Columns: patient_id, hospital, age_years, sex, smoking_status, pack_years, stage, histology, pd_l1_percent, therapy,
    egfr_status (Mutant, Wildtype, Unknown), durable_clinical_benefit (YES, NO, NE) and pfs_months, which is known only
    after the outcome.
    """
    n = len(drawn)
    smoking = _column(drawn, "clinical", "smoking")
    packs = np.where(smoking < -0.55, 0.0, np.round(np.exp(2.7 + 0.75 * smoking), 1))
    status = np.where(packs == 0, "Never", np.where(generator.random(n) < 0.35, "Current", "Former"))
    unknown_smoking = generator.random(n) < 0.04
    stage_at = np.searchsorted([-1.6, -0.6, 0.5], _column(drawn, "clinical", "heterogeneity"))
    growth = _column(drawn, "clinical", "growth")
    histology = np.where(
        growth > -1.1, "Adenocarcinoma", np.where(generator.random(n) < 0.7, "Squamous cell carcinoma", "NSCLC NOS")
    )
    pd_l1 = np.rint(100 * sigmoid(-0.9 + 1.3 * _column(drawn, "clinical", "inflammation"))).astype(int)
    pd_l1_missing = generator.random(n) < 0.2
    benefit = drawn.outcome["durable_clinical_benefit"] == 1
    follow_up = np.where(benefit, 6.0 + generator.exponential(9.0, n), generator.uniform(0.4, 6.0, n))
    age = np.clip(np.rint(66 + 9 * generator.standard_normal(n)), 35, 89).astype(int)
    therapy = np.where(generator.random(n) < 0.7, "PD-1 monotherapy", "PD-1 with chemotherapy")
    egfr_text = np.where(drawn.outcome["egfr_status"] == 1, "Mutant", "Wildtype").astype(object)
    egfr_text[_some(n, 0.06, generator)] = "Unknown"
    benefit_text = np.where(benefit, "YES", "NO").astype(object)
    benefit_text[_some(n, 0.06, generator)] = "NE"
    return pd.DataFrame(
        {
            "patient_id": ids,
            "hospital": np.array(HOSPITALS)[drawn.hospital],
            "age_years": age.astype(str),
            "sex": np.where(drawn.female == 1, "Female", "Male"),
            "smoking_status": np.where(unknown_smoking, "Unknown", status),
            "pack_years": np.where(unknown_smoking, "", packs.astype(str)),
            "stage": np.array(STAGES)[stage_at],
            "histology": histology,
            "pd_l1_percent": np.where(pd_l1_missing, "Not Assessed", pd_l1.astype(str)),
            "therapy": therapy,
            "egfr_status": egfr_text,
            "durable_clinical_benefit": benefit_text,
            "pfs_months": np.round(follow_up, 1).astype(str),
        }
    )


def _some(count: int, share: float, generator: np.random.Generator) -> np.ndarray[Any, Any]:
    """Rows of a random `share` of patients, at least one."""
    return generator.permutation(count)[: max(1, round(share * count))]


def samples_table(ids: list[str]) -> pd.DataFrame:
    """Which sample is whose: SAMPLE_ID, PATIENT_ID."""
    return pd.DataFrame({"SAMPLE_ID": [sample_id(p) for p in ids], "PATIENT_ID": ids})


def panel_matrix(drawn: Patients, ids: list[str], sequenced: Flags, generator: np.random.Generator) -> pd.DataFrame:
    """Panel of each sequenced sample: SAMPLE_ID, mutations. Each hospital has its usual panel; a few had the small one."""
    usual = np.where(drawn.hospital == 0, WIDE, MIDDLE)
    other = np.where(drawn.hospital == 0, MIDDLE, WIDE)
    panel = np.where(generator.random(len(ids)) < 0.15, other, usual).astype(object)
    rows = np.flatnonzero(sequenced)
    panel[rows[_some(len(rows), 0.04, generator)]] = SMALL
    return pd.DataFrame({"SAMPLE_ID": [sample_id(ids[i]) for i in rows], "mutations": panel[rows]})


def panel_content() -> pd.DataFrame:
    """What each panel covers: panel, gene."""
    return pd.DataFrame([(panel, gene) for panel, genes in PANELS.items() for gene in genes], columns=["panel", "gene"])


def maf_table(drawn: Patients, ids: list[str], panels: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Somatic variants of all sequenced samples; only genes that the sample's panel covers.

    EGFR follows the patient's status, with one mutant in thirty missed (low tumour content), one wildtype in twenty with an EGFR
    variant that is not sensitising, and T790M beside a sensitising variant in one of twelve. KRAS excludes EGFR. The
    number of other variants follows tobacco exposure and the panel's size.
    """
    panel_of = dict(zip(panels["SAMPLE_ID"], panels["mutations"], strict=True))
    heterogeneity = _column(drawn, "mutations", "heterogeneity")
    smoking = _column(drawn, "mutations", "smoking")
    mutant = drawn.outcome["egfr_status"] == 1
    rows: list[dict[str, object]] = []
    for index, patient in enumerate(ids):
        # The same number of draws for every patient, so that one patient's sequencing does not change another's.
        uniform = generator.random(10)
        own = np.random.default_rng(generator.integers(0, 2**63))
        panel = panel_of.get(sample_id(patient))
        if panel is None:
            continue
        found = _drivers(bool(mutant[index]), float(heterogeneity[index]), float(smoking[index]), uniform, own)
        rate = MUTATIONS_PER_MB * PANEL_SIZE_MB[panel] * np.exp(0.75 * smoking[index])
        passengers = [g for g in PANELS[panel] if g not in {"EGFR", "KRAS", "TP53", "STK11", "KEAP1"}]
        found += [_passenger(str(own.choice(passengers)), own) for _ in range(int(own.poisson(rate)))]
        for variant in found:
            if variant.gene in PANELS[panel]:
                rows.append(maf_row(variant, sample_id(patient), own))
    return pd.DataFrame(rows, columns=list(MAF_COLUMNS))


def maf_row(variant: Variant, barcode: str, generator: np.random.Generator) -> dict[str, object]:
    """One row of the MAF."""
    depth = int(generator.integers(150, 900))
    alternative = int(generator.binomial(depth, float(generator.uniform(0.08, 0.5))))
    return dict(
        zip(
            MAF_COLUMNS,
            (
                variant.gene, "SIMULATED", BUILD, variant.chromosome, variant.start, variant.end, "+",
                variant.classification, variant.kind, variant.reference, variant.reference, variant.alternative,
                barcode, variant.protein, depth - alternative, alternative,
            ),
            strict=True,
        )
    )  # fmt: skip


def _drivers(
    mutant: bool, heterogeneity: float, smoking: float, uniform: Array, own: np.random.Generator
) -> list[Variant]:
    chance = sigmoid(
        np.array([-0.7 + 1.1 * smoking, 0.1 + 1.1 * heterogeneity, -1.3 + 1.2 * heterogeneity, -1.6 + heterogeneity])
    )
    found: list[Variant] = []
    if mutant:
        if uniform[0] >= 1 / 30:
            variants, shares = zip(*EGFR_SENSITISING, strict=True)
            found.append(variants[int(own.choice(len(variants), p=np.array(shares) / sum(shares)))])
            if uniform[1] < 1 / 12:
                found.append(EGFR_RESISTANCE)
    elif uniform[1] < 1 / 20:
        found.append(_one(EGFR_NOT_SENSITISING, own))
    if not mutant and uniform[2] < chance[0]:
        found.append(_one(KRAS, own))
    for at, (variants_of_gene, probability) in enumerate(zip((TP53, STK11, KEAP1), chance[1:], strict=True), start=3):
        if uniform[at] < probability:
            found.append(_one(variants_of_gene, own))
    return found


def _one(variants: tuple[Variant, ...], own: np.random.Generator) -> Variant:
    return variants[int(own.integers(len(variants)))]


_AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
_PASSENGER_KINDS = (
    ("Missense_Mutation", 0.62), ("Silent", 0.2), ("Nonsense_Mutation", 0.08), ("Frame_Shift_Del", 0.06), ("Splice_Site", 0.04),
)  # fmt: skip


def _passenger(gene: str, own: np.random.Generator) -> Variant:
    """A variant at a random place in a gene."""
    kind = str(own.choice([name for name, _ in _PASSENGER_KINDS], p=[share for _, share in _PASSENGER_KINDS]))
    chromosome, near = LOCI[gene]
    start = near + int(own.integers(200, 20_000))
    residue = int(own.integers(2, 900))
    first, second = (str(a) for a in own.choice(list(_AMINO_ACIDS), size=2, replace=False))
    reference, alternative = (str(b) for b in own.choice(list("ACGT"), size=2, replace=False))
    protein = {
        "Missense_Mutation": f"p.{first}{residue}{second}",
        "Silent": f"p.{first}{residue}=",
        "Nonsense_Mutation": f"p.{first}{residue}*",
        "Frame_Shift_Del": f"p.{first}{residue}{second}fs*{int(own.integers(2, 60))}",
        "Splice_Site": f"p.X{residue}_splice",
    }[kind]
    if kind == "Frame_Shift_Del":
        return Variant(gene, chromosome, start, start, kind, "DEL", reference, "-", protein)
    return Variant(gene, chromosome, start, start, kind, "SNP", reference, alternative, protein)


def expression_table(drawn: Patients, ids: list[str], profiled: Flags, generator: np.random.Generator) -> pd.DataFrame:
    """Log2 expression, genes x samples, first column Hugo_Symbol, rounded to 4 decimals.

    A gene of a programme has a baseline, a loading on what the expression source sees of its latent factor, and noise; a third
    of all genes carry a shift of the second hospital (another laboratory).
    """
    genes = [(gene, factor) for factor, names in PROGRAMMES.items() for gene in names]
    genes += [(gene, "") for gene in OTHER_GENES]
    seen = drawn.views["expression"]
    values = np.empty((len(genes), len(ids)))
    for row, (_, factor) in enumerate(genes):
        baseline, loading = generator.uniform(3.0, 9.0), generator.uniform(0.5, 1.2)
        shift = generator.normal(0.0, 0.6) if generator.random() < 1 / 3 else 0.0
        signal = loading * seen[:, LATENTS.index(factor)] if factor else 0.0
        values[row] = baseline + signal + shift * drawn.hospital + 0.7 * generator.standard_normal(len(ids))
    table = pd.DataFrame(np.round(np.maximum(values, 0.0), 4), columns=[sample_id(p) for p in ids])
    table = table.loc[:, profiled]
    table.insert(0, "Hugo_Symbol", [gene for gene, _ in genes])
    return table
