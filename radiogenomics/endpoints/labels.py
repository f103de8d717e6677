"""Labels: for every patient and endpoint 1, 0 or missing, always with the reason."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from radiogenomics.cohort.clinical_columns import column_texts, table_rows
from radiogenomics.cohort.configuration import Cohort, ColumnRule
from radiogenomics.cohort.inputs import cohort_patients
from radiogenomics.cohort.schemas import LABELS, conform, empty
from radiogenomics.cohort.set_aside import SetAside, together
from radiogenomics.endpoints import egfr
from radiogenomics.omics.sequencing import Sequencing, read_sequencing

COLUMN_CODES_VERSION = "1"


class _Label(NamedTuple):
    label: int | None
    reason: str
    source_rows: str | None


def derive_labels(
    cohort: Cohort, manifest: pd.DataFrame, files: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The label of every patient of the cohort for every endpoint.

    Rule ``column_codes`` (version 1): the code in a clinical column is one of `positive` (1) or `negative` (0); any other
    text, a code for missing, samples that disagree, or no row is missing. A text that is neither a declared code nor a
    code for missing is in the quarantine too.

    Rule ``egfr_sensitising_variant`` (version 1): see :mod:`radiogenomics.endpoints.egfr`.

    Returns
    -------
    labels : DataFrame by `schemas.LABELS`, one row for every patient and endpoint. A missing label is <NA>, never 0.
    quarantine : DataFrame by `schemas.QUARANTINE`, level 'value'.
    """
    patients = cohort_patients(manifest)
    records: list[dict[str, object]] = []
    quarantines: list[pd.DataFrame] = []
    sequencing: Sequencing | None = None
    for name, endpoint in cohort.endpoints.items():
        rule = endpoint.label
        if isinstance(rule, ColumnRule):
            labels, aside = _column_codes(cohort, manifest, name, rule, patients, files)
            rule_name, version = "column_codes", COLUMN_CODES_VERSION
            quarantines.append(aside)
        else:
            sequencing = sequencing or read_sequencing(cohort, manifest, files)
            assert cohort.mutations is not None  # the configuration requires it for this rule
            labels = _egfr(sequencing, patients, cohort.mutations.maf)
            rule_name, version = egfr.RULE, egfr.RULE_VERSION
        for patient, label in zip(patients, labels, strict=True):
            identity = {"patient_id": patient, "endpoint": name, "rule": rule_name, "rule_version": version}
            records.append({**identity, **label._asdict()})
    if not records:
        return empty(LABELS), together(quarantines)
    table = pd.DataFrame(records)
    table["label"] = pd.array(
        [pd.NA if v is None else v for v in table["label"].astype(object).where(table["label"].notna(), None)],
        dtype="Int8",
    )
    return conform(table, LABELS), together(quarantines)


def _column_codes(
    cohort: Cohort, manifest: pd.DataFrame, name: str, rule: ColumnRule, patients: list[str], files: pd.DataFrame | None
) -> tuple[list[_Label], pd.DataFrame]:
    table = cohort.clinical_table(rule.table)
    file = cohort.clinical.tables[table].file
    codes = {code.strip(): 1 for code in rule.positive} | {code.strip(): 0 for code in rule.negative}
    # a declared code is a code even where the cohort's list of codes for missing has it too
    missing = {code.strip() for code in cohort.clinical.missing} - set(codes)
    column = rule.column.strip()
    texts = column_texts(table_rows(cohort, manifest, table, files), column, missing, file)
    aside = SetAside(f"clinical/{table}", file)
    labels = []
    for patient in patients:
        if patient not in texts.text.index:
            labels.append(_Label(None, f"no usable row in {file}", None))
            continue
        lines = str(texts.lines[patient])
        text = texts.text[patient]
        if patient in texts.disagreeing:
            reason = f"the patient's samples disagree on '{column}': {texts.disagreeing[patient]}"
            aside.value(
                row=int(texts.row[patient]),
                patient_id=patient,
                rule="samples_disagree",
                reason=f"{lines}: endpoint '{name}': {reason}",
            )
            labels.append(_Label(None, reason, lines))
        elif text is None:
            said = texts.raw[patient]
            labels.append(
                _Label(
                    None, f"'{column}' is '{said}', which means not known" if said else f"'{column}' is blank", lines
                )
            )
        elif text in codes:
            labels.append(_Label(codes[text], f"'{column}' is '{text}'", lines))
        else:
            reason = f"'{column}' is '{text}', which is neither a positive nor a negative code"
            aside.value(
                row=int(texts.row[patient]),
                patient_id=patient,
                rule="unlisted_code",
                reason=f"{lines}: endpoint '{name}': {reason}",
            )
            labels.append(_Label(None, reason, lines))
    return labels, aside.table()


def _egfr(sequencing: Sequencing, patients: list[str], maf: str) -> list[_Label]:
    variants = sequencing.variants
    in_gene = variants[(variants["gene"] == egfr.GENE) & variants["non_synonymous"]]
    by_patient = {str(patient): group.sort_values("row") for patient, group in in_gene.groupby("patient_id")}
    looked_at = sequencing.patients_looked_at(egfr.GENE)
    sequenced = set(sequencing.samples["patient_id"])
    return [_egfr_label(by_patient.get(p), p in looked_at, p in sequenced, maf) for p in patients]


def _egfr_label(variants: pd.DataFrame | None, looked_at: bool, sequenced: bool, maf: str) -> _Label:
    if variants is None:
        if looked_at:
            return _Label(0, "EGFR sequenced, no non-synonymous variant", None)
        return _Label(None, "sequenced, but no panel is known to cover EGFR" if sequenced else "not sequenced", None)
    lines = ";".join(f"{maf}:{row}" for row in variants["row"])
    effects: dict[str, list[str]] = {}
    for change in variants["protein_change"]:
        effects.setdefault(egfr.egfr_variant_effect(change), []).append(change or "variant without a protein change")
    said = "; ".join(f"{effect.replace('_', ' ')}: {', '.join(changes)}" for effect, changes in sorted(effects.items()))
    if "sensitising" in effects:
        return _Label(1, f"EGFR {said}", lines)
    return _Label(None, f"EGFR altered without a sensitising variant ({said})", lines)
