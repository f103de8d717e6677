"""Labels from variants: EGFR status by class of variant, and any gene altered or not."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pandas as pd

from radiogenomics.cohort.configuration import Cohort
from radiogenomics.cohort.gene_names import current_symbol
from radiogenomics.cohort.label_settings import GeneRule, VariantRule
from radiogenomics.endpoints.egfr import GENE, declared_classes, egfr_variants
from radiogenomics.endpoints.label import Label
from radiogenomics.omics.sequencing import Sequencing


def egfr_labels(cohort: Cohort, sequencing: Sequencing, rule: VariantRule, patients: list[str]) -> list[Label]:
    """EGFR status of each patient by the classes that the rule declares positive and negative."""
    variants = egfr_variants(sequencing, declared_classes(cohort, rule))
    by_patient = {str(patient): group for patient, group in variants.groupby("patient_id")}
    return [
        _egfr_label(by_patient[p], rule) if p in by_patient else _without_variant(sequencing, GENE, p) for p in patients
    ]


def _egfr_label(variants: pd.DataFrame, rule: VariantRule) -> Label:
    effects: dict[str, list[str]] = {}
    for effect, change in zip(variants["class"], variants["protein_change"], strict=True):
        effects.setdefault(effect, []).append(change or "variant without a protein change")
    said = "; ".join(f"{effect.replace('_', ' ')}: {', '.join(changes)}" for effect, changes in sorted(effects.items()))
    if set(effects) & set(rule.positive):
        carried = " and ".join(e.replace("_", " ") for e in rule.positive if e in effects)
        return Label(1, f"EGFR altered: {carried} ({said})", _lines(variants))
    wanted = " or ".join(effect.replace("_", " ") for effect in rule.positive)
    reason = f"EGFR altered without a variant that is {wanted} ({said})"
    return Label(0 if set(effects) <= set(rule.negative) else None, reason, _lines(variants))


def gene_labels(sequencing: Sequencing, rule: GeneRule, patients: list[str]) -> list[Label]:
    """Altered or not for a gene: positive with a non-synonymous variant that counts, negative where it was looked at."""
    gene = current_symbol(rule.gene)
    rows = sequencing.variants
    rows = rows[(rows["gene"] == gene) & rows["non_synonymous"]]
    by_patient = {str(patient): group.sort_values(["file", "row"]) for patient, group in rows.groupby("patient_id")}
    labels = []
    for patient in patients:
        if patient not in by_patient:
            labels.append(_without_variant(sequencing, gene, patient))
            continue
        variants = by_patient[patient]
        counting = [c for c in variants["protein_change"] if not rule.changes or _counts(c, rule.changes)]
        said = ", ".join(c or "variant without a protein change" for c in variants["protein_change"])
        if counting:
            labels.append(Label(1, f"{gene} altered ({said})", _lines(variants)))
        else:
            label = 0 if rule.other_changes == "negative" else None
            labels.append(Label(label, f"{gene} altered, by none of the declared changes ({said})", _lines(variants)))
    return labels


def _counts(change: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(change.removeprefix("p."), pattern.removeprefix("p.")) for pattern in patterns)


def _without_variant(sequencing: Sequencing, gene: str, patient: str) -> Label:
    samples = sequencing.samples
    mine = samples[samples["patient_id"] == patient]
    if mine.empty:
        named = set(sequencing.chosen["patient_id"])
        return Label(None, "no sample that counts" if patient in named else "not sequenced", None)
    if any(sequencing.covers(panel, gene) is True for panel in mine["panel"]):
        return Label(0, f"{gene} sequenced, no non-synonymous variant", None)
    return Label(None, f"sequenced, but no panel is known to cover {gene}", None)


def _lines(variants: pd.DataFrame) -> str:
    return ";".join(f"{file}:{row}" for file, row in zip(variants["file"], variants["row"], strict=True))
