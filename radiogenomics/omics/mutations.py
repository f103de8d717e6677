"""Somatic alterations to features: altered genes and pathways, burden, fraction of genome altered, mark of smoking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.features import Features
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.omics_settings import AlterationClass, Mutations
from radiogenomics.cohort.schemas import FEATURE_DICTIONARY, conform, empty
from radiogenomics.cohort.set_aside import SetAside, together
from radiogenomics.exceptions import ConfigurationError
from radiogenomics.omics.alterations import SOURCES, Alterations
from radiogenomics.omics.burden import burden, smoking_fraction
from radiogenomics.omics.cohort_state import CohortState
from radiogenomics.omics.copy_number import fraction_genome_altered
from radiogenomics.omics.pathways import PREFIX, pathway_column, read_pathways
from radiogenomics.omics.sample_choice import not_chosen
from radiogenomics.omics.sequencing import Sequencing, read_sequencing

MODALITY = "mutations"
TMB = "tumour_mutational_burden"
FGA = "fraction_genome_altered"
SMOKING = "smoking_c_to_a_fraction"

_SAID = {
    "any": "non-synonymous variant",
    "truncating": "truncating variant",
    "missense": "missense variant",
    "hotspot": "variant at a hotspot",
    "amplification": "amplification",
    "deep_deletion": "deep deletion",
    "fusion": "fusion",
}


def mutation_features(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None, state: CohortState | None = None
) -> Features:
    """Alterations, one row for every sequenced patient, from the samples that `mutations.choose` picks.

    ================================  ======================================================================================
    `<gene>`, `<gene>_<class>`        1 where a sample has the alteration (see :mod:`radiogenomics.omics.alterations`), 0
                                      where none has and a sample's panel covers the gene, NaN where no panel covers it
    `pathway_<name>`                  see :func:`radiogenomics.omics.pathways.pathway_column`
    `tumour_mutational_burden`        see :func:`radiogenomics.omics.burden.burden_by_sample`; where a panel's size is known
    `fraction_genome_altered`         see :func:`radiogenomics.omics.copy_number.fraction_genome_altered`
    `smoking_c_to_a_fraction`         see :func:`radiogenomics.omics.burden.smoking_fraction`
    ================================  ======================================================================================

    Genes are those declared, or all that are altered in the cohort: which of them help is for the fold to learn.

    Parameters
    ----------
    state : what another cohort decided for its patients together (the genes); given, nothing here is decided anew.

    Returns
    -------
    Features: values `patient_id` and one float column a feature; `derived_from` is '<source>:<gene>', and '<source>:*' for
    what counts every gene. Samples that are not chosen, and those whose panel has no declared coverage or size, are in the
    quarantine.

    Raises
    ------
    ConfigurationError
        A declared gene is covered by no panel.
    """
    declared = cohort.mutations
    sequencing = read_sequencing(cohort, manifest, files)
    assert declared is not None  # read_sequencing has checked it
    if state is not None and state.maf_genes is not None:
        sequencing = sequencing._replace(maf_genes=frozenset(state.maf_genes))
    source, file = (
        ("mutation_panels", declared.panel_matrix) if declared.panel_matrix else ("mutations", declared.mafs[0])
    )
    aside = SetAside(source, file)
    not_chosen(sequencing.chosen, aside)
    _undeclared_panels(sequencing, aside)
    found = Alterations(cohort, manifest, sequencing, files)
    patients = found.patients
    columns: dict[str, np.ndarray] = {}
    entries: list[dict[str, str]] = []

    def add(name: str, values: np.ndarray, family: str, unit: str, derived_from: str, description: str) -> None:
        columns[name] = values
        entries.append(_entry(name, family, unit, derived_from, description))

    genes = _genes(cohort, declared, sequencing, found) if state is None else state.genes
    for gene, classes in genes.items():
        for kind in classes:
            name = gene if kind == "any" else f"{gene}_{kind}"
            said = f"{gene}: 1 {_SAID[kind]}, 0 none, missing: not on the panel"
            add(name, found.column(gene, kind), "gene", "1", f"{SOURCES[kind]}:{gene}", said)
    optional = {"copy_number": declared.copy_number, "structural_variants": declared.structural_variants}
    sources = {name for name, given in optional.items() if given is not None}
    if declared.pathways is not None:
        for pathway, of in read_pathways(cohort, declared.pathways).groupby("pathway", sort=True):
            origin = ";".join(f"{s}:{gene}" for s in ["mutations", *sorted(sources)] for gene in of["gene"])
            said = f"{pathway} pathway ({len(of)} genes): 1 a gene altered, 0 none of those on the panel"
            values = pathway_column(found, of, sources)
            add(f"{PREFIX}{str(pathway).replace(' ', '_')}", values, "pathway", "1", origin, said)
    if sequencing.size_mb:
        said = "non-synonymous variants per megabase of the sample's panel"
        add(TMB, burden(sequencing, patients), "burden", "1/Mb", "mutations:*", said)
    if declared.segments is not None:
        by_sample = fraction_genome_altered(cohort, manifest, declared.segment_threshold, files)
        of_samples = sequencing.samples["sample_id"].map(by_sample).astype(float)
        values = of_samples.groupby(sequencing.samples["patient_id"]).mean().reindex(patients).to_numpy(dtype=float)
        said = f"share of the genome with |log2 ratio| of {declared.segment_threshold:g} or more"
        add(FGA, values, "burden", "1", "segments:*", said)
    if declared.smoking_minimum_variants is not None:
        values = smoking_fraction(sequencing, patients, declared.smoking_minimum_variants)
        said = f"share of C>A among single-base variants; missing with fewer than {declared.smoking_minimum_variants}"
        add(SMOKING, values, "signature", "1", "mutations:*", said)
    quarantine = [aside.table()]
    if "copy_number" in sources and (set(declared.classes) & {"amplification", "deep_deletion"} or declared.pathways):
        quarantine.append(found.copy_number.quarantine)
    values_table = pd.concat(
        [pd.DataFrame({"patient_id": pd.Series(patients, dtype=object)}), pd.DataFrame(columns)], axis=1
    )
    dictionary = conform(pd.DataFrame(entries), FEATURE_DICTIONARY) if entries else empty(FEATURE_DICTIONARY)
    return Features(values_table, dictionary, together(quarantine))


def mutation_state(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None
) -> tuple[dict[str, list[AlterationClass]], list[str] | None]:
    """What `mutation_features` decides for all patients together.

    Returns
    -------
    The genes with their classes, and the genes that the MAF names where no `panels` are declared (None where they are).
    """
    declared = cohort.mutations
    sequencing = read_sequencing(cohort, manifest, files)
    assert declared is not None  # read_sequencing has checked it
    genes = _genes(cohort, declared, sequencing, Alterations(cohort, manifest, sequencing, files))
    return genes, None if sequencing.covered is not None else sorted(sequencing.maf_genes)


def _genes(
    cohort: Cohort, declared: Mutations, sequencing: Sequencing, found: Alterations
) -> dict[str, list[AlterationClass]]:
    """Gene -> classes that become features: all declared ones of declared genes, else those that occur in the cohort."""
    if declared.genes:
        genes = list(dict.fromkeys(current_symbol(gene) for gene in declared.genes))
        lost = [gene for gene in genes if not sequencing.samples_looked_at(gene)]
        if lost:
            raise ConfigurationError(
                f"{cohort.file}: mutations.genes: {lost} covered by no panel of any sequenced sample",
                rule="gene_not_covered",
            )
        return {gene: list(declared.classes) for gene in genes}
    occurring: dict[str, list[AlterationClass]] = {}
    for kind in declared.classes:
        for gene in found.genes(kind):
            if declared.minimum_altered == 1 or np.nansum(found.column(gene, kind)) >= declared.minimum_altered:
                occurring.setdefault(gene, []).append(kind)
    return dict(sorted(occurring.items()))


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


def _undeclared_panels(sequencing: Sequencing, aside: SetAside) -> None:
    for sample in sequencing.samples.to_dict("records"):
        panel = sample["panel"]
        named = f"panel '{panel}'" if panel is not None else "no panel"
        lacking = []
        if sequencing.covered is not None and (panel is None or panel not in sequencing.covered):
            lacking.append(("panel_without_genes", "`panels` does not say which genes it covers"))
        if sequencing.size_mb and panel not in sequencing.size_mb:
            lacking.append(("panel_without_size", "`panel_size_mb` does not say its size"))
        for rule, what in lacking:
            aside.value(
                row=None,
                patient_id=sample["patient_id"],
                rule=rule,
                reason=f"sample '{sample['sample_id']}' has {named}: {what}",
            )
