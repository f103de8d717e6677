"""Somatic variants to features: which genes are altered, and how many variants there are per megabase."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics.sequencing import Sequencing, read_sequencing

MODALITY = "mutations"
TMB = "tumour_mutational_burden"


def mutation_features(cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None) -> Features:
    """Altered genes and tumour mutational burden, one row for every sequenced patient.

    `<gene>` is 1 where any of the patient's samples has a non-synonymous variant (`samples.NON_SYNONYMOUS`) in the gene, 0
    where none has and at least one sample's panel covers it, NaN where no panel covers it. Genes are those declared, or
    all that are altered in at least `minimum_altered` patients: a count that looks at no label.

    `tumour_mutational_burden` is non-synonymous variants per megabase that the sample's own panel sequenced, so that
    panels of different size can be compared; the mean over the samples of a patient; NaN where the panel's size is not
    declared. It is there when `panel_size_mb` is declared. See Merino et al., J Immunother Cancer 8:e000147 (2020).

    Returns
    -------
    Features: values `patient_id` and one float column a feature; `derived_from` is 'mutations:<gene>', and 'mutations:*' for
    the burden, which counts every gene. A sample whose panel has no declared coverage or size is in the quarantine.

    Raises
    ------
    ConfigurationError
        A declared gene is covered by no panel.
    """
    declared = cohort.mutations
    sequencing = read_sequencing(cohort, manifest, files)
    assert declared is not None  # read_sequencing has checked it
    aside = SetAside("mutation_panels" if declared.panel_matrix else "mutations", declared.panel_matrix or declared.maf)
    _undeclared_panels(sequencing, declared.panel_size_mb, aside)
    patients = sorted(set(sequencing.samples["patient_id"]))
    altering = sequencing.variants[sequencing.variants["non_synonymous"]]
    by_gene = {str(gene): frozenset(group["patient_id"]) for gene, group in altering.groupby("gene")}
    if declared.genes:
        genes = list(dict.fromkeys(declared.genes))
        lost = [gene for gene in genes if not sequencing.patients_looked_at(gene)]
        if lost:
            raise ConfigurationError(
                f"{cohort.file}: mutations.genes: {lost} covered by no panel of any sequenced sample",
                rule="gene_not_covered",
            )
    else:
        genes = sorted(gene for gene, altered in by_gene.items() if len(altered) >= declared.minimum_altered)
    columns: dict[str, np.ndarray] = {}
    entries = []
    for gene in genes:
        altered, looked_at = by_gene.get(gene, frozenset()), sequencing.patients_looked_at(gene)
        columns[gene] = np.array([1.0 if p in altered else 0.0 if p in looked_at else np.nan for p in patients])
        entries.append(
            _entry(
                gene,
                "gene",
                "1",
                f"mutations:{gene}",
                f"{gene}: 1 non-synonymous variant, 0 none, missing: not on the panel",
            )
        )
    if declared.panel_size_mb:
        columns[TMB] = _burden(sequencing, declared.panel_size_mb, patients)
        entries.append(
            _entry(TMB, "burden", "1/Mb", "mutations:*", "non-synonymous variants per megabase of the sample's panel")
        )
    values = pd.concat([pd.DataFrame({"patient_id": pd.Series(patients, dtype=object)}), pd.DataFrame(columns)], axis=1)
    dictionary = conform(pd.DataFrame(entries), FEATURE_DICTIONARY) if entries else empty(FEATURE_DICTIONARY)
    return Features(values, dictionary, aside.table())


def _entry(feature: str, family: str, unit: str, derived_from: str, description: str) -> dict[str, str]:
    return {
        "feature": feature,
        "modality": MODALITY,
        "family": family,
        "unit": unit,
        "derived_from": derived_from,
        "recorded": "baseline",
        "description": description,
    }


def _burden(sequencing: Sequencing, sizes: dict[str, float], patients: list[str]) -> np.ndarray:
    counts = sequencing.variants.loc[sequencing.variants["non_synonymous"], "sample_id"].value_counts()
    samples = sequencing.samples
    size = samples["panel"].map(lambda panel: sizes.get(panel, np.nan)).astype(float)
    rate = samples["sample_id"].map(counts).fillna(0).astype(float) / size
    return rate.groupby(samples["patient_id"]).mean().reindex(patients).to_numpy(dtype=float)


def _undeclared_panels(sequencing: Sequencing, sizes: dict[str, float], aside: SetAside) -> None:
    for sample in sequencing.samples.to_dict("records"):
        panel = sample["panel"]
        named = f"panel '{panel}'" if panel is not None else "no panel"
        lacking = []
        if sequencing.covered is not None and (panel is None or panel not in sequencing.covered):
            lacking.append(("panel_without_genes", "`panels` does not say which genes it covers"))
        if sizes and panel not in sizes:
            lacking.append(("panel_without_size", "`panel_size_mb` does not say its size"))
        for rule, what in lacking:
            aside.value(
                row=None,
                patient_id=sample["patient_id"],
                rule=rule,
                reason=f"sample '{sample['sample_id']}' has {named}: {what}",
            )
